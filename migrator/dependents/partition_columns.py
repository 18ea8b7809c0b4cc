"""What single partitions and child tables say of the column, carried over if it differs from the table above them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from psycopg import sql

from migrator.catalog import Catalog, Column, Partition
from migrator.dependents import grants
from migrator.plan.column import ColumnPlan
from migrator.plan.tree import Relation
from migrator.postgres.sql import Query, fragment, literal, name, query

# From then on NOT NULL is a constraint with a name.
NAMED_NOT_NULL = 180_000


def own(column: ColumnPlan) -> list[Partition]:
    """Child tables that declare the column themselves too, parents first: it stays theirs if it goes above."""
    return [each for each in column.catalog.partitions if each.column.local and column.has_children]


def drop(column: ColumnPlan, called: str, children: Iterable[Partition | Relation]) -> list[sql.Composed]:
    """Drops the column of that name everywhere. children: those that it is the own column of, parents first."""
    tables = [column.table, *(each.sql for each in children)]
    return [query("cut_over", "drop_column", table=table, column=name(called)) for table in tables]


def attributes(column: ColumnPlan) -> list[sql.Composed]:
    """Default, statistics target, options, comment and grants; to follow those of the topmost table.

    The default and the statistics target of a table are set in all below it too, the rest is not.
    """
    catalog, live = column.target, name(column.live)
    carried = []
    for partition in _partitions(column):
        here, only = partition.column, sql.SQL("ONLY {}").format(partition.sql)
        carried += _differing(catalog.column, here, only, live)
        if here.options:
            options = fragment(", ".join(here.options))
            carried.append(query("cut_over", "set_options", table=partition.sql, column=live, options=options))
        if here.comment is not None:
            comment = literal(here.comment)
            carried.append(query("cut_over", "comment_on_column", table=partition.sql, column=live, comment=comment))
        carried += grants.replay(column.catalog, here.grants, partition.sql, grants.of_column(column.live))
    return carried


def compressions(column: ColumnPlan) -> list[sql.Composed]:
    """Of the shadow column, for which each partition has its own."""
    return [
        query(
            "fill",
            "set_compression",
            table=partition.sql,
            shadow=name(column.shadow),
            compression=fragment(partition.column.compression_sql),
        )
        for partition in _partitions(column)
        if partition.column.compression_sql is not None
    ]


def _differing(above: Column, here: Column, table: Query, live: Query) -> list[sql.Composed]:
    found = []
    if here.default_text != above.default_text and here.default_text is None:
        found.append(query("partitions", "unset_default", table=table, column=live))
    elif here.default_text != above.default_text:
        default = fragment(str(here.default_text))
        found.append(query("cut_over", "set_default", table=table, column=live, default=default))
    if here.statistics_target != above.statistics_target:
        target = sql.Literal(here.statistics_target)
        found.append(query("cut_over", "set_statistics", table=table, column=live, target=target))
    return found


def came(planned: Catalog, present: Catalog) -> list[str]:
    """Child tables that others made since, which have neither capture nor indexes. New partitions have them."""
    known = {each.oid for each in planned.partitions}
    new = [each.shown for each in present.partitions if each.oid not in known] if planned.table.kind != "p" else []
    return [f"child tables ({', '.join(new)})"] if new else []


def changed(planned: Catalog, present: Catalog) -> list[str]:
    """Partitions of which others changed what is carried over, or hung something on the column."""
    now = {each.oid: each for each in present.partitions}
    are_children = planned.has_children
    return [
        f"the column in {each.shown}"
        for each in planned.partitions
        if each.oid in now and _said(each, are_children=are_children) != _said(now[each.oid], are_children=are_children)
    ]


def _said(partition: Partition, *, are_children: bool) -> list[object]:
    at = partition.column
    said = [
        at.not_null,
        partition.own_not_null,
        # It is a child table's own once that was parted from the table, though it inherits again.
        are_children and at.local,
        at.storage,
        at.default_text,
        at.compression,
        at.statistics_target,
        at.options,
        at.comment,
        at.grants,
    ]
    return [*said, partition.dependents, partition.rules]


def drop_not_nulls(column: ColumnPlan) -> list[sql.Composed]:
    """Of the retired column: what stays on single partitions where the table above them is rid of it."""
    return [
        query("cut_over", "drop_not_null", table=partition.sql, column=name(column.retired))
        for partition in column.catalog.partitions
        if partition.own_not_null
    ]


def not_nulls(column: ColumnPlan) -> list[sql.Composed]:
    """NOT NULL of the table, before which partitions get theirs, where it has a name of its own.

    From PostgreSQL 18 on NOT NULL has a name, which a partition may have given it before it was attached. Leaves first,
    for a table gives its NOT NULL to what is below it and has none.
    """
    catalog, live = column.target, name(column.live)
    above = catalog.column.not_null_name
    if above is None or column.catalog.server.version < NAMED_NOT_NULL:
        return [query("cut_over", "set_not_null", table=column.table, column=live)]
    names = {each.oid: each.column.not_null_name for each in catalog.partitions}
    named = [
        (each.sql, each.column.not_null_name)
        for each in reversed(_partitions(column))
        if each.column.not_null_name not in (None, names.get(each.parent, above))
        # A child table of several tables may have the name from another one.
        and (each.own_not_null or not column.has_children)
    ]
    return [
        query("cut_over", "add_not_null", table=table, constraint=name(constraint), column=live)
        for table, constraint in [*named, (column.table, above)]
    ]


def _partitions(column: ColumnPlan) -> list[Partition]:
    """Those that the table has, as they were before the upgrade."""
    now = {each.oid: each for each in column.catalog.partitions}
    before = column.target.partitions
    return [replace(each, schema=now[each.oid].schema, name=now[each.oid].name) for each in before if each.oid in now]
