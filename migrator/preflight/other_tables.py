"""Other tables that a text reads, as preflight finds them: what their locks, from fill to cut-over, mean to writers."""

from __future__ import annotations

import psycopg

from migrator import hazards
from migrator.hazards import Hazard
from migrator.names import CAPTURE
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, execute
from migrator.postgres.sql import query
from migrator.preflight.fired_triggers import fired, tried


def examine(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """Nothing where the text reads none."""
    table = column.catalog.table
    if not column.findings.read:
        return []
    written = _written_by_triggers(connection, column)
    if written:
        firing, may_be = column.firing_triggers, column.can_disable_triggers
        return [hazards.triggers.triggers_write_other_tables(table.schema, table.name, firing, written, may_be)]
    fired = [each.name for each in table.triggers if each.enabled in "OA" and not each.name.startswith(CAPTURE)]
    return [hazards.texts.other_tables_locked(column.subject, [each.shown for each in column.findings.read], fired)]


def _written_by_triggers(connection: Connection, column: ColumnPlan) -> list[str]:
    """Those of them that triggers write to which the fill fires, by updates of one row that are rolled back.

    Where the update fails or has to wait, nothing is known.
    """
    read = column.findings.read
    tables = {"tables": [each.oid for each in read], "called": [each.shown for each in read]}
    written: set[str] = set()
    for leaf, _ in tried(connection, column):
        try:
            with fired(connection, column, leaf):
                written.update(called for (called,) in execute(connection, query("trial", "written"), tables))
        except psycopg.Error:
            if connection.broken:
                raise
    return sorted(written)
