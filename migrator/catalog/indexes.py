"""Indexes that a column takes part in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import psycopg
from psycopg import sql

from migrator.catalog.deparsed import COLUMN, after_using, cast_type, over_placeholder
from migrator.change import Distance, Hnsw, Index, IvfFlat, On
from migrator.postgres.connection import Connection, configure, execute, fetch_dicts
from migrator.postgres.sql import Query, expression, name, query

VECTOR_METHODS = ("hnsw", "ivfflat")
_DISTANCES: dict[str, Distance] = {"cosine": "cosine", "l2": "l2", "ip": "ip", "l1": "l1"}
_OPTIONS = {"m", "ef_construction", "lists"}
# pgvector's distance operators: https://github.com/pgvector/pgvector#querying
OPERATORS: dict[Distance, str] = {"l2": "<->", "ip": "<#>", "cosine": "<=>", "l1": "<+>"}
BIT_OPERATORS = {"hamming": "<~>", "jaccard": "<%>"}
# What an index covers of the rows that a revision is about.
Reach = Literal["scope", "beyond", "both"]


@dataclass(frozen=True)
class TableIndex:
    """An index.

    plain: its one key is the column itself.
    key: its first key, and condition: its predicate, with COLUMN for the column. body: all from USING to the predicate,
    likewise.
    reach: whether it holds rows of the revision's scope, rows beyond it, or both, as far as PostgreSQL can prove it.
    statistics: targets of its own, by the number of its column.
    partition: oid of the partition that has it alone; None where it is the whole table's.
    root: of a part, the name of the index that it belongs to; root_on: oid of the partition that has that one alone.
    """

    name: str
    method: str
    definition: str
    valid: bool
    plain: bool
    opclass: str | None
    options: list[str]
    predicate: str | None
    tablespace: str | None
    comment: str | None
    clustered: bool
    replica_identity: bool
    of_constraint: bool
    unique: bool = False
    key: str = COLUMN
    body: str = ""
    condition: str | None = None
    reach: Reach = "scope"
    statistics: dict[str, int] = field(default_factory=dict)
    root: str | None = None
    root_on: int | None = None
    partition: int | None = None

    @property
    def identity(self) -> tuple[int | None, str]:
        """What tells it from the column's other indexes: those of partitions may be in other schemas."""
        return self.partition, self.name

    @property
    def is_vector(self) -> bool:
        """Over this column: one over another may name it in its predicate."""
        return self.method in VECTOR_METHODS and COLUMN in self.key

    @property
    def carried(self) -> bool:
        """Whether it can be made again on another column of the same table."""
        known = not self.is_vector or self.distance is not None or self._measures in BIT_OPERATORS
        return known and self._operand != "sparsevec" and not (self.replica_identity or self.of_constraint)

    @property
    def _operand(self) -> str:
        """The type it is over, from an operator class such as vector_cosine_ops."""
        return (self.opclass or "").split("_")[0]

    @property
    def _measures(self) -> str:
        parts = (self.opclass or "").split("_")
        return parts[1] if len(parts) == 3 else ""

    @property
    def distance(self) -> Distance | None:
        """What it measures, from its operator class; None where that is no distance of vectors."""
        return _DISTANCES.get(self._measures) if self.is_vector else None

    @property
    def parameters(self) -> dict[str, str]:
        """Its storage parameters, such as {"m": "16"}."""
        return dict(option.split("=", 1) for option in self.options)

    @property
    def on(self) -> On | None:
        """What it is on, as a revision writes it; None where a revision cannot."""
        if not self.is_vector:
            return None
        if self.plain:
            return "column"
        cast = cast_type(self.key)
        if cast is None:
            return None
        type_, size = cast
        if type_ == "bit":
            quantized = f"binary_quantize({COLUMN}))::bit({size})"
            return "bit" if self._measures == "hamming" and self.key.endswith(f"{quantized})") else None
        if not self.key.startswith(f"(({COLUMN})::"):
            return None
        return "halfvec" if type_ == "halfvec" else "column"

    def described(self) -> Index | None:
        """The same index as a revision writes it; None where it cannot. What bits are re-ranked by is not in them."""
        known = {key: int(value) for key, value in self.parameters.items() if key in _OPTIONS}
        on, distance = self.on, self.distance or "cosine"
        if on is None:
            return None
        if self.method == "hnsw":
            return Hnsw(distance, m=known.get("m", 16), ef_construction=known.get("ef_construction", 64), on=on)
        return IvfFlat(distance, lists=known.get("lists", 100), on=on)


def by_place(indexes: Iterable[TableIndex]) -> list[list[TableIndex]]:
    """Those of the whole table, and those that each partition has alone."""
    places: dict[int | None, list[TableIndex]] = {}
    for index in indexes:
        places.setdefault(index.partition, []).append(index)
    return list(places.values())


def read_indexes(connection: Connection, table: int, column: int, called: str) -> list[TableIndex]:
    """called: the column's name. PostgreSQL is to write names with their schema."""
    rows = fetch_dicts(connection, query("catalog", "indexes"), {"table": table, "column": column})
    return [_over_placeholder(TableIndex(**row), called) for row in rows]


def is_valid(connection: Connection, schema: str, index: str) -> bool | None:
    """Whether the index of that name is valid and ready; None where there is none."""
    row = execute(connection, query("index", "state"), {"schema": schema, "index": index}).fetchone()
    return bool(row[0]) if row else None


def drop_concurrently(schema: str, index: str) -> sql.Composed:
    """DROP INDEX CONCURRENTLY, which PostgreSQL does not do to an index on a partitioned table."""
    return query("index", "drop_concurrently", index=name(schema, index))


def _over_placeholder(index: TableIndex, column: str) -> TableIndex:
    body = after_using(index.definition)
    if index.predicate is not None:
        body = body.removesuffix(f" WHERE {index.predicate}")
    return dataclasses.replace(
        index,
        key=over_placeholder(index.key, column),
        body=over_placeholder(body, column),
        condition=index.predicate and over_placeholder(index.predicate, column),
    )


def with_reach(connection: Connection, table: Query, indexes: list[TableIndex], where: str) -> list[TableIndex]:
    """The indexes with what they hold of the rows of a scope; scopes that PostgreSQL does not take change nothing."""

    def excluded(predicate: str, scope: Query) -> bool:
        """Whether PostgreSQL proves, without looking, that no row meets both."""
        condition = sql.SQL("{} AND {}").format(expression(predicate), scope)
        # Binary results need the extended protocol, which takes one statement only.
        with connection.cursor(binary=True) as cursor:
            cursor.execute(query("index", "none_meets", table=table, condition=condition), {})
            ((plan,),) = cursor.fetchall()
        return bool(plan[0]["Plan"].get("One-Time Filter") == "false")

    def reach(index: TableIndex) -> Reach:
        if index.predicate is not None and excluded(index.predicate, expression(where)):
            return "beyond"
        beyond = sql.SQL("{} IS NOT TRUE").format(expression(where))
        # Nothing is beyond the scope `true`, which keeps a column without dimensions that way.
        return "scope" if excluded(index.predicate or "true", beyond) else "both"

    try:
        with connection.transaction():
            configure(connection, {"constraint_exclusion": "on"}, local=True)
            return [dataclasses.replace(index, reach=reach(index)) for index in indexes]
    except psycopg.Error:
        if connection.broken:
            raise
        # Preflight says what is wrong with the scope.
        return indexes
