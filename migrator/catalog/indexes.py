"""Indexes that a column takes part in, and how one is written again on another column."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from psycopg import sql

from migrator.change import Distance, Hnsw, Index, IvfFlat
from migrator.database import Connection, fetch_dicts
from migrator.queries import Query, expression, fragment, literal, name, names, query

VECTOR_METHODS = ("hnsw", "ivfflat")
_DISTANCES: dict[str, Distance] = {"cosine": "cosine", "l2": "l2", "ip": "ip", "l1": "l1"}
_OPTIONS = {"m", "ef_construction", "lists"}
# pgvector's distance operators: https://github.com/pgvector/pgvector#querying
OPERATORS: dict[Distance, str] = {"l2": "<->", "ip": "<#>", "cosine": "<=>", "l1": "<+>"}


@dataclass(frozen=True)
class TableIndex:
    """An index. plain: its one key is the column itself. include: its INCLUDE columns. bytes: its size.

    root: of an index of a partition, the name of the partitioned table's own index that it is a part of.
    """

    name: str
    method: str
    definition: str
    valid: bool
    plain: bool
    opclass: str | None
    options: list[str]
    predicate: str | None
    predicate_uses_column: bool
    include: list[str]
    tablespace: str | None
    comment: str | None
    clustered: bool
    replica_identity: bool
    of_constraint: bool
    bytes: int
    root: str | None = None

    @property
    def carried(self) -> bool:
        """Whether it can be made again on another column of the same table."""
        return (
            self.plain
            and self.method in VECTOR_METHODS
            and self.distance is not None
            and not (self.predicate_uses_column or self.replica_identity or self.of_constraint)
        )

    @property
    def distance(self) -> Distance | None:
        """What it measures, from an operator class such as vector_cosine_ops."""
        parts = (self.opclass or "").split("_")
        return _DISTANCES.get(parts[1]) if len(parts) == 3 else None

    @property
    def parameters(self) -> dict[str, str]:
        """Its storage parameters, such as {"m": "16"}."""
        return dict(option.split("=", 1) for option in self.options)

    def described(self) -> Index | None:
        """The same index as a revision writes it; None where it is no vector index."""
        known = {key: int(value) for key, value in self.parameters.items() if key in _OPTIONS}
        if self.distance is None:
            return None
        if self.method == "hnsw":
            return Hnsw(self.distance, m=known.get("m", 16), ef_construction=known.get("ef_construction", 64))
        if self.method == "ivfflat":
            return IvfFlat(self.distance, lists=known.get("lists", 100))
        return None


@dataclass(frozen=True)
class IndexToBuild:
    """An index on the column that is to be live. name: what it is called once it is live; temporary: until then."""

    name: str
    temporary: str
    method: str
    distance: Distance
    parameters: dict[str, str]
    predicate: str | None
    include: list[str]
    tablespace: str | None
    comment: str | None
    clustered: bool

    def create(
        self,
        table: Query,
        column: str,
        type_: str,
        extension_schema: str,
        *,
        partitioned: bool = False,
    ) -> sql.Composed:
        """CREATE INDEX CONCURRENTLY on `column`, whose pgvector type is `type_`.

        partitioned: on the table alone, without its partitions; theirs are attached.
        """
        tail: list[Query] = []
        if self.include:
            tail.append(sql.SQL("INCLUDE ({})").format(names(tuple(self.include))))
        if self.parameters:
            settings = sql.SQL(", ").join(
                sql.SQL("{} = {}").format(name(key), fragment(value)) for key, value in self.parameters.items()
            )
            tail.append(sql.SQL("WITH ({})").format(settings))
        if self.tablespace:
            tail.append(sql.SQL("TABLESPACE {}").format(name(self.tablespace)))
        if self.predicate:
            tail.append(sql.SQL("WHERE {}").format(expression(self.predicate)))
        return query(
            *(("partitions", "create_only") if partitioned else ("index", "create")),
            index=name(self.temporary),
            table=table,
            method=name(self.method),
            column=name(column),
            opclass=name(extension_schema, f"{type_}_{self.distance}_ops"),
            tail=sql.SQL(" ").join(tail),
        )

    def marks(self, table: Query, schema: str) -> list[sql.Composed]:
        """Its comment and CLUSTER mark, under the name it has once it is live."""
        marks = []
        if self.comment is not None:
            marks.append(query("index", "comment", index=name(schema, self.name), comment=literal(self.comment)))
        if self.clustered:
            marks.append(query("index", "cluster_on", table=table, index=name(self.name)))
        return marks


def wanted(index: Index, called: str, temporary: str, present: TableIndex | None) -> IndexToBuild:
    """The index a revision asks for; predicate, INCLUDE, tablespace, comment, CLUSTER mark are the present one's."""
    if isinstance(index, Hnsw):
        method, parameters = "hnsw", {"m": str(index.m), "ef_construction": str(index.ef_construction)}
    else:
        method, parameters = "ivfflat", {"lists": str(index.lists)}
    if present is None:
        return IndexToBuild(
            called, temporary, method, index.distance, parameters, None, [], None, None, clustered=False
        )
    return dataclasses.replace(
        carried_over(present, temporary), method=method, distance=index.distance, parameters=parameters
    )


def carried_over(index: TableIndex, temporary: str) -> IndexToBuild:
    """The same index once more. Raises ValueError where it cannot be."""
    if index.distance is None:
        raise ValueError(f"{index.name} is not a vector index")
    return IndexToBuild(
        index.name,
        temporary,
        index.method,
        index.distance,
        index.parameters,
        index.predicate,
        index.include,
        index.tablespace,
        index.comment,
        index.clustered,
    )


def read_indexes(connection: Connection, table: int, column: int) -> list[TableIndex]:
    rows = fetch_dicts(connection, query("catalog", "indexes"), {"table": table, "column": column})
    return [TableIndex(**row) for row in rows]
