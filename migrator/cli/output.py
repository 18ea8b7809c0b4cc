"""What a command prints: results to standard output, errors and notes to standard error.

Standard output is for results alone, so that --json is one document: whatever env.py, a model or a library prints there
goes to standard error.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from migrator.errors import MigratorError
from migrator.report import Block, block, printable

_STANDARD_OUTPUT = 1
# Where results go while a command works; None: to standard output as it is.
_results: TextIO | None = None


@contextmanager
def results_apart() -> Iterator[None]:
    """Leaves standard output to results; what others print there meanwhile goes to standard error."""
    global _results
    given = sys.stdout
    if given is None:
        yield
        return
    try:
        if _descriptor(given) != _STANDARD_OUTPUT:
            # Not the process's own: whoever put it there, such as a test, reads it.
            _results, sys.stdout = given, sys.stderr
            yield
            return
        with _own_output_kept(given) as kept:
            _results = kept
            yield
    finally:
        _results, sys.stdout = None, given


@contextmanager
def _own_output_kept(given: TextIO) -> Iterator[TextIO]:
    """A stream to what file descriptor 1 was, which leads to standard error meanwhile."""
    given.flush()
    kept = os.dup(_STANDARD_OUTPUT)
    error = _descriptor(sys.stderr) if sys.stderr is not None else None
    elsewhere = os.open(os.devnull, os.O_WRONLY) if error is None else os.dup(error)
    os.dup2(elsewhere, _STANDARD_OUTPUT)
    os.close(elsewhere)
    try:
        # What the encoding lacks is written as an escape, and ends no command.
        with open(kept, "w", encoding=given.encoding, errors="backslashreplace", closefd=False) as results:
            yield results
    finally:
        # What Python, and libraries in C, have not written yet is not for standard output either.
        given.flush()
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, _STANDARD_OUTPUT)
        os.close(kept)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except io.UnsupportedOperation:
        return None


def show_error(error: MigratorError) -> None:
    """What ended the command; an end that was asked for (exit code 0) is not called an error."""
    if error.exit_code:
        click.secho("error: ", err=True, nl=False, fg="red", bold=True)
    click.echo(printable(str(error)), err=True)


def show_fault(_type: type[BaseException], error: BaseException, _traceback: object) -> None:
    """A fault of migrator's own, with its traceback; indented, for messages in it may have lines like any others."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    show_note(block(*(f"  {line}" for line in lines)))


def show_result(text: str) -> None:
    """What the command was asked for."""
    click.echo(printable(text), file=_results)


def show_said(said: io.StringIO) -> None:
    """What Alembic said, as a result."""
    show_result(block(*said.getvalue().splitlines()))


def show_note(text: str) -> None:
    """What is good to know beside the result."""
    click.echo(printable(text), err=True)


def by_context(texts: Sequence[tuple[str, str]]) -> str:
    """The text of each context of env.py, with its name above it where there are several."""
    if len(texts) == 1:
        return texts[0][1]
    lines = [line for name, text in texts for line in ("", f"== {name}", text)]
    return block(*lines[1:])


def json_by_context(documents: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The document of the one context of env.py; of several, all of them by name."""
    return documents[0][1] if len(documents) == 1 else {"contexts": dict(documents)}


def show_json(document: object) -> None:
    """The one JSON document of a command run with --json."""
    encoding = getattr(_results, "encoding", None) or "utf-8"
    written = json.dumps(document, indent=2, ensure_ascii=encoding.lower().replace("-", "") != "utf8")
    safe = (each if each.isprintable() or each == "\n" else _escaped(each) for each in written)
    click.echo("".join(safe), file=_results)


def _escaped(character: str) -> str:
    """As in a string of JSON, which leaves most of what a terminal would obey as it is."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def shown_path(path: str | Path) -> str:
    """The path as a person would write it: relative where it lies below the current directory."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def pairs(rows: list[tuple[str, str]]) -> Block:
    """Names and values, one a line, the values below one another."""
    width = max((len(name) for name, _ in rows), default=0)
    return block(*(f"  {name:<{width}}  {value}" for name, value in rows))
