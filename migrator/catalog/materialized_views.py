"""What a materialized view has that a view has not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from migrator.catalog.deparsed import after_using
from migrator.postgres.connection import Connection, fetch_dicts
from migrator.postgres.sql import query


@dataclass(frozen=True)
class ViewIndex:
    """An index of it. body: all from USING to the predicate. statistics: targets, by the number of its column."""

    name: str
    method: str
    body: str
    predicate: str | None
    unique: bool
    valid: bool
    tablespace: str | None
    comment: str | None
    clustered: bool
    statistics: dict[str, int]


@dataclass(frozen=True)
class ViewColumn:
    """A column of it with settings of its own; statistics: -1 and None where there are none."""

    name: str
    statistics: int
    options: list[str]
    storage: str | None
    compression: str | None


@dataclass(frozen=True)
class Materialised:
    """concurrent: it can be refreshed while it is read. owner_reads: its owner may read all columns of the table.

    may_be_made: this role may make another in its schema, and give it to its owner.
    """

    populated: bool
    method: str
    tablespace: str | None
    concurrent: bool
    read_by_views: bool
    owner_reads: bool
    may_be_made: bool
    indexes: list[ViewIndex] = field(default_factory=list)
    columns: list[ViewColumn] = field(default_factory=list)


def read_materialised(connection: Connection, table: int, schema: str, view: str) -> Materialised:
    """table: the oid of the one it reads. PostgreSQL is to write names with their schema."""
    place = {"table": table, "schema": schema, "view": view}
    (row,) = fetch_dicts(connection, query("materialized_views", "read"), place)
    indexes = [_index(index) for index in row.pop("indexes")]
    return Materialised(**{**row, "indexes": indexes, "columns": [ViewColumn(**each) for each in row["columns"]]})


def _index(row: dict[str, Any]) -> ViewIndex:
    definition, predicate = row.pop("definition"), row["predicate"]
    body = after_using(definition)
    return ViewIndex(**row, body=body if predicate is None else body.removesuffix(f" WHERE {predicate}"))
