"""Who a session waits for: named while a command works, and by `migrator status`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from migrator.errors import MigratorError
from migrator.postgres.address import Address
from migrator.postgres.connection import Connection, connect, fetch_dicts
from migrator.postgres.sql import query

# A statement that takes this long is asked what it waits for, and asked again as often.
LOOK_EVERY_S = 2.0
# Who waits for an advisory lock by pg_advisory_lock() keeps a snapshot, for which an index build waits.
POLL_INSTEAD = (
    "whoever waits for an advisory lock with a statement that is open keeps an index build waiting; take it by "
    "polling, SELECT pg_try_advisory_lock(...) until it is true, in env.py too"
)


@contextmanager
def naming_waits(connection: Connection, address: Address, tell: Callable[[str], None]) -> Iterator[None]:
    """Within it `tell` is told who a statement of the connection waits for, each time that it is somebody else.

    A thread of its own asks, by a connection that is there only while it asks: most statements take no time.
    """
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(connection, address, tell, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        # One that is connecting just now may be kept waiting by a server that is gone.
        watcher.join(LOOK_EVERY_S)


def _watch(connection: Connection, address: Address, tell: Callable[[str], None], ended: threading.Event) -> None:
    session = connection.info.backend_pid
    # By their processes: what these do may change meanwhile. Those who are waited for at two looks are told.
    seen, told = frozenset[int](), frozenset[int]()
    while not ended.wait(LOOK_EVERY_S):
        if connection.info.transaction_status != TransactionStatus.ACTIVE:
            seen = told = frozenset()
            continue
        try:
            with connect(address) as asking:
                found = _look(asking, session)
        except (psycopg.Error, MigratorError):
            # That it cannot be asked is no reason to end the run, nor to say so every two seconds.
            continue
        now = frozenset(row["pid"] for row in found)
        if now and now == seen and now != told:
            tell(f"waiting for {_in_words(found)}")
            told = now
        seen, told = now, told if now else now


def awaited(connection: Connection, session: int) -> str | None:
    """Who the session of that server process waits for, in words; None if it waits for nobody."""
    found = _look(connection, session)
    return _in_words(found) if found else None


def _look(connection: Connection, session: int) -> list[dict[str, Any]]:
    return fetch_dicts(connection, query("session", "awaited"), {"session": session})


def _in_words(found: list[dict[str, Any]]) -> str:
    named = "; ".join(map(_described, found))
    return f"{named}. {POLL_INSTEAD}" if any(row["lock"] == "advisory" for row in found) else named


def _described(row: dict[str, Any]) -> str:
    """State, times and statement are hidden from roles that may not see the session."""
    if not row["pid"]:
        return "a prepared transaction, which pg_prepared_xacts names"
    said = [f'process {row["pid"]} (role "{row["role"]}", application name "{row["application"]}")']
    if row["state"] is not None:
        said.append(f"{'at a statement' if row['state'] == 'active' else row['state']} since {row['since']}")
    if row["statement"]:
        said.append(f"{'its' if row['state'] == 'active' else 'its last'} statement: {row['statement']}")
    if row["behind"]:
        said.append(f"which waits itself for a lock ({row['lock']}) of {row['behind']}")
    return ", ".join(said)
