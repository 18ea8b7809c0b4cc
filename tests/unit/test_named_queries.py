"""Every query of sql/ is used, and what a call puts into it is what it asks for: pieces by name, values by name.

Of calls that pass pieces on which they were given, tests/unit/plan shows that none is missing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter

import migrator

MODULES = sorted(Path(migrator.__file__).parent.rglob("*.py"))
# Sent whole, or by a person.
SCRIPTS = {"ledger", "manual_rollback"}
LEDGER = "ledger_queries"
_METHODS = {"_rows", "_row", "_execute", "_read"}
_SENDING = {"execute", "fetch_row", "fetch_dicts"}
_VALUES = re.compile(r"%\((\w+)\)s")


@cache
def queries() -> dict[tuple[str, str], str]:
    """Their texts by file and name."""
    found = {}
    for path in files("migrator.sql").iterdir():
        if not path.name.endswith(".sql"):
            continue
        parts = re.split(r"^-- name: (\w+)$", path.read_text("utf-8"), flags=re.MULTILINE)
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            lines = [line for line in body.splitlines() if not line.startswith("--")]
            found[path.name.removesuffix(".sql"), name] = "\n".join(lines)
    return found


def pieces(text: str) -> set[str]:
    return {piece for _, piece, _, _ in Formatter().parse(text) if piece is not None}


def values(text: str) -> set[str]:
    return set(_VALUES.findall(text))


@cache
def calls() -> list[tuple[Path, ast.Call]]:
    return [
        (path, node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def named(call: ast.Call) -> tuple[str, str] | None:
    """File and name of the query, where both are written in the call."""
    if called(call) not in ("query", "block") or len(call.args) != 2:
        return None
    file, name = call.args
    if not isinstance(file, ast.Constant) or not isinstance(name, ast.Constant):
        return None
    # Another `block` puts lines together.
    is_ours = called(call) == "query" or file.value in {known for known, _ in queries()}
    return (str(file.value), str(name.value)) if is_ours else None


def keywords(call: ast.Call) -> set[str] | None:
    """None where some are not written in the call."""
    names = [each.arg for each in call.keywords]
    return None if None in names else {name for name in names if name is not None}


def keys(node: ast.expr) -> set[str] | None:
    """Those of a dict that is written whole."""
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        return {key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return None


def test_every_query_is_used() -> None:
    """By both of its names, in one module; that of a query may be chosen there."""
    strings = [
        {node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)}
        for path in MODULES
    ]
    unused = [
        f"sql/{file}.sql: {name}"
        for file, name in queries()
        if file not in SCRIPTS and not any({file, name} <= found for found in strings)
    ]
    assert unused == []


def _wrong() -> Iterator[str]:
    """What is wrong with the calls that say all they put in."""
    for path, call in calls():
        at = f"{path.name}:{call.lineno}"
        query_ = named(call)
        if query_ is not None and query_ not in queries():
            yield f"{at}: no query {query_}"
        elif query_ is not None and keywords(call) not in (None, pieces(queries()[query_])):
            yield f"{at}: {query_} asks for {pieces(queries()[query_])}"
        if called(call) in _SENDING and len(call.args) > 1 and isinstance(call.args[1], ast.Call):
            yield from _wrong_values(at, call)
        if called(call) in _METHODS and path.name == "ledger.py" and isinstance(call.args[0], ast.Constant):
            yield from _wrong_in_ledger(at, call)


def _wrong_values(at: str, call: ast.Call) -> Iterator[str]:
    """A piece may ask for values too."""
    inner = call.args[1]
    assert isinstance(inner, ast.Call)
    query_ = named(inner)
    if query_ is None:
        return
    asked, put = values(queries()[query_]), keys(call.args[2]) if len(call.args) > 2 else set()
    if put is not None and not (asked <= put if inner.keywords else asked == put):
        yield f"{at}: {query_} asks for {asked}"


def _wrong_in_ledger(at: str, call: ast.Call) -> Iterator[str]:
    """Rows are read with what is known of the history besides."""
    assert isinstance(call.args[0], ast.Constant)
    name = str(call.args[0].value)
    text = queries().get((LEDGER, name))
    if text is None:
        yield f"{at}: no query {name}"
        return
    put = keywords(call)
    if put is not None and not put <= values(text) | _of_pieces(text):
        yield f"{at}: {name} does not ask for all of {put}"
    if put is not None and called(call) in ("_row", "_execute") and not values(text) <= put:
        yield f"{at}: {name} asks for {values(text)}"


def _of_pieces(text: str) -> set[str]:
    return {value for piece in pieces(text) for value in values(queries().get((LEDGER, piece), ""))}


def test_calls_put_in_what_is_asked_for() -> None:
    assert list(_wrong()) == []
