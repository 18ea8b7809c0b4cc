"""Vectors of several dimensions in one column, and what tells them apart."""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrator.catalog import Catalog, scope_values
from migrator.doctor.finding import Finding
from migrator.postgres.connection import Connection
from migrator.report import counted, first_of

# Conditions that are tried, and that are named of each length, at most: a scan each.
TRIED, NAMED = 20, 6
# The vectors for which none of the conditions holds.
_LEFT = "those that are left"


def examine(connection: Connection, catalog: Catalog, scopes: Iterable[str]) -> list[Finding]:
    """Several can only be in a column whose type has none. scopes: those of the upgrades that the ledger knows.

    They are told apart where each condition of a revision, of an index or on a column of few values holds for vectors
    of one length, and all that are left have one too.
    """
    if catalog.column.dimensions is not None:
        return []
    found = scope_values.dimensions(connection, catalog, None)
    if len(found) < 2:
        fact = f"all vectors have {found[0][0]} dimensions" if found else "there is no vector"
        return [Finding("ok", catalog.subject, fact)]
    conditions = _conditions(connection, catalog, scopes, dict(found))
    left = scope_values.dimensions(connection, catalog, _none_of(conditions)) if conditions else found
    if len(left) > 1:
        shown = ", ".join(f"{vectors:,} of {dimensions}" for dimensions, vectors in found)
        return [
            Finding(
                "warning",
                catalog.subject,
                f"vectors of several dimensions stand in it: {shown}; no condition is known that tells them apart",
                "tell the models apart by a condition: one revision with where= for each of them",
            )
        ]
    told = []
    for dimensions, vectors in found:
        named = _named([condition for condition, size in conditions.items() if size == dimensions])
        beyond = dict(left).get(dimensions, 0)
        where = named or _LEFT
        if named and beyond:
            where = f"{vectors - beyond:,} where {named}; {beyond:,} {_LEFT}"
        told.append(
            Finding("ok", catalog.subject, f"{counted(vectors, 'vectors')} of {dimensions} dimensions: {where}")
        )
    return told


def _conditions(
    connection: Connection, catalog: Catalog, scopes: Iterable[str], found: dict[int, int]
) -> dict[str, int]:
    """Conditions that hold for vectors of one length alone, each with that length. found: how many vectors have each.

    None more for a length once one holds for all of its vectors.
    """
    of_indexes = [_bare(index.predicate) for index in catalog.vector_indexes if index.predicate is not None]
    chosen: dict[str, int] = {}
    whole = set()
    for condition in list(dict.fromkeys([*scopes, *of_indexes]))[:TRIED]:
        there = scope_values.dimensions(connection, catalog, condition)
        if len(there) == 1 and there[0][0] not in whole:
            ((dimensions, vectors),) = there
            chosen[condition] = dimensions
            if vectors == found.get(dimensions):
                whole.add(dimensions)
    if not chosen:
        parts = min(scope_values.told_apart(connection, catalog), key=len, default=[])
        chosen = {part.condition: part.dimensions for part in parts}
    return chosen


def _bare(predicate: str) -> str:
    """Without the parentheses that PostgreSQL writes around a single comparison."""
    return predicate[1:-1] if re.fullmatch(r"\([^()]*\)", predicate) else predicate


def _none_of(conditions: Iterable[str]) -> str:
    return " AND ".join(f"({condition}) IS NOT TRUE" for condition in conditions)


def _named(conditions: list[str]) -> str:
    return first_of(conditions[:NAMED], len(conditions))
