"""What a command prints: results to standard output, errors and notes to standard error."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from migrator.errors import MigratorError


def show_error(error: MigratorError) -> None:
    """What ended the command; an end that was asked for (exit code 0) is not called an error."""
    if error.exit_code:
        click.secho("error: ", err=True, nl=False, fg="red", bold=True)
    click.echo(str(error), err=True)


def show_result(text: str) -> None:
    """What the command was asked for."""
    click.echo(text)


def show_note(text: str) -> None:
    """What is good to know beside the result."""
    click.echo(text, err=True)


def show_json(document: object) -> None:
    """The one JSON document of a command run with --json."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def shown_path(path: str | Path) -> str:
    """The path as a person would write it: relative where it lies below the current directory."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def pairs(rows: list[tuple[str, str]]) -> str:
    """Names and values, one a line, the values below one another."""
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)
