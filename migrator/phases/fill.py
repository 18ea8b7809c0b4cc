"""fill: add the shadow column, capture writes from here on, and fill it from the store in small transactions.

On a downgrade the retired column is filled where its vectors went stale.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from migrator.catalog.captured import Captured, read_captured
from migrator.dependents import column_storage, partition_columns
from migrator.errors import MigratorError
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.statement import Statement
from migrator.plan.tree import Relation
from migrator.postgres.connection import execute, fetch_row
from migrator.postgres.locks import with_short_locks
from migrator.postgres.sql import Query, fragment, name, plain, query
from migrator.report import counted
from migrator.rows import backup_table, batches, capture, fill, remaining
from migrator.rows.unreadable import tolerant
from migrator.runtime import text_locks
from migrator.runtime.context import Work

NAME = "fill"


def _start_statements(column: ColumnPlan) -> list[Statement]:
    """One transaction: from it on no write is missed."""
    if column.fills_retired and not column.capture_was_off:
        # The trigger is there since the upgrade; a function is replaced without a lock on the table.
        return [column.statement(NAME, each, "none", "instant") for each in capture.create_functions(column)]
    table, shadow = column.table, name(column.shadow)
    ddl: list[Query] = []
    if column.adds_shadow:
        own = partition_columns.own(column)
        # Heirs that say the column themselves first, the lowest before: that of a table above is merged into theirs.
        ddl += [query("cut_over", "lock", table=table)] if own else []
        for each in [*(heir.sql for heir in reversed(own)), table]:
            ddl.append(query("fill", "add_shadow", table=each, shadow=shadow, type=column.type_sql))
        storage = fragment(column_storage.storage(column))
        ddl.append(query("cut_over", "set_storage", table=table, column=shadow, storage=storage))
        compression = (column.before or column.catalog).column.compression_sql
        if compression is not None:
            ddl.append(query("fill", "set_compression", table=table, shadow=shadow, compression=fragment(compression)))
        ddl += partition_columns.compressions(column)
    ddl += capture.create_functions(column)
    if column.capture_was_off:
        ddl += capture.drop_triggers(column)
    ddl += capture.create_trigger(column)
    for index in column.dropped_indexes:
        place = tree.place(column, index)
        if place is not None:
            ddl.append(query("index", "drop", index=name(place.schema, index.name)))
    return [column.statement(NAME, statement, "ACCESS EXCLUSIVE", "milliseconds") for statement in ddl]


def statements(plan: Plan) -> list[Statement]:
    locked = [
        Statement(NAME, plan.subjects, each, "none", "SHARE on those until cut-over: their writers wait")
        for each in text_locks.lock_statements(plan)
    ]
    filled = [statement for column in plan.columns if column.method != "index" for statement in _statements(column)]
    return [*locked, *filled]


def _statements(column: ColumnPlan) -> list[Statement]:
    indexed = []
    if backup_table.helps(column):
        indexed.append(column.statement(NAME, backup_table.index(column), "none", "one scan of the backup"))
    cleared = []
    if column.marks_some or column.catalog.read:
        cleared = fill.clearing(column, NAME, only_if="" if column.marks_some else "an interrupted run goes on")
    last = []
    if column.is_restore and column.kept is not None:
        for leaf in tree.leaves(tree.planned(column)):
            written, lasts = _keep_written(column, leaf), "a range of blocks at a time"
            last += fill.in_portion(column, NAME, leaf, written, lasts=lasts, only_if=leaf.only_if)
    if _may_be_kept_back(column):
        last.append(column.statement(NAME, _kept_back(column), "ACCESS SHARE", "one scan"))
    return [*indexed, *_start_statements(column), *cleared, *fill.statements(column, column.shadow, NAME), *last]


def run(work: Work) -> dict[str, object]:
    result: dict[str, object] = {}
    for column in work.plan.columns:
        if column.method == "index":
            continue
        began = _start(work, column)
        if column.marks_some or (column.catalog.read and not began):
            fill.clear_stale(work, column)
        result[column.subject] = {"rows": fill.fill(work, column, column.shadow)}
        if column.is_restore and column.kept is not None:
            fill.in_portions(work, column, _keep_written, batches.in_ranges(work.connection, column))
        if _may_be_kept_back(column):
            _refuse_kept_back(work, column)
    return result


def _may_be_kept_back(column: ColumnPlan) -> bool:
    return bool(column.firing_triggers) and column.method == "embed" and not column.is_restore


def _kept_back(column: ColumnPlan) -> sql.Composed:
    pieces = {"table": column.table, "store": column.store, "text_hash": column.text_hash}
    return query("fill", "kept_back", due=column.due, waiting=remaining.waiting(column, column.shadow), **pieces)


def _refuse_kept_back(work: Work, column: ColumnPlan) -> None:
    """Rows that have a vector in the store and do not take it. Raises MigratorError where a trigger is the reason."""
    for _ in range(2):
        if not _count_kept_back(work, column):
            return
        # What was written during the last pass is filled by another one.
        fill.fill(work, column, column.shadow)
    rows = _count_kept_back(work, column)
    if rows:
        table, role = plain(column.table), plain(name(column.catalog.server.role))
        raise MigratorError(
            f"{counted(rows, 'rows')} of {column.subject} cannot be filled: a trigger undoes or skips their update",
            meaning=f"one of those that fire: {', '.join(column.firing_triggers)}. Everything before cut-over "
            "was undone; the embedding store is kept.",
            remedy="--quiet-triggers disables them in each transaction that fills rows; or ALTER TABLE "
            f"{table} DISABLE TRIGGER ... for the time of the upgrade; or let a superuser run GRANT "
            f"SET ON PARAMETER session_replication_role TO {role}",
        )


def _count_kept_back(work: Work, column: ColumnPlan) -> int:
    (rows,) = tolerant(work.connection, column, lambda column: fetch_row(work.connection, _kept_back(column)))
    return int(rows)


def _start(work: Work, column: ColumnPlan) -> bool:
    """Adds shadow column and trigger. Returns whether it did: an interrupted run may have."""
    tree.refuse_other(work.connection, column)
    if column.adds_shadow and tree.has_column(work.connection, column, column.shadow):
        return False
    if backup_table.helps(column):
        execute(work.connection, backup_table.index(column))

    def start() -> None:
        for statement in _start_statements(tree.without_dropped(work.connection, column)):
            execute(work.connection, statement.query)
        # With the trigger, in one transaction.
        work.ledger.set_captured(column.id, _captured(work, column))

    with_short_locks(work.connection, start, tables=[column.catalog.table.oid], on_wait=work.waits_for_lock)
    return True


def _captured(work: Work, column: ColumnPlan) -> Sequence[Captured]:
    """From here on every write is seen; before, on a downgrade whose marks are believed, since the upgrade."""
    before = column.before.captured if column.before is not None else None
    if column.fills_retired and not column.marks_some and before is not None:
        return before
    return read_captured(work.connection, column.catalog.table.oid, column.trigger)


def _keep_written(column: ColumnPlan, leaf: Relation) -> list[sql.Composed]:
    """On a downgrade: rows that keep what they hold keep what the application wrote into them since the upgrade."""
    written = query(
        "fill",
        "keep_written",
        here=query("fill", "range", row=column.row),
        table=leaf.addressed(column),
        shadow=name(column.shadow),
        live=name(column.live),
        type=column.type_sql,
        live_type=backup_table.live_type(column.catalog),
        extension=name(column.catalog.server.extension_schema),
        kept=column.kept or sql.SQL("false"),
        written=backup_table.which(column),
    )
    return [written]
