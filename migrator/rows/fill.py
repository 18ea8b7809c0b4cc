"""Fills the new column from store, backup or live column, a portion of the rows after the other.

The phase fill does so first; later phases, and backfill, for the rows that arrived without a vector since.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from psycopg import sql

from migrator.catalog.triggers import UpdateTrigger, disable, enable, read_update_triggers
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Lock, Statement
from migrator.plan.tree import Relation
from migrator.postgres.connection import execute, has_table
from migrator.postgres.locks import with_short_locks
from migrator.postgres.sql import Query, name, query
from migrator.rows import backup_table, batches, capture, remaining
from migrator.rows.batches import Portion
from migrator.rows.embed import EmbedMissing, probe_by_index
from migrator.rows.unreadable import tolerant
from migrator.rows.writers import outwait_writers
from migrator.runtime.context import Work
from migrator.runtime.step import ColumnStep, Condition

# Its progress is shown as that of this phase, whichever fills.
_SHOWN_AS = "fill"


@dataclass(frozen=True, eq=False)
class FillRest(ColumnStep):
    """Fills rows that arrived without a vector since: before cut-over in the shadow column, after it in the live one.

    Returns how many.
    """

    target: str

    def made(self, column: ColumnPlan) -> list[Statement]:
        target, late = self.target, "rows without a vector were written since"
        found = batches.places_left(column, target)
        return [
            _left(column, target),
            column.statement(found, Lock.ACCESS_SHARE, "milliseconds by the index", only_if=late),
            *_filling(target, "places").listed(column, only_if=late),
            *Fill(column, target, late).statements,
        ]

    def send(self, work: Work) -> int:
        left = remaining.count(work.connection, self.column, self.target)
        return Fill(self.column, self.target).send(work, left=left) if left else 0


@dataclass(frozen=True, eq=False)
class Fill(ColumnStep):
    """Fills until nothing is left: texts that came after embed are embedded, rows that moved are found again.

    Returns how many rows it filled. only_if: when there are such rows, where the plan is of another opinion. Where
    writers are faster than a pass, what came during the last one is left to the phases that follow.
    """

    target: str
    only_if: str = ""

    def made(self, column: ColumnPlan) -> list[Statement]:
        sent = []
        for leaf in tree.leaves(tree.planned(column)):
            if column.online:
                found, lasts = batches.unfilled(column, self.target, leaf), "a range of blocks at a time"
                sent.append(column.statement(found, Lock.ACCESS_SHARE, lasts, only_if=self.only_if or leaf.only_if))
            here = "places" if column.online else "range"
            sent += _filling(self.target, here).listed_on(column, leaf, only_if=self.only_if)
        if not self.only_if:
            sent.append(_left(column, self.target))
        return [*sent, *self._embedding.statements] if column.method == "embed" else sent

    def send(self, work: Work, *, left: int | None = None) -> int:
        """left: how many rows are, once an index finds them."""
        column, target, connection = self.column, self.target, work.connection
        indexed, filled, before = left is not None, 0, sys.maxsize
        while True:
            if indexed and left is not None and left <= batches.FOUND_BY_INDEX:
                here, parts = "places", batches.by_index(connection, column, target)
            elif column.online:
                here, parts = "places", batches.in_places(connection, column, target)
            else:
                here, parts = "range", batches.in_ranges(connection, column)
            filled += _filling(target, here).send(work, column, parts)
            left = remaining.count(connection, column, target)
            if left == 0 or left >= before:
                return filled
            before = left
            if column.method == "embed":
                self._embedding.send(work, few=indexed and left <= batches.FOUND_BY_INDEX)

    @property
    def _embedding(self) -> EmbedMissing:
        late = "rows with texts that the store lacks were written since"
        return EmbedMissing(self.column, partial(remaining.waiting, target=self.target), _SHOWN_AS, late=late)


def _left(column: ColumnPlan, target: str) -> Statement:
    return column.statement(remaining.counting(column, target), Lock.ACCESS_SHARE, "one scan")


def _filling(target: str, here: str) -> Portions:
    lasts = "a range of blocks at a time" if here == "range" else "a few rows at a time"
    return Portions(partial(_updates, target=target, here=here), lasts)


def lock_other_tables(work: Work) -> None:
    """Once filled. Where they were not locked until now others may have written to them: what went stale is renewed."""
    if work.other_tables.lock():
        for column in work.plan.columns:
            if column.catalog.read:
                ClearStale(column).send(work)
                Fill(column, column.shadow).send(work)


def lock_again(work: Work) -> None:
    """Where the locks were let go of for a writer."""
    if work.other_tables.let_go:
        lock_other_tables(work)


@dataclass(frozen=True, eq=False)
class ClearStale(ColumnStep):
    """Vectors that may be of another text than their row has: capture did not see that it changed."""

    when: Condition | None = None

    def made(self, column: ColumnPlan) -> list[Statement]:
        """Where the backup is there."""
        in_backup = column.fills_retired
        only_if = self.when.text if self.when else ""
        return [
            *(_index_backup(column) if in_backup else []),
            *Portions(partial(_clear, in_backup=in_backup)).listed(column, only_if=only_if),
        ]

    def send(self, work: Work, *, only: Collection[int] | None = None) -> None:
        """only: oids of the tables that hold such rows; None: all."""
        column = self.column
        if column.catalog.read:
            # Capture may have given their rows the vector of a text that another table has changed since they were
            # written.
            outwait_writers(work, column, "what was done so far is kept.")
        in_backup = column.fills_retired and has_table(work.connection, column.upgrade_backup)
        for each in _index_backup(column) if in_backup else ():
            execute(work.connection, each.query)
        parts = batches.in_ranges(work.connection, column, only=only)
        Portions(partial(_clear, in_backup=in_backup)).send(work, column, parts)


def _index_backup(column: ColumnPlan) -> list[Statement]:
    """Of a downgrade, where texts tell its rows."""
    return [backup_index(column)] if column.upgraded_by == "embed" else []


def backup_index(column: ColumnPlan) -> Statement:
    return column.statement(backup_table.index(column), Lock.NONE, "one scan of the backup")


def _clear(column: ColumnPlan, leaf: Relation, *, in_backup: bool) -> list[sql.Composed]:
    stale = remaining.stale(column, in_backup=in_backup)
    here = query("fill", "range", row=column.row)
    return [query("fill", "clear", table=leaf.addressed(column), shadow=name(column.shadow), stale=stale, here=here)]


@dataclass(frozen=True)
class Portions:
    """Updates of one portion of the rows after the other, each in a transaction of its own.

    updates_of: those of a table or partition. watched: capture looks at them, whatever triggers there are.
    """

    updates_of: Callable[[ColumnPlan, Relation], list[sql.Composed]]
    lasts: str = "a range of blocks at a time"
    watched: bool = False

    def listed(self, column: ColumnPlan, *, only_if: str = "") -> list[Statement]:
        leaves = tree.leaves(tree.planned(column))
        return [each for leaf in leaves for each in self.listed_on(column, leaf, only_if=only_if)]

    def listed_on(self, column: ColumnPlan, leaf: Relation, *, only_if: str = "") -> list[Statement]:
        """Of one portion of a table or partition."""

        def listed(lock: Lock, *sent: Query) -> list[Statement]:
            return [column.statement(each, lock, self.lasts, only_if=only_if or leaf.only_if) for each in sent]

        writes = listed(Lock.ROW_EXCLUSIVE, *self.updates_of(column, leaf))
        triggers = _fired(column, leaf, column.catalog.update_triggers)
        if not triggers:
            return writes
        before, after = (_lock(leaf), disable(leaf.sql, triggers)), enable(leaf.sql, triggers)
        return [*listed(Lock.SHARE_ROW_EXCLUSIVE, *before), *writes, *listed(Lock.SHARE_ROW_EXCLUSIVE, after)]

    def send(self, work: Work, column: ColumnPlan, parts: Iterable[Portion]) -> int:
        """Returns how many rows were filled."""
        # A crash of the server may lose the last of them, which are filled again; the commits after them wait for the
        # disk.
        settings = {"synchronous_commit": "off"}
        if column.catalog.server.quiets_triggers:
            settings["session_replication_role"] = "replica"
        # Where nothing else can change the rows that this updates, capture need not look at them.
        mark = capture.WATCHED if self.watched or column.firing_triggers else capture.UNSEEN

        # Of each table put together once.
        known: dict[Relation, list[sql.Composed]] = {}

        def updates(reading: ColumnPlan, table: Relation) -> list[sql.Composed]:
            if reading is not column:
                return self.updates_of(reading, table)
            if table not in known:
                known[table] = self.updates_of(column, table)
            return known[table]

        def one_portion(portion: Portion, reading: ColumnPlan) -> int:
            # Of the try that succeeds: waiting for a lock holds none.
            start = time.monotonic()
            capture.mark(work.connection, mark, settings)
            probe_by_index(work.connection)
            with _quieted(work, column, portion.table):
                here = sum(
                    execute(work.connection, update, portion.parameters).rowcount
                    for update in updates(reading, portion.table)
                )
            portion.step.took(time.monotonic() - start)
            return here

        def locked(portion: Portion, reading: ColumnPlan) -> int:
            # A row that a writer holds is waited for without holding the others of the portion. Triggers that fire may
            # write to what the text reads.
            tables = [portion.table.oid, *(each.oid for each in column.catalog.read)]
            return with_short_locks(
                work.connection,
                partial(one_portion, portion, reading),
                tables=tables,
                on_wait=work.waits_for_lock,
                outlasts_autovacuum=column.disables_triggers,
            )

        filled = 0
        for portion in parts:
            table = portion.table.oid
            here = tolerant(work.connection, column, partial(locked, portion))
            filled += here
            work.reporter.progress(_SHOWN_AS, column.subject, portion.progress)
            work.throttle.wait(here, table=table if column.online else None)
        return filled


def _fired(column: ColumnPlan, leaf: Relation, triggers: Iterable[UpdateTrigger]) -> list[UpdateTrigger]:
    """Those of the table or partition that are disabled for the time of a portion."""
    states = column.catalog.server.firing_states if column.disables_triggers else ""
    return [each for each in triggers if each.table == leaf.oid and each.enabled in states]


def _lock(leaf: Relation) -> Query:
    return query("fill", "lock_writers_out", table=leaf.sql)


@contextmanager
def _quieted(work: Work, column: ColumnPlan, leaf: Relation) -> Iterator[None]:
    """Within it, in one transaction, the user's triggers do not fire; nobody else ever sees them disabled."""
    triggers = _fired_in(work, column, leaf)
    if triggers:
        execute(work.connection, _lock(leaf))
        # As they are from now on.
        triggers = _fired_in(work, column, leaf)
    if triggers:
        execute(work.connection, disable(leaf.sql, triggers))
    yield
    if triggers:
        execute(work.connection, enable(leaf.sql, triggers))


def _fired_in(work: Work, column: ColumnPlan, leaf: Relation) -> list[UpdateTrigger]:
    """Those to be disabled there now."""
    return _fired(column, leaf, read_update_triggers(work.connection, leaf.oid)) if column.disables_triggers else []


def _updates(column: ColumnPlan, leaf: Relation, *, target: str, here: str) -> list[sql.Composed]:
    """What fills the rows `here`: of a "range" of blocks, or at some "places"."""
    pieces = {"here": query("fill", here, row=column.row), "table": leaf.addressed(column)}
    updates = [_update(column, target, pieces)]
    if backup_table.helps(column) and target == column.shadow:
        updates.insert(0, _from_backup(column, pieces))
    if column.kept is not None and target == column.shadow:
        updates.append(_keep(column, pieces, column.kept))
    return updates


def _update(column: ColumnPlan, target: str, pieces: dict[str, Query]) -> sql.Composed:
    shadow, pending = name(target), remaining.pending(column)
    if column.method == "derive":
        return query(
            "fill",
            "from_live",
            shadow=shadow,
            derived=column.derived(name(column.live)),
            due=column.due,
            pending=pending,
            **pieces,
        )
    return query(
        "fill",
        "from_store",
        row=column.row,
        shadow=shadow,
        type=column.type_sql,
        store=column.store,
        due=column.due,
        pending=pending,
        text_hash=column.text_hash,
        **pieces,
    )


def _from_backup(column: ColumnPlan, pieces: dict[str, Query]) -> sql.Composed:
    return query(
        "fill",
        "from_backup",
        row=column.row,
        shadow=name(column.shadow),
        backup=backup_table.rows(column),
        same_row=backup_table.same_row(column),
        **pieces,
    )


def _keep(column: ColumnPlan, pieces: dict[str, Query], kept: Query) -> sql.Composed:
    return query(
        "fill",
        "keep",
        shadow=name(column.shadow),
        live=name(column.live),
        type=column.type_sql,
        kept=kept,
        **pieces,
    )
