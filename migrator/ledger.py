"""migrator's own bookkeeping: which run is under way, which phases are done, which model each column holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from migrator import hazards
from migrator.catalog import Catalog
from migrator.catalog.captured import Captured
from migrator.change import EmbeddingChange, Model
from migrator.database import Connection, execute, fetch_dicts, fetch_row
from migrator.plan import ColumnPlan, Direction, Plan, Source
from migrator.queries import SCHEMA, Query, name, query, retired_column, script, text_of

VERSION = 1
# State of a change whose column is the one the application uses.
LIVE = "live"
RETIRED = "retired"


@dataclass(frozen=True)
class LedgerChange:
    """A row of migrator.change. catalog: what had been found before anything was changed."""

    id: int
    restores: int | None
    change: EmbeddingChange
    catalog: Catalog
    state: str
    texts_embedded: int
    source: Source | None
    online: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> LedgerChange:
        return cls(
            row["id"],
            row["restores"],
            msgspec.convert(row["change"], EmbeddingChange),
            msgspec.convert(row["catalog"], Catalog),
            row["state"],
            row["texts_embedded"],
            row["source"],
            row["online"],
        )

    @property
    def keeps_retired_column(self) -> bool:
        """Whether it is an upgrade whose retired column is still there."""
        if self.state != LIVE or self.restores is not None:
            return False
        return ColumnPlan(self.id, self.change, self.catalog).method != "index"


@dataclass(frozen=True)
class Run:
    """A row of migrator.run."""

    id: int
    revision: str
    direction: Direction

    @property
    def command(self) -> str:
        """What goes on with it, and begins nothing else."""
        return f"migrator upgrade {self.revision}" if self.direction == "upgrade" else "migrator downgrade -1"


def install_statements() -> tuple[Query, ...]:
    """What makes the ledger, for its owner alone."""
    return script("ledger"), query("privileges", "schema_to_owner", object=text_of(name(SCHEMA)))


class Ledger:
    """The ledger of one database. Reads work where it is not installed yet, and find nothing."""

    def __init__(self, connection: Connection, *, installed: bool) -> None:
        """Raises Refused where a newer migrator wrote the ledger."""
        self._connection = connection
        self.installed = installed
        if installed:
            (version,) = self._row("version")
            if version > VERSION:
                raise hazards.ledger_of_newer(version, VERSION).refusal()

    def install(self) -> None:
        """Makes schema and tables; does nothing where they are."""
        if self.installed:
            return
        with self._connection.transaction():
            for statement in install_statements():
                self._connection.execute(statement)
        self.installed = True

    # ---- runs ------------------------------------------------------------------------------------------------

    def unfinished(self) -> Run | None:
        rows = self._rows("unfinished")
        return Run(**rows[0]) if rows else None

    def run_of(self, change: int) -> Run:
        """The run that carried the change out."""
        (row,) = self._rows("run_of", change=change)
        return Run(**row)

    def next_change(self) -> int:
        return int(self._row("next_change")[0]) if self.installed else 1

    def changes(self, run: Run) -> list[LedgerChange]:
        return [LedgerChange.of(row) for row in self._changes("changes_of_run", run=run.id)]

    def past_cut_over(self, run: Run) -> bool:
        """Whether all its columns are live."""
        return bool(self._row("past_cut_over", run=run.id, live=LIVE)[0])

    def change(self, change: int) -> LedgerChange:
        (row,) = self._changes("change", change=change)
        return LedgerChange.of(row)

    def live_upgrade(self, schema: str, table: str, column: str) -> tuple[LedgerChange, str] | None:
        """The upgrade of the column that a downgrade undoes, and its revision."""
        rows = self._changes("live_upgrade", schema=schema, table=table, column=column)
        return (LedgerChange.of(rows[0]), rows[0]["revision"]) if rows else None

    def last_change(self, schema: str, table: str, column: str) -> tuple[LedgerChange, str] | None:
        """The last change of the column that was carried out, up or down, and its revision."""
        rows = self._changes("last_change", schema=schema, table=table, column=column)
        return (LedgerChange.of(rows[0]), rows[0]["revision"]) if rows else None

    def carried_out(self) -> list[LedgerChange]:
        """All changes that were carried out, first to last."""
        return [LedgerChange.of(row) for row in self._changes("carried_out")]

    def backed_up_nulls(self, upgrade: int) -> bool:
        """Whether the upgrade's backup table is there and holds rows that had no vector."""
        return any(row["nulls"] for row in self._rows("backed_up_nulls", change=upgrade))

    def texts_edited(self, upgrade: int) -> bool:
        """Whether capture counted texts that were edited before the upgrade's cut-over, their vectors staying."""
        return bool(self._rows("texts_edited", sequence=f"edited_{upgrade}"))

    def present_table(self, change: LedgerChange) -> tuple[int, str, str] | None:
        """Oid, schema and name of the change's table now; None where it, or the column, is no longer there."""
        table = change.catalog.table
        found = execute(
            self._connection,
            query("catalog", "present_table"),
            {
                "table": table.oid,
                "schema": table.schema,
                "name": table.name,
                "column": change.catalog.column.name,
                "retired": retired_column(change.id),
                "keeps": change.keeps_retired_column,
            },
        ).fetchone()
        return (found[0], found[1], found[2]) if found else None

    def changes_of(self, revision: str) -> list[LedgerChange]:
        """The revision's upgrades that are in force, for a downgrade to undo."""
        return [LedgerChange.of(row) for row in self._changes("changes_of_revision", revision=revision)]

    def live_changes(self) -> list[LedgerChange]:
        return [LedgerChange.of(row) for row in self._changes("live_changes")]

    def registered(self, catalog: Catalog, where: str | None) -> Model | None:
        """The model that the column holds by the ledger, as its revision declared it; None where it does not say.

        where: the scope, by which a column without dimensions may hold several models.
        """
        rows = self._registered(catalog)
        of_scope = [row for row in rows if row["scope"] == where] or [row for row in rows if row["scope"] is None]
        if not of_scope and catalog.column.dimensions is not None:
            of_scope = rows
        return msgspec.convert(of_scope[0]["declared"], Model) if of_scope else None

    def registered_scopes(self, catalog: Catalog) -> list[tuple[str, str]]:
        """Each scope of the column that the ledger names a model for, and the model's name; the last changed first."""
        rows = self._registered(catalog)
        return [(row["scope"], row["declared"]["name"]) for row in rows if row["scope"] is not None]

    def _registered(self, catalog: Catalog) -> list[dict[str, Any]]:
        table = catalog.table
        return self._rows("registered", schema=table.schema, table=table.name, column=catalog.column.name)

    def registered_text(self, catalog: Catalog, where: str | None) -> str | None:
        """The expression that the present vectors were made of, by what revisions said; None where none did.

        where: the scope, by which a column without dimensions may hold vectors of several texts.
        """
        text: str | None = None
        found: dict[int, str | None] = {}
        for each in self.carried_out():
            change = each.change
            if each.catalog.subject != catalog.subject:
                continue
            if catalog.column.dimensions is None and change.where not in (None, where):
                continue
            if each.restores is not None:
                text = found.get(each.restores, change.text)
                continue
            found[each.id] = change.from_text or text or change.text
            embeds = ColumnPlan(each.id, change, each.catalog).method == "embed"
            text = change.text if embeds else found[each.id]
        return text

    def registry(self) -> list[dict[str, Any]]:
        return self._rows("registry")

    def start(self, plan: Plan) -> Run:
        """Records the run before its first statement."""
        with self._connection.transaction():
            (run,) = self._row("start_run", revision=plan.revision, direction=plan.direction)
            for column in plan.columns:
                table = column.catalog.table
                self._execute(
                    "start_change",
                    id=column.id,
                    run=run,
                    restores=column.restores,
                    schema=table.schema,
                    table=table.name,
                    column=column.live,
                    change=as_json(column.change),
                    catalog=as_json(column.catalog),
                    source=column.source,
                    online=column.online,
                )
        return Run(run, plan.revision, plan.direction)

    def captured(self, change: int) -> list[Captured]:
        """The tables of which capture has seen every write since the fill began, or which were compared since."""
        (found,) = self._row("captured", change=change)
        return msgspec.convert(found or [], list[Captured])

    def set_captured(self, change: int, tables: Sequence[Captured]) -> None:
        self._execute("set_captured", change=change, captured=as_json(tables))

    def finish(self, run: Run, state: str) -> None:
        self._execute("set_run_state", run=run.id, state=state)

    def set_waiting(self, run: Run, reason: str | None) -> None:
        """Why the run writes nothing at present; None: it does."""
        self._execute("set_waiting", run=run.id, reason=reason)

    def waiting(self, run: Run) -> str | None:
        """That reason, as the last migrator at work on the run told it."""
        reason: str | None = self._row("waiting", run=run.id)[0]
        return reason

    def set_state(self, change: int, state: str) -> None:
        self._execute("set_change_state", change=change, state=state)

    # ---- phases ----------------------------------------------------------------------------------------------

    def phase_started(self, run: Run, phase: str) -> None:
        self._execute("phase_started", run=run.id, phase=phase)

    def phase_done(self, run: Run, phase: str, result: object) -> None:
        self._execute("phase_done", run=run.id, phase=phase, result=as_json(result))

    def phases_done(self, run: Run) -> set[str]:
        return {row["phase"] for row in self._rows("phases_done", run=run.id)}

    def forget_phases(self, run: Run) -> None:
        """None counts as begun any more."""
        self._execute("forget_phases", run=run.id)

    def phases(self, run: Run) -> list[dict[str, Any]]:
        return self._rows("phases", run=run.id)

    # ---- texts and models ------------------------------------------------------------------------------------

    def count_embedded(self, column: ColumnPlan, texts: int) -> None:
        self._execute("count_embedded", change=column.id, texts=texts)

    def set_aside(self, column: ColumnPlan, text_hash: bytes, rows: int, reason: str) -> None:
        self._execute("set_aside", change=column.id, hash=text_hash, rows=rows, reason=reason)

    def failed_rows(self, change: int) -> int:
        return int(self._row("failed_rows", change=change)[0])

    def failed_texts(self, change: int) -> tuple[int, int]:
        """How many texts are set aside because they could not be embedded, and how many rows hold them."""
        texts, rows = self._row("failed_texts", change=change)
        return int(texts), int(rows)

    def not_evaluated(self, change: int) -> int:
        """How many rows are set aside because their text or scope could not be evaluated."""
        return int(self._row("not_evaluated", change=change)[0])

    def last_reason(self, change: int) -> str:
        """Why the model failed on one of them."""
        return str(self._row("failed_reason", change=change)[0])

    def try_again(self, change: int) -> None:
        """Forgets which texts were set aside."""
        self._execute("forget_failed", change=change)

    def probes(self, model: Model) -> list[list[float]] | None:
        """The probe vectors recorded for what makes the model's vectors; None where there are none yet."""
        rows = self._rows("probes", declared=as_json(model.of_documents))
        return rows[0]["probes"] if rows else None

    def add_model(self, model: Model, fingerprint: Mapping[str, object], probes: list[list[float]]) -> None:
        declared = as_json(model.of_documents)
        self._execute("add_model", declared=declared, fingerprint=as_json(fingerprint), probes=as_json(probes))

    def stores(self) -> list[tuple[str, int]]:
        """Name and bytes of every embedding store."""
        return [(row["relname"], row["pg_total_relation_size"]) for row in self._rows("stores")]

    # ---- plumbing --------------------------------------------------------------------------------------------

    def _changes(self, named: str, **parameters: object) -> list[dict[str, Any]]:
        """Rows with what LedgerChange has."""
        return self._rows(named, {"columns": query("ledger_queries", "columns")}, **parameters)

    def _rows(
        self, named: str, pieces: Mapping[str, Query] | None = None, /, **parameters: object
    ) -> list[dict[str, Any]]:
        if not self.installed:
            return []
        return fetch_dicts(self._connection, query("ledger_queries", named, **(pieces or {})), parameters)

    def _row(self, named: str, **parameters: object) -> tuple[Any, ...]:
        return fetch_row(self._connection, query("ledger_queries", named), parameters)

    def _execute(self, named: str, **parameters: object) -> None:
        execute(self._connection, query("ledger_queries", named), parameters)


def as_json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
