"""Updates of the rows a portion at a time, within each of which the user's triggers may be disabled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from psycopg import sql

from migrator.catalog.triggers import UpdateTrigger, disable, enable, read_update_triggers
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Lock, Statement
from migrator.plan.tree import Relation
from migrator.postgres.connection import execute
from migrator.postgres.locks import with_short_locks
from migrator.postgres.sql import Query, query
from migrator.rows import capture
from migrator.rows.batches import Portion
from migrator.rows.embed import probe_by_index
from migrator.rows.unreadable import tolerant
from migrator.runtime.context import Work

# Progress is shown as that of this phase, whichever fills.
SHOWN_AS = "fill"


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
            tables = [portion.table.oid, *(each.oid for each in column.findings.read)]
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
            work.reporter.progress(SHOWN_AS, column.subject, portion.progress)
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
