"""Tries conditions that say how many dimensions vectors may have, as `vector_dims(embedding) IN (384, 1536)` does.

Those that compare them with the old number alone are made again with the new one; others are made again as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from migrator import dimensions, hazards
from migrator.catalog.carried import BoundTrigger, Policy
from migrator.database import Connection, execute, fetch_row
from migrator.hazards import Hazard
from migrator.plan import ColumnPlan
from migrator.preflight.text import EVALUATION, ROWS
from migrator.queries import Query, expression, name, query


def examine(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    """Those that would hold for no new vector are refused; those that may not hold for one are told."""
    found, kept = [], []
    for each, written, before, after in dimensions.put_in(columns, column):
        table, called, scope = column.table, name(column.catalog.table.name), column.scope
        old: Query = sql.SQL("")
        if isinstance(each, Policy) and each.table_sql.as_string(None) != table.as_string(None):
            table, called, scope = each.table_sql, name(each.table), sql.SQL("true")
        if isinstance(each, BoundTrigger):
            called, old = sql.SQL("new"), query("carry", "old_row", table=table)
        pieces = {"before": expression(before), "after": expression(after), "scope": scope, "old": old}
        holds, lost = _tried(connection, query("carry", "allows", table=table, called=called, **pieces))
        if lost and not holds:
            found.append(hazards.dimensions_not_allowed(column.subject, each.described, written, column.dimensions))
        elif lost or not holds:
            kept.append(f"{each.described}: {written}")
    return found + ([hazards.dimensions_kept(column.subject, kept, column.dimensions)] if kept else [])


def _tried(connection: Connection, statement: sql.Composed) -> tuple[bool, bool]:
    """Where it cannot be evaluated, as little is known as where it holds for no row in either case."""
    try:
        with connection.transaction(force_rollback=True):
            execute(connection, sql.SQL("SET TRANSACTION READ ONLY"))
            holds, lost = fetch_row(connection, statement, {"limit": ROWS})
    except EVALUATION:
        return False, False
    return holds, lost
