"""Poolers in transaction mode: a client gets another server session for each transaction, and others get its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import psycopg

from migrator import hazards

Connection = psycopg.Connection[Any]

# Connections that hold a session each meanwhile: a pooler may have others idle, and give the same one again by chance.
LOOKS = 3
# A pooler whose sessions are all in use lets others wait, PgBouncer for two minutes.
ANSWER_S = 10.0


def refuse_transaction_pooler(connection: Connection, shown: str, connect: Callable[[], Connection]) -> None:
    """Raises Refused where session locks and settings would not stay with this connection.

    shown: the database in words. connect: makes another connection in the same way.
    """
    session = _session(connection)
    if session == connection.info.backend_pid:
        return
    # The number that was told at the start is not the server's, so that there is a pooler in between.
    with ExitStack() as held:
        for number in range(LOOKS):
            try:
                another = held.enter_context(answering(connect, ANSWER_S))
            except psycopg.OperationalError as error:
                raise hazards.server.pooler_not_looked_at(shown, 1 + LOOKS, 1 + number, str(error)).refusal() from None
            held.enter_context(another.transaction())
            if _session(another) == session or _session(connection) != session:
                raise hazards.server.transaction_pooler(shown).refusal()


def is_pooled(connection: Connection) -> bool:
    return _session(connection) != connection.info.backend_pid


def answering(connect: Callable[[], Connection], seconds: float) -> Connection:
    """A connection that has a session. Raises psycopg.OperationalError where none answers within so many seconds."""
    made: list[Connection] = []
    raised: list[BaseException] = []
    answered = threading.Event()
    given_up = threading.Event()

    def ask() -> None:
        try:
            made.append(connect())
            made[0].execute("SELECT")
        except BaseException as error:
            raised.append(error)
        answered.set()
        if given_up.is_set() and made:
            made[0].close()

    threading.Thread(target=ask, name="session", daemon=True).start()
    if not answered.wait(seconds):
        given_up.set()
        raise psycopg.OperationalError(f"no session within {seconds:.0f} s")
    if raised:
        raise raised[0]
    return made[0]


def _session(connection: Connection) -> int:
    """The process of the server that answers."""
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])
