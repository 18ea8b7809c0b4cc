"""What the database says about the column of a change; the plan decides what to make of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, get_args

from migrator import hazards
from migrator.catalog.columns import Column, Table, read_table, table_names
from migrator.catalog.dependents import Carried, read_carried
from migrator.catalog.indexes import TableIndex, read_indexes, with_reach
from migrator.catalog.partitions import Partition, alone, read_keys, read_partitions
from migrator.catalog.revision_functions import Replaced
from migrator.catalog.rights import refuse_code_of_lesser_roles, refuse_lesser_functions
from migrator.catalog.server import (
    Server,
    read_ledger_schema,
    read_server,
    require_pgvector,
    set_lookup_path,
)
from migrator.catalog.triggers import UpdateTrigger, read_update_triggers
from migrator.catalog.views import View, read_kinds, read_others, read_views
from migrator.change import VectorType
from migrator.names import is_own
from migrator.postgres.connection import Connection, execute, qualified_names
from migrator.postgres.sql import expression, query

VECTOR_TYPES = get_args(VectorType)

__all__ = [
    "Catalog",
    "Column",
    "Partition",
    "Server",
    "Table",
    "View",
    "read_catalog",
    "read_ledger_schema",
    "read_server",
    "set_lookup_path",
]


class Placed(Protocol):
    """An index or a trigger. partition: oid of the partition that has it alone; None where it is the whole table's."""

    @property
    def partition(self) -> int | None: ...


@dataclass(frozen=True)
class Catalog:
    """A column with everything that hangs on it.

    indexes: those of the whole table, then those that partitions have alone.
    carried: dependents besides indexes and views that are carried over; others: those that cannot be, described.
    replaced: the functions that the revision makes, as they were before; filled in by the planner.
    partitions: all below the table, partitions or child tables, parents first.
    partition_keys: those that read the column, with their tables.
    update_triggers: those that an update of the rows may fire, each in the table that holds them.
    """

    server: Server
    table: Table
    column: Column
    indexes: list[TableIndex]
    views: list[View]
    others: list[str]
    carried: Carried = field(default_factory=Carried)
    replaced: list[Replaced] = field(default_factory=list)
    partitions: list[Partition] = field(default_factory=list)
    partition_keys: list[str] = field(default_factory=list)
    update_triggers: list[UpdateTrigger] = field(default_factory=list)

    @property
    def vector_indexes(self) -> list[TableIndex]:
        return [index for index in self.indexes if index.is_vector]

    @property
    def own_indexes(self) -> list[TableIndex]:
        """Those of the user's."""
        return [index for index in self.indexes if not is_own(index.name)]

    @property
    def has_children(self) -> bool:
        """Whether other tables inherit the column, each with rows, indexes and triggers of its own."""
        return self.table.kind != "p" and bool(self.partitions)

    def place(self, of: Placed) -> Table | Partition:
        """What it is on."""
        if of.partition is None:
            return self.table
        return next(each for each in self.partitions if each.oid == of.partition)

    @property
    def subject(self) -> str:
        return f"{self.table.shown}.{self.column.name}"

    @property
    def oids(self) -> list[int]:
        """Of the table and of its partitions."""
        return [self.table.oid, *(partition.oid for partition in self.partitions)]

    def renumbered(self, table: int, partitions_now: Mapping[tuple[str, str], int]) -> Catalog:
        """The same with the oids that a dump and restore gave the table, and its partitions by schema and name.

        What is no longer there has 0, for the number that it had may be that of another by now.
        """
        known = {each.oid: partitions_now.get((each.schema, each.name), 0) for each in self.partitions}
        partitions = [
            dataclasses.replace(
                each,
                oid=known[each.oid],
                parent=known.get(each.parent, table),
                indexes=[
                    dataclasses.replace(index, root_on=index.root_on and known[index.root_on]) for index in each.indexes
                ],
            )
            for each in self.partitions
        ]
        indexes = [
            dataclasses.replace(index, partition=index.partition and known[index.partition]) for index in self.indexes
        ]
        renumbered = dataclasses.replace(self.table, oid=table)
        return dataclasses.replace(self, table=renumbered, partitions=partitions, indexes=indexes)

    @property
    def firing_triggers(self) -> list[str]:
        """The user's triggers that fire when migrator updates a row, unless they are disabled for that time."""
        return [
            trigger.name
            for trigger in self.table.triggers
            if trigger.on_update and trigger.enabled in self.server.firing_states and not is_own(trigger.name)
        ]

    def signature(self) -> dict[str, object]:
        """What must not change between plan and cut-over; migrator's own columns, indexes and triggers left out."""
        known = [column for column in self.table.columns if not is_own(column.name)]
        return {
            "columns": [[column.name, column.type_text, column.not_null, column.default_text] for column in known],
            "attributes of the column": [
                self.column.comment,
                self.column.storage,
                self.column.compression,
                self.column.statistics_target,
                self.column.options,
                self.column.grants,
            ],
            "indexes": [index.definition for index in self.indexes if not is_own(index.name)],
            "views": [dataclasses.replace(view, depth=0) for view in self.views],
            "triggers": [
                # Plans of earlier versions do not say of which partition they are.
                dataclasses.replace(trigger, partition=None)
                for trigger in self.table.triggers
                if not is_own(trigger.name)
            ],
            "dependents": dataclasses.replace(self.carried, functions=[], functions_by_name=[], replica_identity=True),
            "functions": self.carried.functions,
            "others": self.others,
            "rules": self.table.rules,
            "publications": self.table.publications,
            "row-level security": self.table.row_security,
        }


def read_catalog(
    connection: Connection,
    schema: str | None,
    table: str,
    column: str,
    *,
    where: str | None = None,
    server: Server | None = None,
) -> Catalog:
    """The catalog of one vector column. Raises Refused where there is no such table or column, or it is no vector, or
    where it belongs to a role with fewer rights than this session.

    where: the scope of a change, by which indexes are told apart where vectors of several dimensions are in the column.
    server: as it is known already.
    """
    server = server or require_pgvector(connection)
    found = read_table(connection, schema, table)
    if found is None:
        raise hazards.columns.unknown_table(schema, table, table_names(connection)).refusal()
    refuse_code_of_lesser_roles(connection, found.sql)
    at = found.column(column)
    vectors = [known.name for known in found.columns if known.type in VECTOR_TYPES]
    if at is None:
        raise hazards.columns.unknown_column(found.name, column, vectors).refusal()
    if at.type not in VECTOR_TYPES:
        place = {"table": found.oid, "column": at.number}
        over = execute(connection, query("catalog", "domain_over"), place).fetchone()
        if over is not None:
            raise hazards.columns.domain_over_vectors(found.schema, found.name, column, at.type_text, over[0]).refusal()
        raise hazards.columns.not_a_vector(found.name, column, at.type_text, vectors).refusal()
    with qualified_names(connection):
        kinds = read_kinds(connection, found.oid, at.number)
        views = read_views(connection, found.oid, at.number, kinds)
        partitions = read_partitions(connection, found.oid, column) if found.kind == "p" or found.children else []
        carried = read_carried(connection, found, at, views, kinds)
        catalog = Catalog(
            server,
            found,
            at,
            [*read_indexes(connection, found.oid, at.number, at.name), *alone(partitions)],
            views,
            [each for each in read_others(connection, found.oid, at.number) if each not in carried.described],
            carried,
            partitions=partitions,
            partition_keys=read_keys(connection, found.oid, column) if found.kind == "p" else [],
            update_triggers=read_update_triggers(connection, found.oid),
        )
    if where is None or at.dimensions is not None:
        return catalog
    refuse_lesser_functions(connection, found.sql, [expression(where)])
    return dataclasses.replace(catalog, indexes=with_reach(connection, found.sql, catalog.indexes, where))
