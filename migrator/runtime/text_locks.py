"""Other tables that a text reads: locked against writes from fill to cut-over, for capture does not see these.

An open transaction holds the locks, on a connection of its own; it does nothing else and has no snapshot. A writer of
the table itself may wait for them, by a trigger that writes there: what waits for that writer lets go of them, and they
are taken again.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg import sql

from migrator.catalog.columns import OtherTable
from migrator.errors import GO_ON, Interrupted
from migrator.plan.plan import Plan
from migrator.postgres.address import Address
from migrator.postgres.connection import Connection, configure, connect, execute
from migrator.postgres.locks import waits_for, with_short_locks
from migrator.postgres.sql import query


def lock_statements(plan: Plan) -> list[sql.Composed]:
    """One for all of them; none where no text reads any."""
    tables = _read(plan)
    listed = sql.SQL(", ").join(table.sql for table in tables)
    return [query("fill", "lock_others", tables=listed)] if tables else []


def _read(plan: Plan) -> list[OtherTable]:
    """Each once, in one order, whichever columns' texts read it."""
    return sorted({table for column in plan.columns for table in column.findings.read}, key=lambda table: table.oid)


class LetGo(Exception):
    """The locks were let go of for a writer, and texts may have changed since."""


class OtherTables:
    """The locks of one run. on_wait: told between two tries to get them.

    let_go: they were let go of for a writer, and are to be taken again.
    """

    let_go = False

    def __init__(self, address: Address, plan: Plan, on_wait: Callable[[str], None]) -> None:
        self._address = address
        self._plan = plan
        self._on_wait = on_wait
        self._holding: Connection | None = None

    def lock(self) -> bool:
        """Returns whether they were not locked until now. Raises Interrupted where the locks are not available."""
        tables = _read(self._plan)
        if not tables or self._are_locked():
            return False
        self.release()
        holding = connect(self._address)
        try:
            configure(holding, {"idle_in_transaction_session_timeout": "0"})
            execute(holding, sql.SQL("BEGIN"))
            oids = [table.oid for table in tables]
            with_short_locks(holding, lambda: self._send(holding), tables=oids, on_wait=self._on_wait)
        except BaseException:
            holding.close()
            raise
        self._holding, self.let_go = holding, False
        return True

    def let_writer_by(self, connection: Connection) -> None:
        """Lets go of them where somebody who has a lock on a table of the plan waits for them: they would never end."""
        if self._holding is None or self._holding.closed:
            return
        tables = [column.catalog.table.oid for column in self._plan.columns]
        waiting = waits_for(connection, self._holding.info.backend_pid, tables)
        if waiting is not None:
            self.release()
            self.let_go = True
            self._on_wait(
                f"{waiting}; releasing our lock on that table so that the writer can finish; it is taken again later"
            )

    def refuse_unlocked(self) -> None:
        """Before what has to know the texts. Raises LetGo where the locks were let go of since, Interrupted where they
        were lost.
        """
        if self.let_go:
            raise LetGo
        if _read(self._plan) and not self._are_locked():
            raise Interrupted(
                "the connection that kept other tables, which the text reads, from being written was lost",
                meaning="texts may have changed since; cut-over did not begin, and the live column is as it was.",
                remedy=GO_ON,
            )

    def always_let_go(self) -> Interrupted:
        """What ends a phase that got through with none of its tries."""
        return Interrupted(
            f"{self._plan.subject}: each time a writer of the table waited for the lock on other tables, which the "
            "text reads",
            meaning="a trigger of the table writes to them; cut-over did not begin, and the live column is as it was.",
            remedy=f"stop the writers of the table, and {GO_ON}",
        )

    def release(self) -> None:
        if self._holding is not None:
            self._holding.close()
            self._holding = None

    def _send(self, holding: Connection) -> None:
        for statement in lock_statements(self._plan):
            execute(holding, statement)

    def _are_locked(self) -> bool:
        if self._holding is None:
            return False
        try:
            execute(self._holding, sql.SQL("SELECT"))
        except psycopg.OperationalError:
            return False
        return True
