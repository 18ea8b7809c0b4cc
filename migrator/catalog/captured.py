"""Tables as they were when capture began to see every write of their rows, by which it shows where it did not."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.catalog.columns import TREE
from migrator.postgres.connection import Connection, fetch_dicts
from migrator.postgres.sql import query


@dataclass(frozen=True)
class Captured:
    """A table or partition that holds rows. state: another one once it was rewritten, or was for a moment without the
    trigger, as a partition that is detached, or has other BEFORE triggers, which may have fired after it.
    """

    oid: int
    state: str


def read_captured(connection: Connection, table: int, trigger: str) -> list[Captured]:
    """Of the table of that oid and of all below it."""
    given = {"table": table, "trigger": trigger}
    return [
        Captured(**row) for row in fetch_dicts(connection, query("text_dependencies", "captured", tree=TREE), given)
    ]
