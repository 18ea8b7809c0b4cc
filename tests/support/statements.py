"""What a run really sends, phase by phase, as the server writes it to its log."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.pq import TransactionStatus

from migrator.report import Progress
from tests.support.database import Database
from tests.support.running import At

# A line of the log that begins a statement; the lines after it that begin with a tab belong to it.
_STATEMENT = re.compile(r"^\S+ \S+ \S+ \[\d+\] LOG:  (?:statement|execute [^:]+): (.*(?:\n\t.*)*)", re.MULTILINE)
_SESSION = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET ROLE|SET TRANSACTION|(RE)?SET search_path)\b")
_READ = re.compile(r"(SELECT|EXPLAIN|WITH RECURSIVE)\b")
_BOOKKEEPING = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) migrator\.(run|change|phase|model|failed_row)\b")
# Parsed to see whose functions it calls, in a transaction that is rolled back at once.
_LOOK = re.compile(r"CREATE TEMPORARY VIEW migrator_given\b")


def log_statements(database: Database) -> None:
    """From now on every statement of a session in this database is logged, but for those of `unseen`."""
    name = database.value("SELECT current_database()")
    database.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")


def unseen(database: Database, statement: str) -> None:
    """An application's statement, which is not migrator's."""
    with psycopg.connect(database.url, autocommit=True, options="-c log_statement=none") as connection:
        connection.execute(statement.encode())


class Sent(At):
    """Follows a run in the server's log. when: what to do at a moment of it, such as ("started", "verify")."""

    def __init__(self, log: Path, when: dict[tuple[str, str], Callable[[], object]] | None = None) -> None:
        super().__init__("", "", lambda: None)
        self._log = log
        self._when = when or {}
        self._marks = [("preflight", log.stat().st_size)]

    def _tell(self, event: str, phase: str, subject: str, detail: Progress | str) -> None:
        super()._tell(event, phase, subject, detail)
        if event == "started":
            self._marks.append((phase, self._log.stat().st_size))
        self._when.pop((event, phase), lambda: None)()

    def by_phase(self) -> dict[str, list[str]]:
        """Every statement, written as `written` does; what comes before the first phase is preflight's."""
        text = self._log.read_bytes()
        ends = [at for _, at in self._marks[1:]] + [len(text)]
        return {
            phase: [_plain(found) for found in _STATEMENT.findall(text[start:end].decode())]
            for (phase, start), end in zip(self._marks, ends, strict=True)
        }


def written(query: sql.Composable) -> str:
    """A statement as `Sent` gives it: in one line, without the names of parameters."""
    return _plain(re.sub(r"%\(\w+\)s", "$1", query.as_string(None)).replace("%%", "%"))


def _plain(statement: str) -> str:
    return " ".join(re.sub(r"\$\d+", "$", statement).split()).rstrip("; ")


def counts(statement: str, tables: tuple[str, ...]) -> bool:
    """Whether it changes anything or locks one of these tables or views, and is not migrator's own bookkeeping."""
    if _READ.match(statement):
        return any(re.search(rf"\b{table}\b", statement) for table in tables)
    return not any(kind.match(statement) for kind in (_SESSION, _BOOKKEEPING, _LOOK))


# From the weakest to the strongest, as PostgreSQL numbers them.
LOCKS = (
    "none",
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)


def watch_locks(database: Database, patch: pytest.MonkeyPatch) -> dict[str, set[tuple[str, str]]]:
    """From now on, by statement: the strongest lock held on the tables, views and indexes of the user's before and
    after it.

    A statement outside a transaction gets one, so that its lock can be seen; CONCURRENTLY cannot be in one.
    """
    # In a pipeline a statement's lock is not there yet when it is looked for.
    patch.setattr(psycopg.Connection, "pipeline", lambda _: nullcontext())
    execute: Any = psycopg.Cursor.execute
    watcher = database.connect()
    seen: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def held(connection: psycopg.Connection[Any]) -> str:
        found = execute(
            watcher.cursor(),
            "SELECT mode FROM pg_locks JOIN pg_class c ON c.oid = relation "
            "WHERE pid = %s AND granted AND relnamespace::regnamespace::text IN ('public', 'archive') "
            # A twin of a materialized view is migrator's own, whatever its schema.
            "AND relname !~ '^migrator_view_'",
            (connection.info.backend_pid,),
        ).fetchall()
        modes = [re.sub(r"(?<!^)(?=[A-Z])", " ", mode.removesuffix("Lock")).upper() for (mode,) in found]
        return max(["none", *modes], key=LOCKS.index)

    def watched(cursor: psycopg.Cursor[Any], query: Any, *arguments: Any, **named: Any) -> Any:
        if not isinstance(query, sql.Composable) or "CONCURRENTLY" in query.as_string(None):
            return execute(cursor, query, *arguments, **named)
        connection = cursor.connection
        if connection.info.transaction_status == TransactionStatus.IDLE:
            with connection.transaction():
                return watched(cursor, query, *arguments, **named)
        before = held(connection)
        done = execute(cursor, query, *arguments, **named)
        seen[written(query)].add((before, held(connection)))
        return done

    patch.setattr(psycopg.Cursor, "execute", watched)
    return seen
