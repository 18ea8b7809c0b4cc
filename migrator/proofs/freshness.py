"""Freshness of a live column: every vector is of its row's present text, as far as the embedding store knows."""

from __future__ import annotations

from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection
from migrator.proofs.proof import Proof
from migrator.report import counted
from migrator.rows import stale_rows

NAME = "freshness"


def fresh(connection: Connection, column: ColumnPlan) -> Proof:
    """column: by its last change that embedded. Not taken where no store knows its vectors."""
    why_not = stale_rows.cannot_tell(connection, column)
    if why_not is not None:
        return Proof(NAME, None, why_not)
    found = stale_rows.count(connection, column)
    parts = []
    if found.stale:
        parts.append(f"{counted(found.stale, 'rows')} with the vector of another text, because theirs was edited since")
    if found.unknown:
        parts.append(f"{counted(found.unknown, 'rows')} with a vector that the embedding store does not know")
    if found.stale:
        detail = "; ".join(parts)
    else:
        detail = "every vector is of its row's present text" + (f", but for {parts[0]}" if parts else "")
    return Proof(NAME, not found.stale, detail)
