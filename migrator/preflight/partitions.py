"""What preflight finds about partitions and child tables, and of what it can change no column."""

from __future__ import annotations

from collections.abc import Iterator

from migrator import hazards
from migrator.catalog import Catalog, Partition
from migrator.catalog.indexes import TableIndex
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.rows import capture


def kind(catalog: Catalog) -> list[Hazard]:
    """What migrator can put no column into."""
    table = catalog.table
    if table.kind not in ("r", "p"):
        return [hazards.columns.not_a_table(table.name, table.kind)]
    if table.partition_of is not None:
        return [hazards.partitions.is_a_partition(table.name, table.partition_of)]
    if catalog.column.inherited:
        return [hazards.columns.inherited_column(table.name, catalog.column.name, table.parents)]
    if table.of_type is not None:
        return [hazards.columns.typed_table(table.schema, table.name, table.of_type)]
    foreign = [each.shown for each in catalog.partitions if each.kind == "f"]
    if foreign:
        return [hazards.partitions.foreign_partitions(table.name, foreign)]
    temporary = [each.shown for each in catalog.partitions if each.temporary]
    return [hazards.partitions.temporary_children(table.name, temporary)] if temporary else []


def examine(column: ColumnPlan) -> list[Hazard]:
    """What in one partition is unlike the others and is not carried over; and what is to be known of them all."""
    catalog = column.catalog
    found = [hazard for each in catalog.partitions for hazard in _partition(column, each)]
    if column.method == "index":
        return found
    leaves = [each for each in catalog.partitions if each.kind != "p"]
    if column.is_partitioned:
        found.append(hazards.partitions.partitions_together(catalog.table.name, len(leaves)))
    if column.has_children:
        found.append(hazards.partitions.children_together(catalog.table.name, len(leaves)))
    return found


def without_part(catalog: Catalog, index: TableIndex) -> list[str]:
    """The partitions that have no part of that index, where it is on a partitioned table."""
    place = catalog.place(index)
    below, lacking = {place.oid}, []
    if place.kind != "p":
        return []
    for each in catalog.partitions:
        if each.parent in below:
            below.add(each.oid)
            parts = {(own.root_on, own.root) for own in each.indexes}
            if each.kind != "p" and index.identity not in parts:
                lacking.append(each.shown)
    return lacking


def _partition(column: ColumnPlan, partition: Partition) -> Iterator[Hazard]:
    catalog, shown = column.catalog, partition.shown
    if not partition.owned:
        yield hazards.columns.not_owner(shown, partition.owner, catalog.server.role)
    if not partition.may_create:
        yield hazards.columns.may_not_create_in(partition.schema, catalog.server.role)
    if partition.row_security:
        yield hazards.columns.row_security(shown)
    if column.method == "index":
        return
    if partition.rules:
        yield hazards.columns.rules_on_table(partition.schema, partition.name, partition.rules)
    if not column.is_restore:
        needed = {known.name for known in capture.needed(column)}
        for generated in partition.generated_otherwise:
            if generated in needed:
                yield hazards.partitions.generated_otherwise(shown, generated, catalog.table.name)
    for dependent in partition.dependents:
        yield hazards.dependents.dependent_not_carried(f"{column.subject} in {shown}", dependent)
    live, here = catalog.column, partition.column
    if partition.other_parents:
        others = partition.other_parents
        yield hazards.columns.inherited_twice(partition.schema, partition.name, live.name, catalog.table.name, others)
    if here.not_null != live.not_null:
        yield hazards.partitions.partition_differs(shown, live.name, "is NOT NULL" if here.not_null else "may be NULL")
    if here.storage != live.storage:
        yield hazards.partitions.partition_differs(shown, live.name, f"has storage {here.storage_sql}")
    fits = live.dimensions in (None, column.dimensions)
    if here.default_vector not in (None, live.default_text) and not fits and not column.is_restore:
        yield hazards.columns.default_of_other_dimensions(f"{shown}.{live.name}", str(here.default_vector))
