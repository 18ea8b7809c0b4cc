"""fill: add the shadow column, capture writes from here on, and fill it from the store in small transactions.

On a downgrade the retired column is filled where its vectors went stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql
from psycopg.rows import TupleRow

from migrator.catalog.captured import Captured, read_captured
from migrator.dependents import column_storage, partition_columns
from migrator.errors import MigratorError
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.step import Lock, Statement
from migrator.plan.tree import Relation
from migrator.postgres.connection import execute, fetch_row
from migrator.postgres.locks import with_short_locks
from migrator.postgres.sql import Query, fragment, name, plain, query
from migrator.report import counted
from migrator.rows import backup_table, batches, capture, remaining
from migrator.rows.fill import ClearStale, Fill, index_asked_backup
from migrator.rows.portions import Portions
from migrator.rows.unreadable import tolerant
from migrator.runtime import text_locks
from migrator.runtime.context import Work
from migrator.runtime.step import GOES_ON, ColumnStep, Condition, Result, Step, sending

NAME = "fill"


class Filled(Result):
    rows: int

    @property
    def summary(self) -> str:
        return counted(self.rows, "rows")


def steps(plan: Plan) -> list[Step]:
    found: list[Step] = [_LockOthers(plan)]
    for column in plan.columns:
        if column.method == "index":
            continue
        found += [_Start(column), Fill(column, column.shadow)]
        if column.is_restore and column.kept is not None:
            found.append(_KeepWritten(column))
        if column.firing_triggers and column.method == "embed" and not column.is_restore:
            found.append(_RefuseKeptBack(column))
    return found


def run(work: Work) -> dict[str, Filled]:
    sent = sending(work, steps(work.plan))
    return {step.column.subject: Filled(rows) for step, rows in sent if isinstance(step, Fill)}


@dataclass(frozen=True, eq=False)
class _LockOthers(Step):
    """Tables that texts read, which are locked until cut-over."""

    plan: Plan

    @property
    def statements(self) -> list[Statement]:
        lasts = "SHARE on those until cut-over: their writers wait"
        locking = text_locks.lock_statements(self.plan)
        return [Statement(self.plan.subjects, each, Lock.NONE, lasts) for each in locking]

    def send(self, work: Work) -> None:
        work.other_tables.lock()


class _Start(ColumnStep):
    """Adds shadow column and trigger, unless an interrupted run did: then what went stale since is cleared first."""

    def made(self, column: ColumnPlan) -> list[Statement]:
        clearing = self._clear.statements if self._clear else ()
        return [*index_asked_backup(column), *_start(column), *clearing]

    @property
    def _clear(self) -> ClearStale | None:
        if self.column.marks_some:
            return ClearStale(self.column)
        return ClearStale(self.column, Condition(GOES_ON.text, self._began)) if self.column.findings.read else None

    def _began(self, work: Work) -> bool:
        return self.column.adds_shadow and tree.has_column(work.connection, self.column, self.column.shadow)

    def send(self, work: Work) -> None:
        column, connection = self.column, work.connection
        tree.refuse_other(connection, column)
        clear = self._clear
        # Asked before there is a shadow column.
        clears = clear is not None and (clear.when is None or clear.when.test(work))
        if not self._began(work):
            for each in index_asked_backup(column):
                execute(connection, each.query)
            tables = [column.catalog.table.oid]
            with_short_locks(connection, lambda: self._start(work), tables=tables, on_wait=work.waits_for_lock)
        if clear is not None and clears:
            clear.send(work)

    def _start(self, work: Work) -> None:
        for statement in _start(tree.without_dropped(work.connection, self.column)):
            execute(work.connection, statement.query)
        # With the trigger, in one transaction.
        work.ledger.set_captured(self.column.id, _captured(work, self.column))


class _KeepWritten(ColumnStep):
    """On a downgrade: rows that keep what they hold keep what the application wrote into them since the upgrade."""

    def made(self, column: ColumnPlan) -> list[Statement]:
        return Portions(_keep_written).listed(column)

    def send(self, work: Work) -> None:
        Portions(_keep_written).send(work, self.column, batches.in_ranges(work.connection, self.column))


def _ways_to_quiet(column: ColumnPlan) -> list[str]:
    """Those that work on this server and for this role."""
    server = column.catalog.server
    ways = [f"ALTER TABLE {plain(column.table)} DISABLE TRIGGER ... for the time of the upgrade"]
    if column.can_disable_triggers:
        ways.insert(0, "--quiet-triggers disables them in each transaction that fills rows")
    if server.grants_settings and not server.quiets_triggers:
        role = plain(name(server.role))
        ways.append(f"let a superuser run GRANT SET ON PARAMETER session_replication_role TO {role}")
    return ways


class _RefuseKeptBack(ColumnStep):
    """Rows that have a vector in the store and do not take it. Raises MigratorError where a trigger is the reason."""

    def made(self, column: ColumnPlan) -> list[Statement]:
        pieces = {"table": column.table, "store": column.store, "text_hash": column.text_hash}
        waiting = remaining.waiting(column, column.shadow)
        counting = query("fill", "kept_back", due=column.due, waiting=waiting, **pieces)
        return [column.statement(counting, Lock.ACCESS_SHARE, "one scan")]

    def send(self, work: Work) -> None:
        column = self.column
        for _ in range(2):
            if not self._count(work):
                return
            # What was written during the last pass is filled by another one.
            Fill(column, column.shadow).send(work)
        rows = self._count(work)
        if rows:
            raise MigratorError(
                f"{counted(rows, 'rows')} of {column.subject} cannot be filled: a trigger undoes or skips their update",
                meaning=f"one of those that fire: {', '.join(column.firing_triggers)}. Everything before cut-over "
                "was undone; the embedding store is kept.",
                remedy="; or ".join(_ways_to_quiet(column)),
            )

    def _count(self, work: Work) -> int:
        def count(column: ColumnPlan) -> TupleRow:
            (counting,) = self.made(column)
            return fetch_row(work.connection, counting.query)

        return int(tolerant(work.connection, self.column, count)[0])


def _start(column: ColumnPlan) -> list[Statement]:
    """One transaction: from it on no write is missed."""
    if column.fills_retired and not column.capture_was_off:
        # The trigger is there since the upgrade; a function is replaced without a lock on the table.
        return [column.statement(each, Lock.NONE, "instant") for each in capture.create_functions(column)]
    table, shadow = column.table, name(column.shadow)
    ddl: list[Query] = []
    if column.adds_shadow:
        own = partition_columns.own(column)
        # Child tables that declare the column come first, the lowest before: that of a table above is merged into it.
        ddl += [query("cut_over", "lock", table=table)] if own else []
        for each in [*(child.sql for child in reversed(own)), table]:
            ddl.append(query("fill", "add_shadow", table=each, shadow=shadow, type=column.type_sql))
        storage = fragment(column_storage.storage(column))
        ddl.append(query("cut_over", "set_storage", table=table, column=shadow, storage=storage))
        compression = column.target.column.compression_sql
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
    return [column.statement(statement, Lock.ACCESS_EXCLUSIVE, "milliseconds") for statement in ddl]


def _captured(work: Work, column: ColumnPlan) -> Sequence[Captured]:
    """From here on every write is seen; before, on a downgrade whose marks are believed, since the upgrade."""
    before = column.upgrade.findings.captured if column.is_restore else None
    if column.fills_retired and not column.marks_some and before is not None:
        return before
    return read_captured(work.connection, column.catalog.table.oid, column.trigger)


def _keep_written(column: ColumnPlan, leaf: Relation) -> list[sql.Composed]:
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
