"""Where things stand: what is under way, which model each column holds, how complete it is, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from migrator.commands.retire import leftovers
from migrator.errors import Refused
from migrator.hazards import Hazard
from migrator.ledger import current_columns, text_settings
from migrator.ledger.ledger import Ledger
from migrator.ledger.plans import planned
from migrator.plan.column import ColumnPlan
from migrator.postgres.address import Address
from migrator.postgres.connection import EVALUATION, Connection, connect, fetch_dicts, said
from migrator.postgres.locks import lock_holder
from migrator.postgres.sql import name, query
from migrator.rows import remaining, stale_rows, unreadable
from migrator.runtime.session import open_ledger_to_read
from migrator.runtime.waits import awaited


def read_status(address: Address, gaps: Sequence[Hazard] = ()) -> dict[str, Any]:
    """One document; reads only. Counting what is covered scans each migrated table twice."""
    # Whatever is not evaluated names its schema.
    address = text_settings.for_ledger(replace(address, search_path="pg_catalog"), required=False)
    with connect(address) as connection:
        ledger, untrusted = open_ledger_to_read(connection, address)
        columns, gone = current_columns.embedded(ledger)
        holder = lock_holder(connection)
        at_work = holder.described if holder and holder.may_migrate else None
        return {
            "database": address.shown,
            "at_work": at_work,
            "lock_held_by": holder.described if holder and not holder.may_migrate else None,
            "waits_for": awaited(connection, holder.pid) if at_work and holder and holder.pid else None,
            "unfinished": _unfinished(ledger, at_work),
            "columns": [
                *(_column(connection, ledger, column, address, untrusted) for column in columns),
                *(
                    {**_described(ledger, column), "unreadable": "table or column is no longer there"}
                    for column in gone
                ),
            ],
            "kept": [each.described() for each in leftovers(connection, ledger)],
            "gaps": [asdict(each) for each in gaps],
            "stores": [{"table": f"migrator.{table}", "bytes": taken} for table, taken in ledger.stores()],
        }


def _unfinished(ledger: Ledger, at_work: str | None) -> dict[str, Any] | None:
    """A phase that is not done is running where a migrator is at work; else its time no longer counts.

    waiting: why the migrator at work writes nothing at present; None where it writes, or none is at work.
    command: what goes on with it. past_cut_over: it can be continued and no longer be undone.
    """
    run = ledger.unfinished()
    if run is None:
        return None
    return {
        "revision": run.revision,
        "direction": run.direction,
        "columns": [planned(ledger, change).subject for change in ledger.changes(run)],
        "texts_embedded": sum(change.texts_embedded for change in ledger.changes(run)),
        "phases": [_phase(row, at_work) for row in ledger.phases(run)],
        "waiting": ledger.waiting(run) if at_work else None,
        "command": run.command,
        "past_cut_over": ledger.past_cut_over(run),
    }


def _phase(row: dict[str, Any], at_work: str | None) -> dict[str, Any]:
    if row["done"]:
        return {**row, "state": "done"}
    if at_work:
        return {**row, "state": "running"}
    return {**row, "state": "interrupted", "seconds": None}


def _described(ledger: Ledger, column: ColumnPlan) -> dict[str, Any]:
    return {
        "column": column.subject,
        "model": column.change.to.name,
        "dimensions": column.dimensions,
        "type": column.type_text,
        "where": column.change.where,
        "failed_rows": ledger.failed_rows(column.id),
    }


def _column(
    connection: Connection, ledger: Ledger, column: ColumnPlan, address: Address, untrusted: Hazard | None
) -> dict[str, Any]:
    """untrusted: why nothing of it may be evaluated."""
    found = _described(ledger, column)
    if untrusted is not None:
        return {**found, "unreadable": f"{untrusted.problem}; {untrusted.remedy}"}
    for setting, variable in column.change.settings.items():
        if setting not in address.settings:
            return {**found, "unreadable": f"the setting {setting} of its text is not at hand ({variable})"}
    try:
        current_columns.as_planned(connection, column)
        counts = unreadable.tolerant(connection, column, lambda column: _coverage(connection, column))
        if column.method != "embed":
            counts["without_text"] = None
        found |= counts
        found["rows_left"] = remaining.count(connection, column, column.live)
        found["coverage"] = remaining.in_words(
            column, found["rows_left"], remaining.count_null_by_right(connection, column, column.live)
        )
        cannot_tell = stale_rows.cannot_tell(connection, column)
        found["not_embedded"] = stale_rows.not_embedded(connection, column) if cannot_tell is None else None
        known = found["not_embedded"] or 0
        found["freshness"] = stale_rows.in_words(cannot_tell, known) if column.method == "embed" else None
        met = unreadable.was_met(connection, column)
        found["not_evaluated"] = unreadable.look(connection, column).rows if met else 0
        lacks = column.method == "embed" and (found["rows_left"] or found["failed_rows"])
        found["next"] = "migrator backfill" if lacks and ledger.unfinished() is None else None
    except Refused as refusal:
        found["unreadable"] = f"{refusal.problem}; {refusal.remedy}"
    except EVALUATION as error:
        # The table may have been changed by others since.
        found["unreadable"] = said(error)
    return found


def _coverage(connection: Connection, column: ColumnPlan) -> dict[str, Any]:
    pieces = {"column": name(column.live), "scope": column.scope, "text": column.text, "table": column.table}
    (counts,) = fetch_dicts(connection, query("catalog", "coverage", readable=unreadable.readable(column), **pieces))
    return counts
