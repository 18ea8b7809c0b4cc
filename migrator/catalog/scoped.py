"""What stands in a scope of a column whose type has no dimensions."""

from __future__ import annotations

import psycopg

from migrator.catalog import Catalog
from migrator.database import Connection
from migrator.queries import expression, name, query


def dimensions(connection: Connection, catalog: Catalog, where: str | None) -> list[tuple[int, int]]:
    """Dimensions and how many vectors have them, the most frequent first; one scan.

    Nothing for a scope that the database does not take, of which preflight tells.
    """
    statement = query(
        "catalog",
        "dimensions_in_scope",
        extension=name(catalog.server.extension_schema),
        column=name(catalog.column.name),
        table=catalog.table.sql,
        scope=expression(where or "true"),
    )
    try:
        # Binary results need the extended protocol, which takes one statement only.
        with connection.cursor(binary=True) as cursor:
            cursor.execute(statement, {})
            return [(int(size), int(rows)) for size, rows in cursor.fetchall()]
    except psycopg.Error:
        if connection.broken:
            raise
        return []
