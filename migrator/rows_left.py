"""The rows that are left: due a new vector and without one yet."""

from __future__ import annotations

from psycopg import sql

from migrator import store
from migrator.database import Connection, fetch_row
from migrator.plan import ColumnPlan
from migrator.queries import Query, name, query
from migrator.report import counted

# Rows that may be left for settle; above it, cut-over does not begin.
BOUND = 100


def pending(connection: Connection, column: ColumnPlan) -> Query:
    """Which of the rows due are waited for. On a downgrade: vectors that were NULL come back NULL."""
    if not column.is_restore or column.method != "embed" or not store.has_table(connection, column.upgrade_backup_name):
        return sql.SQL("true")
    nulls = fetch_row(connection, query("fill", "backup_has_nulls", backup=column.upgrade_backup))[0]
    if not nulls:
        return sql.SQL("true")
    before = column.before or column.catalog
    same_key = [
        sql.SQL(" AND migrator_backup.{key} = {table}.{key}").format(key=name(part), table=column.table)
        for part in before.table.key
    ]
    return query(
        "fill",
        "null_by_right",
        backup=column.upgrade_backup,
        text_hash=column.text_hash,
        same_key=sql.SQL("").join(same_key),
    )


def count(connection: Connection, column: ColumnPlan, target: str, wanted: Query) -> int:
    (left,) = fetch_row(
        connection,
        query("fill", "left", table=column.table, column=name(target), due=column.due, pending=wanted),
    )
    return int(left)


def in_words(column: ColumnPlan, left: int) -> str:
    """What is said of a column with so many rows left, before cut-over and after it."""
    if column.method != "embed":
        return f"{counted(left, 'rows in scope')} without a vector" if left else "every row in scope has its vector"
    if not left:
        return "every row in scope that has a text has a vector"
    return f"{counted(left, 'rows in scope')} with a text and no vector"
