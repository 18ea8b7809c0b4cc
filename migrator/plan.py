"""What is going to be done: names, types, statements, decided once from the change and the catalog. Pure data.

The phases carry a plan out, and a dry run prints it; both read the statements from the same functions.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec
from psycopg import sql

from migrator.catalog import Catalog
from migrator.catalog.indexes import IndexToBuild, carried_over, wanted
from migrator.change import EmbeddingChange, Model
from migrator.estimate import Estimate
from migrator.hazards import Hazard
from migrator.queries import SCHEMA, Query, expression, name

Direction = Literal["upgrade", "downgrade"]
Method = Literal["embed", "derive", "index"]
# Where a downgrade finds the old vectors: in the retired column, or after it was dropped in the backup table, or
# nowhere, so that their store and their model are asked.
Source = Literal["retired column", "backup", "model"]


@dataclass(frozen=True)
class Statement:
    """A statement with the lock it takes on the user's table and for how long.

    columns: those it is for, as schema.table.column. only_if: when it is sent, where that is not always.
    """

    phase: str
    columns: tuple[str, ...]
    query: Query
    lock: str
    lasts: str
    only_if: str = ""


def store_name(model: Model) -> str:
    """The embedding store's table: one a model as declared, whatever revision asks for it."""
    declared = msgspec.json.encode(model, order="deterministic")
    return f"store_{hashlib.sha256(declared).hexdigest()[:16]}"


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

    found_nulls: on a downgrade, whether the upgrade found rows without a vector, which come back without one.
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
        return f"migrator_retired_{self.restores}" if self.fills_retired else f"migrator_shadow_{self.id}"

    @property
    def retired(self) -> str:
        """What the live column is called from cut-over on; a downgrade drops it in the same transaction."""
        return f"migrator_retired_{self.id}"

    @property
    def trigger(self) -> str:
        # "~" sorts after letters, digits and underscores: BEFORE triggers fire in byte order of their names.
        return f"~migrator_capture_{self._capture_id}"

    @property
    def _capture_id(self) -> int:
        return self._upgrade_id if self.fills_retired else self.id

    @property
    def function(self) -> sql.SQL:
        return name(SCHEMA, f"capture_{self._capture_id}")

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

    @property
    def upgrade_backup_name(self) -> str:
        return f"{SCHEMA}.backup_{self._upgrade_id}"

    def kept_index(self, number: int) -> str:
        """What an old vector index is called while it stays with the retired column."""
        return f"migrator_retired_{self._upgrade_id}_{number}"

    @property
    def left_index(self) -> str:
        """The index on the rows without a vector, from index to settle."""
        return f"migrator_left_{self.id}"

    @property
    def missed(self) -> sql.SQL:
        """The sequence that counts writes for which capture had no vector."""
        return name(SCHEMA, f"missed_{self._capture_id}")

    def statement(self, phase: str, query: Query, lock: str, lasts: str, *, only_if: str = "") -> Statement:
        """A statement for this column alone."""
        return Statement(phase, (self.subject,), query, lock, lasts, only_if)

    @property
    def capture_was_off(self) -> bool:
        """On a downgrade: whether writes may have gone by the capture trigger, so that its marks cannot be trusted."""
        watched = any(
            trigger.name == self.trigger and trigger.enabled == "A" for trigger in self.catalog.table.triggers
        )
        return self.fills_retired and self.method != "index" and not watched

    def as_upgrade(self) -> ColumnPlan:
        """On a downgrade: the upgrade that it undoes, for the trigger that stays if the downgrade is abandoned."""
        if self.before is None or self.restores is None:
            return self
        return ColumnPlan(self.restores, self.undone_change or self.change, self.before, online=self.online)

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
        if self.upgraded_by == "embed" or change.from_.name != change.to.name:
            return "embed"
        if change.to == change.from_:
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
    def type_sql(self) -> sql.Composed:
        """The type, qualified, with its dimensions unless the live column does without and holds several."""
        bare = sql.SQL("{}.{}").format(name(self.catalog.server.extension_schema), name(self.type))
        if self.catalog.column.dimensions is None and self.change.where is not None:
            return bare
        return sql.SQL("{}({})").format(bare, sql.Literal(self.dimensions))

    @property
    def type_text(self) -> str:
        return f"{self.type}({self.dimensions})"

    @cached_property
    def indexes(self) -> tuple[IndexToBuild, ...]:
        """The vector indexes that the column is to have."""
        if self.before is not None:
            return tuple(
                carried_over(
                    index,
                    self.kept_index(number) if self.keeps_old_index else f"migrator_index_{self.id}_{number}",
                )
                for number, index in enumerate(self.before.vector_indexes, 1)
            )
        present = self.catalog.vector_indexes
        if self.change.index is None:
            return ()
        if self.change.index == "same":
            return tuple(
                carried_over(index, f"migrator_index_{self.id}_{number}") for number, index in enumerate(present, 1)
            )
        replaced = present[0] if present else None
        called = replaced.name if replaced else fitting(f"{self.catalog.table.name}_{self.live}_idx")
        return (wanted(self.change.index, called, f"migrator_index_{self.id}_1", replaced),)

    @property
    def keeps_old_index(self) -> bool:
        """On a downgrade: the upgrade, online, left the old indexes on the retired column."""
        return self.online and self.fills_retired

    @property
    def drops_index_early(self) -> bool:
        """Window mode: every update of a row would insert it into the old index again, so that goes before fill."""
        return not (self.online or self.is_restore or self.method == "index") and bool(self.catalog.vector_indexes)

    # ---- pieces of SQL -----------------------------------------------------------------------------------------

    @property
    def scope(self) -> sql.SQL:
        return expression(self.change.where or "true")

    @property
    def text(self) -> sql.SQL:
        return expression(self.change.text or "NULL::text")

    @property
    def text_hash(self) -> sql.Composed:
        """The store's key: sha256 of the text's UTF-8 bytes, computed by the server alone."""
        return sql.SQL("sha256(convert_to({text}::text, 'UTF8'))").format(text=self.text)

    @property
    def store(self) -> sql.SQL:
        return name(SCHEMA, store_name(self.change.to))

    @property
    def store_table(self) -> str:
        return f"{SCHEMA}.{store_name(self.change.to)}"

    @property
    def upgrade_store(self) -> str:
        """Table of the store that the upgrade filled: on a downgrade, the model's that goes."""
        return store_name(self.change.from_ if self.is_restore else self.change.to)

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
    def keeps_out_of_scope(self) -> bool:
        """Rows out of scope keep what they hold, where the new column can hold it."""
        column = self.catalog.column
        return self.change.where is not None and column.dimensions in (None, self.dimensions)


def fitting(wanted: str) -> str:
    """The name within PostgreSQL's 63 bytes; a long one ends in its hash, so that two of them stay apart."""
    encoded = wanted.encode()
    if len(encoded) <= 63:
        return wanted
    return f"{encoded[:54].decode(errors='ignore')}_{hashlib.sha256(encoded).hexdigest()[:8]}"


def _is_truncation(old: Model, new: Model) -> bool:
    """Whether `new` is `old` with its vectors cut shorter, and nothing else."""
    shorter = dataclasses.replace(old, dimensions=new.dimensions, matryoshka=True)
    return new == shorter and new.dimensions < old.dimensions


@dataclass(frozen=True)
class Plan:
    """All columns of one revision, up or down.

    phases_done: of an interrupted run; such a plan has no estimates. phases_left: those that are carried out when it
    goes on, some of them again; None where all are. makes_ledger: there is none in this database yet.
    """

    revision: str
    direction: Direction
    columns: tuple[ColumnPlan, ...]
    hazards: tuple[Hazard, ...]
    estimates: tuple[Estimate, ...] = ()
    phases_done: tuple[str, ...] = ()
    phases_left: tuple[str, ...] | None = None
    makes_ledger: bool = False

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(column.subject for column in self.columns)

    @property
    def subject(self) -> str:
        return ", ".join(self.subjects)
