"""Indexes to be built: what a revision asks for, and the old ones written again on another column."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from psycopg import sql

from migrator.catalog.deparsed import COLUMN, Reading, cast_type, of_dimensions
from migrator.catalog.indexes import BIT_OPERATORS, OPERATORS, VECTOR_METHODS, Reach, TableIndex
from migrator.change import Distance, Hnsw, Index
from migrator.postgres.sql import Query, expression, fragment, literal, name, plain, query


@dataclass(frozen=True)
class IndexToBuild:
    """An index on the column that is to be live. name: what it is called once it is live; temporary: until then.

    key, body, predicate: over COLUMN, as TableIndex has them. opclass: "" where it is no vector index, which body says.
    distance: what it measures; of bits what their rows are re-ranked by. partition: as TableIndex has it.
    """

    name: str
    temporary: str
    method: str
    key: str
    opclass: str
    distance: Distance
    parameters: dict[str, str]
    predicate: str | None
    body: str
    unique: bool
    tablespace: str | None
    comment: str | None
    clustered: bool
    statistics: dict[str, int]
    reach: Reach = "scope"
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
    def of_bits(self) -> bool:
        return self.opclass.startswith("bit_")

    @property
    def operator(self) -> str:
        """The operator that it answers."""
        return BIT_OPERATORS[self.opclass.split("_")[1]] if self.of_bits else OPERATORS[self.distance]

    @property
    def operand(self) -> tuple[str, int | None]:
        """Type and dimensions of what it holds; None: the column's dimensions."""
        return cast_type(self.key) or (self.opclass.split("_")[0], None)

    def over(self, column: Query) -> sql.SQL:
        """Its key, over that column or value."""
        return _put(self.key, column)

    def condition(self, column: str) -> sql.SQL:
        return expression(self.predicate.replace(COLUMN, plain(name(column))) if self.predicate else "true")

    def create(self, table: Query, column: str, extension_schema: str, *, named: str = "create") -> sql.Composed:
        """CREATE INDEX CONCURRENTLY on `column`; named "try": on a copy of the table, without either.

        named "create_only": on a partitioned table alone, without its partitions; theirs are attached.
        """
        target = name(column)
        body = [self._vector_body(target, extension_schema) if self.is_vector else _put(self.body, target)]
        if self.tablespace:
            body.append(sql.SQL("TABLESPACE {}").format(name(self.tablespace)))
        if self.predicate:
            body.append(sql.SQL("WHERE {}").format(_put(self.predicate, target)))
        return query(
            "index",
            named,
            kind=sql.SQL("UNIQUE INDEX" if self.unique else "INDEX"),
            index=name(self.temporary),
            table=table,
            definition=sql.SQL(" ").join(body),
        )

    def _vector_body(self, column: Query, extension_schema: str) -> Query:
        method, opclass = name(self.method), name(extension_schema, self.opclass)
        body = sql.SQL("USING {} ({} {})").format(method, self.over(column), opclass)
        if not self.parameters:
            return body
        settings = [sql.SQL("{} = {}").format(name(key), fragment(value)) for key, value in self.parameters.items()]
        return sql.SQL("{} WITH ({})").format(body, sql.SQL(", ").join(settings))

    def marks(self, table: Query, schema: str) -> list[sql.Composed]:
        """Its comment, CLUSTER mark and statistics targets, under the name it has once it is live."""
        marks = []
        called = name(schema, self.name)
        if self.comment is not None:
            marks.append(query("index", "comment", index=called, comment=literal(self.comment)))
        if self.clustered:
            marks.append(query("index", "cluster_on", table=table, index=name(self.name)))
        for number, target in self.statistics.items():
            pieces = {"number": sql.Literal(int(number)), "target": sql.Literal(target)}
            marks.append(query("index", "set_statistics", index=called, **pieces))
        return marks


def _parameters(index: Index) -> dict[str, str]:
    if isinstance(index, Hnsw):
        return {"m": str(index.m), "ef_construction": str(index.ef_construction)}
    return {"lists": str(index.lists)}


def _put(text: str, column: Query) -> sql.SQL:
    """The SQL, which the catalog holds, with the column for COLUMN."""
    return sql.SQL(fragment(text).as_string(None).replace(COLUMN, column.as_string(None)))


def wanted(
    index: Index,
    called: str,
    temporary: str,
    present: TableIndex | None,
    *,
    type_: str,
    cast: int | None,
    dimensions: int,
    schema: str,
    predicate: str | None,
) -> IndexToBuild:
    """The index a revision asks for; predicate, tablespace, comment, CLUSTER mark are those of the present one.

    type_, dimensions: of the column. cast: to so many dimensions, where its type has none. predicate: where there is no
    present one.
    """
    method, parameters = "hnsw" if isinstance(index, Hnsw) else "ivfflat", _parameters(index)
    key, operand = sql.SQL("{column}"), type_
    if index.on == "halfvec" and (type_ != "halfvec" or cast is not None):
        key, operand = sql.SQL("(({column})::{extension}.halfvec({dimensions}))"), "halfvec"
    elif index.on == "bit":
        key, operand = sql.SQL("(({extension}.binary_quantize({column}))::bit({dimensions}))"), "bit"
    elif cast is not None:
        key = sql.SQL("(({column})::{extension}.{type}({dimensions}))")
    pieces = {"extension": name(schema), "type": fragment(type_), "dimensions": sql.Literal(cast or dimensions)}
    measures = "hamming" if operand == "bit" else index.distance
    made = IndexToBuild(
        called,
        temporary,
        method,
        plain(key.format(column=fragment(COLUMN), **pieces)),
        f"{operand}_{measures}_ops",
        index.distance,
        parameters,
        predicate,
        body="",
        unique=False,
        tablespace=None,
        comment=None,
        clustered=False,
        statistics={},
    )
    if present is None:
        return made
    described = present.described()
    unsaid = type(described) is type(index) and _parameters(described) == parameters
    return dataclasses.replace(
        made,
        # Defaults that the present one does not spell out are not spelled out now.
        parameters=present.parameters if unsaid else parameters,
        predicate=present.condition,
        tablespace=present.tablespace,
        comment=present.comment,
        clustered=present.clustered,
        partition=present.partition,
    )


def carried_over(
    index: TableIndex, temporary: str, *, type_: str = "", dimensions: tuple[int, int] | None = None
) -> IndexToBuild:
    """The same index once more; on a column of that type and, old and new, those dimensions where they are given."""

    def written(part: str) -> str:
        changes = dimensions is not None and index.reach != "beyond"
        return of_dimensions(part, *dimensions, Reading(COLUMN)) if dimensions is not None and changes else part

    opclass = (index.opclass or "") if index.is_vector else ""
    if opclass and type_ and cast_type(index.key) is None:
        opclass = "_".join([type_, *opclass.split("_")[1:]])
    return IndexToBuild(
        index.name,
        temporary,
        index.method,
        written(index.key),
        opclass,
        index.distance or "cosine",
        index.parameters,
        index.condition and written(index.condition),
        body=written(index.body),
        unique=index.unique,
        tablespace=index.tablespace,
        comment=index.comment,
        clustered=index.clustered,
        statistics=index.statistics,
        reach=index.reach,
        partition=index.partition,
    )
