"""What env.py waits for: a command that only looks does not wait behind a lock that env.py takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from migrator.errors import Interrupted, MigratorError, first_line
from migrator.postgres.address import address_of_url
from migrator.postgres.connection import connect, execute
from migrator.postgres.sql import query
from migrator.runtime.waits import POLL_INSTEAD

# How long env.py may wait for a lock.
LOCK_TIMEOUT = "5s"
_LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def briefly() -> Iterator[None]:
    """Within it connections that env.py makes wait for no lock for longer. Raises Interrupted, with who holds locks."""
    urls: list[URL] = []

    def limit(dbapi_connection: Any, _record: object) -> None:
        cursor = dbapi_connection.cursor()
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.close()
        dbapi_connection.commit()

    def note(connection: Connection) -> None:
        urls.append(connection.engine.url)

    event.listen(Engine, "connect", limit)
    event.listen(Engine, "engine_connect", note)
    try:
        yield
    except DBAPIError as error:
        if not urls or getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise _waited(error, urls[-1]) from error
    finally:
        event.remove(Engine, "connect", limit)
        event.remove(Engine, "engine_connect", note)


def _waited(error: DBAPIError, url: URL) -> Interrupted:
    holders: list[str] = []
    # Without them the message says what it can.
    with suppress(psycopg.Error, MigratorError), connect(address_of_url(url)) as connection:
        holders = [holder for (holder,) in execute(connection, query("session", "advisory_locks"))]
    held = f"; advisory locks are held by {', '.join(holders)}" if holders else ""
    statement = first_line(ValueError(error.statement or "a statement"))
    return Interrupted(
        f"env.py waits for a lock, and this command waits {LOCK_TIMEOUT} for it: {statement}{held}",
        meaning=f"nothing was changed. {POLL_INSTEAD}.",
        remedy="run the same command again once that session is done; migrator init names the line of env.py",
    )
