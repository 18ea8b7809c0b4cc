"""The question before anything is changed, and what becomes of a command that is not agreed to."""

from __future__ import annotations

import shlex
import sys

import click

from migrator.cli.project import ARGUMENTS
from migrator.errors import Interrupted, UsageError
from migrator.report import block


def as_given() -> str:
    """The command with all it was given but what makes it a dry run; passwords are masked."""
    from migrator.cli.errors import without_passwords

    given = [each for each in click.get_current_context().meta[ARGUMENTS] if each not in ("--dry-run", "--yes")]
    return without_passwords(shlex.join(["migrator", *given]))


def refuse_unasked(question: str, remedy: str = "", *, about: str = "") -> None:
    """Raises UsageError where there is nobody to ask.

    question: what is to be asked, as "whether ...". about: what would be shown beside it.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            f"standard input is not a terminal, so migrator cannot ask {question}",
            meaning=block("nothing was changed.", *([about] if about else [])),
            remedy=remedy or f"{as_given()} --yes",
        )


def ask(about: str) -> None:
    """Shows what is about to be done. Ends the command as interrupted (5) where a person does not agree."""
    from migrator.cli.output import show_note

    show_note(about)
    try:
        agreed = click.confirm("go on?", err=True)
    except click.Abort:
        show_note("")
        agreed = False
    if not agreed:
        show_note("nothing was changed")
        click.get_current_context().exit(Interrupted.exit_code)
