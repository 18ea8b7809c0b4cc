"""`migrator upgrade`: carries pending revisions out, or goes on with what was interrupted."""

from __future__ import annotations

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


@click.command()
@click.argument("revision", default="head")
@click.option("--dry-run", is_flag=True, help="Print what would be done, with locks, times and disk; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print the plan as one JSON document.")
@click.option("--stop-after", type=click.Choice(PHASES), help="Stop after this phase; the next upgrade goes on.")
@click.option("--online", is_flag=True, help="The application can read and write throughout; filling takes longer.")
@click.option("--strict", is_flag=True, help="Refuse texts that are longer than the model reads.")
@batch_size_option
@cutover_file_option
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
    online: bool,
    strict: bool,
    batch_size: int | None,
    cutover_file: Path | None,
    quiet_triggers: bool,
    model_timeout: float,
    yes: bool,
    **held_back: Any,
) -> None:
    """Upgrade to REVISION (head by default).

    The same command continues what was interrupted. Embedding runs before the window:
    `migrator upgrade --stop-after embed` does it while the application works.
    """
    from migrator.cli import apply
    from migrator.runtime.context import Options

    options = Options(
        stop_after=stop_after,
        online=online,
        strict=strict,
        batch_size=batch_size,
        cutover_file=cutover_file,
        quiet_triggers=quiet_triggers,
        model_timeout=model_timeout,
        limits=limits(**held_back),
    )
    if dry_run:
        apply.dry_run(project, revision, "upgrade", options, as_json=as_json)
    else:
        apply.carry_out(project, revision, "upgrade", options, yes=yes)
