"""embed for a revision whose turn has not come: the store alone is filled, and no run begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from migrator.change import EmbeddingChange
from migrator.commands.planner import Planner
from migrator.embedding.models import Models
from migrator.ledger import current_columns, text_settings
from migrator.phases import embed
from migrator.postgres.address import Address
from migrator.preflight.server import names_readable
from migrator.report import counted
from migrator.runtime.context import Options, Work
from migrator.runtime.session import at_work


def embed_ahead(
    address: Address, revision: str, changes: Sequence[EmbeddingChange], options: Options, after: Mapping[str, str]
) -> tuple[str, ...]:
    """Fills the stores that the upgrade will fill from, while one before it is unfinished. Returns its columns.

    What is stored is found when its turn comes. after: columns that revisions before it change, each with its revision.
    Raises Refused if it cannot be planned yet.
    """
    address = text_settings.for_changes(address, changes)
    with at_work(address, options.reporter.message) as (connection, ledger):
        run = ledger.unfinished()
        if run is None:
            raise LookupError("the run in front of it is not there")
        models = Models(ledger, recording=True, timeout=options.model_timeout)
        with names_readable(connection):
            plan = Planner(connection, ledger, models, options).upgrade(revision, changes, after)
        address = replace(address, search_path=current_columns.as_planned(connection, plan.columns[0]))
        work = Work(connection, address, ledger, models, options, plan, run)
        with options.stop.listening(options.reporter.message):
            options.reporter.phase_started(embed.NAME, plan.subject)
            texts = sum(found.texts for found in embed.run(work).values())
            work.throttle.go_on()
            options.reporter.phase_done(embed.NAME, plan.subject, counted(texts, "texts"))
    return plan.subjects
