"""Which rows `migrator revision` takes for those of the model that is said, where a column holds several."""

from __future__ import annotations

import re
import shlex

from migrator import hazards
from migrator.catalog import Catalog, scope_values
from migrator.catalog.deparsed import COLUMN, cast_type
from migrator.catalog.indexes import TableIndex
from migrator.catalog.scope_values import Part
from migrator.embedding.providers import own_dimensions
from migrator.errors import Refused, UsageError
from migrator.postgres.connection import Connection


def of_only_index(catalog: Catalog, found: list[tuple[int, int]]) -> tuple[str, str] | None:
    """The condition of the one vector index that there is, and where it is from; None where it tells no models apart.

    found: dimensions of all vectors, and how many have them.
    """
    present = catalog.vector_indexes
    if len(present) != 1 or not _is_scope(present[0]):
        return None
    if len(found) < 2 and not _may_tell_models(present[0]):
        return None
    return str(present[0].predicate), f"the scope of {present[0].name}, the only vector index"


def of_model(
    connection: Connection, catalog: Catalog, found: list[tuple[int, int]], model: str
) -> tuple[str, str] | None:
    """A condition for the rows whose vectors have as many numbers as the model's, and how it was found.

    None where all vectors have as many, unless indexes tell models apart. found: dimensions and how many vectors have
    them. Raises UsageError where indexes and rows do not say it, or not alone.
    """
    if len(found) == 1:
        return _of_indexes(connection, catalog, found[0][0], model)
    if not found:
        return None
    size = _own_dimensions(model)
    casts = [(index, cast_type(index.key)) for index in catalog.vector_indexes if _is_scope(index)]
    indexes = [index for index, cast in casts if cast is not None and cast[1] == size]
    if len(indexes) == 1:
        return str(indexes[0].predicate), f"the scope of {indexes[0].name}, the only index on {size} dimensions"
    parts = [part for each in scope_values.told_apart(connection, catalog) for part in each]
    fitting = [part for part in parts if part.dimensions == size]
    if len(fitting) == 1 and (size, fitting[0].vectors) in found:
        return fitting[0].condition, f"its vectors, and no others, have the model's {size} dimensions"
    raise several_dimensions(catalog, found, fitting or parts)


def _of_indexes(connection: Connection, catalog: Catalog, size: int, model: str) -> tuple[str, str] | None:
    """The scope of the one index that holds vectors, where each index has a scope of its own.

    size: how many numbers each vector has. None where the indexes are not such. Raises UsageError where several hold
    vectors: these may be of as many models.
    """
    present = catalog.vector_indexes
    if not all(_is_scope(index) and _may_tell_models(index) for index in present):
        return None
    named = {str(index.predicate): index.name for index in present}
    if len(named) < 2:
        return None
    counts = scope_values.vectors_by_condition(connection, catalog, list(named))
    parts = [Part(condition, size, vectors) for condition, vectors in zip(named, counts, strict=True) if vectors]
    if len(parts) > 1:
        raise UsageError(
            f"which vectors of {catalog.subject} are of {model} is not known: its vector indexes have several scopes, "
            f"and all vectors have {size} dimensions",
            meaning="one revision changes the vectors of one model.",
            remedy=f"say which rows: {', '.join(map(_choice, parts))}; or --where true, where all are of that model",
        )
    if not parts:
        return None
    return parts[0].condition, f"the scope of {named[parts[0].condition]}, the only one of several that holds vectors"


def _may_tell_models(index: TableIndex) -> bool:
    """`deleted_at IS NULL` tells rows apart, not models; `collection_id = 1` may do so at equal dimensions too."""
    return re.search(r" = (?!true|false)", index.condition or "") is not None


def _is_scope(index: TableIndex) -> bool:
    """Not where it asks for the vector: rows without one would never get theirs."""
    return index.condition is not None and COLUMN not in index.condition


def several_dimensions(catalog: Catalog, found: list[tuple[int, int]], parts: list[Part]) -> UsageError:
    """parts: of which it may be one."""
    hazard = hazards.rows.several_dimensions(catalog.subject, found, map(_choice, parts))
    return UsageError(hazard.problem, meaning=hazard.meaning, remedy=hazard.remedy)


def _choice(part: Part) -> str:
    return f"--where {_quoted(part.condition)} ({part.vectors:,} of {part.dimensions})"


def _own_dimensions(model: str) -> int | None:
    """None where the model is not available, of which is told later."""
    try:
        return own_dimensions(model)
    except Refused:
        return None


def _quoted(condition: str) -> str:
    """For a shell, in double quotes where these do not recall its history."""
    if "!" in condition:
        return shlex.quote(condition)
    escaped = re.sub(r'(["$`\\])', r"\\\1", condition)
    return f'"{escaped}"'
