"""Fills the new column from store, backup or live column, a portion of the rows after the other.

The phase fill does so first; later phases, and backfill, for the rows that arrived without a vector since.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from psycopg import sql

from migrator.catalog.triggers import UpdateTrigger, disable, enable, read_update_triggers
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.statement import Statement
from migrator.plan.tree import Relation
from migrator.postgres.connection import execute, has_table
from migrator.postgres.locks import with_short_locks
from migrator.postgres.sql import Query, name, query
from migrator.rows import backup_table, batches, capture, remaining
from migrator.rows.batches import Portion
from migrator.rows.embed import embed_missing, embedding, probe_by_index
from migrator.rows.unreadable import tolerant
from migrator.rows.writers import outwait_writers
from migrator.runtime.context import Work

# Its progress is shown as that of this phase, whichever fills.
_SHOWN_AS = "fill"


def rest(column: ColumnPlan, target: str, phase: str) -> list[Statement]:
    """What `fill_rest` sends."""
    late = "rows without a vector were written since"
    few = [
        statement
        for leaf in tree.leaves(tree.planned(column))
        for statement in in_portion(
            column,
            phase,
            leaf,
            _updates(column, leaf, target=target, here="places"),
            lasts="a few rows at a time",
            only_if=late,
        )
    ]
    return [
        _left(column, target, phase),
        column.statement(
            phase, batches.places_left(column, target), "ACCESS SHARE", "milliseconds by the index", only_if=late
        ),
        *few,
        *statements(column, target, phase, only_if=late),
    ]


def _left(column: ColumnPlan, target: str, phase: str) -> Statement:
    return column.statement(phase, remaining.counting(column, target), "ACCESS SHARE", "one scan")


def statements(column: ColumnPlan, target: str, phase: str, *, only_if: str = "") -> list[Statement]:
    """What `fill` sends."""
    here, lasts = ("places", "a few rows at a time") if column.online else ("range", "a range of blocks at a time")
    sent = []
    for leaf in tree.leaves(tree.planned(column)):
        when = only_if or leaf.only_if
        if column.online:
            found, reads = batches.unfilled(column, target, leaf), "a range of blocks at a time"
            sent.append(column.statement(phase, found, "ACCESS SHARE", reads, only_if=when))
        updates = _updates(column, leaf, target=target, here=here)
        sent += in_portion(column, phase, leaf, updates, lasts=lasts, only_if=when)
    if not only_if:
        sent.append(_left(column, target, phase))
    if column.method == "embed":
        late = "rows with texts that the store lacks were written since"
        waiting = partial(remaining.waiting, target=target)
        sent += embedding(column, phase, waiting, counted_if=late, only_if=late)
    return sent


def fill_rest(work: Work, column: ColumnPlan, target: str) -> int:
    """Rows that arrived without a vector since: before cut-over in the shadow column, after it in the live one."""
    left = remaining.count(work.connection, column, target)
    return fill(work, column, target, left=left) if left else 0


def fill(work: Work, column: ColumnPlan, target: str, *, left: int | None = None) -> int:
    """Fills until nothing is left: texts that came after embed are embedded, rows that moved are found again.

    left: how many rows are, once an index finds them. Where writers are faster than a pass, what came during the last
    one is left to the phases that follow.
    """
    indexed, filled, before = left is not None, 0, sys.maxsize
    while True:
        if indexed and left is not None and left <= batches.FOUND_BY_INDEX:
            here, parts = "places", batches.by_index(work.connection, column, target)
        elif column.online:
            here, parts = "places", batches.in_places(work.connection, column, target)
        else:
            here, parts = "range", batches.in_ranges(work.connection, column)
        filled += in_portions(work, column, partial(_updates, target=target, here=here), parts)
        left = remaining.count(work.connection, column, target)
        if left == 0 or left >= before:
            return filled
        before = left
        if column.method == "embed":
            few = indexed and left <= batches.FOUND_BY_INDEX
            embed_missing(work, column, _SHOWN_AS, partial(remaining.waiting, target=target), few=few)


def lock_other_tables(work: Work) -> None:
    """Once filled. Where they were not locked until now others may have written to them: what went stale is renewed."""
    if work.other_tables.lock():
        for column in work.plan.columns:
            if column.catalog.read:
                clear_stale(work, column)
                fill(work, column, column.shadow)


def clearing(column: ColumnPlan, phase: str, *, only_if: str = "") -> list[Statement]:
    """What `clear_stale` sends where the backup is there."""
    lasts = "a range of blocks at a time"
    sent = []
    for leaf in tree.leaves(tree.planned(column)):
        updates = [_clear(column, leaf, in_backup=column.fills_retired)]
        sent += in_portion(column, phase, leaf, updates, lasts=lasts, only_if=only_if or leaf.only_if)
    if column.fills_retired and column.upgraded_by == "embed":
        sent.insert(
            0, column.statement(phase, backup_table.index(column), "none", "one scan of the backup", only_if=only_if)
        )
    return sent


def clear_stale(work: Work, column: ColumnPlan, *, only: Collection[int] | None = None) -> None:
    """Vectors that may be of another text than their row has: capture did not see that it changed.

    only: oids of the tables that hold such rows; None: all.
    """
    if column.catalog.read:
        # Capture may have given their rows the vector of a text that another table has changed since they were written.
        outwait_writers(work, column, "what was done so far is kept.")
    in_backup = column.fills_retired and has_table(work.connection, column.upgrade_backup)
    if in_backup and column.upgraded_by == "embed":
        execute(work.connection, backup_table.index(column))
    clear = partial(_clear, in_backup=in_backup)
    parts = batches.in_ranges(work.connection, column, only=only)
    in_portions(work, column, lambda column, leaf: [clear(column, leaf)], parts)


def _clear(column: ColumnPlan, leaf: Relation, *, in_backup: bool) -> sql.Composed:
    stale = remaining.stale(column, in_backup=in_backup)
    here = query("fill", "range", row=column.row)
    return query("fill", "clear", table=leaf.addressed(column), shadow=name(column.shadow), stale=stale, here=here)


def in_portion(
    column: ColumnPlan, phase: str, leaf: Relation, updates: Sequence[Query], *, lasts: str, only_if: str = ""
) -> list[Statement]:
    """What `in_portions` sends for one portion of a table or partition, in one transaction."""
    writes = [column.statement(phase, each, "ROW EXCLUSIVE", lasts, only_if=only_if) for each in updates]
    triggers = _fired(column, leaf, column.catalog.update_triggers)
    if not triggers:
        return writes
    before = [_lock(leaf), disable(leaf.sql, triggers)]
    locked = [
        column.statement(phase, each, "SHARE ROW EXCLUSIVE", lasts, only_if=only_if)
        for each in (*before, enable(leaf.sql, triggers))
    ]
    return [*locked[:-1], *writes, locked[-1]]


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


def in_portions(
    work: Work,
    column: ColumnPlan,
    updates_of: Callable[[ColumnPlan, Relation], list[sql.Composed]],
    parts: Iterable[Portion],
    *,
    watched: bool = False,
) -> int:
    """Sends the updates for one portion of the rows after the other. Returns how many were filled.

    updates_of: those of a table or partition. watched: capture looks at them, whatever triggers there are.
    """
    # A crash of the server may lose the last of them, which are filled again; the commits after them wait for the disk.
    settings = {"synchronous_commit": "off"}
    if column.catalog.server.quiets_triggers:
        settings["session_replication_role"] = "replica"
    # Where nothing else can change the rows that this updates, capture need not look at them.
    mark = capture.WATCHED if watched or column.firing_triggers else capture.UNSEEN

    # Of each table put together once.
    known: dict[Relation, list[sql.Composed]] = {}

    def updates(reading: ColumnPlan, table: Relation) -> list[sql.Composed]:
        if reading is not column:
            return updates_of(reading, table)
        if table not in known:
            known[table] = updates_of(column, table)
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
