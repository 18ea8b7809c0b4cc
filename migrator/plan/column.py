"""What is going to be done: names, types, indexes, decided once from the change and the catalog. Pure data.

The phases compute their statements from it, by the same functions for a dry run, which prints them, as for a run.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from psycopg import sql

from migrator.catalog import Catalog
from migrator.catalog.indexes import IndexToBuild, TableIndex, by_place, carried_over, wanted
from migrator.catalog.text_dependencies import differing
from migrator.change import EmbeddingChange, Index, Model
from migrator.names import CAPTURE, SCHEMA, fitting, retired_column, shadow_column, store_name
from migrator.plan.step import Lock, Statement
from migrator.postgres.sql import Query, expression, name

Direction = Literal["upgrade", "downgrade"]
Method = Literal["embed", "derive", "index"]
# Where a downgrade finds the old vectors: in the retired column, or after it was dropped in the backup table, or
# nowhere, so that their store and their model are asked.
Source = Literal["retired column", "backup", "model"]


@dataclass(frozen=True)
class Guards:
    """Calls that give NULL for a row for which what a revision says in SQL raises an error, in the place of that.

    reason: what such a row raises, NULL for the others.
    """

    scope: sql.Composed
    text: sql.Composed
    old_text: sql.Composed
    priority: sql.Composed
    reason: sql.Composed


@dataclass(frozen=True)
class ColumnPlan:
    """One vector column's part of the plan.

    id: the change's number in the ledger; every derived name ends in it and stays short.
    change: what is to be; on a downgrade with from_ and to exchanged.
    catalog: what was found before anything was changed.
    before: on a downgrade, what had been found before the upgrade, which is what comes back; else None.
    restores: on a downgrade, the number of the change that is undone.
    undone_change: on a downgrade, what the upgrade's revision had asked for.
    source: on a downgrade, where the old vectors come from; else None.
    online: the old vector indexes stay until cut-over, and with the retired column after it. On a downgrade: they did.
    found_nulls: on a downgrade, whether the upgrade found rows without a vector, told by their key, which come back
    without one.
    texts_edited: on a downgrade, whether texts were edited before the upgrade's cut-over, their vectors staying.
    guards: what text and scope are evaluated by in a session that met a row for which they raise an error.
    quiet: the user's triggers are to be disabled while rows are filled, whatever the mode.
    """

    id: int
    change: EmbeddingChange
    catalog: Catalog
    before: Catalog | None = None
    restores: int | None = None
    undone_change: EmbeddingChange | None = None
    source: Source | None = None
    online: bool = False
    found_nulls: bool = False
    texts_edited: bool = False
    guards: Guards | None = None
    quiet: bool = False

    @property
    def is_restore(self) -> bool:
        return self.restores is not None

    @property
    def subject(self) -> str:
        return self.catalog.subject

    @property
    def table(self) -> sql.SQL:
        return self.catalog.table.sql

    @property
    def row(self) -> sql.SQL:
        """What a statement's conditions call the row of the table, or of the partition, that it reads or writes."""
        return name(self.catalog.table.name)

    @property
    def is_partitioned(self) -> bool:
        return self.catalog.table.kind == "p"

    @property
    def has_heirs(self) -> bool:
        return self.catalog.has_heirs

    @property
    def live(self) -> str:
        return self.catalog.column.name

    # ---- names -------------------------------------------------------------------------------------------------

    @property
    def _upgrade_id(self) -> int:
        return self.id if self.restores is None else self.restores

    @property
    def fills_retired(self) -> bool:
        """A downgrade that finds the retired column, and the capture trigger, where the upgrade left them."""
        return self.source == "retired column"

    @property
    def adds_shadow(self) -> bool:
        """Whether shadow column and capture trigger are made by this run."""
        return self.method != "index" and not self.fills_retired

    @property
    def shadow(self) -> str:
        """The column that is filled and becomes live: on a downgrade the retired one."""
        return retired_column(self._upgrade_id) if self.fills_retired else shadow_column(self.id)

    @property
    def retired(self) -> str:
        """What the live column is called from cut-over on; a downgrade drops it in the same transaction."""
        return retired_column(self.id)

    @property
    def trigger(self) -> str:
        return f"{CAPTURE}{self._capture_id}"

    @property
    def _capture_id(self) -> int:
        return self._upgrade_id if self.fills_retired else self.id

    @property
    def function(self) -> sql.SQL:
        return name(SCHEMA, f"capture_{self._capture_id}")

    @property
    def lookup(self) -> sql.SQL:
        """The function that gives capture the vector of a text's hash."""
        return name(SCHEMA, f"lookup_{self._capture_id}")

    @property
    def backup(self) -> sql.SQL:
        return name(SCHEMA, f"backup_{self.id}")

    @property
    def backup_name(self) -> str:
        return f"{SCHEMA}.backup_{self.id}"

    @property
    def upgrade_backup(self) -> sql.SQL:
        """The backup table of the upgrade: on a downgrade, of the one that is undone."""
        return name(SCHEMA, f"backup_{self._upgrade_id}")

    def kept_index(self, number: int) -> str:
        """What an old vector index is called while it stays with the retired column."""
        return f"{retired_column(self._upgrade_id)}_{number}"

    @property
    def left_index(self) -> str:
        """The index on the rows without a vector, from index to settle."""
        return f"migrator_left_{self.id}"

    @property
    def missed(self) -> sql.SQL:
        """The sequence that counts writes for which capture had no vector."""
        return name(SCHEMA, f"missed_{self._capture_id}")

    @property
    def edited(self) -> sql.SQL:
        """The sequence that counts texts edited before cut-over, their live vectors staying as they were."""
        return name(SCHEMA, f"edited_{self._capture_id}")

    def statement(self, query: Query, lock: Lock, lasts: str, *, only_if: str = "") -> Statement:
        """A statement for this column alone."""
        return Statement((self.subject,), query, lock, lasts, only_if)

    @property
    def capture_was_off(self) -> bool:
        """On a downgrade: whether writes may have gone by the capture trigger, so that its marks cannot be trusted."""
        return bool(self.unwatched)

    @property
    def unwatched(self) -> list[str]:
        """On a downgrade: the tables without the capture trigger. Partitions have it from their table."""
        if not self.fills_retired or self.method == "index":
            return []
        triggers = self.catalog.table.triggers
        watched = {each.partition for each in triggers if each.name == self.trigger and each.enabled == "A"}
        table = self.catalog.table
        tables: dict[int | None, str] = {None: f"{table.schema}.{table.name}"}
        tables |= {heir.oid: heir.shown for heir in self.catalog.partitions if self.has_heirs}
        return [shown for oid, shown in tables.items() if oid not in watched]

    @property
    def marks_some(self) -> bool:
        """On a downgrade: whether old vectors may be stale that the capture trigger did not mark."""
        if not self.fills_retired or self.before is None or self.method == "index":
            return False
        before, now = self.before, self.catalog
        other_texts = before.made_of is None or bool(differing(before.made_of, now.made_of or []))
        unseen = before.captured is None or not set(now.captured or []) <= set(before.captured)
        # Of a text that needs settings nobody wrote down what their values were.
        unmarked = bool(now.read or self.change.settings) or self.texts_edited or other_texts or unseen
        return self.capture_was_off or unmarked

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

    def as_upgrade(self) -> ColumnPlan:
        """On a downgrade: the upgrade that it undoes, for the trigger that stays if the downgrade is abandoned."""
        if self.before is None or self.restores is None:
            return self
        return ColumnPlan(self.restores, self.undone_change or self.change, self.before, online=self.online)

    @property
    def with_old_text(self) -> ColumnPlan:
        """The same with the text that the present vectors were made of."""
        guards = self.guards and dataclasses.replace(self.guards, text=self.guards.old_text)
        return dataclasses.replace(self, change=self.change.with_old_text(), guards=guards)

    # ---- what is to be ---------------------------------------------------------------------------------------

    @cached_property
    def upgraded_by(self) -> Method | None:
        """On a downgrade, the method of the upgrade that is undone."""
        return self.as_upgrade().method if self.is_restore else None

    @cached_property
    def method(self) -> Method:
        """embed: through the store. derive: from the live vector, no model called. index: no new column at all."""
        change, column = self.change, self.catalog.column
        if self.upgraded_by == "index":
            return "index"
        if self.upgraded_by == "derive":
            # A cast can be taken back, a truncation cannot.
            return "derive" if change.to.dimensions == column.dimensions else "embed"
        if self.upgraded_by == "embed" or change.from_.name != change.to.name or change.other_text:
            return "embed"
        if change.to.of_documents == change.from_.of_documents:
            return "index" if self.type == column.type else "derive"
        return "derive" if _is_truncation(change.from_, change.to) else "embed"

    @property
    def type(self) -> str:
        """vector or halfvec."""
        if self.before is not None:
            return self.before.column.type
        return self.change.type or self.catalog.column.type

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
    def indexes(self) -> tuple[IndexToBuild, ...]:
        """The indexes that the column is to have; where it stays and only an index changes, that one."""
        if self.before is not None:
            undone = self.as_upgrade()
            old = undone.replaced_indexes if self.method == "index" else undone.catalog.own_indexes
            kept = {index.identity for index in undone.kept_indexes if self.fills_retired}
            numbers = [(index, undone.index_numbers[index.identity]) for index in old]
            return tuple(
                self.carried_over(index, self.kept_index(number) if index.identity in kept else self._temporary(number))
                for index, number in numbers
            )
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
        for number, heir in enumerate(catalog.partitions if self.has_heirs else (), 1):
            made = self._wanted(asked, self._free_name(heir.name), None, number)
            built.append(dataclasses.replace(made, partition=heir.oid))
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
        """The old index as it is to be on the column that becomes live."""
        if self.before is not None:
            return carried_over(index, temporary)
        sizes = self.change.from_.dimensions, self.dimensions
        return carried_over(index, temporary, type_=self.type, dimensions=sizes)

    @cached_property
    def vector_indexes(self) -> tuple[IndexToBuild, ...]:
        return tuple(index for index in self.indexes if index.is_vector)

    @cached_property
    def index_numbers(self) -> dict[tuple[int | None, str], int]:
        """By which names of migrator's tell the user's indexes apart."""
        return {index.identity: number for number, index in enumerate(self.catalog.own_indexes, 1)}

    def _temporary(self, number: int) -> str:
        """What an index that is built is called until cut-over."""
        return f"migrator_index_{self.id}_{number}"

    def _free_name(self, table: str) -> str:
        taken = {index.name for index in self.catalog.indexes}
        called = f"{table}_{self.live}_idx"
        names = [called, *(f"{called}{number}" for number in range(1, len(taken) + 1))]
        return next(fits for each in names if (fits := fitting(each)) not in taken)

    def keeps(self, index: IndexToBuild) -> bool:
        """On a downgrade: whether the upgrade left the old index on the retired column."""
        return index.temporary.startswith(f"{retired_column(self._upgrade_id)}_")

    def index_width(self, index: IndexToBuild) -> int:
        """Bytes of a vector in the index; of what is no vector index, none."""
        type_, size = index.operand
        bits = {"vector": 32, "halfvec": 16, "bit": 1}.get(type_, 0) if index.is_vector else 0
        return bits * (size or self.dimensions) // 8

    @cached_property
    def replaced_indexes(self) -> tuple[TableIndex, ...]:
        """On an upgrade: the old vector indexes that index= means: all in scope for None, else the one like it.

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
        """On an upgrade: the old indexes that stay with the retired column, under names of their own."""
        if self.method == "index":
            return ()
        return tuple(index for index in self.catalog.own_indexes if self.online or not index.is_vector)

    @cached_property
    def dropped_indexes(self) -> tuple[TableIndex, ...]:
        """The old indexes that are dropped before cut-over.

        In a window that is before fill, for every update of a row would insert it into them again. Where only an index
        changes, old and new are on one column, and only one of them can be proved at a time.
        """
        if self.is_restore:
            made = {index.identity for index in self.as_upgrade().indexes} if self.method == "index" else set()
            return tuple(index for index in self.catalog.own_indexes if index.identity in made)
        if self.method == "index":
            return self.replaced_indexes
        kept = {index.identity for index in self.kept_indexes}
        return tuple(index for index in self.catalog.own_indexes if index.identity not in kept)

    # ---- pieces of SQL -----------------------------------------------------------------------------------------

    def qualified(self, written: str) -> str:
        """What a revision says in SQL, with every name's schema; as it is written where preflight has not parsed it."""
        return self.catalog.qualified.get(written, written)

    @property
    def where(self) -> str | None:
        return self.change.where and self.qualified(self.change.where)

    @property
    def scope(self) -> Query:
        return self.guards.scope if self.guards else expression(self.where or "true")

    @property
    def text(self) -> Query:
        """NULL where there is none; the empty string is no text either."""
        if self.guards:
            return self.guards.text
        text = self.change.text and self.qualified(self.change.text)
        return expression(f"NULLIF(({text})::text, '')" if text else "NULL::text")

    @property
    def priority(self) -> Query:
        """The rows that are embedded first."""
        return self.guards.priority if self.guards else expression(self.change.priority or "true")

    @property
    def has_secret_text(self) -> bool:
        """Whether the text needs a key, so that nobody is told what is in it."""
        return bool(self.change.settings)

    @cached_property
    def takes_row(self) -> bool:
        """Whether text or scope may take the row as a whole, by the table's name: `embedding_input(documents)`."""
        table = self.catalog.table
        if table.column(table.name) is not None:
            return False
        quoted = re.escape(table.name.replace('"', '""'))
        called = rf"""(?:(?<![\w."$]){re.escape(table.name)}(?![\w$])|"{quoted}")(?!\s*\.\s*[\w"])"""
        change = self.change
        written = " ".join(self.qualified(each) for each in (change.text, change.from_text, change.where) if each)
        return re.search(called, re.sub(r"'(?:[^']|'')*'", "''", written), re.IGNORECASE) is not None

    @property
    def text_hash(self) -> sql.Composed:
        """The store's key: sha256 of the text's UTF-8 bytes, computed by the server alone."""
        return sql.SQL("sha256(convert_to({text}::text, 'UTF8'))").format(text=self.text)

    @property
    def store(self) -> sql.SQL:
        return name(SCHEMA, store_name(self.change.to))

    @property
    def upgrade_store(self) -> sql.SQL:
        """The store that the upgrade filled: on a downgrade, that of the model that goes."""
        return name(SCHEMA, store_name(self.change.from_ if self.is_restore else self.change.to))

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


def _is_truncation(old: Model, new: Model) -> bool:
    """Whether `new` is `old` with its vectors cut shorter, and nothing else. Zeros that follow are no part of them."""
    if old.padded:
        return False
    shorter = dataclasses.replace(old, dimensions=new.dimensions, matryoshka=True)
    return new.of_documents == shorter.of_documents and new.dimensions < old.dimensions
