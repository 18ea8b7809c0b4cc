"""Rows that may have been written where capture does not see it: their vectors are compared before cut-over.

A table that is rewritten may get other texts, a partition that is apart for a while has no trigger, and one that is
filled elsewhere brings along whatever it was given.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrator.catalog.captured import Captured, read_captured
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Statement
from migrator.rows import capture
from migrator.rows.fill import ClearStale, Fill
from migrator.runtime.context import Work
from migrator.runtime.step import ColumnStep, Condition


def _now(work: Work, column: ColumnPlan) -> list[Captured]:
    return read_captured(work.connection, column.catalog.table.oid, column.trigger)


def are_there(work: Work, column: ColumnPlan) -> bool:
    """Whether there are tables that were neither captured all along nor compared since."""
    return not set(_now(work, column)) <= set(work.ledger.captured(column.id))


class CompareUnseen(ColumnStep):
    """Clears what is not of its row's present text there, and fills it."""

    @property
    def when(self) -> Condition:
        words = "a table was rewritten, or a partition or the capture trigger was away for a while"
        return Condition(words, lambda work: are_there(work, self.column))

    def made(self, column: ColumnPlan) -> Sequence[Statement]:
        """But for those that fill."""
        return ClearStale(column, self.when).statements

    def send(self, work: Work) -> None:
        column = self.column
        # What is written from here on is captured, or shows.
        present, known = _now(work, column), set(work.ledger.captured(column.id))
        work.reporter.message(
            f"{column.subject}: rows may have been written unseen, for {self.when.text}: vectors are compared with "
            "their texts"
        )
        if capture.counts_edits(column):
            # What is cleared here is the shadow. The live vectors of these rows may have come to be of other texts too.
            work.ledger.count_edited(column.id)
        ClearStale(column).send(work, only={each.oid for each in present if each not in known})
        Fill(column, column.shadow).send(work)
        work.ledger.set_captured(column.id, present)
