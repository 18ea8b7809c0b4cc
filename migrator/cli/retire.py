"""`migrator retire`: drops what was kept for a rollback, on request only."""

from __future__ import annotations

import sys

import click

from migrator.cli.project import Project
from migrator.errors import UsageError


@click.command()
@click.option("--stores", is_flag=True, help="Drop the embedding stores too: vectors that were paid for.")
@click.option("--yes", is_flag=True, help="Do not ask before dropping.")
@click.pass_obj
def command(project: Project, stores: bool, yes: bool) -> None:
    """Drop retired columns and backups. From then on there is no way back without embedding again."""
    from migrator import runner
    from migrator.cli.database import address
    from migrator.cli.display import reporting, show_note, show_result
    from migrator.work import Options

    where = address(project)
    kept = runner.retirable(where, stores=stores)
    if not kept:
        show_result("there is nothing to retire")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("there is nobody to ask whether it may be dropped", remedy="migrator retire --yes")
        show_note("\n".join(["about to be dropped:", *(f"  {each}" for each in kept)]))
        if not click.confirm("go on?", err=True):
            return
    with reporting() as reporter:
        dropped = runner.retire_all(where, Options(reporter), stores=stores)
    show_result("\n".join(f"dropped  {each}" for each in dropped))
