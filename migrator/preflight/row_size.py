"""Rows without room for another column are found by trying it on copies of the largest ones."""

from __future__ import annotations

import psycopg
from psycopg import sql

from migrator import hazards
from migrator.catalog.columns import TREE
from migrator.dependents import column_storage
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, execute, fetch_dicts
from migrator.postgres.sql import fragment, name, query

_TRIED = 5
# Of a pointer to a vector elsewhere.
_POINTER = 18


def examine(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """Reads the whole table only where its columns may fill a page. Nothing that is tried stays."""
    if not column.adds_shadow:
        return []
    storage = column_storage.storage(column)
    width = 8 + 4 * column.dimensions if storage == "PLAIN" else _POINTER
    given = {"table": column.catalog.table.oid, "width": width}
    for found in fetch_dicts(connection, query("row_size", "at_risk", tree=TREE), given):
        table = name(found["schema"], found["name"])
        try:
            with connection.transaction(force_rollback=True):
                execute(connection, query("row_size", "copy", table=table))
                pieces = {"columns": fragment(found["columns"]), "size": fragment(found["size"]), "table": table}
                execute(connection, query("row_size", "copy_largest", **pieces), {"limit": _TRIED})
                _add_column(connection, column, storage)
        except psycopg.errors.ProgramLimitExceeded:
            plain = [each for each in found["plain"] if each != column.live]
            return [hazards.columns.rows_fill_page(column.subject, found["schema"], found["name"], plain)]
    return []


def _add_column(connection: Connection, column: ColumnPlan, storage: str) -> None:
    shadow = name(column.shadow)
    execute(connection, query("row_size", "add_column", shadow=shadow, type=column.type_sql))
    execute(connection, query("row_size", "set_storage", shadow=shadow, storage=fragment(storage)))
    dimensions = sql.Literal(column.dimensions)
    execute(connection, query("row_size", "fill", shadow=shadow, type=column.type_sql, dimensions=dimensions))
