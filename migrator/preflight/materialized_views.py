"""Tries the queries and indexes of materialized views over the new columns, in a transaction that is rolled back.

Empty copies stand for the tables of the columns there, so that nothing is evaluated, and locks keep nobody waiting.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from psycopg import sql

from migrator import hazards
from migrator.catalog.deparsed import in_place_of
from migrator.dependents import materialized_views
from migrator.dependents.materialized_views import Twin
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, configure, execute, search_path
from migrator.postgres.sql import Query, fragment, name, query
from migrator.preflight.expressions import refused


def examine(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    """What stands against each, of those that read `column` before any other of the columns.

    A query that takes a row of the table as a whole is not tried: the copy's is of another type.
    """
    replaced = [each for each in columns if each.method != "index"]
    tables = {each.catalog.table.oid: each.catalog.table for each in replaced}
    if len({table.name for table in tables.values()}) < len(tables):
        # Two copies cannot have one name.
        return []
    found = []
    for twin in twins_of(columns, column):
        definition = twin.view.definition
        for table in tables.values():
            copy = name("pg_temp", table.name).as_string(None)
            definition = in_place_of(definition, table.schema, table.name, copy)
        if re.search(r"\.\*(?!::)", definition) is None:
            found += _tried(connection, replaced, twin, fragment(definition))
    return found


def twins_of(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Twin]:
    """Those that read `column` before any other of the columns."""
    return [twin for twin in materialized_views.twins(columns) if twin.column.id == column.id]


def _tried(connection: Connection, replaced: Sequence[ColumnPlan], twin: Twin, definition: Query) -> list[Hazard]:
    view = f"materialized view {twin.view.shown}"
    with connection.transaction(force_rollback=True):
        for table in {each.catalog.table.oid: each for each in replaced}.values():
            called = name(table.catalog.table.name)
            execute(connection, query("trial", "copy_of_table", copy=called, table=table.table))
        for each in replaced:
            called, live = name(each.catalog.table.name), name(each.live)
            execute(connection, query("materialized_views", "try_type", copy=called, column=live, type=each.type_sql))
        path = search_path(twin.column.catalog.server.definition_path)
        configure(connection, {"search_path": path}, local=True)
        reason = refused(connection, [query("materialized_views", "try", definition=definition)])
        tried = [(view, reason)]
        if reason is None:
            copy = sql.SQL("pg_temp.migrator_try_view")
            for number, index in enumerate(twin.has.indexes, 1):
                created = materialized_views.create_index(index, f"migrator_try_index_{number}", copy)
                tried.append((f"index {index.name} of {view}", refused(connection, [created])))
    return [
        hazards.dependents.materialized_view_does_not_fit(twin.column.subject, what, reason)
        for what, reason in tried
        if reason is not None
    ]
