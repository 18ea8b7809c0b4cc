"""`migrator heads`: the newest revisions among the files."""

from __future__ import annotations

import io

import click

from migrator.cli.project import Project


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="Show the whole message and the file.")
@click.pass_obj
def command(project: Project, verbose: bool) -> None:
    """Show the newest revisions: one, unless branches wait to be merged."""
    from alembic.command import heads

    from migrator.cli.output import show_note, show_said
    from migrator.report import block

    if project.script.get_heads():
        project.config.stdout = said = io.StringIO()
        heads(project.config, verbose=verbose)
        show_said(said)
    else:
        show_note(block("there is no revision yet", "next: migrator revision --help"))
