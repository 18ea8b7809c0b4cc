"""How the new column is stored, so that all vectors of a row fit in its page where they cannot leave it."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.catalog import Column
from migrator.embedding import store
from migrator.plan.column import ColumnPlan


def storage(column: ColumnPlan) -> str:
    """The live column's storage, unless all vectors of a row would not fit in a page; then EXTERNAL until retire."""
    live = column.catalog.column
    wanted = column.target.column
    if wanted.storage == "p" and not _fits_page(column, beside=[live, *_other_vectors(column)]):
        return "EXTERNAL"
    return wanted.storage_sql


def fits_once_retired(column: ColumnPlan) -> bool:
    """Whether a row holds the new vector in its page once the old one is gone."""
    return _fits_page(column, beside=_other_vectors(column))


def _fits_page(column: ColumnPlan, *, beside: Sequence[Column]) -> bool:
    """Whether a row holds the new vector in its page, with those vectors beside it."""
    width = _width(column.type, column.dimensions)
    others = sum(_width(other.type, other.dimensions or column.dimensions) for other in beside)
    return others + width + 200 <= store.PLAIN_LIMIT_BYTES


def _width(type_: str, dimensions: int) -> int:
    return (2 if type_ == "halfvec" else 4) * dimensions


def _other_vectors(column: ColumnPlan) -> list[Column]:
    """Vectors of the table that cannot leave the page either."""
    return [
        known
        for known in column.catalog.table.columns
        if known.type in ("vector", "halfvec") and known.storage == "p" and known.name != column.live
    ]
