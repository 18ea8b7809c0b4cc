from __future__ import annotations

from migrator import hazards
from tests.unit.hazards.row import Row

TEXTS: list[Row] = [
    (
        hazards.partitions.is_a_partition,
        ("items_2025", "public.items"),
        "is-a-partition",
        True,
        '"items_2025" is a partition of public.items',
        "all partitions have the columns of that table, and are upgraded with it.",
        "name public.items instead",
    ),
    (
        hazards.partitions.foreign_partitions,
        ("items", ["public.items_2020", "public.items_2021"]),
        "foreign-partition",
        True,
        'tables below "items" are foreign tables: public.items_2020, public.items_2021',
        "their rows are kept elsewhere, where no vector can be filled in.",
        "detach them for the time of the upgrade, and upgrade them where they are",
    ),
    (
        hazards.partitions.temporary_children,
        ("items", ["pg_temp_3.today", "pg_temp_4.today"]),
        "temporary-child",
        True,
        'tables that inherit from "items" are temporary: pg_temp_3.today, pg_temp_4.today',
        "PostgreSQL lets no session change those of another, nor the table above them.",
        "end the sessions that made them, or have them run ALTER TABLE ... NO INHERIT ...",
    ),
    (
        hazards.partitions.generated_otherwise,
        ("public.items_2025", "all_text", "items"),
        "generated-otherwise",
        True,
        'column "all_text" of public.items_2025 is generated from another expression than that of "items"',
        "the trigger that captures writes computes it by the latter: a row there could get the vector of another text.",
        "name the columns that it is made of in the revision instead",
    ),
    (
        hazards.partitions.partition_differs,
        ("public.items_2025", "embedding", "is NOT NULL"),
        "partition-differs",
        True,
        'column "embedding" of public.items_2025 is NOT NULL, unlike that of the table above it',
        "the new column would be alike in all of them.",
        "make it so now: ALTER TABLE ... ALTER COLUMN ...",
    ),
    (
        hazards.partitions.partition_index_missing,
        (
            "public",
            "by_vector",
            ["public.items_2025", "public.items_rest"],
            "USING hnsw (embedding public.vector_cosine_ops)",
        ),
        "partition-index-missing",
        True,
        'index "by_vector" is not valid, for partitions have no part of it: public.items_2025, public.items_rest',
        "as it is it cannot be built again, and those partitions are searched without it.",
        "on each of them CREATE INDEX CONCURRENTLY ... USING hnsw (embedding public.vector_cosine_ops); ALTER INDEX "
        '"public"."by_vector" ATTACH PARTITION ...',
    ),
    (
        hazards.partitions.partition_key_reads,
        ("public.items.embedding", ["public.items is partitioned by LIST ((embedding IS NULL))"]),
        "partition-key-reads",
        True,
        "a partition key reads public.items.embedding: public.items is partitioned by LIST ((embedding IS NULL))",
        "it would stay bound to the old column after cut-over, and the application's rows would find no partition.",
        "PostgreSQL changes no partition key: copy the rows into a table that is partitioned by other columns (CREATE "
        "TABLE ... PARTITION BY ...), and give that one the name",
    ),
    (
        hazards.partitions.partitions_together,
        ("items", 12),
        "partitions-together",
        False,
        '"items" has 12 partitions, which begin and end together',
        "shadow column, capture trigger and cut-over lock all of them at a time, for milliseconds; until migrator "
        "retire a table without migrator's columns cannot be attached, and one that is detached keeps them.",
        "make new partitions by CREATE TABLE ... PARTITION OF, or LIKE the partitioned table; wait with DETACH until "
        "cut-over is done",
    ),
    (
        hazards.partitions.children_together,
        ("items", 3),
        "children-together",
        False,
        '"items" is inherited by 3 tables, which begin and end together with it',
        "shadow column, capture triggers and cut-over lock all of them at a time, for milliseconds; until migrator "
        "retire a table without migrator's columns cannot inherit, NO INHERIT leaves them in that table, and after a "
        "new INHERITS a downgrade compares every row.",
        "wait with CREATE TABLE ... INHERITS, INHERIT and NO INHERIT until cut-over is done",
    ),
]
