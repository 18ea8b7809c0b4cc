"""backfill: rows that lack a vector, or have one of a former text, get one from the model their column has now."""

from __future__ import annotations

from dataclasses import replace

from migrator.embedding import store
from migrator.embedding.models import Models
from migrator.ledger import current_columns, text_settings
from migrator.phases import settle
from migrator.plan.plan import Plan
from migrator.postgres.address import Address
from migrator.preflight.expressions import try_recorded
from migrator.report import counted
from migrator.rows import remaining, stale_rows
from migrator.rows.fill import FillRest
from migrator.runtime.context import Options, Work
from migrator.runtime.session import at_work, refuse_unfinished


def backfill(address: Address, options: Options) -> dict[str, dict[str, int]]:
    """Fills every column that was migrated; texts that were set aside are tried again, NOT NULL set where it can be.

    Returns by column, and by scope where it has several, how many rows were filled, how many stale ones renewed, and
    how many failed. Raises Refused where a run is unfinished.
    """
    found = {}
    address = text_settings.for_ledger(address)
    with at_work(address, options.reporter.message) as (connection, ledger):
        refuse_unfinished(ledger)
        ledger.bring_up_to_date()
        models = Models(ledger, recording=True, timeout=options.model_timeout)
        columns, gone = current_columns.embedded(ledger)
        for column in gone:
            options.reporter.message(f"{column.subject}: table or column is no longer there")
        for column, called in zip(columns, current_columns.names(columns), strict=True):
            if column.method != "embed":
                continue
            there = replace(address, search_path=current_columns.as_planned(connection, column))
            try_recorded(connection, column)
            run = ledger.run_of(column.id)
            column = replace(column, quiet=options.quiet_triggers)
            plan = Plan(run.revision, run.direction, (column,), ())
            work = Work(connection, there, ledger, models, options, plan, run)
            with options.stop.listening(options.reporter.message):
                ledger.try_again(column.id)
                store.create(connection, column)
                rows = FillRest(column, column.live).send(work)
                renewed = stale_rows.renew(work, column) if stale_rows.can_tell(column) else 0
                settle.list_not_evaluated(work, column)
                if settle.wants_not_null(column):
                    settle.SetNotNull(column).send(work)
                work.throttle.go_on()
            had_none = remaining.count_null_by_right(connection, column, column.live)
            if had_none:
                options.reporter.message(
                    f"{called}: {counted(had_none, 'rows')} with a text had no vector before the upgrade that was "
                    "undone, and are left without; the next upgrade gives them one"
                )
            failed = ledger.failed_rows(column.id)
            found[called] = {"rows filled": rows, "rows renewed": renewed, "rows failed": failed}
    return found
