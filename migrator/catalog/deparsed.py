"""SQL that PostgreSQL wrote over one column, written again over another one, or for vectors of other dimensions.

PostgreSQL prints an expression in one way only: names in lower case bare and all others quoted, types and functions
with their schema, casts as `::`. So tokens suffice, and nothing has to be parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Stands for the column in what is kept of an index. sql/manual_rollback.sql knows it too.
COLUMN = "migrator_column"
# Types whose modifier is a number of dimensions; bit is what binary_quantize gives, one for each.
SIZED_TYPES = ("vector", "halfvec", "bit")
# Functions whose vectors are as long as what they are given, or as they say by a number.
_OF_KNOWN_LENGTH = {"", *SIZED_TYPES, "subvector", "l2_normalize"}
_TOKEN = re.compile(
    r"""(?P<string>E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')
      | (?P<name>"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_$]*)
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<space>\s+)
      | (?P<sign>::|[<>=]+|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Reading:
    """How an expression reads a column. tables: what its table is called there; "" where the column stands alone."""

    column: str
    tables: frozenset[str] = frozenset({""})


@dataclass(frozen=True)
class _Token:
    """kind: string, name, number, space or sign."""

    kind: str
    text: str

    @property
    def name(self) -> str:
        """The name as the catalog has it; "" for anything else."""
        if self.kind != "name":
            return ""
        return self.text[1:-1].replace('""', '"') if self.text.startswith('"') else self.text


def _tokens(expression: str) -> list[_Token]:
    return [_Token(str(found.lastgroup), found.group()) for found in _TOKEN.finditer(expression)]


def _words(tokens: list[_Token]) -> list[_Token]:
    return [each for each in tokens if each.kind != "space"]


def _replaced(tokens: list[_Token], words: list[_Token], by: dict[int, str]) -> str:
    """The text with other ones for the words at those places."""
    new = {id(words[at]): text for at, text in by.items()}
    return "".join(new.get(id(token), token.text) for token in tokens)


def over_placeholder(expression: str, column: str) -> str:
    """The expression with COLUMN wherever it reads the column."""
    tokens = _tokens(expression)
    words = _words(tokens)
    return _replaced(tokens, words, {at: COLUMN for at in range(len(words)) if _reads(words, at, Reading(column))})


def _reads(words: list[_Token], at: int, reading: Reading) -> bool:
    """Whether the word there reads the column."""
    last, next_ = (words[beside].text if 0 <= beside < len(words) else "" for beside in (at - 1, at + 1))
    if words[at].name != reading.column or last == "::" or next_ in ("(", "."):
        return False
    if last != ".":
        return "" in reading.tables
    # A field of a row in parentheses is none of a table's.
    return at >= 2 and words[at - 2].kind == "name" and words[at - 2].name in reading.tables


def after_using(definition: str) -> str:
    """What a CREATE INDEX says from USING on."""
    starts = (found.start() for found in _TOKEN.finditer(definition) if found.group() == "USING")
    return definition[next(starts, 0) :]


def condition_of(definition: str) -> str | None:
    """What a CREATE TRIGGER says after WHEN, in parentheses; None where it says nothing."""
    depth, start = 0, -1
    for found in _TOKEN.finditer(definition):
        if start < 0:
            start = found.end() if found.group() == "WHEN" else start
        elif found.group() in "()":
            depth += 1 if found.group() == "(" else -1
            if depth == 0:
                return definition[start : found.end()].strip()
    return None


def in_place_of(statement: str, schema: str, called: str, by: str, *, only_first: bool = False) -> str:
    """The statement with `by`, a name as in SQL, wherever it says schema.called, as a table that it reads or makes.

    only_first: the first time alone, as what a rule or trigger is on.
    """
    found = _tokens(statement)
    for at in range(len(found) - 2):
        is_function = [each.text for each in found[at + 3 : at + 4]] == ["("]
        if [each.name or each.text for each in found[at : at + 3]] == [schema, ".", called] and not is_function:
            found[at : at + 3] = [_Token("name", by), _Token("space", ""), _Token("space", "")]
            if only_first:
                break
    return "".join(token.text for token in found)


def called_there(expression: str, schema: str, table: str) -> set[str]:
    """What the table is called in queries within the expression: its alias, or its name."""
    words = _words(_tokens(expression))
    found = set()
    for at in range(len(words) - 2):
        if [each.name or each.text for each in words[at : at + 3]] == [schema, ".", table]:
            # Keywords are in upper case, names that are so in quotes.
            aliases = [each.name for each in words[at + 3 : at + 4] if each.name and each.text != each.name.upper()]
            found.update(aliases or [table])
    return found


def of_dimensions(expression: str, old: int, new: int, reading: Reading) -> str:
    """The expression with `new` for `old` wherever that says how many dimensions the column's vectors have.

    That is in a cast to a type of so many, as the length in `subvector(column, 1, old)`, and beside
    `vector_dims(column)` and = or <>.
    """
    tokens = _tokens(expression)
    words = _words(tokens)
    sizes = [at for at, of in _sizes(words, old) if any(_reads(words, place, reading) for place in of)]
    return _replaced(tokens, words, dict.fromkeys(sizes, str(new)))


def says_dimensions(expression: str, size: int) -> bool:
    """Whether it speaks of so many dimensions, be it of a column or of a constant."""
    return any(True for _ in _sizes(_words(_tokens(expression)), size))


def with_length(expression: str, size: int, reading: Reading) -> str:
    """The expression with `size` for each `vector_dims(column)`."""
    tokens = _tokens(expression)
    words = _words(tokens)
    by: dict[int, str] = {}
    for opened, closed in _parentheses(words):
        of = range(opened + 1, closed)
        asks = _called(words, opened) == "vector_dims" and _is_of_length(words, of, size)
        if asks and any(_reads(words, at, reading) for at in of):
            by |= dict.fromkeys(range(_name_from(words, opened - 1), closed), "") | {closed: str(size)}
    return _replaced(tokens, words, by)


def _sizes(words: list[_Token], size: int) -> Iterator[tuple[int, range]]:
    """Where `size` stands for a number of dimensions, each with the words of what has so many."""
    return ((at, of) for at, of in _numbers(words, size) if words[at].text == str(size))


def _numbers(words: list[_Token], size: int) -> Iterator[tuple[int, range]]:
    """As _sizes, whatever the number: of vector_dims only where its vector may be one of `size` dimensions."""
    parentheses = _parentheses(words)
    opens = {closed: opened for opened, closed in parentheses}
    for opened, closed in parentheses:
        called = _called(words, opened)
        first, inside = _name_from(words, opened - 1), range(opened + 1, closed)
        if called in SIZED_TYPES and len(inside) == 1 and first >= 2 and words[first - 1].text == "::":
            yield opened + 1, range(opens.get(first - 2, first - 2), first - 1)
        elif called == "subvector" and words[closed - 2].text == ",":
            yield closed - 1, inside
        elif called == "vector_dims" and _is_of_length(words, inside, size):
            for operator, number in ((first - 1, first - 2), (closed + 1, closed + 2)):
                if 0 <= number < len(words) and words[operator].text in ("=", "<>"):
                    yield number, inside


def _is_of_length(words: list[_Token], of: range, size: int) -> bool:
    """Whether these words give a vector of so many dimensions where what they read has so many."""
    part = words[of.start : of.stop]
    called = {_called(part, at) for at, word in enumerate(part) if word.text == "("}
    return called <= _OF_KNOWN_LENGTH and all(part[at].text == str(size) for at, _ in _numbers(part, size))


def _parentheses(words: list[_Token]) -> list[tuple[int, int]]:
    """Where each is opened and closed."""
    open_: list[int] = []
    found = []
    for at, word in enumerate(words):
        if word.text == "(":
            open_.append(at)
        elif word.text == ")" and open_:
            found.append((open_.pop(), at))
    return found


def _called(words: list[_Token], opened: int) -> str:
    """The function or type that a parenthesis belongs to; "" for none."""
    return words[opened - 1].name if opened else ""


def _name_from(words: list[_Token], at: int) -> int:
    """Where the name that ends there begins, with its schema."""
    return at - 2 if at >= 2 and words[at - 1].text == "." else at


def cast_type(expression: str) -> tuple[str, int] | None:
    """Type and dimensions that the whole expression is cast to; None where it is no such cast."""
    bare = expression[1:-1] if expression.startswith("((") else expression
    found = re.fullmatch(r"\(.*\)::(?:[^:()]+\.)?(?P<type>[a-z]+)\((?P<size>[0-9]+)\)", bare, re.DOTALL)
    if found is None or found["type"] not in SIZED_TYPES:
        return None
    return found["type"], int(found["size"])
