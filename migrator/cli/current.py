"""`migrator current`: the revision the database is at."""

from __future__ import annotations

import io

import click

from migrator.cli.project import Project


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="Show the whole message and the file.")
@click.pass_obj
def command(project: Project, verbose: bool) -> None:
    """Show the revision the database is at."""
    from alembic.command import current

    from migrator.cli.display import show_note, show_said
    from migrator.report import block

    config = project.config_with_database()
    # Alembic says nothing about a database without a revision: what it says is looked at first.
    config.stdout = said = io.StringIO()
    current(config, verbose=verbose)
    if said.getvalue():
        show_said(said)
    else:
        show_note(block("the database is at no revision yet", "next: migrator upgrade --dry-run"))
