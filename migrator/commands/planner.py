"""From what a revision says and what the database is to a Plan: a new one, or the one that an interrupted run has."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from migrator import hazards
from migrator.catalog import Catalog, read_catalog, read_ledger_schema, read_server, set_lookup_path
from migrator.catalog.revision_functions import read_replaced
from migrator.change import EmbeddingChange, VectorColumn
from migrator.embedding.models import Models
from migrator.hazards import Hazard
from migrator.ledger.ledger import LIVE, Ledger, LedgerChange
from migrator.ledger.plans import planned, restoring
from migrator.names import retired_column
from migrator.plan.column import ColumnPlan, Direction, Source
from migrator.plan.findings import Findings
from migrator.plan.plan import Plan
from migrator.plan.upgrade import UpgradePlan
from migrator.postgres.connection import Connection, configure, has_table, search_path
from migrator.preflight import checks
from migrator.preflight.examination import Examination
from migrator.preflight.server import disk_hazards, known_faults, server_hazards
from migrator.runtime.context import Options


class Planner:
    """Plans against one database. sample: embed a timed sample for the estimate, as a dry run does."""

    def __init__(
        self,
        connection: Connection,
        ledger: Ledger,
        models: Models,
        options: Options,
        *,
        sample: bool = False,
    ) -> None:
        self._connection = connection
        self._server = read_server(connection)
        set_lookup_path(connection, self._server)
        self._ledger = ledger
        self._models = models
        self._options = options
        self._sample = sample

    def upgrade(
        self, revision: str, changes: Sequence[EmbeddingChange], after: Mapping[str, str] = MappingProxyType({})
    ) -> Plan:
        """The plan of a new upgrade. Raises Refused.

        after: columns that pending revisions before it change, each with its revision.
        """
        found = self._server_hazards()
        first = self._ledger.next_change()
        columns = [
            UpgradePlan(
                id=first + number,
                change=change,
                catalog=self._before_upgrade(change),
                online=self._options.online,
                quiet=self._options.quiet_triggers,
            )
            for number, change in enumerate(changes)
        ]
        for number, column in enumerate(columns):
            if column.subject in (earlier.subject for earlier in columns[:number]):
                raise hazards.revisions.column_twice(column.subject).refusal()
        _refuse_changed_before(columns, after)
        found += known_faults(self._server, {type(each.index).__name__.lower() for each in changes})
        return self._plan(revision, "upgrade", columns, found)

    def restore(
        self, revision: str, wanted: Sequence[VectorColumn], after: Mapping[str, str] = MappingProxyType({})
    ) -> Plan:
        """The plan of a new downgrade. Raises Refused. after: as in upgrade."""
        found = self._server_hazards()
        first = self._ledger.next_change()
        self._refuse_renamed(revision, wanted)
        undone = []
        for each in wanted:
            catalog = self._catalog(each.schema, each.table, each.column)
            self._refuse_another_table(revision, each, catalog)
            upgrade = self._undone(revision, catalog, found)
            undone.append((catalog, upgrade, self._source(catalog, upgrade)))
        # Text and scope mean what they meant at the upgrade.
        path = undone[0][1].catalog.server.search_path
        if path != self._server.search_path:
            configure(self._connection, {"search_path": search_path(path)})
            self._server = read_server(self._connection)
            set_lookup_path(self._connection, self._server)
            undone = [
                (self._catalog(at.table.schema, at.table.name, at.column.name), upgrade, source)
                for at, upgrade, source in undone
            ]
        columns = [
            dataclasses.replace(
                restoring(first + number, catalog, Findings(), upgrade, source, self._ledger),
                quiet=self._options.quiet_triggers,
            )
            for number, (catalog, upgrade, source) in enumerate(undone)
        ]
        _refuse_changed_before(columns, after)
        return self._plan(revision, "downgrade", columns, found)

    def _server_hazards(self) -> list[Hazard]:
        found = server_hazards(self._server, read_ledger_schema(self._connection))
        checks.refuse_first(found)
        return found

    def _catalog(self, schema: str | None, table: str, column: str, where: str | None = None) -> Catalog:
        return read_catalog(self._connection, schema, table, column, where=where, server=self._server)

    def _before_upgrade(self, change: EmbeddingChange) -> Catalog:
        found = self._catalog(change.schema, change.table, change.column, change.where)
        same_type = change.type in (None, found.column.type)
        replaced = read_replaced(self._connection, found.subject, change.functions, check_bodies=same_type)
        return dataclasses.replace(found, replaced=replaced)

    def _refuse_renamed(self, revision: str, wanted: Sequence[VectorColumn]) -> None:
        """A table that was renamed since the upgrade would not be found, or another one that has its name now."""
        columns = {each.column for each in wanted}
        for change in self._ledger.changes_of(revision):
            table, found = change.catalog.table, self._ledger.present_table(change)
            if change.catalog.column.name in columns and found and found[1:] != (table.schema, table.name):
                raise hazards.runs.table_renamed(change.catalog.subject, *found[1:], table.schema, table.name).refusal()

    def _refuse_another_table(self, revision: str, wanted: VectorColumn, catalog: Catalog) -> None:
        """By another search_path the revision's words may mean a table that it did not change."""
        same = [
            each
            for each in self._ledger.changes_of(revision)
            if VectorColumn(each.change.table, each.change.column, each.change.schema) == wanted
        ]
        there = [each for each in same if self._ledger.present_table(each)]
        if there and catalog.table.oid not in (each.catalog.table.oid for each in there):
            changed = there[0].catalog
            path = ", ".join(changed.server.search_path)
            raise hazards.runs.another_table_changed(changed.subject, catalog.subject, revision, path).refusal()

    def _undone(self, revision: str, catalog: Catalog, found: list[Hazard]) -> LedgerChange:
        """The upgrade that the revision's downgrade undoes."""
        live = self._ledger.live_upgrade(catalog.table, catalog.column.name)
        if live is None:
            raise hazards.runs.nothing_to_restore(catalog.subject).refusal()
        upgrade, run = live
        if run.own is False:
            raise hazards.runs.changed_in_another_history(catalog.subject, run.revision, run.history).refusal()
        if not self._ledger.is_of(run, revision):
            raise hazards.runs.changed_by_another_revision(catalog.subject, run.revision, revision).refusal()
        if run.revision != revision:
            found.append(hazards.runs.revision_renamed(catalog.subject, run.revision, revision))
        retired = retired_column(upgrade.id)
        if upgrade.keeps_retired_column and catalog.table.column(retired) is None:
            raise hazards.runs.retired_column_gone(catalog.subject, retired).refusal()
        return upgrade

    def _source(self, catalog: Catalog, upgrade: LedgerChange) -> Source:
        """Where the old vectors are to be found. Raises Refused where they are nowhere, and no text to embed either."""
        column = planned(self._ledger, upgrade)
        if upgrade.state == LIVE:
            return "retired column"
        if upgrade.change.text is None and column.dimensions != column.change.from_.dimensions:
            raise hazards.runs.retired_already(catalog.subject).refusal()
        return "backup" if has_table(self._connection, column.backup) else "model"

    def _plan(self, revision: str, direction: Direction, columns: Sequence[ColumnPlan], found: list[Hazard]) -> Plan:
        examined = [self._examine(column, columns) for column in columns]
        columns = [
            dataclasses.replace(column, findings=each.findings) for column, each in zip(columns, examined, strict=True)
        ]
        disk = disk_hazards(self._server, sum(each.estimate.disk.total for each in examined))
        checks.refuse_first(disk)
        every = dict.fromkeys([*found, *(hazard for each in examined for hazard in each.hazards), *disk])
        return Plan(
            revision,
            direction,
            tuple(columns),
            tuple(every),
            tuple(each.estimate for each in examined),
            makes_ledger=not self._ledger.is_current,
        )

    def _examine(self, column: ColumnPlan, columns: Sequence[ColumnPlan]) -> checks.Examined:
        at = Examination(
            self._connection, self._ledger, self._models, self._options, column, columns, sample=self._sample
        )
        return checks.examine(at)


def _refuse_changed_before(columns: Sequence[ColumnPlan], after: Mapping[str, str]) -> None:
    for column in columns:
        if column.subject in after:
            raise hazards.revisions.changed_before(column.subject, after[column.subject]).refusal()
