"""`migrator abandon`: undoes an unfinished upgrade or downgrade."""

from __future__ import annotations

import click

from migrator.cli.project import Project
from migrator.report import block


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask before undoing.")
@click.pass_obj
def command(project: Project, yes: bool) -> None:
    """Undo an unfinished upgrade or downgrade; the embedding store is kept."""
    from migrator.cli.database import locate
    from migrator.cli.output import show_result
    from migrator.cli.prompt import ask, refuse_unasked
    from migrator.commands.abandon import abandon, abandonable
    from migrator.runtime.progress import reporting

    found = [(each.address, about) for each in locate(project) if (about := abandonable(each.address)) is not None]
    if not found:
        show_result("nothing is unfinished")
        return
    if not yes:
        refuse_unasked("whether it may be undone")
        ask(block(*(f"about to be undone: {about}; the embedding store is kept" for _, about in found)))
    with reporting() as reporter:
        done = [abandon(address, reporter) for address, _ in found]
    show_result(block(*done))
