"""Of partitions and child tables, which have the columns of the table above them."""

from __future__ import annotations

from collections.abc import Iterable

from migrator.hazards.hazard import Hazard, quoted, refuse, warn
from migrator.report import counted


def is_a_partition(table: str, top: str) -> Hazard:
    return refuse(
        "is-a-partition",
        f'"{table}" is a partition of {top}',
        "all partitions have the columns of that table, and are upgraded with it.",
        f"name {top} instead",
    )


def partition_key_reads(subject: str, keys: Iterable[str]) -> Hazard:
    """keys: each with its table."""
    return refuse(
        "partition-key-reads",
        f"a partition key reads {subject}: {'; '.join(keys)}",
        "it would stay bound to the old column after cut-over, and the application's rows would find no partition.",
        "PostgreSQL changes no partition key: copy the rows into a table that is partitioned by other columns (CREATE "
        "TABLE ... PARTITION BY ...), and give that one the name",
    )


def foreign_partitions(table: str, partitions: Iterable[str]) -> Hazard:
    return refuse(
        "foreign-partition",
        f'tables below "{table}" are foreign tables: {", ".join(partitions)}',
        "their rows are kept elsewhere, where no vector can be filled in.",
        "detach them for the time of the upgrade, and upgrade them where they are",
    )


def temporary_children(table: str, children: Iterable[str]) -> Hazard:
    return refuse(
        "temporary-child",
        f'tables that inherit from "{table}" are temporary: {", ".join(children)}',
        "PostgreSQL lets no session change those of another, nor the table above them.",
        "end the sessions that made them, or have them run ALTER TABLE ... NO INHERIT ...",
    )


def generated_otherwise(partition: str, column: str, table: str) -> Hazard:
    return refuse(
        "generated-otherwise",
        f'column "{column}" of {partition} is generated from another expression than that of "{table}"',
        "the trigger that captures writes computes it by the latter: a row there could get the vector of another text.",
        "name the columns that it is made of in the revision instead",
    )


def partition_differs(partition: str, column: str, what: str) -> Hazard:
    return refuse(
        "partition-differs",
        f'column "{column}" of {partition} {what}, unlike that of the table above it',
        "the new column would be alike in all of them.",
        "make it so now: ALTER TABLE ... ALTER COLUMN ...",
    )


def partition_index_missing(schema: str, index: str, partitions: Iterable[str], definition: str) -> Hazard:
    """index: of the partitioned table. partitions: those that have no part of it. definition: from USING on."""
    return refuse(
        "partition-index-missing",
        f'index "{index}" is not valid, for partitions have no part of it: {", ".join(partitions)}',
        "as it is it cannot be built again, and those partitions are searched without it.",
        f"on each of them CREATE INDEX CONCURRENTLY ... {definition}; ALTER INDEX {quoted(schema, index)} ATTACH "
        "PARTITION ...",
    )


def partitions_together(table: str, partitions: int) -> Hazard:
    return warn(
        "partitions-together",
        f'"{table}" has {counted(partitions, "partitions")}, which begin and end together',
        "shadow column, capture trigger and cut-over lock all of them at a time, for milliseconds; until migrator "
        "retire a table without migrator's columns cannot be attached, and one that is detached keeps them.",
        "make new partitions by CREATE TABLE ... PARTITION OF, or LIKE the partitioned table; wait with DETACH until "
        "cut-over is done",
    )


def children_together(table: str, children: int) -> Hazard:
    return warn(
        "children-together",
        f'"{table}" is inherited by {counted(children, "tables")}, which begin and end together with it',
        "shadow column, capture triggers and cut-over lock all of them at a time, for milliseconds; until migrator "
        "retire a table without migrator's columns cannot inherit, NO INHERIT leaves them in that table, and after a "
        "new INHERITS a downgrade compares every row.",
        "wait with CREATE TABLE ... INHERITS, INHERIT and NO INHERIT until cut-over is done",
    )
