"""The rows that are left: due a new vector and without one yet."""

from __future__ import annotations

from psycopg import sql

from migrator.plan.column import ColumnPlan
from migrator.plan.restore import RestorePlan
from migrator.postgres.connection import Connection, fetch_row
from migrator.postgres.sql import Query, name, query
from migrator.report import counted
from migrator.rows import backup_table
from migrator.rows.unreadable import tolerant

# Rows that may be left for settle; above it, cut-over does not begin.
BOUND = 100


def pending(column: ColumnPlan) -> Query:
    """Which of the rows due are waited for: not those set aside, nor on a downgrade those that had no vector before."""
    conditions: list[Query] = []
    if column.method == "embed" and (column.change.max_failed_rows or column.is_restore):
        aside = query("fill", "not_set_aside", change=sql.Literal(column.id), text_hash=column.text_hash)
        conditions.append(aside)
    if may_be_null_by_right(column):
        conditions.append(_null_by_right(column))
    return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")


def may_be_null_by_right(column: ColumnPlan) -> bool:
    """On a downgrade: whether rows are told by their key that had no vector before the upgrade."""
    return isinstance(column, RestorePlan) and column.found_nulls and column.method == "embed"


def _null_by_right(column: ColumnPlan) -> Query:
    """On a downgrade vectors that were NULL come back NULL."""
    same_row = backup_table.same_row(column)
    return query("fill", "null_by_right", backup=backup_table.rows(column), same_row=same_row)


def waiting(column: ColumnPlan, target: str) -> sql.Composed:
    """Those among the rows due that `target` still lacks, as a condition."""
    return sql.SQL("{} IS NULL AND {}").format(name(target), pending(column))


def stale(column: ColumnPlan, *, in_backup: bool, in_store: bool = True) -> Query:
    """Vectors of the shadow column, or of the retired one, that are not known to be of their row's present text.

    in_backup, in_store: whether the upgrade's backup, and a store of the model, are there to know them.
    """
    shadow, extension = name(column.shadow), name(column.catalog.server.extension_schema)
    if column.method == "derive" and not column.is_restore:
        derived = column.derived(name(column.live))
        pieces = {"shadow": shadow, "scope": column.scope, "derived": derived, "live": shadow}
        return query("fill", "not_of_live", extension=extension, **pieces)
    if column.upgrade.method == "derive":
        derived = column.upgrade.derived(shadow)
        pieces = {"shadow": shadow, "scope": column.scope, "derived": derived, "live": name(column.live)}
        return query("fill", "not_of_live", extension=extension, **pieces)
    pieces = {"shadow": shadow, "text_hash": column.text_hash, "extension": extension}
    unknown: list[Query] = []
    if in_backup:
        unknown.append(query("fill", "not_of_backup", backup=column.upgrade_backup, **pieces))
    if in_store:
        unknown.append(query("fill", "not_of_store", store=column.store, type=column.type_sql, **pieces))
    return sql.SQL(" AND ").join(unknown) if unknown else sql.SQL("{} IS NOT NULL").format(shadow)


def counting(column: ColumnPlan, target: str) -> sql.Composed:
    """Counts them in one scan."""
    return query("fill", "left", table=column.table, column=name(target), due=column.due, pending=pending(column))


def count(connection: Connection, column: ColumnPlan, target: str) -> int:
    (left,) = tolerant(connection, column, lambda column: fetch_row(connection, counting(column, target)))
    return int(left)


def counting_null_by_right(column: ColumnPlan, target: str) -> sql.Composed:
    """Counts those with a text that have no vector because they had none before the upgrade."""
    by_right = sql.SQL("NOT {}").format(_null_by_right(column))
    return query("fill", "left", table=column.table, column=name(target), due=column.due, pending=by_right)


def count_null_by_right(connection: Connection, column: ColumnPlan, target: str) -> int:
    if not may_be_null_by_right(column):
        return 0
    (found,) = tolerant(
        connection, column, lambda column: fetch_row(connection, counting_null_by_right(column, target))
    )
    return int(found)


def in_words(column: ColumnPlan, left: int, had_none: int) -> str:
    """What is said of a column with so many rows left, before cut-over and after it."""
    if column.method != "embed":
        return f"{counted(left, 'rows in scope')} without a vector" if left else "every row in scope has its vector"
    if not left:
        if had_none:
            return (
                "every row in scope that has a text has a vector, "
                f"but for {had_none:,} that had none before the upgrade"
            )
        return "every row in scope that has a text has a vector"
    return f"{counted(left, 'rows in scope')} with a text and no vector"
