"""`migrator retire`: drops what was kept for a rollback, on request only."""

from __future__ import annotations

import click

from migrator.cli.project import Project


@click.command()
@click.option("--keep-backups", is_flag=True, help="Keep the backup tables, from which a downgrade still works.")
@click.option("--stores", is_flag=True, help="Drop the embedding stores too: vectors that were paid for.")
@click.option(
    "--store", metavar="MODEL", help="Drop the embedding store of this model, and nothing else: its vectors are wrong."
)
@click.option("--yes", is_flag=True, help="Do not ask before dropping.")
@click.pass_obj
def command(project: Project, keep_backups: bool, stores: bool, store: str | None, yes: bool) -> None:
    """Drop retired columns and backups. Without the backups there is no way back but to embed again."""
    from migrator.cli.database import locate
    from migrator.cli.output import show_result
    from migrator.cli.pending import refuse_unfinished
    from migrator.cli.prompt import ask, refuse_unasked
    from migrator.commands.retire import drop_stores_of, retirable, retire_all, stores_of
    from migrator.errors import UsageError
    from migrator.report import block
    from migrator.runtime.progress import reporting

    if store and (keep_backups or stores):
        raise UsageError("--store drops one embedding store and nothing else", remedy="give it alone")
    found, contexts = [], locate(project)
    for each in contexts:
        where = each.address
        kept = stores_of(where, store) if store else retirable(where, keep_backups=keep_backups, stores=stores)
        refuse_unfinished(project.script, where, contexts)
        found.append((where, kept))
    if not any(kept for _, kept in found):
        show_result("there is nothing to retire")
        return
    if not yes:
        dropped = dict.fromkeys(f"  {one}" for _, kept in found for one in kept)
        about = block("about to be dropped:", *dropped)
        refuse_unasked("whether it may be dropped", about=about)
        ask(about)
    with reporting() as reporter:
        # An embedding store that several contexts use goes with the first of them.
        done = [
            one
            for where, kept in found
            if kept
            for one in (
                drop_stores_of(where, store)
                if store
                else retire_all(where, reporter, keep_backups=keep_backups, stores=stores)
            )
        ]
    show_result(block(*(f"dropped  {each}" for each in done)))
