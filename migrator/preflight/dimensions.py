"""Tries conditions that say how many dimensions vectors may have, as `vector_dims(embedding) IN (384, 1536)` does.

Those that compare them with the old number alone are made again with the new one; others are made again as they are,
and so are views and functions. A CHECK is tried on vectors of either length, whatever it says of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from psycopg import sql

from migrator import hazards
from migrator.catalog import Catalog
from migrator.catalog.deparsed import says_dimensions
from migrator.catalog.dependents import BoundTrigger, Check, Policy
from migrator.dependents import conditions
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import EVALUATION, Connection, execute, fetch_row
from migrator.postgres.sql import Query, expression, name, query
from migrator.preflight.text_trial import ROWS
from migrator.report import in_line


def examine(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    """Those that would hold for no new vector are refused; those that may not hold for one are told."""
    found, kept = [], []
    for check, both, alone in conditions.over_vectors(columns, column):
        holds, lost = _tried(connection, both) or (False, _tried(connection, alone) is not None)
        if lost and not holds:
            about = check.described, in_line(check.expression), column.dimensions
            found.append(hazards.dependents.dimensions_not_allowed(column.subject, *about))
        elif lost:
            kept.append(f"{check.described}: {in_line(check.expression)}")
    for each, written, before, after in conditions.put_in(columns, column):
        if isinstance(each, Check):
            continue
        table, called, scope = column.table, name(column.catalog.table.name), column.scope
        old: Query = sql.SQL("")
        if isinstance(each, Policy) and each.table_sql.as_string(None) != table.as_string(None):
            table, called, scope = each.table_sql, name(each.table), sql.SQL("true")
        if isinstance(each, BoundTrigger):
            called, old = sql.SQL("new"), query("carry", "old_row", table=table)
        pieces = {"before": expression(before), "after": expression(after), "scope": scope, "old": old}
        tried = _tried(connection, query("carry", "allows", table=table, called=called, **pieces))
        # Where it cannot be evaluated, as little is known as where it holds for no row in either case.
        holds, lost = tried or (False, False)
        if lost and not holds:
            found.append(
                hazards.dependents.dimensions_not_allowed(
                    column.subject, each.described, in_line(written), column.dimensions
                )
            )
        elif lost or not holds:
            kept.append(f"{each.described}: {in_line(written)}")
    return found + ([hazards.dependents.dimensions_kept(column.subject, kept, column.dimensions)] if kept else [])


def kept_as_written(column: ColumnPlan) -> list[Hazard]:
    """Refuses views and functions that say the present dimensions: made again, they would fail or find nothing.

    On a downgrade those are left out that said so before the upgrade. Materialized views are looked at elsewhere.
    """
    old, new = column.change.from_.dimensions, column.change.to.dimensions
    former = _written(column.before) if column.before else {}
    replaced = {function.name for function in column.catalog.replaced}
    return [
        hazards.dependents.says_dimensions(column.subject, described, old)
        for described, texts in _written(column.catalog, without=replaced).items()
        if old != new and former.get(described) != texts and any(says_dimensions(text, old) for text in texts)
    ]


def _written(catalog: Catalog, *, without: Collection[str] = ()) -> dict[str, list[str]]:
    """The SQL of each view and function that reads the column. without: names of functions to leave out."""
    views = {
        f"view {view.shown}": [
            view.definition,
            *(part.definition for part in (*view.rules, *view.triggers)),
        ]
        for view in catalog.views
        if view.kind == "v"
    }
    functions = {each.described: [each.definition] for each in catalog.carried.functions if each.name not in without}
    return views | functions


def _tried(connection: Connection, statement: sql.Composed) -> tuple[bool, bool] | None:
    """None where it cannot be evaluated."""
    try:
        with connection.transaction(force_rollback=True):
            execute(connection, query("session", "read_only"))
            holds, lost = fetch_row(connection, statement, {"limit": ROWS})
    except EVALUATION:
        return None
    return holds, lost
