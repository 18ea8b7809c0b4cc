"""A table or partition read a range of blocks at a time."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.plan.tree import Relation
from migrator.postgres.connection import Connection, fetch_row
from migrator.postgres.sql import query


class BlockRanges:
    """The blocks of a table or partition, a range at a time: bounds as parameters, blocks done, blocks in all.

    The end is fixed at the start: versions that the fill writes beyond it are filled already. step: blocks a range; may
    be changed between two of them.
    """

    def __init__(self, connection: Connection, table: Relation, rows: int, *, whole: bool = False) -> None:
        """rows: at most about so many a range. whole: all in one."""
        (self._blocks,) = fetch_row(connection, query("store", "blocks"), {"table": table.oid})
        per_block = table.rows / table.blocks if table.blocks and table.rows else 10.0
        self.step = max(1, self._blocks if whole else int(rows / max(per_block, 0.1)))

    def __iter__(self) -> Iterator[tuple[dict[str, str], int, int]]:
        first = 0
        while first < self._blocks:
            last = min(first + self.step, self._blocks)
            yield {"first": f"({first},0)", "last": f"({last},0)"}, last, self._blocks
            first = last
