"""Where things stand: what is under way, which model each column holds, how complete it is, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import msgspec

from migrator.commands.retire import leftovers
from migrator.errors import Refused
from migrator.hazards import Hazard
from migrator.ledger import current_columns, text_settings
from migrator.ledger.ledger import Ledger
from migrator.ledger.plans import planned
from migrator.plan.column import ColumnPlan, Direction
from migrator.postgres.address import Address
from migrator.postgres.connection import EVALUATION, Connection, connect, fetch_dicts, said
from migrator.postgres.locks import lock_holder
from migrator.postgres.sql import name, query
from migrator.rows import remaining, stale_rows, unreadable
from migrator.runtime.session import open_ledger_to_read
from migrator.runtime.waits import awaited


class PhaseStatus(msgspec.Struct):
    """A phase that was begun. started: in the server's time. seconds: None of a phase that was interrupted."""

    phase: str
    state: Literal["done", "running", "interrupted"]
    started: str
    seconds: float | None
    done: bool
    result: dict[str, Any] | None


class RunStatus(msgspec.Struct):
    """An unfinished run.

    waiting: why the migrator at work writes nothing at present; None where it writes, or none is at work.
    command: what goes on with it. past_cut_over: it can be continued and no longer be undone.
    """

    revision: str
    direction: Direction
    columns: list[str]
    texts_embedded: int
    phases: list[PhaseStatus]
    waiting: str | None
    command: str
    past_cut_over: bool


class _MigratedColumn(msgspec.Struct, kw_only=True):
    column: str
    model: str
    dimensions: int
    type: str
    where: str | None
    failed_rows: int


class UnreadableColumn(_MigratedColumn, kw_only=True):
    """A migrated column of which no more can be said. unreadable: why."""

    unreadable: str


class ColumnStatus(_MigratedColumn, kw_only=True):
    """A migrated column and its rows.

    without_text: rows in scope with neither text nor vector; None where the vectors are of no text.
    rows_left: rows that remain to be filled. coverage: the same in words. not_embedded: rows with a vector whose text
    the store lacks; None where nobody can tell. freshness: the same in words. not_evaluated: rows whose text or scope
    raises an error. next: the command that fills what is missing.
    """

    rows: int
    in_scope: int
    with_vector: int
    without_text: int | None
    rows_left: int
    coverage: str
    not_embedded: int | None
    freshness: str | None
    not_evaluated: int
    next: str | None


class StoreStatus(msgspec.Struct):
    """An embedding store."""

    table: str
    bytes: int


class Status(msgspec.Struct):
    """Where things stand in one database.

    at_work: the migrator that is, and waits_for, what it waits for; lock_held_by: whoever has its lock and is none.
    kept: what retire would drop, in words. gaps: between ledger and alembic_version.
    """

    database: str
    at_work: str | None
    lock_held_by: str | None
    waits_for: str | None
    unfinished: RunStatus | None
    columns: list[ColumnStatus | UnreadableColumn]
    kept: list[str]
    gaps: list[Hazard]
    stores: list[StoreStatus]


def read_status(address: Address, gaps: Sequence[Hazard] = ()) -> Status:
    """Reads only. Counting what is covered scans each migrated table twice."""
    # Whatever is not evaluated names its schema.
    address = text_settings.for_ledger(replace(address, search_path="pg_catalog"), required=False)
    with connect(address) as connection:
        ledger, untrusted = open_ledger_to_read(connection, address)
        columns, gone = current_columns.embedded(ledger)
        holder = lock_holder(connection)
        at_work = holder.described if holder and holder.may_migrate else None
        return Status(
            database=address.shown,
            at_work=at_work,
            lock_held_by=holder.described if holder and not holder.may_migrate else None,
            waits_for=awaited(connection, holder.pid) if at_work and holder and holder.pid else None,
            unfinished=_unfinished(ledger, at_work),
            columns=[
                *(_column(connection, ledger, column, address, untrusted) for column in columns),
                *(_unreadable(ledger, column, "table or column is no longer there") for column in gone),
            ],
            kept=[each.described() for each in leftovers(connection, ledger)],
            gaps=list(gaps),
            stores=[StoreStatus(f"migrator.{table}", taken) for table, taken in ledger.stores()],
        )


def _unfinished(ledger: Ledger, at_work: str | None) -> RunStatus | None:
    run = ledger.unfinished()
    if run is None:
        return None
    return RunStatus(
        revision=run.revision,
        direction=run.direction,
        columns=[planned(ledger, change).subject for change in ledger.changes(run)],
        texts_embedded=sum(change.texts_embedded for change in ledger.changes(run)),
        phases=[_phase(row, at_work) for row in ledger.phases(run)],
        waiting=ledger.waiting(run) if at_work else None,
        command=run.command,
        past_cut_over=ledger.past_cut_over(run),
    )


def _phase(row: dict[str, Any], at_work: str | None) -> PhaseStatus:
    """A phase that is not done is running where a migrator is at work; else its time no longer counts."""
    if row["done"]:
        return PhaseStatus(**row, state="done")
    if at_work:
        return PhaseStatus(**row, state="running")
    return PhaseStatus(**row | {"seconds": None}, state="interrupted")


def _described(ledger: Ledger, column: ColumnPlan) -> dict[str, Any]:
    """The fields of every migrated column."""
    return {
        "column": column.subject,
        "model": column.change.to.name,
        "dimensions": column.dimensions,
        "type": column.type_text,
        "where": column.change.where,
        "failed_rows": ledger.failed_rows(column.id),
    }


def _unreadable(ledger: Ledger, column: ColumnPlan, why: str) -> UnreadableColumn:
    return UnreadableColumn(**_described(ledger, column), unreadable=why)


def _column(
    connection: Connection, ledger: Ledger, column: ColumnPlan, address: Address, untrusted: Hazard | None
) -> ColumnStatus | UnreadableColumn:
    """untrusted: why nothing of it may be evaluated."""
    if untrusted is not None:
        return _unreadable(ledger, column, f"{untrusted.problem}; {untrusted.remedy}")
    for setting, variable in column.change.settings.items():
        if setting not in address.settings:
            return _unreadable(ledger, column, f"the setting {setting} of its text is not at hand ({variable})")
    try:
        current_columns.as_planned(connection, column)
        return _evaluated(connection, ledger, column)
    except Refused as refusal:
        return _unreadable(ledger, column, f"{refusal.problem}; {refusal.remedy}")
    except EVALUATION as error:
        # The table may have been changed by others since.
        return _unreadable(ledger, column, said(error))


def _evaluated(connection: Connection, ledger: Ledger, column: ColumnPlan) -> ColumnStatus:
    embeds, failed = column.method == "embed", ledger.failed_rows(column.id)
    counts = unreadable.tolerant(connection, column, lambda column: _coverage(connection, column))
    remain = remaining.count(connection, column, column.live)
    null_by_right = remaining.count_null_by_right(connection, column, column.live)
    cannot_tell = stale_rows.cannot_tell(connection, column)
    not_embedded = stale_rows.not_embedded(connection, column) if cannot_tell is None else None
    met = unreadable.was_met(connection, column)
    lacks = embeds and (remain or failed) and ledger.unfinished() is None
    return ColumnStatus(
        **_described(ledger, column),
        **counts if embeds else {**counts, "without_text": None},
        rows_left=remain,
        coverage=remaining.in_words(column, remain, null_by_right),
        not_embedded=not_embedded,
        freshness=stale_rows.in_words(cannot_tell, not_embedded or 0) if embeds else None,
        not_evaluated=unreadable.look(connection, column).rows if met else 0,
        next="migrator backfill" if lacks else None,
    )


def _coverage(connection: Connection, column: ColumnPlan) -> dict[str, Any]:
    pieces = {"column": name(column.live), "scope": column.scope, "text": column.text, "table": column.table}
    (counts,) = fetch_dicts(connection, query("catalog", "coverage", readable=unreadable.readable(column), **pieces))
    return counts
