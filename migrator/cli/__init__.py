"""The command line: one file a command in this package, loaded only when it is run or its help is asked for.

Command modules import click alone at their top and everything else inside the function, so that help needs
neither torch nor Alembic.
"""

from __future__ import annotations

import difflib
import sys
import warnings
from copy import copy
from importlib import import_module
from typing import Any

import click

from migrator.cli.output import results_apart, show_error, show_fault, show_note
from migrator.cli.project import ARGUMENTS, Project
from migrator.runtime.signals import heard

# In the order in which a person meets them. A new command is a name here and a file that holds `command`.
COMMANDS = (
    "init",
    "revision",
    "upgrade",
    "downgrade",
    "abandon",
    "status",
    "verify",
    "backfill",
    "retire",
    "doctor",
    "current",
    "history",
    "heads",
)


class Commands(click.Group):
    """Finds a command by its file, and turns whatever ends it into a message and an exit code."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = copy(import_module(f"migrator.cli.{name}").command)
        if command.callback is not None:
            # Not for its help, which is a result of click's.
            command.callback = results_apart()(command.callback)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The whole first sentence of each command's help; click would cut it to one line."""
        commands = [(name, self.get_command(ctx, name)) for name in COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(limit=200)) for name, each in commands if each])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        close = difflib.get_close_matches(args[0], COMMANDS, n=1)
        if close and close[0] != args[0]:
            ctx.fail(f"there is no command {args[0]!r}; did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with heard(), warnings.catch_warnings():
                warnings.showwarning = _show_warning
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (Exception, KeyboardInterrupt) as error:
            # Imported now, because it knows every kind of error, Alembic's and SQLAlchemy's among them.
            from migrator.cli.errors import explain

            project = ctx.find_object(Project)
            told = explain(error, project, ctx.meta[ARGUMENTS]) if project else None
            if told is None:
                sys.excepthook = show_fault
                raise
            show_error(told)
            ctx.exit(told.exit_code)


def _show_warning(message: Warning | str, *_where: object, **_more: object) -> None:
    """A warning without the line of library code that gave it, which tells a user of the command nothing."""
    show_note(f"warning: {message}")


@click.group("migrator", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c",
    "--config",
    default="alembic.ini",
    envvar="ALEMBIC_CONFIG",
    show_default=True,
    metavar="FILE",
    help="Alembic's configuration file.",
)
@click.option(
    "--database-url",
    metavar="URL",
    help="The database, before MIGRATOR_DATABASE_URL, DATABASE_URL and the configuration file.",
)
@click.version_option(package_name="migrator", message="%(package)s %(version)s")
@click.pass_context
def main(ctx: click.Context, config: str, database_url: str | None) -> None:
    """Take vector columns in PostgreSQL + pgvector from one embedding model to the next, and back.

    Every change is an ordinary Alembic revision. Begin with: migrator init
    """
    ctx.obj = Project(config, database_url)
