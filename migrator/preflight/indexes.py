"""What stands against the indexes that are there, and against those that a change builds.

The latter are tried on a copy of the table of one row in a transaction that is rolled back. What PostgreSQL refuses of
them is known so before anything is embedded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import psycopg
from psycopg import sql

from migrator import hazards
from migrator.catalog import Partition, Table
from migrator.catalog.deparsed import after_using
from migrator.catalog.indexes import TableIndex, by_place
from migrator.change import INDEX_LIMIT
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.plan.indexes import IndexToBuild, carried_over
from migrator.postgres.connection import Connection, execute, said
from migrator.postgres.sql import Query, name, query
from migrator.preflight import partitions


def declared(column: ColumnPlan) -> list[Hazard]:
    """What can be told by change and catalog alone."""
    subject, catalog = column.subject, column.catalog
    found = [_not_carried(column, index) for index in catalog.own_indexes if not (index.carried and index.valid)]
    if column.is_restore:
        return found
    for replaced in by_place(column.upgrade.replaced_indexes):
        if column.change.index is not None and len(replaced) > 1:
            found.append(hazards.indexes.several_indexes(subject, [index.name for index in replaced]))
    if found:
        return found
    built = {index.identity: index for index in column.indexes}
    for present in catalog.own_indexes:
        same = carried_over(present, "")
        kept = built.get(present.identity, same)
        if present.reach == "both" and (kept.key, kept.body) != (same.key, same.body):
            schema, where = catalog.place(present).schema, column.change.where or "true"
            found.append(hazards.indexes.index_spans_scope(subject, schema, present.name, where))
    for index in column.vector_indexes:
        type_, size = index.operand
        if (size or column.dimensions) > INDEX_LIMIT[type_]:
            several = column.change.index == "same" and len(column.vector_indexes) > 1
            over = hazards.indexes.several_over_index_limit if several else hazards.indexes.over_index_limit
            found.append(over(type_, size or column.dimensions))
    return found


def _not_carried(column: ColumnPlan, index: TableIndex) -> Hazard:
    place = column.catalog.place(index)
    if index.of_constraint:
        return hazards.dependents.dependent_not_carried(
            column.subject, f"constraint {index.name} on table {place.shown}"
        )
    lacking = partitions.without_part(column.catalog, index)
    if index.carried and lacking:
        definition = after_using(index.definition)
        return hazards.partitions.partition_index_missing(place.schema, index.name, lacking, definition)
    return hazards.indexes.index_not_carried(column.subject, place.schema, index.name, index.definition)


def shared(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    """Indexes of the column that read others that are replaced with it. columns: all that are to change."""
    catalog = column.catalog
    together = [each for each in columns if each.catalog.table.oid == catalog.table.oid and each.method != "index"]
    if len(together) < 2:
        return []
    indexes = [(each.live, {own.identity for own in each.catalog.own_indexes}) for each in together]
    found = []
    for index in catalog.own_indexes:
        read = [live for live, own in indexes if index.identity in own]
        if len(read) > 1:
            schema = catalog.place(index).schema
            found.append(hazards.indexes.index_of_several_columns(schema, index.name, read, index.definition))
    return found


def examine(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """What stands against each index of an upgrade."""
    if not column.has_children:
        return _examine(connection, column, column.catalog.table, column.indexes) if column.indexes else []
    places: dict[int | None, list[IndexToBuild]] = {}
    for index in column.indexes:
        places.setdefault(index.partition, []).append(index)
    # Child tables have columns of their own.
    return [
        hazard
        for there in places.values()
        for hazard in _examine(connection, column, column.catalog.place(there[0]), there)
    ]


def _examine(
    connection: Connection, column: ColumnPlan, table: Table | Partition, indexes: Sequence[IndexToBuild]
) -> list[Hazard]:
    called = name(table.name)
    copy = sql.SQL("pg_temp.{}").format(called)
    target = column.live
    found = []
    with connection.transaction(force_rollback=True):
        execute(connection, query("index", "try_copy", copy=called, table=table.sql))
        if column.method != "index":
            target = f"migrator_try_{column.id}"
            added = query("trial", "copy_column", copy=called, column=name(target), type=column.type_sql)
            execute(connection, added)
        for index in indexes:
            reason = _reason(connection, column, index, copy, target)
            if reason is not None:
                found.append(
                    hazards.indexes.index_does_not_fit(
                        column.subject, table.schema, index.name, column.dimensions, reason
                    )
                )
    return found


def _reason(connection: Connection, column: ColumnPlan, index: IndexToBuild, copy: Query, target: str) -> str | None:
    """Why the index cannot be built; None where it can."""
    schema = column.catalog.server.extension_schema
    try:
        with connection.transaction(force_rollback=True):
            execute(connection, index.create(copy, target, schema, named="try"))
        if index.reach != "beyond":
            # The predicate may leave a row out that is NULL but for the vector.
            whole = dataclasses.replace(index, predicate=None)
            with connection.transaction(force_rollback=True):
                execute(connection, query("index", "try_row", copy=copy, column=name(target), vector=_vector(column)))
                execute(connection, whole.create(copy, target, schema, named="try"))
    except psycopg.Error as error:
        if connection.broken:
            raise
        return said(error)
    return None


def _vector(column: ColumnPlan) -> sql.Composed:
    """Some vector as the column is to hold it."""
    schema = name(column.catalog.server.extension_schema)
    return sql.SQL("array_fill(0.5::real, ARRAY[{size}])::{schema}.vector::{schema}.{type}").format(
        size=sql.Literal(column.dimensions), schema=schema, type=name(column.type)
    )
