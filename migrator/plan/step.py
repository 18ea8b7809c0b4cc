"""A statement of a plan, with its lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from migrator.postgres.sql import Query


class Lock(StrEnum):
    """What a statement takes on the user's table, from the weakest on."""

    NONE = "none"
    ACCESS_SHARE = "ACCESS SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"


@dataclass(frozen=True)
class Statement:
    """A statement with the lock it takes and for how long.

    columns: those it is for, as schema.table.column. only_if: what the loop that sends it finds, where it is not always
    sent.
    """

    columns: tuple[str, ...]
    query: Query
    lock: Lock
    lasts: str
    only_if: str = ""

    def listed(self, phase: str, only_if: str = "") -> Listed:
        """only_if: when its step is sent."""
        return Listed(self.columns, self.query, self.lock, self.lasts, self.only_if or only_if, phase=phase)


@dataclass(frozen=True)
class Listed(Statement):
    """A statement as a plan lists it: with its phase, and with the condition of its step."""

    phase: str = field(kw_only=True)
