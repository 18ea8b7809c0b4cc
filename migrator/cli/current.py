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

    from migrator.cli.database import locate
    from migrator.cli.output import by_context, show_note, show_result, show_said
    from migrator.report import block

    config = project.config_with_database()
    # Alembic says nothing about a database without a revision: what it says is looked at first.
    config.stdout = said = io.StringIO()
    current(config, verbose=verbose)
    if not said.getvalue():
        show_note(block("the database is at no revision yet", "next: migrator upgrade --dry-run"))
        return
    found = [] if verbose else locate(project)
    if len(found) > 1:
        # In short Alembic does not say of which database each line is.
        at = [(each.shown, project.script.get_all_current(each.heads)) for each in found]
        lines = [(name, block(*(each.cmd_format(False) for each in heads))) for name, heads in at]
        show_result(by_context([(name, heads or "no revision yet") for name, heads in lines]))
    else:
        show_said(said)
