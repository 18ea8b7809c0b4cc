"""What migrator can say, read from its source: every string, with a hole for each value that is put in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import migrator

PACKAGE = Path(migrator.__file__).parent
# A string in parts; None is a hole.
Text = tuple[str | None, ...]
_HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"
# What a page writes for a value: FILE, SCHEMA.TABLE, N, or `...`.
_VALUE = re.compile(r"('?)(?:[A-Z][A-Z_.]*[A-Z]|N|\.\.\.)\1")
REST = "..."
# Fewer letters than that say nothing, and any two words would be a text.
_LETTERS = 6


def texts(file: Path, *functions: str) -> set[Text]:
    """Every string of a file, or of its functions of those names."""
    tree = ast.parse(file.read_text("utf-8"))
    places: list[ast.AST] = [tree]
    if functions:
        places = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in functions]
    return {text for place in places for text in _strings(place) if any(text)}


def _strings(tree: ast.AST) -> Iterator[Text]:
    """Whole ones: of a string that is put together not its parts, and none that something is looked up by."""
    if isinstance(tree, ast.Constant) or _is_put_together(tree):
        yield _text(_parts(tree))
    for node in _within(tree):
        yield from _strings(node)


def _within(tree: ast.AST) -> Iterable[ast.AST]:
    if _is_put_together(tree):
        return _values(tree)
    if isinstance(tree, ast.Dict):
        return tree.values
    if isinstance(tree, ast.Subscript):
        return [tree.value]
    return (node for node in ast.iter_child_nodes(tree) if not (_is_docstring(node) or isinstance(node, ast.Compare)))


def _is_put_together(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _values(node: ast.AST) -> list[ast.AST]:
    """What is put into its holes."""
    if isinstance(node, ast.JoinedStr):
        return [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _values(node.left) + _values(node.right)
    return [] if isinstance(node, ast.Constant) else [node]


def _parts(node: ast.AST) -> list[str | None]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [part for value in node.values for part in _parts(value)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _parts(node.left) + _parts(node.right)
    return [None]


def _text(parts: list[str | None]) -> Text:
    """White space made one space and taken off the ends; holes that touch made one."""
    joined = "".join(_HOLE if part is None else part for part in parts)
    spaced = re.sub(f"{_HOLE}+", _HOLE, re.sub(r"\s+", " ", joined)).strip()
    return tuple(None if part == _HOLE else part for part in re.split(f"({_HOLE})", spaced) if part)


@cache
def every_text() -> frozenset[Text]:
    return frozenset(text for file in PACKAGE.rglob("*.py") for text in texts(file))


@cache
def letters(text: Text) -> int:
    return sum(character.isalpha() for part in text if part for character in part)


def is_said(quote: str) -> bool:
    """Whether migrator can say it. Values are written in capitals; `...` at the end leaves the rest out."""
    return _is_said(quote, 0)


@cache
def _is_said(quote: str, depth: int) -> bool:
    whole = not quote.endswith(REST)
    for text in every_text():
        if letters(text) < _LETTERS or (whole and any(part not in quote for part in text if part)):
            continue
        if says(text, quote, depth):
            return True
    return False


def says(text: Text, quote: str, depth: int = 0, *, begun: bool = False) -> bool:
    """Whether it is this text that is quoted, a value or another text in each hole. begun: some of it is found."""
    if not text:
        return not quote
    if quote == REST:
        return begun
    first, rest = text[0], text[1:]
    if first is not None:
        if quote.startswith(first):
            return says(rest, quote[len(first) :], depth, begun=True)
        shown = quote.removesuffix(REST).rstrip()
        return quote.endswith(REST) and bool(shown) and first.startswith(shown)
    return any(
        _is_value(quote[:end], depth) and says(rest, quote[end:], depth, begun=begun) for end in _ends(rest, quote)
    )


def _ends(rest: Sequence[str | None], quote: str) -> list[int]:
    """Where a hole may end: before the part that follows it, or before what is left out."""
    if not rest:
        return [len(quote)]
    follows = rest[0] or ""
    ends = [found.start() for found in re.finditer(f"(?={re.escape(follows)})", quote)]
    if quote.endswith(REST):
        shown = quote.removesuffix(REST).rstrip()
        ends += [end for end in range(len(shown)) if follows.startswith(shown[end:])]
    return ends


def _is_value(quote: str, depth: int) -> bool:
    if not quote or _VALUE.fullmatch(quote) or (quote,) in every_text():
        return True
    number, _, what = quote.partition(" ")
    if (number == "N" or number.isdigit()) and ((what,) in every_text() or (f"{what}s",) in every_text()):
        return True
    return depth < 3 and _is_said(quote, depth + 1)
