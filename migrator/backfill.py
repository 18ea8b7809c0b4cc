"""backfill: rows that lack a vector get one from the model that their column has now."""

from __future__ import annotations

from migrator import secrets, store
from migrator.database import Address
from migrator.ledger import LIVE, RETIRED
from migrator.phases import fill, settle
from migrator.plan import Plan
from migrator.planner import planned
from migrator.runner import at_work, refuse_unfinished
from migrator.work import Models, Options, Work, table_now


def backfill(address: Address, options: Options) -> dict[str, dict[str, int]]:
    """Fills every column that was migrated; texts that were set aside are tried again, NOT NULL set where it can be.

    Returns by column how many rows were filled and how many failed. Raises Refused where a run is unfinished.
    """
    found = {}
    address = secrets.for_ledger(address)
    with at_work(address) as (connection, ledger):
        refuse_unfinished(ledger)
        for change in ledger.last_changes():
            column = planned(ledger, change)
            if change.state not in (LIVE, RETIRED) or column.method != "embed":
                continue
            if table_now(connection, column) != column.catalog.table.sql.as_string(None):
                options.reporter.message(f"{column.subject}: its table was dropped or renamed, so nothing is filled")
                continue
            run = ledger.run_of(change.id)
            plan = Plan(run.revision, run.direction, (column,), ())
            models = Models(ledger, recording=True, timeout=options.model_timeout)
            work = Work(connection, address, ledger, models, options, plan, run)
            with options.stop.listening(options.reporter.message):
                ledger.try_again(column.id)
                store.create(connection, column)
                rows = fill.fill_rest(work, column, column.live)
                settle.settle_not_null(work, column)
                work.throttle.go_on()
            found[column.subject] = {"rows": rows, "failed rows": ledger.failed_rows(column.id)}
    return found
