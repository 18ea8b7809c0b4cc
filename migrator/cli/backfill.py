"""`migrator backfill`: rows that lack a vector get one, and rows whose text changed another."""

from __future__ import annotations

from typing import Any

import click

from migrator.cli.options import batch_size_option, limit_options, limits, model_timeout_option, quiet_triggers_option
from migrator.cli.project import Project


@click.command()
@batch_size_option
@quiet_triggers_option
@limit_options
@model_timeout_option
@click.pass_obj
def command(
    project: Project, /, batch_size: int | None, quiet_triggers: bool, model_timeout: float, **held_back: Any
) -> None:
    """Embed rows that lack a vector, or whose text changed, under the model their column has now.

    A row's text changed where the embedding store has it under another vector, or has the row's vector under
    another text. Rows that an upgrade or a downgrade set aside because the model failed on them are tried again.
    """
    from migrator.cli.database import locate
    from migrator.cli.output import show_result
    from migrator.commands.backfill import backfill
    from migrator.report import counted
    from migrator.runtime.context import Options
    from migrator.runtime.progress import reporting

    with reporting() as reporter:
        options = Options(
            reporter,
            batch_size=batch_size,
            quiet_triggers=quiet_triggers,
            model_timeout=model_timeout,
            limits=limits(**held_back),
        )
        found = [backfill(each.address, options) for each in locate(project)]
    for of_context in found:
        for column, counts in of_context.items():
            show_result(f"{column}: {', '.join(counted(count, what) for what, count in counts.items())}")
    if not any(found):
        show_result("nothing to fill: no column here was embedded through a text")
