"""The lock that keeps migrators apart, and waits for locks on tables, which stay short."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from psycopg import sql

from migrator.errors import GO_ON, Busy, Interrupted
from migrator.postgres.connection import (
    PATIENT,
    SHORT,
    UNBOUNDED,
    Connection,
    configure,
    execute,
    fetch_dicts,
    fetch_row,
)
from migrator.postgres.sql import Query, query

Result = TypeVar("Result")

# Two numbers that stand for "a migrator is at work here" among a database's advisory locks ("migrator" in ASCII).
_LOCK = {"first": 0x6D696772, "second": 0x61746F72}
LOCK_PATIENCE_S = 60.0
# What autovacuum takes to end once it is canceled, with room to spare.
_GIVING_WAY_MS = 1_000
# What another try of the transaction mends. A serialization failure is that of a row which was waited for, and which
# its writer moved to another partition.
_RETRIED = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
# Another try mends this too: others changed a function, of which PostgreSQL locks its row in the catalog alone. It has
# no code of its own, and is in English whatever the language.
_CHANGED_BY_OTHERS = ("tuple concurrently updated", "tuple concurrently deleted")


@contextmanager
def only_migrator(connection: Connection) -> Iterator[None]:
    """Holds the lock that keeps a second migrator out of this database.

    The lock is asked for, not waited for: a session that waits with a snapshot would stall CREATE INDEX CONCURRENTLY.
    The server frees it when the connection ends, however it ends. Raises Busy.
    """
    (locked,) = fetch_row(connection, query("session", "try_lock"), _LOCK)
    if not locked:
        raise _busy(lock_holder(connection))
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            execute(connection, query("session", "unlock"), _LOCK)


class Backoff:
    """Pauses between tries: 50 ms at first, each twice the one before, 2 s at most, all by chance shorter or longer."""

    def __init__(self) -> None:
        self._next_s = 0.05

    def next_s(self) -> float:
        """Seconds."""
        pause, self._next_s = self._next_s, min(self._next_s * 2, 2.0)
        return pause * random.uniform(0.5, 1.5)


@dataclass(frozen=True)
class Holder:
    """Who holds the lock that keeps a second migrator out.

    Address, times and state are hidden from roles that may not see the session.
    """

    # None of a prepared transaction.
    pid: int | None
    # The name of the prepared transaction.
    prepared: str | None
    role: str | None
    application: str | None
    address: str | None
    connected: str | None
    state: str | None
    since: str | None
    # Whether the role could be a migrator's here. An application name proves nothing: anybody can set it.
    may_migrate: bool

    @property
    def described(self) -> str:
        parts = [f"server process {self.pid}" if self.pid is not None else f"prepared transaction '{self.prepared}'"]
        parts.append(f'role "{self.role}"')
        if self.application:
            parts.append(f'application name "{self.application}"')
        if self.address is not None:
            parts.append(f"from {self.address}")
        if self.connected is not None:
            parts.append(f"connected {self.connected}")
        if self.state is not None:
            parts.append(f"{'at a statement' if self.state == 'active' else self.state} since {self.since}")
        return ", ".join(parts)


def lock_holder(connection: Connection) -> Holder | None:
    """The one that cannot be a migrator first, should several share the lock. None if nobody holds it."""
    found = fetch_dicts(connection, query("session", "lock_holder"), _LOCK)
    return Holder(**found[0]) if found else None


def _busy(holder: Holder | None) -> Busy:
    if holder is None:
        return Busy("another migrator was at work on this database", remedy="run this command again")
    ending = f"SELECT pg_terminate_backend({holder.pid})"
    if holder.pid is None:
        ending = sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(holder.prepared or "")).as_string(None)
    if holder.may_migrate:
        return Busy(
            f"another migrator is at work on this database ({holder.described})",
            meaning="it is idle while it calls its model or waits; it is idle for good if its machine is gone.",
            remedy=f"wait for it; if it is gone, run {ending}, then this command again",
        )
    return Busy(
        f"the lock that keeps a second migrator out is held, but not by a migrator ({holder.described})",
        meaning="a migrator holds it with a session of a role that may act as the owner of the ledger; any role can "
        "take an advisory lock, and no command that changes anything begins before that one ends.",
        remedy=f"ask whose it is; to end it run {ending}, as a superuser if this role may not, then this command again",
    )


def with_short_locks(
    connection: Connection,
    work: Callable[[], Result],
    *,
    tables: Sequence[int],
    on_wait: Callable[[str], None],
    patience: float = LOCK_PATIENCE_S,
    outlasts_autovacuum: bool = False,
) -> Result:
    """Runs `work` in a transaction that gives up each wait for a lock after 50 ms, and tries again with growing pauses.

    tables: oids of those that `work` locks, or locks rows of. outlasts_autovacuum: if nothing but a VACUUM keeps the
    lock from us, a try waits until autovacuum gives way, which takes as long as the server's deadlock_timeout. Raises
    Interrupted after `patience` seconds, naming who holds locks on them.
    """
    start = time.monotonic()
    backoff, timeout = Backoff(), SHORT
    while True:
        try:
            with connection.transaction():
                configure(connection, {"lock_timeout": timeout}, local=True)
                return work()
        except (*_RETRIED, psycopg.errors.InternalError_) as error:
            if not isinstance(error, _RETRIED) and error.diag.message_primary not in _CHANGED_BY_OTHERS:
                raise
            blockers = describe_blockers(connection, tables)
            if time.monotonic() - start > patience:
                raise Interrupted(
                    f"could not get a lock on the table within {patience:.0f} s"
                    + (f"; it is {blockers}" if blockers else ""),
                    meaning="what was done so far is kept.",
                    remedy=f"end that transaction, then {GO_ON}" if blockers else GO_ON,
                ) from None
        on_wait("waiting for a lock on the table" + (f", {blockers}" if blockers else ""))
        timeout = _past_autovacuum(connection, tables) if outlasts_autovacuum else SHORT
        time.sleep(backoff.next_s())


def _past_autovacuum(connection: Connection, tables: Sequence[int]) -> str:
    """The lock_timeout of the next try. Only a superuser may let autovacuum give way sooner."""
    waits = query("session", "deadlock_timeout", tree=_below())
    row = execute(connection, waits, {"tables": list(tables)}).fetchone()
    return f"{row[0] + _GIVING_WAY_MS}ms" if row else SHORT


def send_together(
    connection: Connection, statements: Iterable[Query], *, table: int, on_wait: Callable[[str], None]
) -> None:
    """Sends the statements, which lock that table, in one transaction with short waits. Raises Interrupted."""
    sent = list(statements)

    def together() -> None:
        for statement in sent:
            execute(connection, statement)

    with_short_locks(connection, together, tables=[table], on_wait=on_wait)


def concurrently(connection: Connection, statement: Query) -> None:
    """Sends CREATE or DROP INDEX CONCURRENTLY, which waits for old transactions without keeping anybody out."""
    configure(connection, {"lock_timeout": UNBOUNDED})
    try:
        execute(connection, statement)
    finally:
        if not connection.broken:
            configure(connection, {"lock_timeout": PATIENT})


def describe_blockers(connection: Connection, tables: Sequence[int]) -> str | None:
    """Who else holds locks on the tables of those oids, oldest transaction first: the ones a lock waits for.

    None where nobody does any more.
    """
    holders = execute(connection, query("session", "lock_holders", tree=_below()), {"tables": list(tables)}).fetchall()
    if not holders:
        return None
    return "held by " + "; ".join(
        f'process {pid} (role "{role}", {application or "no application name"}), '
        f"in a transaction since {transaction or 'a time that this role may not see'}, its statement since {since}"
        + (f": {statement}" if statement else "")
        + (f", which waits itself for process {behind}" if behind else "")
        if pid is not None
        else "a prepared transaction, which pg_prepared_xacts names"
        for pid, application, transaction, since, role, statement, behind in holders
    )


def _below() -> Query:
    """Oids of the tables of the parameter `tables`, and of all below them."""
    return query("partitions", "tree", root=sql.SQL("unnest(%(tables)s::oid[])"))


def waits_for(connection: Connection, session: int, tables: Sequence[int]) -> str | None:
    """Who waits for that session and has a lock on one of the tables of those oids; None where nobody does."""
    given = {"session": session, "tables": list(tables)}
    row = execute(connection, query("session", "waits_for_session", tree=_below()), given).fetchone()
    return f"process {row[0]}, which has a lock on the table, waits for {row[1]}" if row else None
