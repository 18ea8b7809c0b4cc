"""Writes a change back as the Python that a revision holds, in the layout that Black and Ruff leave alone."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Sequence

import migrator
from migrator.change import EmbeddingChange, Hnsw, IvfFlat, Model, Verify

Argument = tuple[str | None, object]

# In the order in which a person reads a change; what is not named here comes after it.
_ORDER = (
    "schema",
    "text",
    "from_text",
    "settings",
    "empty",
    "where",
    "outside",
    "from_",
    "to",
    "type",
    "index",
    "priority",
    "batch_size",
    "max_failed_rows",
    "verify",
    "functions",
)
_WIDTH = 88
_INDENT = "    "
# A revision stands inside a function.
_MARGIN = len(_INDENT)


def render_change(change: EmbeddingChange) -> str:
    """op.change_embedding(...)"""
    return _exploded("op.change_embedding", _change_arguments(change), _MARGIN)


def render_changes(changes: Sequence[EmbeddingChange]) -> str:
    """op.change_embeddings([EmbeddingChange(...), ...]): several columns, one cut-over."""
    margin = _MARGIN + 2 * len(_INDENT)
    items = "".join(f"{_exploded('EmbeddingChange', _change_arguments(change), margin)},\n" for change in changes)
    return f"op.change_embeddings(\n{_INDENT}[\n{_indented(_indented(items))}{_INDENT}]\n)"


def render_restore(table: str, column: str, schema: str | None) -> str:
    """op.restore_embedding(...)"""
    arguments: list[Argument] = [(None, table), (None, column)]
    if schema is not None:
        arguments.append(("schema", schema))
    return _call("op.restore_embedding", arguments, _MARGIN)


def import_line(source: str) -> str:
    """The import that rendered operations need; "" where they need none."""
    used = names_used(source)
    return f"from migrator import {', '.join(sorted(used))}" if used else ""


def names_used(source: str) -> set[str]:
    """Which of migrator's names the source uses."""
    nodes = ast.walk(ast.parse(source))
    return {node.id for node in nodes if isinstance(node, ast.Name)} & set(migrator.__all__)


def _change_arguments(change: EmbeddingChange) -> list[Argument]:
    named = {name: value for name, value in _set_apart(change) if name not in ("table", "column")}
    order = [name for name in _ORDER if name in named] + [name for name in named if name not in _ORDER]
    return [(None, change.table), (None, change.column), *((name, named[name]) for name in order)]


def _set_apart(value: EmbeddingChange | Model | Verify) -> list[tuple[str, object]]:
    """The fields that differ from their defaults, and those that have none."""
    return [
        (field.name, getattr(value, field.name))
        for field in dataclasses.fields(value)
        if getattr(value, field.name) != _default(field)
    ]


def _default(field: dataclasses.Field[object]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _value(value: object, margin: int, before: int) -> str:
    """The value as source, in a line indented by `margin` columns, after `before` characters."""
    if isinstance(value, Model):
        return _call("Model", [(None, value.name), *_set_apart(value)[1:]], margin, before)
    if isinstance(value, Hnsw | IvfFlat):
        # Written out in full: what it means must not change with a default.
        return _call(type(value).__name__, value.said(), margin, before)
    if isinstance(value, Verify):
        return _call("Verify", _set_apart(value), margin, before)
    if isinstance(value, tuple):
        # A list with a comma at its end stays exploded.
        lines = "".join(f"{_item(each, margin + len(_INDENT))},\n" for each in value)
        return f"[\n{_indented(lines)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_string(key)}: {_string(each)}' for key, each in value.items())}}}"
    return _string(value) if isinstance(value, str) else repr(value)


def _item(value: object, margin: int) -> str:
    """Of a list. A text of several lines that does not fit on one is as many strings, which Python puts together."""
    if not isinstance(value, str):
        return _value(value, margin, 0)
    line = _string(value)
    if margin + len(line) + len(",") <= _WIDTH:
        return line
    return "\n".join(map(_string, value.splitlines(keepends=True)))


def _string(text: str) -> str:
    """In double quotes, unless that would need more escapes."""
    quoted = repr(text)
    if quoted.startswith('"') or text.count('"') > text.count("'"):
        return quoted
    body = quoted[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{body}"'


def _call(function: str, arguments: Sequence[Argument], margin: int, before: int = 0) -> str:
    """On one line where that fits, with the comma that may follow; else one argument a line."""
    line = f"{function}({', '.join(_argument(*argument, 0) for argument in arguments)})"
    if margin + before + len(line) + len(",") <= _WIDTH:
        return line
    return _exploded(function, arguments, margin)


def _exploded(function: str, arguments: Sequence[Argument], margin: int) -> str:
    lines = "".join(f"{_argument(*argument, margin + len(_INDENT))},\n" for argument in arguments)
    return f"{function}(\n{_indented(lines)})"


def _argument(name: str | None, value: object, margin: int) -> str:
    prefix = f"{name}=" if name else ""
    return prefix + _value(value, margin, len(prefix))


def _indented(lines: str) -> str:
    return "".join(_INDENT + line for line in lines.splitlines(keepends=True))
