"""What preflight finds about the partitions of a table, and about tables that are no such whole."""

from __future__ import annotations

from collections.abc import Iterator

from migrator import hazards
from migrator.catalog import Catalog, Partition
from migrator.catalog.expressions import after_using
from migrator.hazards import Hazard
from migrator.plan import ColumnPlan
from migrator.queries import is_own


def kind(catalog: Catalog) -> list[Hazard]:
    """What migrator can put no column into."""
    table = catalog.table
    if table.kind not in ("r", "p"):
        return [hazards.not_a_table(table.name, table.kind)]
    if table.partition_of is not None:
        return [hazards.is_a_partition(table.name, table.partition_of)]
    if table.parents or table.children:
        return [hazards.plain_inheritance(table.name, table.parents, table.children)]
    if table.of_type is not None:
        return [hazards.typed_table(table.schema, table.name, table.of_type)]
    foreign = [each.shown for each in catalog.partitions if each.kind == "f"]
    return [hazards.foreign_partitions(table.name, foreign)] if foreign else []


def examine(column: ColumnPlan) -> list[Hazard]:
    """What in one partition is unlike the others and is not carried over; and what is to be known of them all."""
    catalog = column.catalog
    if not column.is_partitioned:
        return []
    found = [*indexes(column), *(hazard for each in catalog.partitions for hazard in _partition(column, each))]
    leaves = [each for each in catalog.partitions if each.kind != "p"]
    if column.method != "index":
        found.append(hazards.partitions_together(catalog.table.name, len(leaves)))
    return found


def indexes(column: ColumnPlan) -> list[Hazard]:
    """Of those that partitions have alone."""
    catalog, table = column.catalog, column.catalog.table
    roots = {index.name for index in catalog.indexes}
    return [
        hazards.partition_index_alone(
            table.schema, table.name, partition.shown, index.name, after_using(index.definition)
        )
        for partition in catalog.partitions
        for index in partition.indexes
        if index.root not in roots and not is_own(index.name)
    ]


def without_part(catalog: Catalog, index: str) -> list[str]:
    """The partitions that have no part of that index of the partitioned table."""
    leaves = [each for each in catalog.partitions if each.kind != "p"]
    return [each.shown for each in leaves if index not in {own.root for own in each.indexes}]


def _partition(column: ColumnPlan, partition: Partition) -> Iterator[Hazard]:
    catalog, shown = column.catalog, partition.shown
    if not partition.owned:
        yield hazards.not_owner(shown, partition.owner, catalog.server.role)
    if not partition.may_create:
        yield hazards.may_not_create_in(partition.schema, catalog.server.role)
    if partition.row_security:
        yield hazards.row_security(shown)
    if column.method == "index":
        return
    for dependent in partition.dependents:
        yield hazards.dependent_not_carried(f"{column.subject} in partition {shown}", dependent)
    live, here = catalog.column, partition.column
    if here.not_null and not live.not_null:
        yield hazards.partition_differs(shown, live.name, "is NOT NULL")
    if here.storage != live.storage:
        yield hazards.partition_differs(shown, live.name, f"has storage {here.storage_sql}")
    fits = live.dimensions in (None, column.dimensions)
    if here.default_vector not in (None, live.default_text) and not fits and not column.is_restore:
        yield hazards.default_of_other_dimensions(f"{shown}.{live.name}", str(here.default_vector))
