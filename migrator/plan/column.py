"""One vector column's part of a plan: names, types, indexes, decided once from the change and the catalog. Pure data.

The phases compute their statements from it, by the same functions for a dry run, which prints them, as for a run.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from psycopg import sql

from migrator import names
from migrator.catalog import Catalog
from migrator.catalog.indexes import TableIndex
from migrator.names import SCHEMA, store_name
from migrator.plan.expressions import Expressions
from migrator.plan.indexes import IndexToBuild
from migrator.plan.step import Lock, Statement
from migrator.postgres.sql import Query, name

if TYPE_CHECKING:
    from migrator.plan.upgrade import UpgradePlan

Direction = Literal["upgrade", "downgrade"]
Method = Literal["embed", "derive", "index"]
# Where a downgrade finds the old vectors: in the retired column, or after it was dropped in the backup table, or
# nowhere, so that their store and their model are asked.
Source = Literal["retired column", "backup", "model"]


@dataclass(frozen=True, kw_only=True)
class ColumnPlan(Expressions):
    """What an upgrade and a downgrade of a column have in common.

    id: the change's number in the ledger; every derived name ends in it and stays short.
    online: the old vector indexes stay until cut-over, and with the retired column after it. On a downgrade: they did.
    quiet: the user's triggers are to be disabled while rows are filled, whatever the mode.
    """

    is_restore: ClassVar[bool]

    id: int
    online: bool = False
    quiet: bool = False

    @property
    @abstractmethod
    def upgrade(self) -> UpgradePlan:
        """The upgrade: this one, or on a downgrade the one that is undone."""

    @property
    @abstractmethod
    def target(self) -> Catalog:
        """What the column that becomes live is to be like: what was found, or on a downgrade before the upgrade."""

    @property
    @abstractmethod
    def before(self) -> Catalog | None:
        """On a downgrade: what had been found before the upgrade."""

    @property
    @abstractmethod
    def restores(self) -> int | None:
        """On a downgrade: the number of the change that is undone."""

    @property
    @abstractmethod
    def fills_retired(self) -> bool:
        """A downgrade that finds the retired column, and the capture trigger, where the upgrade left them."""

    @property
    @abstractmethod
    def unwatched(self) -> list[str]:
        """On a downgrade: the tables without the capture trigger. Partitions have it from their table."""

    @property
    @abstractmethod
    def marks_some(self) -> bool:
        """On a downgrade: whether old vectors may be stale that the capture trigger did not mark."""

    @property
    @abstractmethod
    def method(self) -> Method:
        """embed: through the store. derive: from the live vector, no model called. index: no new column at all."""

    @property
    @abstractmethod
    def type(self) -> str:
        """vector or halfvec."""

    @property
    @abstractmethod
    def indexes(self) -> tuple[IndexToBuild, ...]:
        """The indexes that the column is to have; where it stays and only an index changes, that one."""

    @property
    @abstractmethod
    def dropped_indexes(self) -> tuple[TableIndex, ...]:
        """The old indexes that are dropped before cut-over.

        In a window that is before fill, for every update of a row would insert it into them again. Where only an index
        changes, old and new are on one column, and only one of them can be proved at a time.
        """

    @abstractmethod
    def carried_over(self, index: TableIndex, temporary: str) -> IndexToBuild:
        """The old index as it is to be on the column that becomes live."""

    def keeps(self, index: IndexToBuild) -> bool:
        """On a downgrade: whether the upgrade left the old index on the retired column."""
        return index.temporary.startswith(f"{names.retired_column(self.upgrade.id)}_")

    @property
    def subject(self) -> str:
        return self.catalog.subject

    @property
    def is_partitioned(self) -> bool:
        return self.catalog.table.kind == "p"

    @property
    def has_children(self) -> bool:
        return self.catalog.has_children

    @property
    def live(self) -> str:
        return self.catalog.column.name

    # ---- names -------------------------------------------------------------------------------------------------

    @property
    def adds_shadow(self) -> bool:
        """Whether shadow column and capture trigger are made by this run."""
        return self.method != "index" and not self.fills_retired

    @property
    def shadow(self) -> str:
        """The column that is filled and becomes live: on a downgrade the retired one."""
        return names.retired_column(self.upgrade.id) if self.fills_retired else names.shadow_column(self.id)

    @property
    def retired(self) -> str:
        """What the live column is called from cut-over on; a downgrade drops it in the same transaction."""
        return names.retired_column(self.id)

    @property
    def trigger(self) -> str:
        return names.capture_trigger(self._capture_id)

    @property
    def _capture_id(self) -> int:
        return self.upgrade.id if self.fills_retired else self.id

    @property
    def function(self) -> sql.SQL:
        return name(SCHEMA, names.capture_function(self._capture_id))

    @property
    def lookup(self) -> sql.SQL:
        """The function that gives capture the vector of a text's hash."""
        return name(SCHEMA, names.lookup_function(self._capture_id))

    @property
    def backup(self) -> sql.SQL:
        return name(SCHEMA, names.backup_table(self.id))

    @property
    def backup_name(self) -> str:
        return f"{SCHEMA}.{names.backup_table(self.id)}"

    @property
    def upgrade_backup(self) -> sql.SQL:
        """The backup table of the upgrade: on a downgrade, of the one that is undone."""
        return name(SCHEMA, names.backup_table(self.upgrade.id))

    def kept_index(self, number: int) -> str:
        """What an old vector index is called while it stays with the retired column."""
        return names.kept_index(self.upgrade.id, number)

    @property
    def left_index(self) -> str:
        """The index on the rows without a vector, from index to settle."""
        return names.left_index(self.id)

    @property
    def missed(self) -> sql.SQL:
        """The sequence that counts writes for which capture had no vector."""
        return name(SCHEMA, names.missed_writes(self._capture_id))

    @property
    def edited(self) -> sql.SQL:
        """The sequence that counts texts edited before cut-over, their live vectors staying as they were."""
        return name(SCHEMA, names.edited_texts(self._capture_id))

    # ---- triggers ----------------------------------------------------------------------------------------------

    @property
    def capture_was_off(self) -> bool:
        """On a downgrade: whether writes may have gone by the capture trigger, so that its marks cannot be trusted."""
        return bool(self.unwatched)

    @property
    def can_disable_triggers(self) -> bool:
        """Before PostgreSQL 15 the triggers that partitions have from their table are the system's own."""
        return self.catalog.server.version >= 150_000 or not self.is_partitioned

    @property
    def disables_triggers(self) -> bool:
        """Whether the user's triggers are disabled within each transaction that fills rows, so that none fires.

        Writers wait for that transaction: in a window they may, online by choice.
        """
        wanted = self.quiet or not (self.online or self.catalog.server.quiets_triggers)
        return wanted and self.can_disable_triggers

    @property
    def firing_triggers(self) -> list[str]:
        """The user's triggers that fire when rows are filled."""
        return [] if self.disables_triggers else self.catalog.firing_triggers

    # ---- what is to be -----------------------------------------------------------------------------------------

    def statement(self, query: Query, lock: Lock, lasts: str, *, only_if: str = "") -> Statement:
        """A statement for this column alone."""
        return Statement((self.subject,), query, lock, lasts, only_if)

    @property
    def with_old_text(self) -> Self:
        """The same with the text that the present vectors were made of."""
        guards = self.guards and dataclasses.replace(self.guards, text=self.guards.old_text)
        return dataclasses.replace(self, change=self.change.with_old_text(), guards=guards)

    @property
    def dimensions(self) -> int:
        return self.change.to.dimensions

    @property
    def has_dimensions(self) -> bool:
        """Whether the column's type is to have them: unless the live column does without and holds several."""
        return self.catalog.column.dimensions is not None or self.change.where is None

    @property
    def type_sql(self) -> sql.Composed:
        """The type, qualified, with its dimensions where it has them."""
        bare = sql.SQL("{}.{}").format(name(self.catalog.server.extension_schema), name(self.type))
        if not self.has_dimensions:
            return bare
        return sql.SQL("{}({})").format(bare, sql.Literal(self.dimensions))

    @property
    def type_text(self) -> str:
        return f"{self.type}({self.dimensions})" if self.has_dimensions else self.type

    @cached_property
    def vector_indexes(self) -> tuple[IndexToBuild, ...]:
        return tuple(index for index in self.indexes if index.is_vector)

    def _temporary(self, number: int) -> str:
        """What an index that is built is called until cut-over."""
        return names.temporary_index(self.id, number)

    def index_width(self, index: IndexToBuild) -> int:
        """Bytes of a vector in the index; of what is no vector index, none."""
        type_, size = index.operand
        bits = {"vector": 32, "halfvec": 16, "bit": 1}.get(type_, 0) if index.is_vector else 0
        return bits * (size or self.dimensions) // 8

    # ---- rows and their vectors --------------------------------------------------------------------------------

    @property
    def store(self) -> sql.SQL:
        return name(SCHEMA, store_name(self.change.to))

    @property
    def upgrade_store(self) -> sql.SQL:
        """The store that the upgrade filled: on a downgrade, that of the model that goes."""
        return self.upgrade.store

    @property
    def store_type(self) -> sql.Composed:
        """The store keeps what the model gave, in single precision, whatever type the column has."""
        return sql.SQL("{}.vector({})").format(name(self.catalog.server.extension_schema), sql.Literal(self.dimensions))

    def derived(self, live: Query) -> sql.Composed:
        """The new vector as an expression over the live one."""
        schema = name(self.catalog.server.extension_schema)
        if self.change.to.dimensions == (self.catalog.column.dimensions or self.change.to.dimensions):
            return sql.SQL("{}::{}").format(live, self.type_sql)
        return sql.SQL("{schema}.l2_normalize({schema}.subvector({live}, 1, {length}))::{type}").format(
            schema=schema, live=live, length=sql.Literal(self.dimensions), type=self.type_sql
        )

    @property
    def due(self) -> sql.Composed:
        """The rows that ought to have a new vector, as a condition over the row."""
        if self.method == "derive" or (self.method == "index" and self.change.text is None):
            return sql.SQL("({scope} AND {live} IS NOT NULL)").format(scope=self.scope, live=name(self.live))
        return sql.SQL("({scope} AND {text} IS NOT NULL)").format(scope=self.scope, text=self.text)

    @property
    def holds_old(self) -> bool:
        """Whether the new column can hold what the live one does."""
        return self.catalog.column.dimensions in (None, self.dimensions)

    @property
    def keeps_out_of_scope(self) -> bool:
        """Rows out of scope keep what they hold, where the new column can hold it and the revision does not object."""
        return self.change.where is not None and self.change.outside != "null" and self.holds_old

    @property
    def keeps_without_text(self) -> bool:
        """Rows in scope without a text keep what they hold."""
        return self.method == "embed" and self.change.empty == "skip" and self.holds_old

    @property
    def kept(self) -> Query | None:
        """The rows that keep what they hold, as a condition over the row; None where none do."""
        if self.keeps_out_of_scope and self.keeps_without_text:
            kept = sql.SQL("{} IS NOT TRUE").format(self.due)
        elif self.keeps_out_of_scope:
            kept = sql.SQL("({}) IS NOT TRUE").format(self.scope)
        elif self.keeps_without_text:
            kept = sql.SQL("({} AND {} IS NULL)").format(self.scope, self.text)
        else:
            return None
        return sql.SQL("({} AND {} IS NULL)").format(kept, self.guards.reason) if self.guards else kept
