"""Embeds the texts that the store lacks: reads them ahead of the model, and stores each batch before the next is begun.

The phase embed does so first; later phases, and backfill, for the texts that arrived since. No transaction is open
while a model is called.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from psycopg import sql
from psycopg.rows import TupleRow

from migrator.embedding import isolate, store
from migrator.embedding.limits import LARGEST_BATCH, SMALLEST_BATCH
from migrator.errors import MigratorError
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Lock, Statement
from migrator.plan.tree import Relation
from migrator.postgres.connection import Connection, configure, connect, execute, fetch_row
from migrator.postgres.sql import Query, query
from migrator.report import Progress, counted
from migrator.rows import backup_table, remaining
from migrator.rows.block_ranges import BlockRanges
from migrator.rows.unreadable import tolerant
from migrator.runtime.context import Work
from migrator.runtime.step import ColumnStep, Condition, Sent, Step, together

# Texts are read ahead of the model by about this much, so that memory stays flat whatever the table's size.
PAGE_BYTES = 4_000_000
PAGE_ROWS = 2_000
# Compressed, a text may take a hundredth of its length on the table's pages. No page is longer than this and one text,
# and none is read while so much waits.
HELD_BYTES = 64_000_000
# A batch that takes this long loses little in a crash and leaves little overhead; batches grow until they do.
BATCH_SECONDS = 4.0


# Which rows are meant, as a condition over the row.
Pending = Callable[[ColumnPlan], Query]


def making_store(column: ColumnPlan, words: str, lasts: str) -> Step:
    """Makes the store of the column's new model. words: when it is not there."""
    missing = Condition(words, lambda work: not store.exists(work.connection, column))
    made = [column.statement(each, Lock.NONE, lasts) for each in store.create_statements(column)]
    return Sent(column, lambda _: made, together, missing)


@dataclass(frozen=True, eq=False)
class EmbedMissing(ColumnStep):
    """Embeds what the store lacks and stores each batch before the next is begun. Returns the number of texts.

    pending: of which rows. shown_as: the phase that its progress is shown as. counted: when the texts are counted;
    otherwise they are as many as preflight found. late: which texts these are, where they came since the plan was made.

    A batch that does not fit the memory is halved, and so are those after it. Raises MigratorError where more texts
    fail than the change allows.
    """

    pending: Pending
    shown_as: str
    counted: Condition | None = None
    late: str = ""

    def made(self, column: ColumnPlan) -> list[Statement]:
        pending, lacks = self.pending(column), self.late or "the store lacks texts"
        counted_if, lasts = self.counted.text if self.counted else self.late, "a range of blocks at a time"
        return [
            column.statement(counting(column, pending), Lock.ACCESS_SHARE, "one scan", only_if=counted_if),
            *(
                column.statement(_missing(column, pending, leaf), Lock.ACCESS_SHARE, lasts, only_if=lacks)
                for leaf in tree.leaves(tree.planned(column))
            ),
            column.statement(store.copy(column), Lock.NONE, "a batch at a time", only_if=lacks),
        ]

    def send(self, work: Work, *, few: bool = False) -> int:
        """few: the rows are all read at once, by the index on the rows left."""
        column, pending = self.column, self.pending
        if column.is_restore and work.options.without_old_model:
            _set_missing_aside(work, column, pending)
            return 0
        total = self._count(work)
        if total == 0:
            return 0
        return embed_pages(work, column, self.shown_as, lambda reader: _pages(reader, column, pending, few=few), total)

    def _count(self, work: Work) -> int:
        if self.counted is None or self.counted.test(work):
            return count_missing(work.connection, self.column, self.pending)
        found = {each.subject: each.counts.missing for each in work.plan.estimates}
        return found[self.column.subject]


def wanted_first(column: ColumnPlan) -> Query:
    """Of the rows that are wanted, those that the revision names in priority=."""
    return sql.SQL("{} AND {}").format(column.priority, wanted(column))


def wanted(column: ColumnPlan) -> Query:
    """Rows whose text is to be embedded before fill: on a downgrade those whose old vector is gone."""
    parts: list[Query] = []
    parts.append(remaining.waiting(column, column.shadow) if column.fills_retired else remaining.pending(column))
    if backup_table.helps(column):
        parts.append(sql.SQL("NOT {}").format(backup_table.holds(column)))
    return sql.SQL(" AND ").join(parts)


def _texts(column: ColumnPlan, pending: Query, table: Query) -> dict[str, sql.Composable]:
    """The pieces of a query about the texts of these rows."""
    return {"text_hash": column.text_hash, "table": table, "due": column.due, "pending": pending}


def _missing(column: ColumnPlan, pending: Query, leaf: Relation) -> sql.Composed:
    pieces = _texts(column, pending, leaf.addressed(column))
    return query("store", "missing", text=column.text, store=column.store, row=column.row, **pieces)


def counting(column: ColumnPlan, pending: Query, *, in_store: bool = True) -> sql.Composed:
    """Counts the distinct texts that the store lacks. in_store: there is a store; else it lacks all."""
    if not in_store:
        return query("store", "count_texts", **_texts(column, pending, column.table))
    return query("store", "count_missing", store=column.store, **_texts(column, pending, column.table))


def count_missing(connection: Connection, column: ColumnPlan, pending: Pending, *, in_store: bool = True) -> int:
    """Counts the distinct texts that the store lacks. in_store: there is a store; else it lacks all."""

    def count(column: ColumnPlan) -> TupleRow:
        return fetch_row(connection, counting(column, pending(column), in_store=in_store))

    return int(tolerant(connection, column, count)[0])


def embed_pages(
    work: Work, column: ColumnPlan, phase: str, read: Callable[[Connection], Iterator[dict[bytes, str]]], total: int
) -> int:
    """Embeds texts by their hashes, as `read` gives them a page at a time. total: about how many they are."""
    fixed = work.options.batch_size or column.change.batch_size
    size, largest = fixed or SMALLEST_BATCH, fixed or LARGEST_BATCH
    _, failed_before = work.ledger.failed_texts(column.id)
    may_fail = column.change.max_failed_rows - failed_before
    done = 0
    waiting: dict[bytes, str] = {}
    with connect(work.address) as reader, ThreadPoolExecutor(max_workers=1) as writer:
        pages = read(reader)
        _read_ahead(pages, waiting, size, stored={})
        while waiting:
            # Texts of like length together: a batch is padded to its longest.
            chosen = sorted(waiting, key=lambda text_hash: len(waiting[text_hash]))[:size]
            batch = {text_hash: waiting.pop(text_hash) for text_hash in chosen}
            start = time.monotonic()
            went, failed = 0, 0
            for part in isolate.embed(work.models.get(column.change.to), batch, may_fail=may_fail):
                storing = writer.submit(_store, work, column, part)
                # The next texts are read meanwhile, but no model is called before these vectors are stored.
                _read_ahead(pages, waiting, 2 * size, stored=batch)
                storing.result()
                done += len(part.hashes)
                went, failed = max(went, len(part.hashes)), failed + len(part.failed)
            may_fail -= failed
            work.reporter.progress(phase, column.subject, Progress(done, max(total, done), "texts"))
            if went < len(batch) and not failed:
                size = largest = went
            elif time.monotonic() - start < BATCH_SECONDS / 2:
                size = min(size * 2, largest)
            work.throttle.wait(len(batch))
    _count_failed(work, column)
    return done


def _set_missing_aside(work: Work, column: ColumnPlan, pending: Pending) -> None:
    """Lists the rows whose text the store lacks, since their model is no longer available."""
    reason = {"reason": "the old model is no longer available (--without-old-model)"}

    def listing(column: ColumnPlan) -> sql.Composed:
        pieces = _texts(column, pending(column), column.table)
        return query("fill", "set_missing_aside", change=sql.Literal(column.id), store=column.store, **pieces)

    tolerant(work.connection, column, lambda column: execute(work.connection, listing(column), reason))


def _count_failed(work: Work, column: ColumnPlan) -> None:
    """Raises MigratorError where the texts set aside stand in more rows than may fail."""
    texts, _ = work.ledger.failed_texts(column.id)
    if not texts:
        return

    def counting_them(column: ColumnPlan) -> sql.Composed:
        pieces = {"text_hash": column.text_hash, "table": column.table, "due": column.due}
        return query("fill", "count_set_aside", change=sql.Literal(column.id), **pieces)

    tolerant(work.connection, column, lambda column: execute(work.connection, counting_them(column)))
    _, failed = work.ledger.failed_texts(column.id)
    refuse_too_many(work, column, failed)


def refuse_too_many(work: Work, column: ColumnPlan, failed: int) -> None:
    """Raises MigratorError where that is more than the revision allows."""
    allowed = column.change.max_failed_rows
    if failed > allowed:
        raise MigratorError(
            f"{column.subject}: {counted(failed, 'rows')} cannot be embedded, and the revision allows {allowed}",
            meaning=f"the first of them: {work.ledger.last_reason(column.id)}.",
            remedy="correct the model or the texts, leave such rows out by where=, or write max_failed_rows="
            f"{failed} in the revision",
        )


def _store(work: Work, column: ColumnPlan, embedded: isolate.Embedded) -> None:
    with work.connection.transaction():
        store.put(work.connection, column, embedded.hashes, embedded.vectors)
        work.ledger.count_embedded(column, len(embedded.hashes))
        for text_hash, reason in embedded.failed.items():
            work.ledger.set_aside(column, text_hash, 1, reason)


def _read_ahead(
    pages: Iterator[dict[bytes, str]], waiting: dict[bytes, str], wanted: int, *, stored: Mapping[bytes, str]
) -> None:
    """Reads until so many texts wait, or they are too long, or there are no more.

    What is being `stored` may still look missing.
    """
    while len(waiting) < wanted and _bytes(waiting) < HELD_BYTES:
        page = next(pages, None)
        if page is None:
            return
        waiting.update((text_hash, text) for text_hash, text in page.items() if text_hash not in stored)


def _bytes(texts: Mapping[bytes, str]) -> int:
    """In UTF-8."""
    return sum(len(text) if text.isascii() else len(text.encode()) for text in texts.values())


def _pages(reader: Connection, column: ColumnPlan, pending: Pending, *, few: bool) -> Iterator[dict[bytes, str]]:
    """Missing texts by hash, a range of blocks at a time, each read in a transaction of its own."""
    table = column.catalog.table
    bytes_a_row = max(100, table.bytes // max(table.rows, 1)) if table.rows else 1_000

    def read(leaf: Relation, place: Mapping[str, object], column: ColumnPlan) -> list[TupleRow]:
        with reader.transaction():
            probe_by_index(reader, few=few)
            # In binary the hashes come as bytes, not as hexadecimal digits to be read.
            return reader.execute(_missing(column, pending(column), leaf), place, binary=True).fetchall()

    for leaf in tree.leaves(tree.now(reader, column)):
        ranges = BlockRanges(reader, leaf, max(1, min(PAGE_ROWS, PAGE_BYTES // bytes_a_row)), whole=few)
        for bounds, _, _ in ranges:
            after, is_cut = b"", True
            while is_cut:
                place = {**bounds, "after": after, "bytes": HELD_BYTES}
                page: dict[bytes, str] = dict(tolerant(reader, column, partial(read, leaf, place)))
                # Half of it, for a database of another encoding counts other bytes.
                is_cut, after = _bytes(page) >= HELD_BYTES / 2, max(page, default=b"")
                yield page


def probe_by_index(connection: Connection, *, few: bool = False) -> None:
    """For this transaction: probe the store by its index. A range is small, the store large and seldom analyzed.

    few: find the rows by the index on those left, too.
    """
    off = ["enable_hashjoin", "enable_mergejoin", *(["enable_seqscan", "enable_tidscan"] if few else [])]
    configure(connection, dict.fromkeys(off, "off"), local=True)
