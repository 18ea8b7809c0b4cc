"""migrator's own bookkeeping: which run is under way, which phases are done, which model each column holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import msgspec

from migrator import hazards
from migrator.catalog import Catalog, Table
from migrator.catalog.captured import Captured
from migrator.change import Model
from migrator.ledger.moved import Extension
from migrator.ledger.rows import LIVE as LIVE
from migrator.ledger.rows import RETIRED as RETIRED
from migrator.ledger.rows import UNFINISHED, as_json, recorded
from migrator.ledger.rows import LedgerChange as LedgerChange
from migrator.ledger.rows import Run as Run
from migrator.names import SCHEMA
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.restore import RestorePlan
from migrator.postgres.address import VersionTable
from migrator.postgres.connection import Connection, execute, fetch_dicts, fetch_row
from migrator.postgres.sql import Query, name, query, script, text_of

VERSION = 2


def install_statements() -> tuple[Query, ...]:
    """What makes the ledger, or brings one of an earlier version up to date; for its owner alone."""
    return script("ledger"), query("privileges", "schema_to_owner", object=text_of(name(SCHEMA)))


class Ledger:
    """The ledger of one database, as one history of revisions sees it.

    Reads work where it is not installed yet, and find nothing.
    """

    def __init__(self, connection: Connection, *, installed: bool, version_table: VersionTable | None = None) -> None:
        """version_table: that of the history; None for all. Raises Refused where a newer migrator wrote the ledger."""
        self._connection = connection
        self._version_table = version_table
        self._version = 0
        self._restored = False
        self.installed = installed
        if installed:
            self._version, self._restored = self._row("version")
            if self._version > VERSION:
                raise hazards.runs.ledger_of_newer(self._version, VERSION).refusal()

    @property
    def is_current(self) -> bool:
        """Whether it is there, of this version, with oids that hold."""
        return self._version == VERSION and not self._restored

    def install(self) -> None:
        """Makes schema and tables, or brings those of an earlier version, or of a restored dump, up to date."""
        if self.is_current:
            return
        with self._connection.transaction():
            if self._restored:
                self._renumber()
            for statement in install_statements():
                self._connection.execute(statement)
        self.installed, self._version, self._restored = True, VERSION, False

    def bring_up_to_date(self) -> None:
        """As install, where there is a ledger."""
        if self.installed:
            self.install()

    def _renumber(self) -> None:
        for change in self._read("all_changes"):
            self._execute("set_catalog", change=change.id, catalog=recorded(change.catalog, change.findings))
        self._execute("renumber_runs")

    # ---- runs ------------------------------------------------------------------------------------------------

    def unfinished(self) -> Run | None:
        """That of this history; else one of which an earlier version of the ledger does not say whose it is."""
        runs = [run for run in self.unfinished_of_all() if run.own is not False]
        return min(runs, key=lambda run: run.own is None, default=None)

    def unfinished_of_all(self) -> list[Run]:
        """Those of every history in this database, the first begun first."""
        return [Run(**row) for row in self._rows("unfinished")]

    def run_of(self, change: int) -> Run:
        """The run that carried the change out."""
        (row,) = self._rows("run_of", change=change)
        return Run(**row)

    def next_change(self) -> int:
        return int(self._row("next_change")[0]) if self.installed else 1

    def changes(self, run: Run) -> list[LedgerChange]:
        return self._read("changes_of_run", run=run.id)

    def past_cut_over(self, run: Run) -> bool:
        """Whether all its columns are live."""
        return bool(self._row("past_cut_over", run=run.id, live=LIVE)[0])

    def change(self, change: int) -> LedgerChange:
        (found,) = self._read("change", change=change)
        return found

    def live_upgrade(self, table: Table, column: str) -> tuple[LedgerChange, Run] | None:
        """The upgrade of the column that a downgrade undoes, and its run, of whichever history."""
        return self._with_run(self._read("live_upgrade", **_at(table, column)))

    def last_change(self, table: Table, column: str) -> tuple[LedgerChange, Run] | None:
        """The last change of the column that was carried out, up or down, and its run, of whichever history."""
        return self._with_run(self._read("last_change", **_at(table, column)))

    def _with_run(self, found: list[LedgerChange]) -> tuple[LedgerChange, Run] | None:
        return (found[0], self.run_of(found[0].id)) if found else None

    def carried_out(self) -> list[LedgerChange]:
        """All changes of this history that were carried out, first to last."""
        return self._read("carried_out")

    def backed_up_nulls(self, upgrade: int) -> bool:
        """Whether the upgrade's backup table is there and holds rows that had no vector."""
        return any(row["nulls"] for row in self._rows("backed_up_nulls", change=upgrade))

    def texts_edited(self, upgrade: int) -> bool:
        """Whether capture counted texts that were edited before the upgrade's cut-over, their vectors staying."""
        return bool(self._rows("texts_edited", sequence=f"edited_{upgrade}"))

    def count_edited(self, upgrade: int) -> None:
        """Some may have been, where capture did not see it."""
        self._execute("count_edited", sequence=f"migrator.edited_{upgrade}")

    def present_table(self, change: LedgerChange) -> tuple[int, str, str] | None:
        """Oid, schema and name of the change's table now; None where it, or the column, is no longer there."""
        table = change.catalog.table
        # Before cut-over a table that was made anew by that name is another one, unless all are by a dump and restore.
        is_marked = not self._restored if change.state == UNFINISHED else change.keeps_retired_column
        found = execute(
            self._connection,
            query("catalog", "present_table"),
            {
                "table": table.oid,
                "schema": table.schema,
                "name": table.name,
                "column": change.catalog.column.name,
                "mark": change.mark,
                "is_marked": is_marked,
            },
        ).fetchone()
        return (found[0], found[1], found[2]) if found else None

    def changes_of(self, revision: str) -> list[LedgerChange]:
        """The revision's upgrades that are in force, for a downgrade to undo; and those of revisions without a file."""
        return self._read("in_force", revisions=[each for each in self._revisions() if self._names(each, revision)])

    def is_of(self, run: Run, revision: str) -> bool:
        """Whether it is the revision's, which had another name if that of the run has no file any more."""
        return run.own is not False and self._names(run.revision, revision)

    def has_file(self, revision: str) -> bool:
        """Whether there is a file of the revision; taken to be so if no history is at work."""
        return self._version_table is None or self._version_table.has_file(revision)

    def _names(self, recorded: str, revision: str) -> bool:
        return recorded == revision or not self.has_file(recorded)

    def _revisions(self) -> list[str]:
        return [row["revision"] for row in self._rows("revisions")]

    def follow(self, run: Run) -> None:
        """Records the name that the run's revision has now."""
        self._execute("set_revision", run=run.id, revision=run.revision)

    def needed_by_others(self) -> list[LedgerChange]:
        """What other histories have in force, or under way."""
        return self._read("needed_by_others")

    def live_changes(self) -> list[LedgerChange]:
        """Of every history."""
        return self._read("live_changes")

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

    def scopes_beside(self, catalog: Catalog, where: str | None, dimensions: int) -> list[str]:
        """The other scopes of the column whose models have as many dimensions."""
        rows = [row for row in self._registered(catalog) if row["scope"] not in (None, where)]
        return [row["scope"] for row in rows if row["declared"]["dimensions"] == dimensions]

    def _registered(self, catalog: Catalog) -> list[dict[str, Any]]:
        return self._rows("registered", **_at(catalog.table, catalog.column.name))

    def registered_text(self, catalog: Catalog, where: str | None) -> str | None:
        """The expression that the present vectors were made of, by what revisions said; None where none did.

        where: the scope, by which a column without dimensions may hold vectors of several texts.
        """
        text: str | None = None
        found: dict[int, str | None] = {}
        for each in self._read("carried_out_on", **_at(catalog.table, catalog.column.name)):
            change = each.change
            if catalog.column.dimensions is None and change.where not in (None, where):
                continue
            if each.restores is not None:
                text = found.get(each.restores, change.text)
                continue
            found[each.id] = change.from_text or text or change.text
            text = change.text if each.as_upgrade.method == "embed" else found[each.id]
        return text

    def start(self, plan: Plan) -> Run:
        """Records the run before its first statement."""
        with self._connection.transaction():
            run = Run(**self._rows("start_run", revision=plan.revision, direction=plan.direction)[0])
            for column in plan.columns:
                table = column.catalog.table
                self._execute(
                    "start_change",
                    id=column.id,
                    run=run.id,
                    restores=column.restores,
                    schema=table.schema,
                    table=table.name,
                    column=column.live,
                    change=as_json(column.change),
                    catalog=recorded(column.catalog, column.findings),
                    source=column.source if isinstance(column, RestorePlan) else None,
                    online=column.online,
                )
        return run

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

    def quiets_triggers(self, run: Run) -> bool:
        """Whether the command that began the run asked for it, by what its first phase recorded."""
        first = next(iter(self.phases(run)), {"result": None})
        return bool((first["result"] or {}).get("quiet_triggers"))

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

    def forget_model(self, model: Model) -> None:
        """The vectors of its probes are recorded anew when it is asked for the next time."""
        self._execute("forget_model", declared=as_json(model.of_documents))

    def every_change(self) -> list[LedgerChange]:
        """All changes, whatever became of them, of every history."""
        return self._read("every_change")

    def stores(self) -> list[tuple[str, int]]:
        """Name and bytes of every embedding store."""
        return [(row["relname"], row["pg_total_relation_size"]) for row in self._rows("stores")]

    # ---- plumbing --------------------------------------------------------------------------------------------

    def _read(self, named: str, **parameters: object) -> list[LedgerChange]:
        """Changes, with the oids of today, and the schema that pgvector is in today."""
        rows = self._rows(named, **parameters)
        if rows and self._extension is not None:
            rows = [{**row, "catalog": self._extension.in_schema(row["catalog"])} for row in rows]
        return [LedgerChange.of(row) if row["there"] else self._found_again(LedgerChange.of(row)) for row in rows]

    @cached_property
    def _extension(self) -> Extension | None:
        return Extension.read(self._connection)

    def _found_again(self, change: LedgerChange) -> LedgerChange:
        """With the oids that a dump and restore gave its table; 0 where that is not to be found."""
        lost = replace(change, catalog=change.catalog.renumbered(0, {}))
        found = self.present_table(lost)
        if found is None:
            return lost
        below = change.catalog.partitions
        names = {"schemas": [each.schema for each in below], "names": [each.name for each in below]}
        rows = execute(self._connection, query("catalog", "named"), names).fetchall() if below else []
        now = {(schema, table): oid for schema, table, oid in rows}
        return replace(change, catalog=change.catalog.renumbered(found[0], now))

    def _rows(self, named: str, **parameters: object) -> list[dict[str, Any]]:
        if not self.installed:
            return []
        return fetch_dicts(self._connection, self._query(named), self._known | parameters)

    def _row(self, named: str, **parameters: object) -> tuple[Any, ...]:
        return fetch_row(self._connection, self._query(named), parameters)

    def _execute(self, named: str, **parameters: object) -> None:
        execute(self._connection, self._query(named), parameters)

    def _query(self, named: str) -> Query:
        own = query("ledger_queries", "own")
        pieces = {each: query("ledger_queries", each, own=own) for each in ("columns", "of_table", "run")}
        return query("ledger_queries", named, own=own, **pieces)

    @property
    def _known(self) -> dict[str, object]:
        """What queries are told of the history at work."""
        table = self._version_table
        return {
            "version_schema": table and table.schema,
            "version_table": table and table.name,
            "version_oid": table and table.oid,
            "restored": self._restored,
        }


def _at(table: Table, column: str) -> dict[str, object]:
    return {"oid": table.oid, "schema": table.schema, "table": table.name, "column": column}
