"""The scope of a live column: rows are in it, and none left it with the model's vectors."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection
from migrator.proofs.proof import Proof
from migrator.report import counted
from migrator.rows import relabelled

NAME = "scope"


def holds(connection: Connection, column: ColumnPlan, columns: Sequence[ColumnPlan]) -> list[Proof]:
    """Nothing where the change is about all rows. columns: all that are migrated, each by its scope."""
    where = column.change.where
    if where is None:
        return []
    at = (column.catalog.table.oid, column.live)
    beside = [each for each in columns if each is not column and (each.catalog.table.oid, each.live) == at]
    others = [
        each.change.where or "true" for each in beside if each.change.to.of_documents == column.change.to.of_documents
    ]
    found = relabelled.look(connection, column, others)
    alike = f"{counted(found.alike, 'rows')} out of scope with a vector of {column.dimensions} dimensions"
    if found.left:
        left = (
            f"{counted(found.left, 'rows')} out of scope with a vector of this model: they left where={where!r} since"
        )
        return [Proof(NAME, False, f"{left}; rows in scope with a vector: {found.in_scope:,}")]
    if not found.in_scope:
        nothing = f"no row of where={where!r} has a vector, so nothing is proved of any"
        return [Proof(NAME, None, f"{nothing}; {alike}" if found.alike else nothing)]
    return [Proof(NAME, True, f"{counted(found.in_scope, 'rows')} of where={where!r} with a vector")]
