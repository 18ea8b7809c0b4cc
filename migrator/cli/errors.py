"""The one place that turns whatever ended a command into a message with a remedy and an exit code."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from pathlib import Path

import click
import psycopg
from alembic.script.revision import MultipleHeads, ResolutionError, RevisionError
from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

import migrator
from migrator.cli.output import shown_path
from migrator.cli.project import Project
from migrator.errors import GO_ON, Interrupted, MigratorError, Refused, UsageError, first_line, interrupted
from migrator.postgres.connection import is_passing
from migrator.report import Block

_PACKAGE = Path(migrator.__file__).parent
# Of migrator's files, these only pass on what a revision said: an error they raise is the revision's.
_SPEAKS_FOR_REVISION = (_PACKAGE / "change.py", _PACKAGE / "operations" / "ops.py")


def explain(error: BaseException, project: Project, arguments: Sequence[str]) -> MigratorError | None:
    """What a person is told about `error`. None: a fault of migrator's own, whose traceback is wanted.

    arguments: what the person wrote, to tell their mistakes from the database's.
    """
    told = _explain(error, project, arguments)
    if told is not None:
        told.problem = without_passwords(told.problem)
        told.meaning = without_passwords(told.meaning)
        told.remedy = without_passwords(told.remedy)
    return told


def without_passwords(text: str) -> str:
    """The text with the password of every URL and connection string in it masked."""
    masked = re.sub(r"(://[^:/@\s]*):\S*@", r"\1:***@", text)
    masked = re.sub(r"(\bpassword=)('[^']*'|[^\s&]+)", r"\1***", masked)
    return Block(masked) if isinstance(text, Block) else masked


def _explain(error: BaseException, project: Project, arguments: Sequence[str]) -> MigratorError | None:
    if isinstance(error, MigratorError):
        return error
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return interrupted(error)
    if isinstance(error, (CommandError, RevisionError)):
        return _explain_revisions(error, project, arguments)
    if isinstance(error, KeyError) and _innermost_module(error) == RevisionError.__module__:
        return Refused(
            f"revision {error} is a down_revision here, but has no file",
            meaning="the order of the revisions is not known, so nothing was changed.",
            remedy="bring its file back from version control, or correct down_revision",
        )
    if isinstance(error, SyntaxError):
        return _explain_syntax_error(error)
    if isinstance(error, OSError) and error.filename is not None:
        return UsageError(f"{error.filename}: {error.strerror}", remedy="make the path readable and writable")
    if isinstance(error, NoSuchModuleError):
        return UsageError(
            f"the database URL names no kind of database that is known: {error.args[0]}",
            remedy="set DATABASE_URL=postgresql://USER@HOST/DATABASE, or correct sqlalchemy.url",
        )
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if _was_connecting(cause):
        few = re.search("FATAL: +((?:too many connections|remaining connection slots|sorry, too many).*)", str(cause))
        if few:
            return Refused(
                f"the server gives no further session: {few[1]}",
                meaning="nothing was changed.",
                remedy="allow more, or end other sessions; a run needs three at once, with Alembic's, and four where a "
                "text reads other tables",
            )
        return Refused(
            # psycopg's own first words say the same.
            f"the database cannot be reached: {re.sub('^connection (failed|is bad): ', '', first_line(cause))}",
            meaning="nothing was changed.",
            remedy="check that the server runs, and host, port, database, user and password in the database "
            "URL (--database-url, MIGRATOR_DATABASE_URL, DATABASE_URL or sqlalchemy.url)",
        )
    # Of other drivers' errors SQLAlchemy says whether the connection is lost.
    if is_passing(cause) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return Interrupted(
            f"the database broke off: {first_line(cause)}",
            meaning="what was done so far is kept.",
            remedy=GO_ON,
        )
    told = _explain_by_place(error, cause)
    if told is None and isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return Refused(
            f"the database refuses: {first_line(cause)}",
            meaning="the role at work lacks a privilege, and nothing was changed by the statement that was refused.",
            remedy="GRANT it, or connect as the owner of the table",
        )
    return told


def _explain_revisions(
    error: CommandError | RevisionError, project: Project, arguments: Sequence[str]
) -> MigratorError:
    cause = error.__cause__ or error
    if isinstance(cause, MultipleHeads):
        files = ", ".join(shown_path(project.script.get_revision(each).path) for each in cause.heads)
        return Refused(
            f"there is more than one head: {', '.join(cause.heads)}",
            meaning="it is not known which of them comes first, so nothing was changed.",
            remedy=f"delete the file that is one too many and not applied yet: {files}; where all are meant, "
            'alembic merge heads -m "MESSAGE"',
        )
    if isinstance(cause, ResolutionError):
        if any(cause.argument in argument for argument in arguments):
            return UsageError(str(cause), remedy=f"there is: {_known_revisions(project)}")
        return Refused(
            f"the database is at revision {cause.argument!r}, which has no file here",
            meaning="what that revision did is not known, so nothing was changed.",
            remedy="bring its file back from version control, or name the right database; if it was renamed, or "
            "squashed into another, tell Alembic the identifier that it has now: alembic stamp --purge REVISION; "
            f"there is: {_known_revisions(project)}",
        )
    where = f"migrator{project.option} history -i shows where it is; base is before the first, head the last"
    steps = re.match(r"Relative revision ([+-])(\d+) didn't produce", str(cause))
    if steps:
        few = "no revision" if steps[2] == "1" else f"fewer than {steps[2]} revisions"
        return UsageError(
            f"the database has {few} {'behind' if steps[1] == '-' else 'ahead of'} it; nothing was changed",
            remedy=where,
        )
    beyond = re.match(r"Destination (\S+) is not a valid (up|down)grade target", str(error))
    if beyond:
        return UsageError(
            f"revision {beyond[1]} is not {'behind' if beyond[2] == 'down' else 'ahead of'} where the database is; "
            "nothing was changed",
            remedy=where,
        )
    return UsageError(str(error))


def _known_revisions(project: Project) -> str:
    """The newest revisions, as many as fit a line."""
    known = [script.revision for script in project.script.walk_revisions()]
    if not known:
        return "no revision yet"
    return ", ".join(known[:8]) + (f", and {len(known) - 8} older" if len(known) > 8 else "")


def _explain_syntax_error(error: SyntaxError) -> Refused | None:
    if error.filename is None or _PACKAGE in Path(error.filename).parents:
        return None
    return Refused(
        f"{shown_path(error.filename)}:{error.lineno}: {error.msg}",
        meaning="the file is not Python, so nothing was changed.",
        remedy="correct that line",
    )


def _explain_by_place(error: BaseException, cause: BaseException) -> MigratorError | None:
    """An error in env.py or a revision file is told with its line; one in migrator is not."""
    place = _place_in_project(error)
    if place is None:
        return None
    if isinstance(error, DBAPIError):
        return MigratorError(
            f"{place}: {first_line(cause)}",
            meaning="what that revision did in Alembic's transaction was rolled back.",
            remedy="correct the statement, and run the same command again",
        )
    return Refused(
        f"{place}: {type(error).__name__}: {error}",
        meaning="the file could not be carried out, so nothing was changed by it.",
        remedy="correct that line",
    )


def _place_in_project(error: BaseException) -> str | None:
    """FILE:LINE in env.py or a revision where the error comes from; None where it comes from elsewhere."""
    place = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        # Alembic loads env.py and the revisions as modules of such names, which no imported module can have.
        if frame.f_globals.get("__name__") == re.sub(r"\W", "_", file.name):
            place = f"{shown_path(file)}:{line}"
        elif _PACKAGE in file.parents and file not in _SPEAKS_FOR_REVISION:
            place = None
    return place


def _was_connecting(error: BaseException) -> bool:
    """Whether it was an attempt to connect: psycopg and SQLAlchemy make it in a function called connect."""
    return any(
        frame.f_code.co_name == "connect"
        and frame.f_globals.get("__name__") in ("psycopg.connection", "sqlalchemy.engine.default")
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )


def _innermost_module(error: BaseException) -> object:
    return [frame for frame, _ in traceback.walk_tb(error.__traceback__)][-1].f_globals.get("__name__")
