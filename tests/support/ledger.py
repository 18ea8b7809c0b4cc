"""A ledger as an upgrade leaves it, for tests of what reads it."""

from __future__ import annotations

from migrator.catalog import read_catalog
from migrator.change import EmbeddingChange
from migrator.ledger.ledger import Ledger
from migrator.ledger.rows import as_json
from migrator.postgres.connection import connect
from tests.support.database import Database


def record(database: Database, change: EmbeddingChange, *, run: str = "done", state: str = "live") -> None:
    """Installs the ledger with one upgrade to revision 0001 in it, whose one change is `change`."""
    with connect(database.address) as connection:
        Ledger(connection, installed=False).install()
        catalog = read_catalog(connection, change.schema, change.table, change.column)
    database.execute(
        "INSERT INTO migrator.run (revision, direction, state) VALUES ('0001', 'upgrade', %(state)s)", {"state": run}
    )
    database.execute(
        "INSERT INTO migrator.change"
        " (id, run_id, table_schema, table_name, column_name, change, catalog, state) VALUES"
        " (1, 1, %(schema)s, %(table)s, %(column)s, %(change)s::jsonb, %(catalog)s::jsonb, %(state)s)",
        {
            "schema": catalog.table.schema,
            "table": catalog.table.name,
            "column": catalog.column.name,
            "change": as_json(change),
            "catalog": as_json(catalog),
            "state": state,
        },
    )


def as_version_1(database: Database) -> None:
    """Makes the ledger that is there one of version 1, with its rows."""
    for statement in (
        "ALTER TABLE migrator.run DROP COLUMN version_schema, DROP COLUMN version_table, DROP COLUMN version_oid",
        "CREATE UNIQUE INDEX run_unfinished ON migrator.run ((true)) WHERE state = 'unfinished'",
        "ALTER TABLE migrator.ledger_version DROP COLUMN relations",
        "UPDATE migrator.ledger_version SET version = 1",
    ):
        database.execute(statement)
