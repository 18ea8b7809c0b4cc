"""Clean-up of an upgrade or downgrade that ends before cut-over: everything but the store is undone."""

from __future__ import annotations

from psycopg import sql

from migrator import capture, hazards, materialised
from migrator.catalog.indexes import carried_over
from migrator.database import Connection, concurrently, configure, execute, send_together
from migrator.ledger import Ledger, Run
from migrator.phases.retire import drop_backup
from migrator.plan import ColumnPlan, Plan
from migrator.queries import name, query
from migrator.report import Reporter
from migrator.work import has_column, table_now


def undo(connection: Connection, ledger: Ledger, run: Run, plan: Plan, reporter: Reporter) -> None:
    """Leaves tables, indexes and privileges as they were found; may be interrupted and run again.

    Of a table that was dropped nothing is left but what stands beside it. Raises Refused where one was renamed.
    """
    # Should this be killed half way, the same command begins again with what is undone here.
    ledger.forget_phases(run)
    for column in plan.columns:
        present = table_now(connection, column)
        if present is None:
            for statement in (*capture.drop_function(column), drop_backup(column)):
                execute(connection, statement)
            continue
        if present != column.catalog.table.sql.as_string(None):
            raise hazards.table_renamed_meanwhile(column.subject, present).refusal()
        reporter.message(f"{column.subject}: putting everything back")
        send_together(connection, _drop(plan, column), table=column.catalog.table.oid, on_wait=reporter.message)
        _rebuild(connection, column, reporter)
        _drop_indexes(connection, column)
        execute(connection, drop_backup(column))
    with connection.transaction():
        for column in plan.columns:
            ledger.set_state(column.id, "undone")
        ledger.finish(run, "undone")


def _drop(plan: Plan, column: ColumnPlan) -> list[sql.Composed]:
    if column.method == "index":
        return []
    twins = materialised.abandoned(plan, column)
    if column.fills_retired:
        kept = capture.until_retire(column.as_upgrade())
        return [*twins, kept, *(capture.watch_in_part(column) if column.capture_was_off else ())]
    dropped = query("cut_over", "drop_column", table=column.table, column=name(column.shadow))
    return [*twins, *capture.drop(column), dropped]


def _drop_indexes(connection: Connection, column: ColumnPlan) -> None:
    """What was built for the new column, unless it went with it."""
    schema = column.catalog.table.schema
    # The old indexes that a downgrade finds on the retired column stay there.
    built = (index.temporary for index in column.indexes if not column.keeps(index))
    for called in (*built, column.left_index):
        concurrently(connection, query("index", "drop_concurrently", index=name(schema, called)))


def _rebuild(connection: Connection, column: ColumnPlan, reporter: Reporter) -> None:
    """The old indexes that were dropped on the way, as they were."""
    catalog = column.catalog
    schema = catalog.table.schema
    if not column.dropped_indexes:
        return
    if not has_column(connection, column, column.live):
        lost = ", ".join(index.name for index in column.dropped_indexes)
        reporter.message(f"{column.subject} was dropped or renamed by others, so it has no index any more: {lost}")
        return
    configure(connection, {"maintenance_work_mem": f"{catalog.server.maintenance_work_mem // 1024}kB"})
    for index in column.dropped_indexes:
        state = execute(connection, query("index", "state"), {"schema": schema, "index": index.name}).fetchone()
        if state is not None and not state[0]:
            concurrently(connection, query("index", "drop_concurrently", index=name(schema, index.name)))
        again = carried_over(index, index.name)
        if state is None or not state[0]:
            concurrently(
                connection,
                again.create(catalog.table.sql, column.live, catalog.server.extension_schema),
            )
        marks = again.marks(catalog.table.sql, schema)
        send_together(connection, marks, table=catalog.table.oid, on_wait=reporter.message)
