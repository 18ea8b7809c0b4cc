"""Event triggers of the database, some of which refuse what a run does to tables, indexes and views."""

from __future__ import annotations

import psycopg

from migrator import hazards
from migrator.database import Connection, execute, said
from migrator.hazards import Hazard
from migrator.plan import ColumnPlan
from migrator.queries import name, query


def examine(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """They are tried by a table in the column's schema, in a transaction that is rolled back."""
    schema = column.catalog.table.schema
    enabled = [each for (each,) in execute(connection, query("trial", "event_triggers"))]
    if not enabled:
        return []
    tried = {each: name(schema, f"migrator_try_{each}") for each in ("table", "index", "view")}
    index_made = name("migrator_try_index")
    try:
        with connection.transaction(force_rollback=True):
            execute(connection, query("trial", "fire_event_triggers", **tried, index_made=index_made))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return [hazards.event_trigger_refuses(enabled, said(error))]
    return []
