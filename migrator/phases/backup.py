"""backup: row identity, old vector and text hash go into a table of their own, counted and checksummed.

On a downgrade: the live vectors that the application wrote since cut-over and that no store holds.
"""

from __future__ import annotations

from decimal import Decimal

from psycopg import sql

from migrator.embedding import store
from migrator.errors import MigratorError
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.statement import Statement
from migrator.postgres.connection import UNBOUNDED, Connection, configure, execute, fetch_row
from migrator.postgres.sql import fragment, name, query, text_of
from migrator.report import counted
from migrator.rows import backup_table
from migrator.rows.unreadable import tolerant
from migrator.runtime.context import Work

NAME = "backup"


def statements(plan: Plan) -> list[Statement]:
    """For each column in one transaction."""
    return [statement for column in plan.columns if column.method != "index" for statement in _statements(column)]


def _statements(column: ColumnPlan) -> list[Statement]:
    made = store.create_statements(column.as_upgrade()) if backup_table.reads_store(column) else ()
    in_table, in_backup = _checksums(column)
    scan = "two scans in one transaction, of which this is {}; reads and writes go on"
    drop, create, to_owner = _copy(column)
    return [
        *(column.statement(NAME, each, "none", "milliseconds", only_if="its store was dropped") for each in made),
        column.statement(NAME, drop, "none", "instant"),
        column.statement(NAME, create, "ACCESS SHARE", scan.format("the first")),
        column.statement(NAME, to_owner, "none", "instant"),
        column.statement(NAME, in_table, "ACCESS SHARE", scan.format("the second")),
        column.statement(NAME, in_backup, "none", "one scan of the backup table"),
    ]


def _copy(column: ColumnPlan) -> tuple[sql.Composed, sql.Composed, sql.Composed]:
    key = [sql.SQL("{}, ").format(name(part)) for part in column.catalog.table.key]
    create = query(
        "backup",
        "create",
        backup=column.backup,
        key=sql.SQL("").join(key),
        text_hash=column.with_old_text.text_hash,
        live=name(column.live),
        table=column.table,
        which=backup_table.which(column),
    )
    return (
        backup_table.drop(column),
        create,
        query("privileges", "table_to_owner", object=text_of(column.backup)),
    )


def _checksums(column: ColumnPlan) -> tuple[sql.Composed, sql.Composed]:
    """Of the live column, and of its copy."""
    pieces = {
        "extension": name(column.catalog.server.extension_schema),
        "type": fragment(column.catalog.column.type),
    }
    which = backup_table.which(column)
    return (
        query("backup", "checksum", vector=name(column.live), table=column.table, which=which, **pieces),
        query(
            "backup",
            "checksum",
            vector=name("migrator_vector"),
            table=column.backup,
            which=sql.SQL("true"),
            **pieces,
        ),
    )


def run(work: Work) -> dict[str, object]:
    return {column.subject: _back_up(work, column) for column in work.plan.columns if column.method != "index"}


def _back_up(work: Work, column: ColumnPlan) -> dict[str, object]:
    """Copies and compares under one snapshot, so that writes meanwhile cannot make a difference."""
    connection = work.connection
    if backup_table.reads_store(column):
        # An empty one, where migrator retire --stores dropped it: every vector is backed up then.
        store.create(connection, column.as_upgrade())
    return tolerant(connection, column, lambda column: _copy_and_compare(connection, column))


def _copy_and_compare(connection: Connection, column: ColumnPlan) -> dict[str, object]:
    with connection.transaction():
        execute(connection, query("session", "one_snapshot"))
        configure(connection, {"lock_timeout": UNBOUNDED}, local=True)
        for statement in _copy(column):
            execute(connection, statement)
        found, copied = (fetch_row(connection, checksum) for checksum in _checksums(column))
        if found != copied:
            raise MigratorError(
                f"the backup of {column.subject} differs from the table: it has {_told(*copied)}; "
                f"the table has {_told(*found)}",
                meaning="they are not the same under one snapshot.",
                remedy="this should never be; check the server's storage before anything else",
            )
    return {"rows": copied[0], "vectors": copied[1], "checksum": str(copied[2]), "table": column.backup_name}


def _told(rows: int, vectors: int, checksum: Decimal) -> str:
    return f"{counted(rows, 'rows')}, {counted(vectors, 'vectors')}, checksum {checksum}"
