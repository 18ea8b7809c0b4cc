"""`migrator downgrade`: the rollback; no row and no edit is lost."""

from __future__ import annotations

import click

from migrator.cli.project import Project


@click.command()
@click.argument("revision")
@click.option("--dry-run", is_flag=True, help="Print what would be done, with locks and times; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print the plan as one JSON document.")
@click.option("--yes", is_flag=True, help="Do not ask before beginning.")
@click.pass_obj
def command(project: Project, revision: str, dry_run: bool, as_json: bool, yes: bool) -> None:
    """Downgrade to REVISION: an identifier, -1, or base.

    The old vectors come back from the retired column; rows written since the upgrade are embedded
    with the old model.
    """
    from migrator.cli import carry_out
    from migrator.work import Options

    if dry_run:
        carry_out.dry_run(project, revision, "downgrade", as_json=as_json)
    elif yes or carry_out.ask(project, revision, "downgrade"):
        carry_out.run(project, revision, "downgrade", Options())
