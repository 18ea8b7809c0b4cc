"""What stands in a scope of a vector column, and what tells the scopes of a column without dimensions apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from migrator.catalog import Catalog
from migrator.postgres.connection import Connection, fetch_dicts
from migrator.postgres.sql import Query, expression, name, query

# Values of a column that tells scopes apart, at most: collections, tenants, models.
MOST_VALUES = 100
SAMPLED_VECTORS = 100
# A model's own vectors may end in a zero, but hardly all of them in so many.
LEAST_PADDING = 8


@dataclass(frozen=True)
class Part:
    """The rows of one value of a column, all of whose vectors have as many dimensions. condition: says which."""

    condition: str
    dimensions: int
    vectors: int


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
    return [(int(row["size"]), int(row["vectors"])) for row in _rows(connection, statement)]


def vectors_of_no_scope(connection: Connection, catalog: Catalog, where: str) -> int:
    """How many vectors the column holds where no row is in scope; 0 where one is."""
    pieces = {"column": name(catalog.column.name), "table": catalog.table.sql, "scope": expression(where)}
    rows = _rows(connection, query("catalog", "vectors_of_no_scope", **pieces))
    return int(rows[0]["vectors"]) if rows else 0


def vectors_by_condition(connection: Connection, catalog: Catalog, conditions: Sequence[str]) -> list[int]:
    """How many vectors the rows of each condition hold; one scan. conditions: as the catalog writes predicates."""
    counts = [sql.SQL("count(*) FILTER (WHERE {})").format(expression(each)) for each in conditions]
    statement = query(
        "catalog",
        "vectors_by_condition",
        column=name(catalog.column.name),
        table=catalog.table.sql,
        counts=sql.SQL(", ").join(counts),
    )
    rows = _rows(connection, statement)
    return list(rows[0]["vectors"]) if rows else [0] * len(conditions)


def told_apart(connection: Connection, catalog: Catalog) -> list[list[Part]]:
    """For each column of few values that tells vectors of different dimensions apart, its parts; one scan."""
    bounds = {"table": catalog.table.oid, "rows": catalog.table.rows, "most": MOST_VALUES}
    columns = fetch_dicts(connection, query("catalog", "columns_of_few_values"), bounds)
    if not columns:
        return []
    statement = query(
        "catalog",
        "dimensions_by_value",
        extension=name(catalog.server.extension_schema),
        column=name(catalog.column.name),
        table=catalog.table.sql,
        columns=sql.SQL(", ").join(sql.SQL("{}::text").format(name(column["name"])) for column in columns),
    )
    rows = _rows(connection, statement)
    found = []
    for place, column in enumerate(columns, start=1):
        own = [row for row in rows if row["place"] == place]
        if any(row["least"] != row["most"] for row in own) or len({row["least"] for row in own}) < 2:
            continue
        parts = [
            Part(_condition(column, row["value"]), row["least"], row["vectors"])
            for row in own
            if row["value"] is not None
        ]
        found.append(parts)
    return found


def _condition(column: dict[str, Any], value: str) -> str:
    """value: quoted."""
    return f"{column['written']} = {value[1:-1] if column['is_number'] else value}"


def padding(connection: Connection, catalog: Catalog, where: str | None, size: int) -> int:
    """How many zeros a few vectors of `size` numbers all end in; 0 where these are too few to mean anything."""
    statement = query(
        "catalog",
        "last_number",
        column=name(catalog.column.name),
        table=catalog.table.sql,
        scope=expression(where or "true"),
    )
    rows = _rows(connection, statement, {"limit": SAMPLED_VECTORS})
    last = rows[0]["last"] if rows else None
    return size - last if last is not None and size - last >= LEAST_PADDING else 0


def _rows(connection: Connection, statement: Query, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Nothing for what the database does not take: preflight says why."""
    try:
        # Binary results need the extended protocol, which takes one statement only.
        with connection.transaction(), connection.cursor(binary=True, row_factory=dict_row) as cursor:
            # Text and scope of a revision may have side effects, of which preflight tells.
            cursor.execute("SET TRANSACTION READ ONLY")
            return cursor.execute(statement, parameters or {}).fetchall()
    except psycopg.Error:
        if connection.broken:
            raise
        return []
