"""The rows to be filled, a portion at a time: so few that a writer of one of them does not wait long for the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from psycopg import sql

from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.tree import Relation
from migrator.postgres.connection import Connection, execute
from migrator.postgres.sql import Query, name, query
from migrator.report import Progress
from migrator.rows import remaining
from migrator.rows.block_ranges import BlockRanges
from migrator.rows.unreadable import tolerant

# Rows a portion at most.
ROWS = 2_000
# Seconds that a portion may take: its rows are locked for as long.
SECONDS, ONLINE_SECONDS = 0.5, 0.03
# Up to so many rows left are found by their index.
FOUND_BY_INDEX = 5_000


@dataclass
class Step:
    """How many rows or blocks a portion has, from how long those before it took."""

    size: int
    most: int
    target: float

    def took(self, seconds: float) -> None:
        if seconds > self.target:
            self.size = max(1, int(self.size * self.target / seconds))
        elif seconds < self.target / 2:
            self.size = min(self.most, self.size * 2)


@dataclass(frozen=True)
class Portion:
    """Rows of one table or partition.

    parameters: which rows, for the condition "range" or "places" of sql/fill.sql. step: is told how long it took.
    """

    table: Relation
    parameters: dict[str, object]
    progress: Progress
    step: Step


def in_ranges(connection: Connection, column: ColumnPlan, *, only: Collection[int] | None = None) -> Iterator[Portion]:
    """All rows, by ranges of blocks. only: those of the tables with these oids."""
    for leaf in tree.leaves(tree.now(connection, column)):
        if only is not None and leaf.oid not in only:
            continue
        ranges = BlockRanges(connection, leaf, ROWS)
        step = Step(ranges.step, ranges.step, SECONDS)
        for bounds, done, blocks in ranges:
            yield Portion(leaf, dict(bounds), Progress(done, blocks, "blocks"), step)
            ranges.step = step.size


def in_places(connection: Connection, column: ColumnPlan, target: str) -> Iterator[Portion]:
    """The rows whose `target` is NULL, wherever in the table they are.

    Each of them goes into an index of the live column too, so a portion is measured in such rows.
    """
    step = Step(1, ROWS, ONLINE_SECONDS)
    for leaf in tree.leaves(tree.now(connection, column)):
        statement = unfilled(column, target, leaf)
        for bounds, done, blocks in BlockRanges(connection, leaf, ROWS):
            found = execute(connection, statement, bounds).fetchall()
            for places in _split([place for (place,) in found], step):
                yield Portion(leaf, {"places": places}, Progress(done, blocks, "blocks"), step)


def by_index(connection: Connection, column: ColumnPlan, target: str) -> Iterator[Portion]:
    """The rows left, found by the index on them."""
    # Where triggers are disabled every writer of the table waits, after cut-over too.
    gently = column.online or column.disables_triggers
    return found_by(connection, column, partial(places_left, target=target), gently=gently)


def found_by(
    connection: Connection, column: ColumnPlan, finding: Callable[[ColumnPlan], Query], *, gently: bool
) -> Iterator[Portion]:
    """Up to FOUND_BY_INDEX rows, whose places `finding` tells. gently: writers of them are not to wait for long."""
    limit = {"limit": FOUND_BY_INDEX}
    found = tolerant(connection, column, lambda column: execute(connection, finding(column), limit).fetchall())
    step = Step(1, ROWS, ONLINE_SECONDS) if gently else Step(ROWS, ROWS, SECONDS)
    done = 0
    for leaf in tree.leaves(tree.now(connection, column)):
        for places in _split([place for table, place in found if table == leaf.oid], step):
            done += len(places)
            yield Portion(leaf, {"places": places}, Progress(done, len(found), "rows"), step)


def _split(places: list[str], step: Step) -> Iterator[list[str]]:
    first = 0
    while first < len(places):
        last = first + step.size
        yield places[first:last]
        first = last


def unfilled(column: ColumnPlan, target: str, leaf: Relation) -> sql.Composed:
    """Finds the places of `in_places`."""
    here = query("fill", "range", row=column.row)
    return query("fill", "unfilled", table=leaf.addressed(column), shadow=name(target), here=here)


def places_left(column: ColumnPlan, target: str) -> sql.Composed:
    """Finds the places of `by_index`."""
    pending = remaining.pending(column)
    return query("fill", "rest", table=column.table, shadow=name(target), due=column.due, pending=pending)
