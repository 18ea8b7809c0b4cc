"""`migrator heads`: the newest revisions among the files."""

from __future__ import annotations

import click

from migrator.cli.project import Project


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="Show the whole message and the file.")
@click.pass_obj
def command(project: Project, verbose: bool) -> None:
    """Show the newest revisions: one, unless branches wait to be merged."""
    from alembic.command import heads

    from migrator.cli.display import show_note

    if project.script.get_heads():
        heads(project.config, verbose=verbose)
    else:
        show_note("there is no revision yet\nnext: migrator revision --help")
