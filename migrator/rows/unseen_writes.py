"""Rows that may have been written where capture does not see it: their vectors are compared before cut-over.

A table that is rewritten may get other texts, a partition that is apart for a while has no trigger, and one that is
filled elsewhere brings along whatever it was given.
"""

from __future__ import annotations

from migrator.catalog.captured import Captured, read_captured
from migrator.plan.column import ColumnPlan
from migrator.plan.statement import Statement
from migrator.rows import fill
from migrator.runtime.context import Work

ONLY_IF = "a table was rewritten, or a partition or the capture trigger was away for a while"


def statements(column: ColumnPlan, phase: str) -> list[Statement]:
    """What `compare` sends, but for what fills."""
    return fill.clearing(column, phase, only_if=ONLY_IF)


def now(work: Work, column: ColumnPlan) -> list[Captured]:
    return read_captured(work.connection, column.catalog.table.oid, column.trigger)


def are_there(work: Work, column: ColumnPlan) -> bool:
    """Whether there are tables that were neither captured all along nor compared since."""
    return not set(now(work, column)) <= set(work.ledger.captured(column.id))


def compare(work: Work, column: ColumnPlan) -> None:
    """Clears what is not of its row's present text there, and fills it."""
    # What is written from here on is captured, or shows.
    present, known = now(work, column), set(work.ledger.captured(column.id))
    unseen = {each.oid for each in present if each not in known}
    if not unseen:
        return
    work.reporter.message(
        f"{column.subject}: rows may have been written unseen, for {ONLY_IF}: vectors are compared with their texts"
    )
    fill.clear_stale(work, column, only=unseen)
    fill.fill(work, column, column.shadow)
    work.ledger.set_captured(column.id, present)
