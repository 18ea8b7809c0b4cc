"""A database of a test's own on the test run's server, and what tests look at in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from migrator.postgres.address import Address, address_of_url, sqlalchemy_url
from migrator.postgres.connection import Connection


class _Kept:
    """The session in which tests look at a database, the one that was looked at last.

    To begin a session takes the server longer than most of what tests ask for.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._made_for: tuple[str, int] | None = None
        self._in_use = Lock()

    @contextmanager
    def session(self, url: str) -> Iterator[Connection]:
        """As if it was new: what it has set before is undone."""
        if not self._in_use.acquire(blocking=False):
            # By another thread, whose statement may wait for this one.
            with psycopg.connect(url, autocommit=True) as connection:
                yield connection
            return
        try:
            yield self._ready(url)
        finally:
            self._in_use.release()

    def _ready(self, url: str) -> Connection:
        wanted = (url, os.getpid())
        if self._connection is not None and self._made_for == wanted:
            try:
                self._connection.execute("DISCARD ALL")
            except psycopg.OperationalError:
                # The server was started anew, or somebody ended the session.
                pass
            else:
                return self._connection
        self.end()
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=None)
        self._made_for = wanted
        return self._connection

    def end(self) -> None:
        # One that a parent process made is that process's to end.
        if self._connection is not None and self._made_for and self._made_for[1] == os.getpid():
            self._connection.close()


_KEPT = _Kept()
# All relations of this database that hold rows, the system's own among them.
_RELATIONS = """
SELECT n.nspname::text, c.relname::text, c.relkind = 'S' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'S') AND NOT c.relisshared AND c.relpersistence <> 't' ORDER BY 1, 2
"""
_VERSION = "SELECT {called}, (SELECT md5(string_agg(ctid || ' ' || xmin, ',' ORDER BY ctid)) FROM {relation})"
_SEQUENCE = "SELECT {called}, (SELECT concat_ws(' ', last_value, is_called) FROM {relation})"


@dataclass(frozen=True)
class Database:
    """A fresh database with the extension vector. binaries: the directory of pg_dump."""

    url: str
    binaries: Path

    @property
    def address(self) -> Address:
        return address_of_url(sqlalchemy_url(self.url))

    def connect(self) -> Connection:
        return psycopg.connect(self.url, autocommit=True)

    def session(self) -> AbstractContextManager[Connection]:
        """To look at it, without a transaction that stays open; cheaper than a connection of one's own."""
        return _KEPT.session(self.url)

    def as_role(self, role: str) -> Database:
        """The same database for a role that may log in."""
        return replace(self, url=make_url(self.url).set(username=role).render_as_string(hide_password=False))

    def end_session(self) -> None:
        _KEPT.end()

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Runs one statement. Returns its rows, [] where it gives none."""
        with self.session() as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Any:
        return self.execute(statement, parameters)[0][0]

    def dump(self, *arguments: str) -> str:
        """The schema as pg_dump writes it, without migrator's and Alembic's own; nothing has security labels."""
        left_out = ("--exclude-schema=migrator", "--exclude-table=alembic_version", "--no-security-labels")
        return self._dump("--schema-only", *left_out, *arguments)

    def versions(self) -> list[tuple[object, ...]]:
        """Of every relation, the system's own among them, which versions of rows it holds.

        Equal, nothing was changed, nor changed and put back. Told in a quarter of the time of a dump.
        """
        with self.session() as connection:
            asked = [
                sql.SQL(_SEQUENCE if is_sequence else _VERSION).format(
                    called=sql.Literal(f"{schema}.{relation}"), relation=sql.Identifier(schema, relation)
                )
                for schema, relation, is_sequence in connection.execute(_RELATIONS.encode()).fetchall()
            ]
            return connection.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall()

    def ledger_dump(self) -> str:
        """The schema of the ledger and what is kept beside it."""
        return self._dump("--schema-only", "--schema=migrator")

    def whole_dump(self) -> str:
        """Schema and rows of everything, migrator's ledger included."""
        return self._dump()

    def _dump(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.binaries / "pg_dump", *arguments, self.url], capture_output=True, text=True, check=True
        )
        # pg_dump guards its output by a random word in these two lines.
        return "\n".join(
            line for line in done.stdout.splitlines() if not line.startswith((r"\restrict", r"\unrestrict"))
        )

    def environment(self) -> dict[str, str]:
        """What a command needs to find this database and the test models, and nothing else of the user's."""
        kept = {key: value for key, value in os.environ.items() if not key.endswith("DATABASE_URL")}
        return {**kept, "DATABASE_URL": self.url, "PYTHONPATH": os.getcwd(), "HF_HUB_OFFLINE": "1"}


def script(database: Database, statements: str) -> None:
    """Runs several statements, in a session of their own."""
    with database.connect() as connection:
        connection.execute(statements.encode())
