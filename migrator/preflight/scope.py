"""Whether the vectors in scope may be of the model that the revision names: they have as many dimensions."""

from __future__ import annotations

from migrator import hazards
from migrator.catalog import scoped
from migrator.database import Connection
from migrator.hazards import Hazard
from migrator.plan import ColumnPlan
from migrator.queries import plain


def examine(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """Only a column whose type has no dimensions can hold others; one scan of it."""
    catalog, size = column.catalog, column.change.from_.dimensions
    if column.is_restore or catalog.column.dimensions is not None:
        return []
    # Vectors that stay where a row has no text may be of an earlier model.
    scope = plain(column.due) if column.keeps_without_text else column.change.where
    found = scoped.dimensions(connection, catalog, scope)
    if all(dimensions == size for dimensions, _ in found):
        return []
    if len(found) == 1:
        ((held, _),) = found
        return [hazards.live_column_differs(column.subject, f"of {held} dimensions in scope", f"{size} dimensions")]
    parts = [part for each in scoped.told_apart(connection, catalog) for part in each]
    fitting = [part for part in parts if part.dimensions == size]
    choices = [f"where={part.condition!r} ({part.vectors:,} of {part.dimensions})" for part in fitting or parts]
    return [hazards.several_dimensions(column.subject, found, choices)]
