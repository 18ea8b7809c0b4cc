"""Indexes on a table and on its partitions: there, parts attached to the index of the table above."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from migrator.catalog import Catalog
from migrator.catalog.indexes import TableIndex, drop_concurrently, is_valid
from migrator.names import fitting
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.indexes import IndexToBuild, carried_over
from migrator.plan.tree import Relation
from migrator.postgres.connection import Connection, execute
from migrator.postgres.locks import concurrently
from migrator.postgres.sql import block, literal, name, query, text_of


@dataclass(frozen=True)
class Attached:
    """A part that is there. table: oid of the partition; schema and name: of the index, as it is called now."""

    table: int
    table_name: str
    schema: str
    name: str


# By the index that they are parts of: the partition which has it alone, and its name.
Parts = Mapping[tuple[int | None, str], Sequence[Attached]]


def left_index(column: ColumnPlan, leaf: Relation) -> str:
    """The index on the rows left of a table or partition."""
    return column.left_index if leaf.parent is None else f"{column.left_index}_{leaf.oid}"


def drop_index(table: Relation, index: str) -> sql.Composed:
    """Of a partitioned table with its parts, which cannot be done CONCURRENTLY."""
    if table.is_leaf:
        return drop_concurrently(table.schema, index)
    return query("index", "drop", index=name(table.schema, index))


def drop_if_invalid(connection: Connection, schema: str, index: str) -> bool:
    """Drops an index that a build left invalid. Returns whether a valid one of that name is there."""
    state = is_valid(connection, schema, index)
    if state is False:
        concurrently(connection, drop_concurrently(schema, index))
    return bool(state)


def part(column: ColumnPlan, index: IndexToBuild, table: int, table_name: str) -> IndexToBuild:
    """The part on that partition: as the old index has it there, or for a newer partition as on the topmost table."""
    temporary = f"{index.temporary}_{table}"
    old, present = (_present(catalog, index, table) for catalog in (column.before, column.catalog))
    called = old or present
    if called is None:
        return _new(index, _usual_name(column, index, table_name), temporary)
    made = dataclasses.replace(
        index,
        name=called.name,
        temporary=temporary,
        tablespace=called.tablespace,
        comment=called.comment,
        clustered=called.clustered,
    )
    former = old if column.is_restore else present
    if former is None or (not column.is_restore and _is_replaced(column, index)):
        return made
    # Its storage parameters are its own.
    like = column.carried_over(dataclasses.replace(former, reach=index.reach), temporary)
    return dataclasses.replace(made, parameters=like.parameters, body=like.body, statistics=like.statistics)


def _new(index: IndexToBuild, called: str, temporary: str) -> IndexToBuild:
    """As on the topmost table, but for what is not inherited."""
    return dataclasses.replace(index, name=called, temporary=temporary, comment=None, clustered=False, statistics={})


def _is_replaced(column: ColumnPlan, index: IndexToBuild) -> bool:
    """Whether the revision says what it is to be."""
    asked = column.change.index not in ("same", None)
    return asked and index.identity in {each.identity for each in column.upgrade.replaced_indexes}


def on(column: ColumnPlan, index: IndexToBuild, table: Relation) -> IndexToBuild:
    """The index, or its part, on that table of the tree."""
    if table.oid == (index.partition or column.catalog.table.oid):
        return index
    return part(column, index, table.oid, table.name)


def former(column: ColumnPlan, index: TableIndex, table: Relation) -> IndexToBuild:
    """The old index, or its part, as it was found on that table of the tree, by its own name from the beginning."""
    if table.oid == (index.partition or column.catalog.table.oid):
        return carried_over(index, index.name)
    found = _present(column.catalog, index, table.oid)
    if found is not None:
        return carried_over(found, found.name)
    called = _usual_name(column, index, table.name)
    return _new(carried_over(index, called), called, called)


def _usual_name(column: ColumnPlan, index: TableIndex | IndexToBuild, table: str) -> str:
    """What PostgreSQL would call the part of the index on a new partition."""
    several = [each.name for each in column.indexes if each.partition == index.partition]
    number = several.index(index.name) if index.name in several else 0
    return fitting(f"{table}_{column.live}_idx{number or ''}")


def assembly(
    relations: Sequence[Relation],
    parts: Mapping[int, Attached],
    index_on: Callable[[Relation], IndexToBuild],
    create: Callable[[Relation], sql.Composed],
) -> Iterator[tuple[tuple[str, str] | None, sql.Composed]]:
    """What makes an index on each partitioned table and attaches the parts below it, the lowest level first.

    Each with schema and name of the index that the statement makes, None where it attaches one. parts: those that are
    put together already, by the oid of their partition.
    """
    called = {
        each.oid: (parts[each.oid].schema, parts[each.oid].name)
        if each.oid in parts
        else (each.schema, index_on(each).temporary)
        for each in relations
    }
    for table in reversed(relations):
        if table.is_leaf:
            continue
        if table.oid not in parts:
            yield called[table.oid], create(table)
        for child in relations:
            if child.parent == table.oid and child.oid not in parts:
                pieces = {"index": name(*called[table.oid]), "part": name(*called[child.oid])}
                yield None, query("partitions", "attach", **pieces)


def _present(catalog: Catalog | None, index: TableIndex | IndexToBuild, table: int) -> TableIndex | None:
    """The part of the index on that partition as it was found."""
    for partition in catalog.partitions if catalog else ():
        for each in partition.indexes:
            if partition.oid == table and (each.root_on, each.root) == index.identity:
                return each
    return None


def attached(connection: Connection, schema: str, index: str) -> list[Attached]:
    """The parts of an index as they are, on every level."""
    found = execute(connection, query("partitions", "attached"), {"schema": schema, "index": index})
    return [Attached(*row) for row in found.fetchall()]


def now(connection: Connection, column: ColumnPlan) -> Parts:
    """The parts of the old and of the new indexes before the names are swapped."""
    called = [(tree.place(column, index), (index.partition, index.temporary)) for index in column.indexes]
    if not column.is_restore:
        called += [(tree.place(column, index), index.identity) for index in column.upgrade.kept_indexes]
    return {
        of: attached(connection, place.schema, of[1]) for place, of in called if place is not None and not place.is_leaf
    }


def planned(column: ColumnPlan) -> Parts:
    """The same as it will be where no partition is made or dropped meanwhile."""
    found: dict[tuple[int | None, str], list[Attached]] = {}
    relations = tree.planned(column)
    for index in column.indexes:
        tables = tree.with_parts(column, index, relations)
        found[index.partition, index.temporary] = [
            Attached(each.oid, each.name, each.schema, on(column, index, each).temporary) for each in tables[1:]
        ]
    for partition in column.catalog.partitions:
        for old in partition.indexes:
            if old.root is not None:
                part_of = found.setdefault((old.root_on, old.root), [])
                part_of.append(Attached(partition.oid, partition.name, partition.schema, old.name))
    return found


def keep(column: ColumnPlan, old: TableIndex, number: int, parts: Parts) -> Iterator[sql.Composed]:
    """The parts of an old index get names of their own while they stay with the retired column."""
    for each in parts.get(old.identity, ()):
        kept = name(f"{column.kept_index(number)}_{each.table}")
        yield query("index", "rename", index=name(each.schema, each.name), new=kept)


def make_final(column: ColumnPlan, index: IndexToBuild, parts: Parts) -> Iterator[sql.Composed]:
    """The parts of a new index take the names of the old ones, with comment and CLUSTER mark."""
    there = parts.get((index.partition, index.temporary), ())
    tables = {each.oid: each.sql for each in column.catalog.partitions} if there else {}
    for each in there:
        final = part(column, index, each.table, each.table_name)
        yield query("index", "rename", index=name(each.schema, each.name), new=name(final.name))
        if each.table in tables:
            yield from final.marks(tables[each.table], each.schema)


def name_column(table: Relation, index: str, old: str, new: str) -> list[sql.Composed]:
    """Of an index on a partitioned table: its own column, by which parts on new partitions are called."""
    if table.is_leaf:
        return []
    called = name(table.schema, index)
    pieces = {"called": text_of(called), "from": literal(old), "to": literal(new), "old": name(old), "new": name(new)}
    return [block("index", "name_column", index=called, **pieces)]
