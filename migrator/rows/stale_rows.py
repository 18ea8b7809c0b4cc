"""Rows whose text was edited after cut-over, their vector staying. The store knows them, without a model.

Its vector of the row's present text is another one; or it lacks that text, and has the row's vector under another one.
Of a vector that the store has under no text nothing can be said: the application wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql
from psycopg.rows import TupleRow

from migrator.embedding import store
from migrator.embedding.similarity import SAME_VECTOR
from migrator.plan.column import ColumnPlan
from migrator.plan.tree import Relation
from migrator.postgres.connection import Connection, fetch_row
from migrator.postgres.sql import fragment, name, query
from migrator.report import counted
from migrator.rows import batches
from migrator.rows.embed import HELD_BYTES, PAGE_ROWS, embed_pages
from migrator.rows.portions import Portions
from migrator.rows.unreadable import tolerant
from migrator.runtime.context import Work

# What progress calls the work on them.
_SHOWN_AS = "backfill"


@dataclass(frozen=True)
class StaleRows:
    """Rows in scope with a text and a vector: how many are stale, and of how many the store knows neither."""

    stale: int
    unknown: int


def can_tell(column: ColumnPlan) -> bool:
    """After a downgrade the vectors are those that the application had made, perhaps a little differently."""
    return column.method == "embed" and not column.is_restore


def cannot_tell(connection: Connection, column: ColumnPlan) -> str | None:
    """Why it is not known which vectors are of their rows' present text, in words; None where it is known."""
    if column.method != "embed":
        return "the vectors are derived from others, and of no text that the ledger knows"
    if column.is_restore:
        return "after a downgrade the vectors are the application's own, which the embedding store does not know"
    if not store.exists(connection, column):
        return "the embedding store of these vectors was dropped"
    return None


def in_words(cannot_tell: str | None, not_embedded: int) -> str:
    """How fresh the vectors are by a look at the hashes of the texts alone."""
    if cannot_tell is not None:
        return f"no telling whether vectors are of their rows' present text: {cannot_tell}"
    if not_embedded:
        rows = counted(not_embedded, "rows")
        return f"{rows} with a vector and a text that migrator never embedded; migrator verify tells which are stale"
    return "every row's text is one that migrator embedded; migrator verify compares the vectors too"


def not_embedded(connection: Connection, column: ColumnPlan) -> int:
    """Counts the rows with a vector whose text the store lacks, by hashes alone, in one scan."""

    def counting(column: ColumnPlan) -> sql.Composed:
        return query("stale_rows", "not_embedded", store=column.store, **_pieces(column))

    return int(tolerant(connection, column, lambda column: fetch_row(connection, counting(column)))[0])


def count(connection: Connection, column: ColumnPlan) -> StaleRows:
    """One scan; where the store lacks texts, another one, and one of the store."""
    apart, not_stored = _counts(connection, column)
    if not not_stored:
        return StaleRows(apart, 0)
    other, _ = _count_of_other_text(connection, column)
    return StaleRows(apart + other, not_stored - other)


def _counts(connection: Connection, column: ColumnPlan) -> tuple[int, int]:
    """Rows whose text the store has under another vector, and rows whose text it lacks."""

    def counting(column: ColumnPlan) -> sql.Composed:
        return query("stale_rows", "counts", **_pieces(column), store=column.store, apart=_apart(column))

    apart, not_stored = tolerant(connection, column, lambda column: fetch_row(connection, counting(column)))
    return int(apart), int(not_stored)


def _count_of_other_text(connection: Connection, column: ColumnPlan) -> tuple[int, int]:
    """How many rows there are, and how many different texts."""

    def counting(column: ColumnPlan) -> sql.Composed:
        return query("stale_rows", "count", of_other_text=_of_other_text(column))

    rows, texts = tolerant(connection, column, lambda column: fetch_row(connection, counting(column)))
    return int(rows), int(texts)


def renew(work: Work, column: ColumnPlan) -> int:
    """Gives them the vector of their present text, which is embedded where the store lacks it. Returns how many.

    Rows whose old vector a trigger brings back are told, and left.
    """
    _, texts = _count_of_other_text(work.connection, column)
    if texts:
        embed_pages(work, column, _SHOWN_AS, lambda reader: _pages(reader, column), texts)
    first, _ = _counts(work.connection, column)
    before = first
    while before:
        written = 0
        while written < before:
            parts = batches.found_by(work.connection, column, _places, gently=True)
            # Retired vectors may be derived from these: capture marks them.
            here = Portions(_renewal, watched=True).send(work, column, parts)
            written += here
            # Fewer than were looked for are all, but for those that others wrote meanwhile.
            if here < batches.FOUND_BY_INDEX:
                break
        left, _ = _counts(work.connection, column)
        if left >= before:
            work.reporter.message(
                f"{column.subject}: {counted(left, 'rows')} still with the vector of another text: a trigger of the "
                "table brings it back, or texts are edited as fast; disable the trigger, then: migrator backfill"
            )
            return max(0, first - left)
        before = left
    return first


def _pages(reader: Connection, column: ColumnPlan) -> Iterator[dict[bytes, str]]:
    """Their texts that the store lacks."""
    after = b""

    def read(column: ColumnPlan) -> list[TupleRow]:
        change = sql.Literal(column.id)
        statement = query("stale_rows", "texts", of_other_text=_of_other_text(column), change=change)
        place = {"after": after, "limit": PAGE_ROWS, "bytes": HELD_BYTES}
        return reader.execute(statement, place, binary=True).fetchall()

    while True:
        rows = tolerant(reader, column, read)
        if not rows:
            return
        yield dict(rows)
        after = rows[-1][0]


def _places(column: ColumnPlan) -> sql.Composed:
    return query("stale_rows", "places", table=column.table, due=column.due, stale=_of_own_text(column))


def _pieces(column: ColumnPlan) -> dict[str, sql.Composable]:
    return {"text_hash": column.text_hash, "table": column.table, "due": column.due, "live": name(column.live)}


def _of_own_text(column: ColumnPlan) -> sql.Composed:
    return query(
        "stale_rows",
        "of_own_text",
        live=name(column.live),
        store=column.store,
        text_hash=column.text_hash,
        apart=_apart(column),
    )


def _of_other_text(column: ColumnPlan) -> sql.Composed:
    """The FROM and WHERE of a query for these rows."""
    pieces = {
        "store": column.store,
        "sent": fragment(f"{column.type}_send"),
        "extension": name(column.catalog.server.extension_schema),
    }
    not_stored = query("stale_rows", "not_stored", text=column.text, **_pieces(column), **pieces)
    return query("stale_rows", "of_other_text", not_stored=not_stored, type=column.type_sql, **pieces)


def _apart(column: ColumnPlan) -> sql.Composed:
    live, extension = name(column.live), name(column.catalog.server.extension_schema)
    bound = sql.Literal(1 - SAME_VECTOR)
    apart = query("stale_rows", "apart", live=live, type=column.type_sql, bound=bound, extension=extension)
    if column.has_dimensions:
        return apart
    length = sql.Literal(column.dimensions)
    return query(
        "stale_rows", "apart_or_of_other_length", live=live, dimensions=length, extension=extension, apart=apart
    )


def _renewal(column: ColumnPlan, leaf: Relation) -> list[sql.Composed]:
    renewal = query(
        "stale_rows",
        "renew",
        **_pieces(column) | {"table": leaf.addressed(column)},
        row=column.row,
        type=column.type_sql,
        store=column.store,
        here=query("fill", "places", row=column.row),
        apart=_apart(column),
    )
    return [renewal]
