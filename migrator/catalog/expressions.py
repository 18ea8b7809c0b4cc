"""SQL that PostgreSQL wrote over one column, written again over another one, or over one of other dimensions.

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
_TOKEN = re.compile(
    r"""(?P<string>E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')
      | (?P<name>"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_$]*)
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<space>\s+)
      | (?P<sign>::|.)""",
    re.VERBOSE | re.DOTALL,
)


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


def over_placeholder(expression: str, column: str) -> str:
    """The expression with COLUMN wherever it reads the column."""
    tokens = _tokens(expression)
    words = [each for each in tokens if each.kind != "space"]
    before, after = [_Token("space", ""), *words], [*words[1:], _Token("space", "")]
    reads = {
        id(word)
        for word, last, next_ in zip(words, before, after, strict=False)
        if word.name == column and last.text not in (".", "::") and next_.text not in ("(", ".")
    }
    return "".join(COLUMN if id(token) in reads else token.text for token in tokens)


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


def in_schema(query: str, schema: str, table: str, other: str) -> str:
    """The query with the table of another schema wherever it reads schema.table or casts to its row."""
    tokens = _tokens(query)
    found = list(tokens)
    for at in range(len(tokens) - 2):
        if [each.name or each.text for each in tokens[at : at + 3]] == [schema, ".", table]:
            found[at] = _Token("name", other)
    return "".join(token.text for token in found)


def of_dimensions(expression: str, old: int, new: int) -> str:
    """The expression with `new` for `old` wherever that says how many dimensions the vectors have.

    That is in a cast to a type of so many, as the length in `subvector(..., 1, old)`, and in `vector_dims(...) = old`.
    """
    tokens = _tokens(expression)
    words = [each for each in tokens if each.kind != "space"]
    sizes = {id(words[at]) for at in _sizes(words) if words[at].text == str(old)}
    return "".join(str(new) if id(token) in sizes else token.text for token in tokens)


def _sizes(words: list[_Token]) -> Iterator[int]:
    """Where numbers of dimensions stand."""
    called: list[str] = []
    closed = ""
    for at, word in enumerate(words):
        if word.text == "(":
            called.append(words[at - 1].name if at else "")
        elif word.text == ")":
            closed = called.pop() if called else ""
        elif word.kind == "number" and called:
            ends = at + 1 < len(words) and words[at + 1].text == ")"
            modifies = called[-1] in SIZED_TYPES and words[at - 1].text == "(" and _is_cast(words, at - 2)
            shortens = called[-1] == "subvector" and words[at - 1].text == ","
            compares = closed == "vector_dims" and words[at - 1].text == "=" and words[at - 2].text == ")"
            if (ends and (modifies or shortens)) or compares:
                yield at


def _is_cast(words: list[_Token], type_: int) -> bool:
    """Whether the name there is a type that something is cast to: `::halfvec` or `::public.halfvec`."""
    if type_ >= 3 and words[type_ - 1].text == ".":
        return words[type_ - 3].text == "::"
    return type_ >= 1 and words[type_ - 1].text == "::"


def cast_type(expression: str) -> tuple[str, int] | None:
    """Type and dimensions that the whole expression is cast to; None where it is no such cast."""
    bare = expression[1:-1] if expression.startswith("((") else expression
    found = re.fullmatch(r"\(.*\)::(?:[^:()]+\.)?(?P<type>[a-z]+)\((?P<size>[0-9]+)\)", bare, re.DOTALL)
    if found is None or found["type"] not in SIZED_TYPES:
        return None
    return found["type"], int(found["size"])
