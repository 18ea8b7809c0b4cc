"""Event triggers of the database, some of which refuse what a run does to tables, indexes and views."""

from __future__ import annotations

import psycopg
from psycopg import sql

from migrator import hazards
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, execute, raised_in, said
from migrator.postgres.sql import Query, block, name, query


def examine(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """They are tried by a table in the column's schema, in a transaction that is rolled back."""
    enabled: dict[str, str] = dict(execute(connection, query("trial", "event_triggers")).fetchall())
    if not enabled:
        return []
    try:
        with connection.transaction(force_rollback=True):
            execute(connection, _tried(column))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        # What is no event trigger's, such as a right that is not there, is asked where it matters.
        if any(raised_in(error, function) for function in enabled.values()):
            return [hazards.server.event_trigger_refuses(enabled, said(error))]
    return []


def _tried(column: ColumnPlan) -> Query:
    """Called as the user's own are, with more behind: rules for names mostly go by how they begin."""
    table = column.catalog.table
    view = next((view for view in column.catalog.views if view.kind == "v"), None)
    return block(
        "trial",
        "fire_event_triggers",
        table=name(table.schema, f"{table.name}_migrator_try"),
        index=name(table.schema, "migrator_try_index"),
        index_made=name("migrator_try_index"),
        adds_column=sql.Literal(column.method != "index"),
        drops_view=sql.Literal(view is not None),
        view=name(view.schema, f"{view.name}_migrator_try") if view else name("migrator_try_view"),
    )
