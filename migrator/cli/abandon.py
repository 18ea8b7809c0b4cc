"""`migrator abandon`: undoes an unfinished upgrade or downgrade."""

from __future__ import annotations

import click

from migrator.cli.project import Project


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask before undoing.")
@click.pass_obj
def command(project: Project, yes: bool) -> None:
    """Undo an unfinished upgrade or downgrade; the embedding store is kept."""
    from migrator import runner
    from migrator.cli.asking import ask, refuse_unasked
    from migrator.cli.database import address
    from migrator.cli.display import show_result
    from migrator.progress import reporting

    where = address(project)
    about = runner.abandonable(where)
    if about is None:
        show_result("nothing is unfinished")
        return
    if not yes:
        refuse_unasked("whether it may be undone")
        ask(f"about to be undone: {about}; the embedding store is kept")
    with reporting() as reporter:
        done = runner.abandon(where, reporter)
    show_result(done)
