"""Counts from one scan, the timed sample, and the estimate made of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from psycopg import sql

from migrator import hazards
from migrator.embedding import store
from migrator.embedding.models import Models
from migrator.embedding.providers import Embedder
from migrator.errors import Refused
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.plan.estimate import Counts, Estimate, Sample, estimate
from migrator.postgres.connection import EVALUATION, Connection, execute, fetch_dicts, fetch_row, has_table, said
from migrator.postgres.sql import name, plain, query
from migrator.preflight.materialized_views import twins_of
from migrator.preflight.text_trial import argument_of
from migrator.rows import remaining, unreadable
from migrator.rows.embed import Pending, count_missing, wanted

# Texts in the timed sample.
SAMPLED_TEXTS = 32


def count(connection: Connection, column: ColumnPlan) -> Counts:
    """Raises Refused where a text that needs settings cannot be had from a row; other errors say why themselves."""
    try:
        return _scan(connection, column)
    except EVALUATION as error:
        if not column.has_secret_text:
            raise
        expression, reason = column.change.text or "", said(error, secret=True)
        raise hazards.texts.text_not_by_columns(argument_of(column), expression, reason).refusal() from None


def _scan(connection: Connection, column: ColumnPlan) -> Counts:
    """One scan; on a downgrade only rows without an old vector want one."""
    target = column.shadow if column.fills_retired and column.method != "index" else column.live

    def counting(column: ColumnPlan) -> sql.Composed:
        return query(
            "catalog",
            "counts",
            scope=column.scope,
            text=column.text,
            text_hash=column.text_hash,
            column=name(target),
            table=column.table,
            readable=unreadable.readable(column),
        )

    (counted,) = unreadable.tolerant(connection, column, lambda column: fetch_dicts(connection, counting(column)))
    missing = 0
    if column.method == "embed" and counted["distinct_texts"]:
        missing = _missing(connection, column)
    return Counts(missing=missing, **counted)


def _missing(connection: Connection, column: ColumnPlan) -> int:
    if not column.is_restore:
        return _missing_of(connection, column, _every_row)
    unmarked = 0
    if column.marks_some:
        in_backup = has_table(connection, column.upgrade_backup)
        stale = partial(remaining.stale, in_backup=in_backup, in_store=store.exists(connection, column))
        unmarked = _missing_of(connection, column, stale)
    return unmarked + _missing_of(connection, column, wanted)


def _every_row(_column: ColumnPlan) -> sql.SQL:
    return sql.SQL("true")


def _missing_of(connection: Connection, column: ColumnPlan, pending: Pending) -> int:
    return count_missing(connection, column, pending, in_store=store.exists(connection, column))


def set_aside(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """Rows whose text or scope cannot be evaluated. To be called after `count`, which meets them."""
    if not unreadable.was_met(connection, column):
        return []
    found = unreadable.look(connection, column)
    if not found.rows:
        return []
    allowed = column.change.max_failed_rows
    if found.rows > allowed and not column.is_restore:
        return [hazards.rows.rows_not_evaluated(column.subject, found.rows, found.first, allowed)]
    return [hazards.rows.rows_set_aside(column.subject, found.rows, found.first)]


def load_and_sample(
    connection: Connection, models: Models, column: ColumnPlan, counts: Counts, *, sample: bool
) -> Sample | None:
    """Loads the model only where texts are missing, so that an empty table needs none."""
    if counts.missing == 0:
        return None
    try:
        embedder = models.get(column.change.to)
    except Refused as refused:
        if not column.is_restore:
            raise
        raise hazards.runs.old_model_gone(column.subject, counts.missing, refused.problem).refusal() from None
    if not sample or not models.may_call(embedder):
        return None

    def read(column: ColumnPlan) -> list[str]:
        statement = query("catalog", "text_sample", text=column.text, table=column.table, scope=column.scope)
        return [text for (text,) in execute(connection, statement, {"limit": SAMPLED_TEXTS})]

    return take_sample(embedder, unreadable.tolerant(connection, column, read))


def size_of_views(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> int:
    """Bytes of the materialized views that are filled a second time, of those that `twins_of` names."""
    views = [plain(twin.view.sql) for twin in twins_of(columns, column) if twin.has.populated]
    return int(fetch_row(connection, query("materialized_views", "size"), {"views": views})[0])


def estimated(column: ColumnPlan, counts: Counts, taken: Sample | None, views: int) -> Estimate:
    """views: bytes of the materialized views that are filled a second time."""
    width = 2 if column.type == "halfvec" else 4
    table = column.catalog.table
    old = [index for index in column.dropped_indexes if index.is_vector]
    new = [index for index in column.vector_indexes if not column.keeps(index)]
    beside = [index for index in column.catalog.vector_indexes if index not in old]
    filled = counts.without_vector if column.fills_retired else counts.in_scope
    return estimate(
        column.subject,
        counts,
        taken,
        old_dimensions=column.change.from_.dimensions,
        new_bytes=width * column.dimensions + 8,
        dimensions=column.dimensions,
        old_index=old[0].method if old else None,
        new_index=new[0].method if new else None,
        filled=0 if column.method == "index" else filled,
        beside_index=bool(beside),
        row_bytes=table.blocks * table.block_size // max(counts.rows, 1),
        # As if they held vectors alone, where these grow.
        views=views * max(column.dimensions, column.change.from_.dimensions) // column.change.from_.dimensions,
    )


# Characters a token where the model has no tokenizer to ask: English prose, rounded.
CHARACTERS_PER_TOKEN = 4


def take_sample(embedder: Embedder, texts: Sequence[str]) -> Sample | None:
    """Embeds the texts once to warm up and once against the clock; None where there are none."""
    if not texts:
        return None
    embedder.embed_documents(texts[:1])
    start = time.perf_counter()
    embedder.embed_documents(texts)
    seconds = time.perf_counter() - start
    counted = embedder.count_tokens(texts)
    tokens = counted or [len(text) // CHARACTERS_PER_TOKEN + 1 for text in texts]
    limit = embedder.max_tokens
    cut_short = sum(count > limit for count in tokens) if limit else 0
    return Sample(len(texts), sum(tokens), counted is not None, cut_short, seconds)
