"""The rows that are left: due a new vector and without one yet."""

from __future__ import annotations

from psycopg import sql

from migrator import store
from migrator.database import Connection, fetch_row
from migrator.plan import ColumnPlan
from migrator.queries import Query, name, query

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


def stale(connection: Connection, column: ColumnPlan) -> Query:
    """On a downgrade: retired vectors that are not known to be of their row's present text."""
    shadow, extension = name(column.shadow), name(column.catalog.server.extension_schema)
    if column.upgraded_by == "derive":
        derived = column.as_upgrade().derived(shadow)
        pieces = {"shadow": shadow, "scope": column.scope, "derived": derived, "live": name(column.live)}
        return query("fill", "not_of_live", extension=extension, **pieces)
    unknown: list[Query] = []
    pieces = {"shadow": shadow, "text_hash": column.text_hash, "extension": extension}
    if store.has_table(connection, column.upgrade_backup_name):
        unknown.append(query("fill", "not_of_backup", backup=column.upgrade_backup, **pieces))
    if store.exists(connection, column):
        unknown.append(query("fill", "not_of_store", store=column.store, type=column.type_sql, **pieces))
    return sql.SQL(" AND ").join(unknown) if unknown else sql.SQL("{} IS NOT NULL").format(shadow)


def count(connection: Connection, column: ColumnPlan, target: str, wanted: Query) -> int:
    (left,) = fetch_row(
        connection,
        query("fill", "left", table=column.table, column=name(target), due=column.due, pending=wanted),
    )
    return int(left)
