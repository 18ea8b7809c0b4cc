"""Whether the vectors in scope may be of the model that the revision names; on a downgrade, whether any is outside."""

from __future__ import annotations

from migrator import hazards
from migrator.catalog import scope_values
from migrator.hazards import Hazard
from migrator.ledger.ledger import Ledger
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection
from migrator.postgres.sql import name, plain
from migrator.rows import relabelled


def examine(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """Only a column whose type has no dimensions can hold others; one scan of it."""
    catalog, size = column.catalog, column.change.from_.dimensions
    if column.is_restore or catalog.column.dimensions is not None:
        return []
    # Vectors that stay where a row has no text may be of an earlier model.
    scope = plain(column.due) if column.keeps_without_text else column.change.where
    found = scope_values.dimensions(connection, catalog, scope)
    if all(dimensions == size for dimensions, _ in found):
        return []
    if len(found) == 1:
        ((held, _),) = found
        return [
            hazards.columns.live_column_differs(column.subject, f"of {held} dimensions in scope", f"{size} dimensions")
        ]
    parts = [part for each in scope_values.told_apart(connection, catalog) for part in each]
    fitting = [part for part in parts if part.dimensions == size]
    choices = [f"where={part.condition!r} ({part.vectors:,} of {part.dimensions})" for part in fitting or parts]
    return [hazards.rows.several_dimensions(column.subject, found, choices)]


def left(connection: Connection, ledger: Ledger, column: ColumnPlan) -> list[Hazard]:
    """On a downgrade: rows that left the scope and would keep a vector of the model that goes."""
    where, gone = column.change.where, column.change.from_
    if not column.is_restore or where is None or not column.keeps_out_of_scope or column.upgrade.method != "embed":
        return []
    others = ledger.scopes_beside(column.catalog, where, gone.dimensions)
    rows = relabelled.count_kept(connection, column, others)
    if not rows:
        return []
    without = ""
    if gone.dimensions != column.dimensions and not others:
        table, live = plain(column.table), plain(name(column.live))
        of_length = f"vector_dims({live}) = {gone.dimensions}"
        without = f"UPDATE {table} SET {live} = NULL WHERE ({where}) IS NOT TRUE AND {of_length}"
    return [hazards.runs.rows_left_scope(column.subject, rows, where, gone.name, column.change.to.name, without)]
