"""The rows that are left: due a new vector and without one yet."""

from __future__ import annotations

from psycopg import sql

from migrator import backup_table, store
from migrator.database import Connection, fetch_row
from migrator.ledger import Ledger
from migrator.plan import ColumnPlan
from migrator.queries import Query, name, query

# Rows that may be left for settle; above it, cut-over does not begin.
BOUND = 100


def pending(connection: Connection, ledger: Ledger, column: ColumnPlan) -> Query:
    """Which of the rows due are waited for: not those set aside, nor on a downgrade those that had no vector before."""
    conditions = [each for each in (_set_aside(ledger, column), _null_by_right(connection, column)) if each]
    return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")


def _set_aside(ledger: Ledger, column: ColumnPlan) -> Query | None:
    """None where no text was."""
    if column.method != "embed" or not ledger.failed_texts(column.id):
        return None
    return query("fill", "not_set_aside", change=sql.Literal(column.id), text_hash=column.text_hash)


def _null_by_right(connection: Connection, column: ColumnPlan) -> Query | None:
    """On a downgrade vectors that were NULL come back NULL. None where none were."""
    if not column.is_restore or column.method != "embed" or not store.has_table(connection, column.upgrade_backup_name):
        return None
    nulls = fetch_row(connection, query("fill", "backup_has_nulls", backup=column.upgrade_backup))[0]
    if not nulls:
        return None
    return query(
        "fill",
        "null_by_right",
        backup=column.upgrade_backup,
        text_hash=column.text_hash,
        same_key=backup_table.same_key(column),
    )


def count(connection: Connection, column: ColumnPlan, target: str, wanted: Query) -> int:
    (left,) = fetch_row(
        connection,
        query("fill", "left", table=column.table, column=name(target), due=column.due, pending=wanted),
    )
    return int(left)
