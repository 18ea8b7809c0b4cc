"""`migrator abandon`: undoes an unfinished upgrade or downgrade."""

from __future__ import annotations

import click

from migrator.cli.project import Project


@click.command()
@click.pass_obj
def command(project: Project) -> None:
    """Undo an unfinished upgrade or downgrade; the embedding store is kept."""
    from migrator import runner
    from migrator.cli.carry_out import home
    from migrator.cli.database import address
    from migrator.cli.display import reporting, show_result
    from migrator.work import Options

    with reporting() as reporter:
        done = runner.abandon(address(project), Options(reporter, project=home(project)))
    show_result(done)
