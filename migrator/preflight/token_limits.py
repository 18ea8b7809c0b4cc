"""Texts that are longer than the model reads, counted whole: the timed sample only estimates them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from psycopg.rows import TupleRow

from migrator import hazards
from migrator.embedding.providers import Embedder
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.tree import Relation
from migrator.postgres.connection import Connection, execute
from migrator.postgres.sql import query
from migrator.rows.block_ranges import BlockRanges
from migrator.rows.unreadable import tolerant

# Rows whose texts are read, and measured, at a time.
ROWS = 2_000


def refuse_cut_short(connection: Connection, column: ColumnPlan, embedder: Embedder) -> None:
    """Raises Refused where rows in scope have a text that the model does not read to its end, or none can tell."""
    limit = embedder.max_tokens
    if limit is None:
        return
    found = 0
    for leaf in tree.leaves(tree.planned(column)):
        for bounds, _, _ in BlockRanges(connection, leaf, ROWS):
            rows = tolerant(connection, column, partial(_texts, connection, leaf, bounds))
            tokens = embedder.count_tokens([text for text, _ in rows]) if rows else []
            if tokens is None:
                raise hazards.rows.lengths_unknown(column.subject, column.change.to.name).refusal()
            found += sum(same for (_, same), count in zip(rows, tokens, strict=True) if count > limit)
    if found:
        raise hazards.rows.texts_cut_short(column.subject, found, limit).refusal()


def _texts(connection: Connection, leaf: Relation, bounds: Mapping[str, str], column: ColumnPlan) -> list[TupleRow]:
    """Those of a range of blocks, each with the number of rows that hold it."""
    pieces = {"text": column.text, "table": leaf.addressed(column), "row": column.row, "due": column.due}
    return execute(connection, query("store", "texts", **pieces), bounds).fetchall()
