"""Functions that text and scope call. Replaced they give other texts, and no row is written that would tell."""

from __future__ import annotations

from collections.abc import Sequence

from migrator import hazards
from migrator.catalog import CalledFunction
from migrator.database import Connection, execute, fetch_dicts, fetch_row, qualified_names
from migrator.hazards import Hazard
from migrator.plan import ColumnPlan
from migrator.queries import query


def find_called(connection: Connection, column: ColumnPlan) -> list[int]:
    """Oids of those that are named in them, and of those that these call in turn, but for PostgreSQL's own.

    Not found are those whose names a function puts together, or that are called by none, as an aggregate's. Names are
    looked up by the search path of the text.
    """
    old_text = column.with_old_text.text
    with connection.transaction(force_rollback=True):
        view = query("called", "view", text=column.text, old_text=old_text, scope=column.scope, table=column.table)
        execute(connection, view)
        # Most texts call nothing but PostgreSQL's own, and to plan the walk takes longer than the rest of it.
        if not fetch_row(connection, query("called", "any"))[0]:
            return []
        return [oid for (oid,) in execute(connection, query("called", "functions"))]


def read_called(connection: Connection, functions: Sequence[int]) -> list[CalledFunction]:
    """As they are now."""
    if not functions:
        return []
    with qualified_names(connection):
        names = [name for (name,) in execute(connection, query("called", "names"), {"functions": [*functions]})]
        return _definitions(connection, names)


def of_others(connection: Connection, column: ColumnPlan, functions: Sequence[int]) -> list[Hazard]:
    """Capture runs them with this role's rights, and whoever may replace one could use these."""
    table, role = column.catalog.table, column.catalog.server.role
    given = {"functions": [*functions], "table": table.oid}
    with qualified_names(connection):
        found = fetch_dicts(connection, query("called", "of_others"), given)
    strangers = {row["name"]: row["owner"] for row in found if not row["of_the_table"]}
    if strangers:
        return [hazards.text_functions_of_others(column.subject, strangers, table.owner, role)]
    return (
        [hazards.text_functions_of_owner(column.subject, [row["name"] for row in found], table.owner, role)]
        if found
        else []
    )


def replaced(connection: Connection, column: ColumnPlan) -> list[str]:
    """Of those that were planned with, the ones that are others now, or gone."""
    known = column.catalog.called
    if not known:
        return []
    with qualified_names(connection):
        now = _definitions(connection, [function.name for function in known])
    return [before.name for before, after in zip(known, now, strict=True) if before != after]


def _definitions(connection: Connection, names: Sequence[str]) -> list[CalledFunction]:
    """In the order of the names."""
    found = fetch_dicts(connection, query("called", "definitions"), {"functions": [*names]})
    return [CalledFunction(**row) for row in found]
