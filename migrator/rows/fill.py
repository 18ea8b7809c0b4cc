"""Fills the new column from store, backup or live column, a portion of the rows after the other.

The phase fill does so first; later phases, and backfill, for the rows that arrived without a vector since.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from psycopg import sql

from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Lock, Statement
from migrator.plan.tree import Relation
from migrator.postgres.connection import execute, has_table
from migrator.postgres.sql import Query, name, query
from migrator.rows import backup_table, batches, remaining
from migrator.rows.embed import EmbedMissing
from migrator.rows.portions import SHOWN_AS, Portions
from migrator.rows.writers import outwait_writers
from migrator.runtime.context import Work
from migrator.runtime.step import ColumnStep, Condition


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
        return EmbedMissing(self.column, partial(remaining.waiting, target=self.target), SHOWN_AS, late=late)


def _left(column: ColumnPlan, target: str) -> Statement:
    return column.statement(remaining.counting(column, target), Lock.ACCESS_SHARE, "one scan")


def _filling(target: str, here: str) -> Portions:
    lasts = "a range of blocks at a time" if here == "range" else "a few rows at a time"
    return Portions(partial(_updates, target=target, here=here), lasts)


def lock_other_tables(work: Work) -> None:
    """Once filled. Where they were not locked until now others may have written to them: what went stale is renewed."""
    if work.other_tables.lock():
        for column in work.plan.columns:
            if column.findings.read:
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
        if column.findings.read:
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
    return _making_index(column) if column.upgrade.method == "embed" else []


def index_asked_backup(column: ColumnPlan) -> list[Statement]:
    """Where the backup is asked about each row of a portion, as on a downgrade that finds old vectors, or rows without
    one, in it: without the index each row would cost a scan of the backup.
    """
    asked = backup_table.helps(column) or remaining.may_be_null_by_right(column)
    return _making_index(column) if asked else []


def _making_index(column: ColumnPlan) -> list[Statement]:
    """Which the planner takes once it knows how many rows of the backup have no vector."""
    analyzing = query("store", "analyze", table=column.upgrade_backup)
    return [
        column.statement(backup_table.index(column), Lock.NONE, "one scan of the backup"),
        column.statement(analyzing, Lock.NONE, "a sample of the backup"),
    ]


def _clear(column: ColumnPlan, leaf: Relation, *, in_backup: bool) -> list[sql.Composed]:
    stale = remaining.stale(column, in_backup=in_backup)
    here = query("fill", "range", row=column.row)
    return [query("fill", "clear", table=leaf.addressed(column), shadow=name(column.shadow), stale=stale, here=here)]


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
