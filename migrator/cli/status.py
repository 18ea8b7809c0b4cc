"""`migrator status`: where things stand."""

from __future__ import annotations

import click

from migrator.cli.project import Project


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(project: Project, as_json: bool) -> None:
    """Show what is under way, which model each column holds, how complete it is, and what is kept."""
    from migrator.cli.database import address
    from migrator.cli.display import show_json, show_result
    from migrator.status import as_text, read_status

    found = read_status(address(project))
    if as_json:
        show_json(found)
    else:
        show_result(as_text(found))
