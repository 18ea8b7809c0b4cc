"""Tables nobody here designed: the directories of tests/schemas, and what is looked at before and after a migration.

docs/how-to/new-case.md says what a case holds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql

from migrator.change import ENVIRONMENT
from migrator.ledger.ledger import LedgerChange
from migrator.postgres.connection import Connection
from tests.support.database import Database

SCHEMAS = Path(__file__).parents[1] / "schemas"
# Roles of the whole server. None is a superuser; a case gives them what they need.
ROLES = ("case_owner", "case_grantor", "case_reader")
# The models of tests.models by these names, for the SQL of cases; model.embed is the one that is live at the moment.
MODELS = """
CREATE SCHEMA model;
GRANT USAGE ON SCHEMA model TO PUBLIC;
CREATE FUNCTION model.sixteen(given text) RETURNS real[] LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT array_agg(get_byte(sha256(convert_to(given, 'UTF8')), i) - 127.5::real ORDER BY i)
    FROM generate_series(0, 15) AS i
$$;
CREATE FUNCTION model.twenty_four(given text) RETURNS real[] LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT array_agg(CASE WHEN i % 3 = 2 THEN 0 ELSE - short[16 - (i - i / 3)] END ORDER BY i)
    FROM generate_series(0, 23) AS i, model.sixteen(given) AS short
$$;
CREATE FUNCTION model.embed(given text) RETURNS real[] LANGUAGE sql STABLE STRICT AS $$
    SELECT CASE current_setting('model.live')
        WHEN 'sixteen' THEN model.sixteen(given) WHEN 'twenty_four' THEN model.twenty_four(given) END
$$;
"""
# What :dimensions in a query stands for, by the model that is live.
_DIMENSIONS = {"sixteen": "16", "twenty_four": "24"}
_COLUMNS = """
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname !~ '^migrator_'
WHERE c.relname <> 'alembic_version' AND n.nspname NOT IN ('migrator', 'information_schema') AND n.nspname !~ '^pg_'
"""
_TABLES = f"""
SELECT n.nspname::text, c.relname::text, array_agg(a.attname::text ORDER BY a.attname)
{_COLUMNS} AND c.relkind IN ('r', 'p') GROUP BY 1, 2 ORDER BY 1, 2
"""
_TABLE_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES", "SELECT WITH GRANT OPTION")
_COLUMN_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "REFERENCES", "SELECT WITH GRANT OPTION")
_PRIVILEGES = f"""
SELECT r || ' may ' || p || ' ' || format('%%I.%%I', n.nspname, c.relname)
{_COLUMNS.replace("WHERE", ", unnest(%(roles)s::text[]) AS r, unnest(%(table)s::text[]) AS p WHERE")}
  AND c.relkind IN ('r', 'p', 'v', 'm') AND has_table_privilege(r, c.oid, p)
UNION
SELECT r || ' may ' || p || ' ' || format('%%I.%%I.%%I', n.nspname, c.relname, a.attname)
{_COLUMNS.replace("WHERE", ", unnest(%(roles)s::text[]) AS r, unnest(%(column)s::text[]) AS p WHERE")}
  AND c.relkind IN ('r', 'p', 'v', 'm') AND has_column_privilege(r, c.oid, a.attnum, p)
ORDER BY 1
"""
_VECTOR_INDEXES = """
SELECT c.relname::text FROM pg_class c JOIN pg_am m ON m.oid = c.relam WHERE m.amname IN ('hnsw', 'ivfflat')
"""
# Without the catalogs', which have their statistics already.
_ANALYZE = """
DO $$
DECLARE called regclass;
BEGIN
    FOR called IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND oid >= 16384 LOOP
        EXECUTE format('ANALYZE %s', called);
    END LOOP;
END $$
"""

# Values of some columns of a row, each as text.
Values = tuple[str | None, ...]


@dataclass(frozen=True)
class Case:
    """A directory of tests/schemas."""

    directory: Path

    @property
    def name(self) -> str:
        return self.directory.name

    def text(self, file: str) -> str | None:
        """What the file of that name holds; None where the case has none."""
        path = self.directory / file
        return path.read_text("utf-8") if path.exists() else None

    def queries(self) -> list[str]:
        """The application's own; each ends with a semicolon at the end of a line."""
        written = re.sub(r"^--.*$", "", self.text("queries.sql") or "", flags=re.MULTILINE)
        return [each.strip() for each in re.split(r";$", written, flags=re.MULTILINE) if each.strip()]

    @property
    def user(self) -> str | None:
        """The role that migrator connects as; None: the server's superuser."""
        written = self.text("connect_as.txt")
        return written.strip() if written else None


def cases() -> tuple[list[Case], list[Case]]:
    """Those that are carried out, and those that are refused."""
    found = [Case(each) for each in sorted(SCHEMAS.iterdir()) if (each / "schema.sql").exists()]
    refused = [case for case in found if case.text("refused.txt") is not None]
    return [case for case in found if case not in refused], refused


@dataclass(frozen=True)
class Embedded:
    """A row as a change sees it. rest: what the row holds besides vectors that are changed."""

    rest: Values
    text: str | None
    in_scope: bool
    vector: str | None


@dataclass(frozen=True)
class Application:
    """The application of a case, which writes and reads by whichever model is live, a factory of tests.models."""

    case: Case
    database: Database

    def prepare(self) -> None:
        """Makes roles, models, tables and rows."""
        # Not in the session that is kept: some set what new sessions begin with.
        with self.database.connect() as connection:
            for role in ROLES:
                exists = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
                if exists is None:
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            (called,) = connection.execute("SELECT current_database()").fetchone() or ("",)
            grant = sql.SQL("GRANT CREATE, TEMPORARY ON DATABASE {} TO case_owner")
            connection.execute(grant.format(sql.Identifier(called)))
            connection.execute(MODELS.encode())
            connection.execute("SET model.live = sixteen")
            connection.execute((self.case.text("schema.sql") or "").encode())
        self.database.execute(_ANALYZE)

    def write(self, file: str, live: str) -> None:
        """Runs a file of the case, if it has it."""
        script = self.case.text(file)
        if script is not None:
            with self._connect(live) as connection:
                connection.execute(script.encode())

    def results(self, live: str) -> list[tuple[str, list[tuple[Any, ...]]]]:
        """What its queries give, with indexes searched from end to end."""
        with self._connect(live) as connection:
            connection.execute("SET hnsw.ef_search = 1000; SET ivfflat.probes = 1000; SET enable_seqscan = off")
            return [(each, connection.execute(_query(each, live)).fetchall()) for each in self.case.queries()]

    def plans(self, live: str) -> list[tuple[str, list[str]]]:
        """The vector indexes by which its queries are answered where the planner scans no table."""
        with self._connect(live) as connection:
            connection.execute("SET enable_seqscan = off; SET enable_sort = off")
            indexes = {found for (found,) in connection.execute(_VECTOR_INDEXES.encode())}
            used = []
            for each in self.case.queries():
                lines = connection.execute(b"EXPLAIN " + _query(each, live)).fetchall()
                scanned = {line.partition(" Scan using ")[2].partition(" on ")[0].strip('"') for (line,) in lines}
                used.append((each, sorted(indexes & scanned)))
        return used

    def privileges(self) -> list[str]:
        """What each role may do with each table, view and column."""
        given = {"roles": [*ROLES, "public"], "table": [*_TABLE_PRIVILEGES], "column": [*_COLUMN_PRIVILEGES]}
        return [line for (line,) in self.database.execute(_PRIVILEGES, given)]

    def rows(self, without: Collection[str] = ()) -> list[str]:
        """Every row of every table, migrator's columns left out, and those of the names in `without`."""
        found = []
        with self._connect("sixteen") as connection:
            connection.execute("SET search_path = ''")
            for schema, table, columns in connection.execute(_TABLES.encode()).fetchall():
                listed = _as_text([column for column in columns if column not in without])
                statement = sql.SQL("SELECT {} FROM {}").format(listed, sql.Identifier(schema, table))
                found += [f"{schema}.{table}: {row}" for row in connection.execute(statement).fetchall()]
        return sorted(found)

    def embedded(self, change: LedgerChange, changed: set[str]) -> list[Embedded]:
        """Every row of the table of a change. changed: the columns of that table that this or another change has."""
        asked, table = change.change, change.catalog.table
        statement = sql.SQL("SELECT ({})::text, coalesce(({})::bool, false), {}::text, {} FROM {}").format(
            sql.SQL(asked.text or "NULL"),
            sql.SQL(asked.where or "true"),
            sql.Identifier(change.catalog.column.name),
            _as_text([each for each in (column.name for column in table.columns) if each not in changed]),
            sql.Identifier(table.schema, table.name),
        )
        with self._connect("sixteen") as connection:
            for setting, value in asked.settings.items():
                given = {"setting": setting, "value": os.environ[value.removeprefix(ENVIRONMENT)]}
                connection.execute("SELECT set_config(%(setting)s, %(value)s, false)", given)
            rows = connection.execute(statement).fetchall()
        return [Embedded(tuple(rest), text, in_scope, vector) for text, in_scope, vector, *rest in rows]

    @contextmanager
    def _connect(self, live: str) -> Iterator[Connection]:
        with self.database.session() as connection:
            connection.execute("SELECT set_config('model.live', %s, false)", [live])
            yield connection


def _query(written: str, live: str) -> bytes:
    return written.replace(":dimensions", _DIMENSIONS[live]).encode()


def _as_text(columns: list[str]) -> sql.Composed:
    """All but migrator's own."""
    kept = [sql.Identifier(each) for each in columns if not each.startswith("migrator_")]
    return sql.SQL(", ").join(sql.SQL("{}::text").format(each) for each in kept)
