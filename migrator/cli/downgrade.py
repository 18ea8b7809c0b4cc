"""`migrator downgrade`: the rollback; no row and no edit is lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from migrator.cli.options import (
    PHASES,
    batch_size_option,
    cutover_file_option,
    limit_options,
    limits,
    model_timeout_option,
    quiet_triggers_option,
)
from migrator.cli.project import Project


class _Downgrade(click.Command):
    """Takes -1, so many steps back, for a revision: click would look for an option of that name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        steps = [each for each in args if re.fullmatch(r"-\d+", each)]
        if steps:
            args = [*(each for each in args if each not in steps), "--", *steps]
        return super().parse_args(ctx, args)


@click.command(cls=_Downgrade)
@click.argument("revision")
@click.option("--dry-run", is_flag=True, help="Print what would be done, with locks and times; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print the plan as one JSON document.")
@click.option("--stop-after", type=click.Choice(PHASES), help="Stop after this phase; the next downgrade goes on.")
@batch_size_option
@cutover_file_option
@click.option(
    "--without-old-model",
    is_flag=True,
    help="List the rows that only the old model could give a vector, and go back without theirs.",
)
@quiet_triggers_option
@limit_options
@model_timeout_option
@click.option("--yes", is_flag=True, help="Do not ask before beginning.")
@click.pass_obj
def command(
    project: Project,
    /,
    revision: str,
    dry_run: bool,
    as_json: bool,
    stop_after: str | None,
    batch_size: int | None,
    without_old_model: bool,
    cutover_file: Path | None,
    quiet_triggers: bool,
    model_timeout: float,
    yes: bool,
    **held_back: Any,
) -> None:
    """Downgrade to REVISION: an identifier, -1, or base.

    The old vectors come back from the retired column; rows written since the upgrade are embedded
    with the old model.
    """
    from migrator.cli import apply
    from migrator.runtime.context import Options

    options = Options(
        stop_after=stop_after,
        batch_size=batch_size,
        without_old_model=without_old_model,
        cutover_file=cutover_file,
        quiet_triggers=quiet_triggers,
        model_timeout=model_timeout,
        limits=limits(**held_back),
    )
    if dry_run:
        apply.dry_run(project, revision, "downgrade", options, as_json=as_json)
    else:
        apply.carry_out(project, revision, "downgrade", options, yes=yes)
