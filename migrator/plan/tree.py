"""The tables that a column is in: the one that the change names, and those below it, partitions or child tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from psycopg import sql

from migrator.catalog.columns import TREE, Trigger
from migrator.catalog.indexes import TableIndex
from migrator.catalog.partitions import Partition
from migrator.errors import MigratorError
from migrator.plan.column import ColumnPlan
from migrator.plan.indexes import IndexToBuild
from migrator.postgres.connection import Connection, execute, fetch_dicts, fetch_row
from migrator.postgres.sql import QualifiedName, Query, name, plain, query


@dataclass(frozen=True)
class Relation(QualifiedName):
    """One of them. kind as in pg_class.relkind. parent: oid of the table right above it, None of the topmost.

    rows: the planner's estimate; blocks as they were when the tree was read. only: child tables are not read with it.
    """

    oid: int
    schema: str
    name: str
    kind: str
    parent: int | None
    rows: int
    blocks: int
    only: bool = False

    @property
    def is_leaf(self) -> bool:
        """Whether it holds rows itself."""
        return self.kind != "p"

    @property
    def only_if(self) -> str:
        """When a statement that reads or fills its rows is sent."""
        return "" if self.parent is None else f"the {'table' if self.only else 'partition'} has such rows"

    def addressed(self, column: ColumnPlan) -> Query:
        """As FROM and UPDATE name it. Text and scope may call its rows by the name of the topmost table."""
        alone = sql.SQL("ONLY {}").format(self.sql) if self.only else self.sql
        if self.parent is None:
            return alone
        return sql.SQL("{} AS {}").format(alone, column.row)


def table_now(connection: Connection, column: ColumnPlan) -> str | None:
    """The name that the table has now, as in SQL; None where it was dropped, whatever has its name now."""
    row = execute(connection, query("cut_over", "table_now"), {"table": column.catalog.table.oid}).fetchone()
    return plain(name(*row)) if row else None


def has_column(connection: Connection, column: ColumnPlan, called: str) -> bool:
    """Whether the column's table, whatever it is called now, has a column of that name."""
    at = {"table": column.catalog.table.oid, "column": called}
    return bool(fetch_row(connection, query("cut_over", "has_column"), at)[0])


def planned(column: ColumnPlan) -> list[Relation]:
    """The tree as it was when the plan was made, parents first."""
    return [_top(column), *(_as_found(column, each) for each in column.catalog.partitions)]


def with_parts_now(connection: Connection, column: ColumnPlan, index: IndexToBuild) -> list[Relation]:
    """What `with_parts` gives of the tree as it is. One table alone is looked up by itself."""
    found = place(column, index)
    if found is None or not found.is_leaf:
        return with_parts(column, index, now(connection, column))
    row = execute(connection, query("cut_over", "table_now"), {"table": found.oid}).fetchone()
    return [replace(found, schema=row[0], name=row[1])] if row else []


def now(connection: Connection, column: ColumnPlan) -> list[Relation]:
    """The tree as it is, parents first: partitions come and go while a run is under way."""
    top = _top(column)
    if not (column.is_partitioned or column.has_children):
        return [top]
    return [top, *_below(connection, column)]


def _below(connection: Connection, column: ColumnPlan) -> list[Relation]:
    at = {"table": column.catalog.table.oid, "column": column.live}
    rows = fetch_dicts(connection, query("partitions", "partitions"), at)
    keys = ("oid", "schema", "name", "kind", "parent", "rows", "blocks")
    return [Relation(**{key: row[key] for key in keys}, only=column.has_children) for row in rows]


def detached(connection: Connection, column: ColumnPlan) -> list[Relation]:
    """Partitions and child tables of the plan that others detached since, as they are called now, parents first."""
    known = {each.oid: each for each in planned(column)[1:]}
    if not known:
        return []
    parameters = {"table": column.catalog.table.oid, "partitions": list(known)}
    found = execute(connection, query("partitions", "detached", tree=TREE), parameters).fetchall()
    called = {oid: (schema, table) for oid, schema, table in found}
    return [replace(each, schema=called[oid][0], name=called[oid][1]) for oid, each in known.items() if oid in called]


def own_column(connection: Connection, column: ColumnPlan, called: str) -> list[Relation]:
    """Child tables, those that came since among them, that say the column of that name themselves, parents first."""
    parameters = {"table": column.catalog.table.oid, "column": called}
    found = {oid for (oid,) in execute(connection, query("partitions", "own_column", tree=TREE), parameters)}
    return [each for each in _below(connection, column) if each.oid in found] if found else []


def without_dropped(connection: Connection, column: ColumnPlan) -> ColumnPlan:
    """The plan without the tables below that others dropped since, and with the present names of the others."""
    if not column.catalog.partitions:
        return column
    there = {each.oid: each for each in now(connection, column)}
    left = [
        replace(each, schema=there[each.oid].schema, name=there[each.oid].name)
        for each in column.catalog.partitions
        if each.oid in there
    ]
    return replace(column, catalog=replace(column.catalog, partitions=left))


def place(column: ColumnPlan, index: TableIndex | IndexToBuild) -> Relation | None:
    """The table, or what below it has the index alone; None where that is no longer there."""
    if index.partition is None:
        return _top(column)
    return next((_as_found(column, each) for each in column.catalog.partitions if each.oid == index.partition), None)


def shown(column: ColumnPlan, index: TableIndex | IndexToBuild) -> str:
    """An index as a person is told of it: of one that something below the table has alone, where it is."""
    found = place(column, index)
    return index.name if index.partition is None or found is None else f"{index.name} on {found.shown}"


def with_parts(
    column: ColumnPlan, of: TableIndex | IndexToBuild | Trigger, relations: Iterable[Relation]
) -> list[Relation]:
    """The one that an index, or a trigger, is on, and where that is partitioned those below it, which have its parts.

    relations: all, parents first.
    """
    root = of.partition or column.catalog.table.oid
    found: dict[int, Relation] = {}
    for each in relations:
        above = found.get(each.parent) if each.parent is not None else None
        if each.oid == root or (above is not None and not above.is_leaf):
            found[each.oid] = each
    return list(found.values())


def refuse_other(connection: Connection, column: ColumnPlan) -> None:
    """Before cut-over. Raises MigratorError where a partition was detached meanwhile, or a foreign table attached."""
    apart = detached(connection, column)
    if apart:
        what = "child tables" if column.has_children else "partitions"
        raise MigratorError(
            f"{column.subject}: {what} were detached by others meanwhile: {_listed(apart)}",
            meaning="their rows would be left with the old vectors and migrator's columns.",
            remedy="attach them again (ATTACH PARTITION, INHERIT) or leave them apart, then run the same command again",
        )
    foreign = [each for each in now(connection, column) if each.kind == "f"]
    if foreign:
        raise MigratorError(
            f"{column.subject}: foreign tables were attached by others meanwhile: {_listed(foreign)}",
            meaning="their rows are kept elsewhere, where no vector can be filled in.",
            remedy="detach them, then run the same command again",
        )


def _listed(tables: Iterable[Relation]) -> str:
    return ", ".join(each.shown for each in tables)


def leaves(relations: list[Relation]) -> list[Relation]:
    """Those that hold rows."""
    return [each for each in relations if each.is_leaf]


def _as_found(column: ColumnPlan, each: Partition) -> Relation:
    at = each.oid, each.schema, each.name, each.kind, each.parent
    return Relation(*at, each.rows, each.blocks, column.has_children)


def _top(column: ColumnPlan) -> Relation:
    table, below = column.catalog.table, column.catalog.partitions
    # Read at two moments.
    rows = max(0, table.rows - sum(each.rows for each in below))
    blocks = max(0, table.blocks - sum(each.blocks for each in below))
    return Relation(table.oid, table.schema, table.name, table.kind, None, rows, blocks, column.has_children)
