"""A downgrade's part of a plan, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from migrator.catalog import Catalog
from migrator.catalog.indexes import TableIndex
from migrator.catalog.text_dependencies import differing
from migrator.plan.column import ColumnPlan, Method, Source
from migrator.plan.indexes import IndexToBuild, carried_over
from migrator.plan.upgrade import UpgradePlan


@dataclass(frozen=True, kw_only=True)
class RestorePlan(ColumnPlan):
    """A column back to what it was before an upgrade.

    undone: the upgrade, as it was planned: what had been found before it is what comes back.
    source: where the old vectors come from.
    found_nulls: whether the upgrade found rows without a vector, told by their key, which come back without one.
    texts_edited: whether texts were edited before the upgrade's cut-over, their vectors staying.
    """

    is_restore = True

    undone: UpgradePlan
    source: Source
    found_nulls: bool = False
    texts_edited: bool = False

    @property
    def upgrade(self) -> UpgradePlan:
        return self.undone

    @property
    def target(self) -> Catalog:
        return self.undone.catalog

    @property
    def before(self) -> Catalog:
        return self.undone.catalog

    @property
    def restores(self) -> int:
        return self.undone.id

    @property
    def fills_retired(self) -> bool:
        return self.source == "retired column"

    @property
    def unwatched(self) -> list[str]:
        if not self.fills_retired or self.method == "index":
            return []
        triggers = self.catalog.table.triggers
        watched = {each.partition for each in triggers if each.name == self.trigger and each.enabled == "A"}
        table = self.catalog.table
        tables: dict[int | None, str] = {None: table.shown}
        tables |= {child.oid: child.shown for child in self.catalog.partitions if self.has_children}
        return [shown for oid, shown in tables.items() if oid not in watched]

    @property
    def marks_some(self) -> bool:
        if not self.fills_retired or self.method == "index":
            return False
        before, now = self.undone.findings, self.findings
        other_texts = before.made_of is None or bool(differing(before.made_of, now.made_of or []))
        unseen = before.captured is None or not set(now.captured or []) <= set(before.captured)
        # Of a text that needs settings nobody wrote down what their values were.
        unmarked = bool(now.read or self.change.settings) or self.texts_edited or other_texts or unseen
        return self.capture_was_off or unmarked

    @property
    def method(self) -> Method:
        if self.undone.method == "derive":
            # A cast can be taken back, a truncation cannot.
            return "derive" if self.dimensions == self.catalog.column.dimensions else "embed"
        return self.undone.method

    @property
    def type(self) -> str:
        return self.target.column.type

    @cached_property
    def indexes(self) -> tuple[IndexToBuild, ...]:
        undone = self.undone
        old = undone.replaced_indexes if self.method == "index" else undone.catalog.own_indexes
        kept = {index.identity for index in undone.kept_indexes if self.fills_retired}
        numbers = [(index, undone.index_numbers[index.identity]) for index in old]
        return tuple(
            self.carried_over(index, self.kept_index(number) if index.identity in kept else self._temporary(number))
            for index, number in numbers
        )

    def carried_over(self, index: TableIndex, temporary: str) -> IndexToBuild:
        return carried_over(index, temporary)

    @cached_property
    def dropped_indexes(self) -> tuple[TableIndex, ...]:
        made = {index.identity for index in self.undone.indexes} if self.method == "index" else set()
        return tuple(index for index in self.catalog.own_indexes if index.identity in made)
