"""Poolers in transaction mode: a client gets another server session for each transaction, and others get its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import psycopg

from migrator import hazards

# Connections that hold a session each meanwhile: a pooler may have others idle, and give the same one again by chance.
LOOKS = 3


def refuse_transaction_pooler(
    connection: psycopg.Connection[Any], shown: str, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    """Raises Refused where session locks and settings would not stay with this connection.

    shown: the database in words. connect: makes another connection in the same way.
    """
    session = _session(connection)
    if session == connection.info.backend_pid:
        return
    # The number that was told at the start is not the server's, so that there is a pooler in between.
    with ExitStack() as held:
        for _ in range(LOOKS):
            another = held.enter_context(connect())
            held.enter_context(another.transaction())
            if _session(another) == session or _session(connection) != session:
                raise hazards.transaction_pooler(shown).refusal()


def _session(connection: psycopg.Connection[Any]) -> int:
    """The process of the server that answers."""
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])
