"""What a change will take: rows, texts, tokens, time and disk, from counts and a timed sample."""

from __future__ import annotations

from dataclasses import dataclass

# Measured on two cores, PostgreSQL 18.4, pgvector 0.8.5 (docs/explanation.md); only orders of magnitude are meant.
BACKUP_ROWS_PER_S = 60_000
FILL_ROWS_PER_S = 10_000
# Online, with the old index there: an HNSW index of 384 dimensions takes each row anew.
FILL_BESIDE_INDEX_ROWS_PER_S = 400
SCAN_ROWS_PER_S = 100_000
HNSW_DIMENSIONS_PER_S = 700_000
IVFFLAT_DIMENSIONS_PER_S = 8_000_000


@dataclass(frozen=True)
class Sample:
    """A timed sample: texts, their tokens in all, how many the model cuts short, and seconds to embed them."""

    texts: int
    tokens: int
    tokens_counted: bool
    cut_short: int
    seconds: float


@dataclass(frozen=True)
class Counts:
    """Exact counts, from one scan. missing: distinct texts that the store lacks.

    vectors_outside, vectors_without_text: rows that hold a vector and are out of scope, or in scope without a text.
    """

    rows: int
    in_scope: int
    with_text: int
    distinct_texts: int
    missing: int
    without_vector: int
    vectors_outside: int
    vectors_without_text: int

    @property
    def get_one(self) -> int:
        """Rows in scope that have a text and no vector."""
        kept = self.rows - self.without_vector - self.vectors_outside - self.vectors_without_text
        return self.with_text - kept


@dataclass(frozen=True)
class Disk:
    """Bytes needed by part. views: materialized views, with their indexes."""

    backup: int
    store: int
    column: int
    index: int
    views: int
    wal: int

    @property
    def total(self) -> int:
        return self.backup + self.store + self.column + self.index + self.views + self.wal


@dataclass(frozen=True)
class Estimate:
    """One column's estimate. Times in seconds; embed is None where there is nothing to embed or no sample was taken.

    window: fill, index, verify and cut-over, when writes should rest; online they need not. rollback: a downgrade, with
    its index build where the old index is not kept.
    """

    subject: str
    counts: Counts
    tokens: int | None
    tokens_counted: bool
    cut_short: int | None
    embed: float | None
    backup: float
    window: float
    rollback: float
    disk: Disk


def estimate(
    subject: str,
    counts: Counts,
    sample: Sample | None,
    *,
    old_dimensions: int,
    new_bytes: int,
    dimensions: int,
    old_index: str | None,
    new_index: str | None,
    filled: int,
    beside_index: bool,
    row_bytes: int,
    views: int,
) -> Estimate:
    """new_bytes: of one new vector. old_index, new_index: methods of what a rollback, and the change, have to build.

    filled: rows that get a vector. beside_index: while the live column's index is there. row_bytes: of one row without
    its TOAST, which the fill writes once more. views: bytes of materialized views that are filled anew.
    """
    rows = counts.in_scope
    vectors = filled * new_bytes
    index = int(rows * new_bytes * 1.3) if new_index else 0
    store = counts.missing * (new_bytes + 120)
    column = vectors + filled * row_bytes
    backup = counts.rows * (old_dimensions * 4 + 80)
    fill = filled / (FILL_BESIDE_INDEX_ROWS_PER_S if beside_index else FILL_ROWS_PER_S)
    build = _build_seconds(new_index, rows, dimensions)
    share = counts.missing / sample.texts if sample else 0.0
    return Estimate(
        subject,
        counts,
        round(sample.tokens * share) if sample else None,
        sample.tokens_counted if sample else False,
        round(sample.cut_short * share) if sample else None,
        sample.seconds * share if sample else None,
        counts.rows / BACKUP_ROWS_PER_S,
        fill + build + 3 * counts.rows / SCAN_ROWS_PER_S,
        _build_seconds(old_index, rows, old_dimensions) + 3 * counts.rows / SCAN_ROWS_PER_S,
        Disk(backup, store, column, index, views, wal=backup + store + column + index + views),
    )


def _build_seconds(method: str | None, rows: int, dimensions: int) -> float:
    if method is None:
        return 0.0
    speed = HNSW_DIMENSIONS_PER_S if method == "hnsw" else IVFFLAT_DIMENSIONS_PER_S
    return rows * dimensions / speed
