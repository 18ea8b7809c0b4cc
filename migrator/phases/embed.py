"""embed: missing texts -> model -> store. The application is not touched, and no transaction is open meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from psycopg import sql

from migrator import rows_left, store
from migrator.database import Connection, configure, connect, fetch_row
from migrator.embedders import Vectors
from migrator.plan import ColumnPlan, Plan, Statement
from migrator.queries import Query, expression, query
from migrator.report import Progress
from migrator.work import Work, block_ranges

NAME = "embed"
# Texts are read ahead of the model by about this much, so that memory stays flat whatever the table's size.
PAGE_BYTES = 4_000_000
PAGE_ROWS = 2_000
# A batch that takes this long loses little in a crash and leaves little overhead; batches grow until they do.
BATCH_SECONDS = 4.0
SMALLEST_BATCH, LARGEST_BATCH = 16, 2_048


def statements(plan: Plan) -> list[Statement]:
    return [statement for column in plan.columns if column.method == "embed" for statement in _statements(column)]


def _statements(column: ColumnPlan) -> list[Statement]:
    made = [
        column.statement(NAME, statement, "none", "instant", only_if="the store is not there yet")
        for statement in store.create_statements(column)
    ]
    if column.change.priority is not None:
        made += embedding(column, NAME, _pending(column, only=expression(column.change.priority)))
    return made + embedding(column, NAME, _pending(column), counted_if="an interrupted run goes on")


def embedding(
    column: ColumnPlan, phase: str, pending: Query, *, counted_if: str = "", only_if: str = "the store lacks texts"
) -> list[Statement]:
    """What `embed_missing` sends."""
    missing, write = _missing(column, pending), store.copy(column)
    return [
        column.statement(phase, _counting(column, pending), "ACCESS SHARE", "one scan", only_if=counted_if),
        column.statement(phase, missing, "ACCESS SHARE", "a range of blocks at a time", only_if=only_if),
        column.statement(phase, write, "none", "a batch at a time", only_if=only_if),
    ]


def run(work: Work) -> dict[str, object]:
    """Fills the store. Rows that are priority= come first."""
    result: dict[str, object] = {}
    # Preflight counted a moment ago, unless this run goes on with an interrupted one.
    missing = {estimate.subject: estimate.counts.missing for estimate in work.plan.estimates}
    for column in work.plan.columns:
        if column.method != "embed":
            continue
        store.create(work.connection, column)
        count = 0
        if column.change.priority is not None:
            count += embed_missing(work, column, NAME, _pending(column, only=expression(column.change.priority)))
        left = max(missing[column.subject] - count, 0) if missing else None
        count += embed_missing(work, column, NAME, _pending(column), expected=left)
        result[column.subject] = {"texts": count}
    return result


def _pending(column: ColumnPlan, *, only: Query | None = None) -> Query:
    """On a downgrade only the rows whose retired vector is gone are wanted."""
    parts = [only] if only is not None else []
    if column.is_restore:
        parts.append(rows_left.waiting(column, column.shadow))
    return sql.SQL(" AND ").join(parts) if parts else sql.SQL("true")


def _missing(column: ColumnPlan, pending: Query) -> sql.Composed:
    return query(
        "store",
        "missing",
        text=column.text,
        text_hash=column.text_hash,
        table=column.table,
        due=column.due,
        pending=pending,
        store=column.store,
    )


def _counting(column: ColumnPlan, pending: Query) -> sql.Composed:
    """Counts the distinct texts that the store lacks."""
    return query(
        "store",
        "count_missing",
        text_hash=column.text_hash,
        table=column.table,
        due=column.due,
        pending=pending,
        store=column.store,
    )


def embed_missing(work: Work, column: ColumnPlan, phase: str, pending: Query, *, expected: int | None = None) -> int:
    """Embeds what the store lacks and stores each batch before the next is begun. Returns the number of texts.

    expected: how many there are, where that is known; they are counted otherwise.
    """
    total = int(fetch_row(work.connection, _counting(column, pending))[0]) if expected is None else expected
    if total == 0:
        return 0
    fixed = work.options.batch_size or column.change.batch_size
    size = fixed or SMALLEST_BATCH
    done = 0
    waiting: dict[bytes, str] = {}
    with connect(work.address) as reader, ThreadPoolExecutor(max_workers=1) as writer:
        pages = _pages(reader, column, pending)
        _read_ahead(pages, waiting, size, stored={})
        while waiting:
            # Texts of like length together: a batch is padded to its longest.
            chosen = sorted(waiting, key=lambda text_hash: len(waiting[text_hash]))[:size]
            batch = {text_hash: waiting.pop(text_hash) for text_hash in chosen}
            start = time.monotonic()
            vectors = work.models.get(column.change.to).embed_documents(list(batch.values()))
            storing = writer.submit(_store, work, column, list(batch), vectors)
            # The next texts are read meanwhile, but no model is called before these vectors are stored.
            _read_ahead(pages, waiting, 2 * size, stored=batch)
            storing.result()
            done += len(batch)
            work.reporter.progress(phase, column.subject, Progress(done, max(total, done), "texts"))
            if fixed is None and time.monotonic() - start < BATCH_SECONDS / 2:
                size = min(size * 2, LARGEST_BATCH)
    return done


def _store(work: Work, column: ColumnPlan, hashes: list[bytes], vectors: Vectors) -> None:
    with work.connection.transaction():
        store.put(work.connection, column, hashes, vectors)
        work.ledger.count_embedded(column, len(hashes))


def _read_ahead(
    pages: Iterator[dict[bytes, str]], waiting: dict[bytes, str], wanted: int, *, stored: Mapping[bytes, str]
) -> None:
    """Reads until so many texts wait, or there are no more; what is being `stored` may still look missing."""
    while len(waiting) < wanted:
        page = next(pages, None)
        if page is None:
            return
        waiting.update((text_hash, text) for text_hash, text in page.items() if text_hash not in stored)


def _pages(reader: Connection, column: ColumnPlan, pending: Query) -> Iterator[dict[bytes, str]]:
    """Missing texts by hash, a range of blocks at a time, each read in a transaction of its own."""
    table = column.catalog.table
    bytes_a_row = max(100, table.bytes // max(table.rows, 1)) if table.rows else 1_000
    statement = _missing(column, pending)
    ranges = block_ranges(reader, column, max(1, min(PAGE_ROWS, PAGE_BYTES // bytes_a_row)))
    for bounds, _, _ in ranges:
        with reader.transaction():
            by_index(reader)
            # In binary the hashes come as bytes, not as hexadecimal digits to be read.
            rows = reader.execute(statement, bounds, binary=True).fetchall()
        yield dict(rows)


def by_index(connection: Connection) -> None:
    """For this transaction: probe the store by its index. A range is small, the store large and seldom analyzed."""
    configure(connection, {"enable_hashjoin": "off", "enable_mergejoin": "off"}, local=True)
