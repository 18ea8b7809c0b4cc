"""`migrator history`: the revisions in order."""

from __future__ import annotations

import io

import click

from migrator.cli.project import Project


@click.command()
@click.option("-r", "--rev-range", metavar="[FROM]:[TO]", help="Only the revisions from FROM to TO.")
@click.option("-v", "--verbose", is_flag=True, help="Show the whole message and the file of each.")
@click.option("-i", "--indicate-current", is_flag=True, help="Mark the one the database is at.")
@click.pass_obj
def command(project: Project, rev_range: str | None, verbose: bool, indicate_current: bool) -> None:
    """List the revisions, newest first."""
    from alembic.command import history

    from migrator.cli.output import show_note, show_said
    from migrator.report import block

    if not project.script.get_heads():
        show_note(block("there is no revision yet", "next: migrator revision --help"))
        return
    config = project.config_with_database() if indicate_current else project.config
    config.stdout = said = io.StringIO()
    history(config, rev_range, verbose=verbose, indicate_current=indicate_current)
    show_said(said)
