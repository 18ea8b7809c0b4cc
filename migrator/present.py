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
    """Every migrated column by its last change: those that are there, by present name, and those whose table is not."""
    there: dict[tuple[int, str], ColumnPlan] = {}
    gone = []
    changes = (change for change in ledger.last_changes() if change.state in (LIVE, RETIRED))
    for change in sorted(changes, key=lambda change: change.id):
        found = present(ledger, change)
        if found is None:
            gone.append(planned(ledger, change))
        else:
            # A table that was upgraded under two names is there twice; the later upgrade counts.
            there[found.catalog.table.oid, found.live] = found
    return sorted(there.values(), key=lambda column: column.subject), gone


def as_planned(connection: Connection, column: ColumnPlan) -> str:
    """Text and scope mean what they meant when the upgrade was planned: names are looked up as they were then.

    Returns the search_path that is set, for other connections.
    """
    path = search_path(column.catalog.server.search_path)
    configure(connection, {"search_path": path})
    return path
