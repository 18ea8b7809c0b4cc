"""The columns of the ledger as they are called now: tables are renamed, moved to other schemas, and dropped."""

from __future__ import annotations

import dataclasses

from migrator.database import Connection, configure, search_path
from migrator.ledger import LIVE, RETIRED, Ledger, LedgerChange
from migrator.plan import ColumnPlan
from migrator.planner import planned


def present(ledger: Ledger, change: LedgerChange) -> ColumnPlan | None:
    """The plan with the table's present name; None where the table, or its column, is no longer there."""
    found = ledger.present_table(change)
    if found is None:
        return None
    column = planned(ledger, change)
    oid, schema, called = found
    table = dataclasses.replace(column.catalog.table, oid=oid, schema=schema, name=called)
    return dataclasses.replace(column, catalog=dataclasses.replace(column.catalog, table=table))


def columns(ledger: Ledger) -> tuple[list[ColumnPlan], list[ColumnPlan]]:
    """Every migrated column by its last change: those that are there, by present name, and those whose table is not.

    Where the last one is of a scope and the rows out of it kept what they held, the changes before it count too, each
    with the rows that no later one has in its scope.
    """
    there: dict[tuple[int, str], list[ColumnPlan]] = {}
    gone: dict[str, ColumnPlan] = {}
    for change in ledger.carried_out():
        if change.state not in (LIVE, RETIRED):
            continue
        found = present(ledger, change)
        if found is None:
            column = planned(ledger, change)
            gone[column.subject] = column
            continue
        # A table that was upgraded under two names has its oid still.
        at = found.catalog.table.oid, found.live
        there[at] = [*_left_by(found, there.get(at, [])), found]
    held = [column for each in there.values() for column in each]
    return sorted(held, key=lambda column: column.subject), list(gone.values())


def _left_by(later: ColumnPlan, columns: list[ColumnPlan]) -> list[ColumnPlan]:
    """What a later change of the same column leaves to those before it."""
    if not later.keeps_out_of_scope:
        return []
    left = []
    for column in columns:
        if column.change.where != later.change.where:
            own = [f"({column.change.where})"] if column.change.where else []
            where = " AND ".join([*own, f"({later.change.where}) IS NOT TRUE"])
            left.append(dataclasses.replace(column, change=dataclasses.replace(column.change, where=where)))
    return left


def names(columns: list[ColumnPlan]) -> list[str]:
    """What each is called, with its scope where there are several of a column."""
    subjects = [column.subject for column in columns]
    return [
        f"{column.subject} where {column.change.where}" if subjects.count(column.subject) > 1 else column.subject
        for column in columns
    ]


def as_planned(connection: Connection, column: ColumnPlan) -> str:
    """Text and scope mean what they meant when the upgrade was planned: names are looked up as they were then.

    Returns the search_path that is set, for other connections.
    """
    path = search_path(column.catalog.server.search_path)
    configure(connection, {"search_path": path})
    return path
