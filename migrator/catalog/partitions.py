"""The tables below another, partitions or child tables, on every level, each with its own say on the column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from migrator.catalog.columns import TREE, Column, read_columns
from migrator.catalog.indexes import TableIndex, read_indexes
from migrator.names import is_own
from migrator.postgres.connection import Connection, execute, fetch_dicts
from migrator.postgres.sql import QualifiedName, query


@dataclass(frozen=True)
class Partition(QualifiedName):
    """A table below another: a partition, or a child table by plain inheritance.

    kind as in pg_class.relkind; parent: oid of the table right above it. other_parents: tables outside from which a
    child table has the column too.

    column: the vector column as it is there; indexes: those on it, parts of others too. dependents: what hangs on it
    there and nowhere above, as PostgreSQL describes it. own_not_null: its NOT NULL is not only the one of the table
    above. generated_otherwise: columns that are generated from another expression than the topmost table's. rows,
    blocks, owned, may_create, row_security, rules as of a Table.
    """

    oid: int
    schema: str
    name: str
    kind: str
    parent: int
    owner: str
    owned: bool
    may_create: bool
    row_security: bool
    rows: int
    blocks: int
    own_not_null: bool
    column: Column
    indexes: list[TableIndex]
    dependents: list[str]
    other_parents: list[str] = field(default_factory=list)
    temporary: bool = False
    rules: list[str] = field(default_factory=list)
    generated_otherwise: list[str] = field(default_factory=list)


def alone(partitions: Iterable[Partition]) -> list[TableIndex]:
    """The user's indexes that are no parts of one above them."""
    return [
        replace(index, partition=partition.oid)
        for partition in partitions
        for index in partition.indexes
        if index.root is None and not is_own(index.name)
    ]


def read_keys(connection: Connection, table: int, column: str) -> list[str]:
    """Partition keys that read the column, of the table of that oid and of all below it, each with its table."""
    found = execute(connection, query("partitions", "keys", tree=TREE), {"table": table, "column": column})
    return [key for (key,) in found]


def read_partitions(connection: Connection, table: int, column: str) -> list[Partition]:
    """All below the table of that oid, parents first."""
    found = []
    for row in fetch_dicts(connection, query("partitions", "partitions"), {"table": table, "column": column}):
        (at,) = (each for each in read_columns(connection, row["oid"]) if each.name == column)
        hanging = {"table": row["oid"], "column": at.number}
        found.append(
            Partition(
                **row,
                column=at,
                indexes=read_indexes(connection, row["oid"], at.number, at.name),
                dependents=[each for (each,) in execute(connection, query("partitions", "dependents"), hanging)],
            )
        )
    return found
