"""A statement of a plan, with its lock."""

from __future__ import annotations

from dataclasses import dataclass
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
    sent. phase: filled in where all of a plan are listed.
    """

    columns: tuple[str, ...]
    query: Query
    lock: Lock
    lasts: str
    only_if: str = ""
    phase: str = ""
