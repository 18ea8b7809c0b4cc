"""A statement of a plan, with its lock."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.postgres.sql import Query


@dataclass(frozen=True)
class Statement:
    """A statement with the lock it takes on the user's table and for how long.

    columns: those it is for, as schema.table.column. only_if: when it is sent, where that is not always.
    """

    phase: str
    columns: tuple[str, ...]
    query: Query
    lock: str
    lasts: str
    only_if: str = ""
