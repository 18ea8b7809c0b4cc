"""Transactions that write to a table: what they have written cannot be seen before they end."""

from __future__ import annotations

import time

from migrator.catalog.columns import TREE
from migrator.errors import GO_ON, Interrupted
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import execute
from migrator.postgres.locks import LOCK_PATIENCE_S, Backoff, describe_blockers
from migrator.postgres.sql import query
from migrator.runtime.context import Work


def outwait_writers(work: Work, column: ColumnPlan, meaning: str) -> None:
    """Until what is being written now can be seen, or is undone. Nobody waits for migrator meanwhile.

    Raises Interrupted, with that meaning, where a transaction stays under way too long.
    """
    start, backoff = time.monotonic(), Backoff()
    awaited = _writers(work, column)
    while awaited & _writers(work, column):
        blockers = describe_blockers(work.connection, [column.catalog.table.oid])
        if time.monotonic() - start > LOCK_PATIENCE_S:
            raise Interrupted(
                f"a write to {column.subject} did not end within {LOCK_PATIENCE_S:.0f} s"
                + (f"; the table is {blockers}" if blockers else ""),
                meaning=meaning,
                remedy=f"end that transaction, then {GO_ON}" if blockers else GO_ON,
            )
        work.waits_for_lock("waiting for writes to the table to end" + (f", {blockers}" if blockers else ""))
        work.options.stop.pause(backoff.next_s())


def _writers(work: Work, column: ColumnPlan) -> set[str]:
    found = execute(work.connection, query("capture", "writers", tree=TREE), {"table": column.catalog.table.oid})
    return {transaction for (transaction,) in found.fetchall()}
