"""An upgrade's part of a plan, column by column."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

from migrator.catalog import Catalog
from migrator.catalog.indexes import TableIndex, by_place
from migrator.change import Index, Model
from migrator.names import fitting
from migrator.plan.column import ColumnPlan, Method
from migrator.plan.indexes import IndexToBuild, carried_over, wanted


@dataclass(frozen=True, kw_only=True)
class UpgradePlan(ColumnPlan):
    """A column from its old model, type or index to the new one."""

    is_restore = False

    @property
    def upgrade(self) -> UpgradePlan:
        return self

    @property
    def target(self) -> Catalog:
        return self.catalog

    @property
    def before(self) -> None:
        return None

    @property
    def restores(self) -> None:
        return None

    @property
    def fills_retired(self) -> bool:
        return False

    @property
    def unwatched(self) -> list[str]:
        return []

    @property
    def marks_some(self) -> bool:
        return False

    @cached_property
    def method(self) -> Method:
        change, column = self.change, self.catalog.column
        if change.from_.name != change.to.name or change.other_text:
            return "embed"
        if change.to.of_documents == change.from_.of_documents:
            return "index" if self.type == column.type else "derive"
        return "derive" if _is_truncation(change.from_, change.to) else "embed"

    @property
    def type(self) -> str:
        return self.change.type or self.catalog.column.type

    @cached_property
    def indexes(self) -> tuple[IndexToBuild, ...]:
        catalog, asked = self.catalog, self.change.index
        built = []
        if self.method != "index":
            replaced = {index.identity for index in self.replaced_indexes}
            for index in catalog.own_indexes:
                if index.identity not in replaced:
                    built.append(self.carried_over(index, self._temporary(self.index_numbers[index.identity])))
        if asked is None or asked == "same":
            return tuple(built)
        if self.replaced_indexes:
            return (*built, *(self._wanted(asked, index.name, index) for index in self.replaced_indexes))
        built.append(self._wanted(asked, self._free_name(catalog.table.name), None))
        for number, child in enumerate(catalog.partitions if self.has_children else (), 1):
            made = self._wanted(asked, self._free_name(child.name), None, number)
            built.append(dataclasses.replace(made, partition=child.oid))
        return tuple(built)

    def _wanted(self, asked: Index, called: str, replaced: TableIndex | None, later: int = 0) -> IndexToBuild:
        """later: how many that replace none are numbered before it."""
        numbers = self.index_numbers
        number = numbers[replaced.identity] if replaced else len(numbers) + 1 + later
        return wanted(
            asked,
            called,
            self._temporary(number),
            replaced,
            type_=self.type,
            cast=None if self.has_dimensions else self.dimensions,
            dimensions=self.dimensions,
            schema=self.catalog.server.extension_schema,
            predicate=None if self.has_dimensions else self.where,
        )

    def carried_over(self, index: TableIndex, temporary: str) -> IndexToBuild:
        sizes = self.change.from_.dimensions, self.dimensions
        return carried_over(index, temporary, type_=self.type, dimensions=sizes)

    @cached_property
    def index_numbers(self) -> dict[tuple[int | None, str], int]:
        """By which names of migrator's tell the user's indexes apart."""
        return {index.identity: number for number, index in enumerate(self.catalog.own_indexes, 1)}

    def _free_name(self, table: str) -> str:
        taken = {index.name for index in self.catalog.indexes}
        called = f"{table}_{self.live}_idx"
        free = [called, *(f"{called}{number}" for number in range(1, len(taken) + 1))]
        return next(fits for each in free if (fits := fitting(each)) not in taken)

    @cached_property
    def replaced_indexes(self) -> tuple[TableIndex, ...]:
        """The old vector indexes that index= means: all in scope for None, else the one like it.

        That of the whole table; where it has none, that of each partition which has one alone. Several of one of these
        where it is not clear, which preflight refuses.
        """
        asked = self.change.index
        present = [index for index in self.catalog.own_indexes if index.is_vector and index.reach != "beyond"]
        if asked is None:
            return tuple(present)
        if asked == "same":
            return ()
        described = [index for index in present if index.on is not None]
        whole = [index for index in described if index.partition is None] if self.is_partitioned else []
        found: list[TableIndex] = []
        for there in by_place(whole or described):
            alike = [index for index in there if index.on == asked.on]
            found += alike if len(alike) == 1 else there
        return tuple(found)

    @cached_property
    def kept_indexes(self) -> tuple[TableIndex, ...]:
        """The old indexes that stay with the retired column, under names of their own."""
        if self.method == "index":
            return ()
        return tuple(index for index in self.catalog.own_indexes if self.online or not index.is_vector)

    @cached_property
    def dropped_indexes(self) -> tuple[TableIndex, ...]:
        if self.method == "index":
            return self.replaced_indexes
        kept = {index.identity for index in self.kept_indexes}
        return tuple(index for index in self.catalog.own_indexes if index.identity not in kept)


def _is_truncation(old: Model, new: Model) -> bool:
    """Whether `new` is `old` with its vectors cut shorter, and nothing else. Zeros that follow are no part of them."""
    if old.padded:
        return False
    shorter = dataclasses.replace(old, dimensions=new.dimensions, matryoshka=True)
    return new.of_documents == shorter.of_documents and new.dimensions < old.dimensions
