"""Rows that left the scope of an upgrade, because what where= reads changed, with the vectors that it gave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, fetch_row, has_table
from migrator.postgres.sql import Query, name, query
from migrator.rows import backup_table
from migrator.rows.unreadable import guard, tolerant


@dataclass(frozen=True)
class Scope:
    """Rows of a live column with a vector. in_scope: those that the upgrade is about.

    left: those out of scope that hold the model's vector of their text by its store. alike: those out of scope whose
    vectors have as many dimensions.
    """

    in_scope: int
    left: int
    alike: int


def look(connection: Connection, column: ColumnPlan, others: Sequence[str]) -> Scope:
    """Two scans. others: scopes of the same column whose vectors are of the same model."""
    known = has_table(connection, column.store)

    def count(column: ColumnPlan) -> Scope:
        pieces = _pieces(column, _outside(connection, column, others))
        dimensions = sql.Literal(column.dimensions)
        in_scope, alike = fetch_row(connection, query("relabelled", "scope", dimensions=dimensions, **pieces))
        left = 0
        if known:
            which = _of_store(column, column.store, column.type_sql, column.text_hash)
            (left,) = fetch_row(connection, query("relabelled", "count", which=which, **_without_scope(pieces)))
        return Scope(in_scope, left, alike)

    return tolerant(connection, column, count)


def count_kept(connection: Connection, column: ColumnPlan, others: Sequence[str]) -> int:
    """On a downgrade: rows out of scope that would keep a vector of the model that goes.

    others: scopes of the same column whose vectors have as many dimensions.
    """
    known = has_table(connection, column.upgrade_store)

    def count(column: ColumnPlan) -> int:
        outside = _outside(connection, column, others)
        pieces = _without_scope(_pieces(column, outside))
        which = sql.SQL("({}) AND ({})").format(_of_leaving(column, outside, known=known), _stays(column, known=known))
        return int(fetch_row(connection, query("relabelled", "count", which=which, **pieces))[0])

    return tolerant(connection, column, count)


def _outside(connection: Connection, column: ColumnPlan, others: Sequence[str]) -> Query:
    """The row is in none of these scopes, nor in the column's own; one that cannot be evaluated has it not."""
    beside = [replace(column, change=replace(column.change, where=where), guards=None) for where in others]
    if column.guards is not None:
        beside = [guard(connection, each) for each in beside]
    return sql.SQL(" AND ").join(sql.SQL("({}) IS NOT TRUE").format(each.scope) for each in (column, *beside))


def _of_leaving(column: ColumnPlan, outside: Query, *, known: bool) -> Query:
    """The live vector is of the model that goes: by its store, or by its length where no vector had that before."""
    found: list[Query] = []
    if known:
        text_hash = column.with_old_text.text_hash
        found.append(_of_store(column, column.upgrade_store, backup_table.live_type(column.catalog), text_hash))
    leaving = column.change.from_.dimensions
    if leaving != column.dimensions:
        pieces = _without_scope(_pieces(column, outside))
        alike = sql.SQL("{}.vector_dims({}) = {}").format(pieces["extension"], pieces["live"], sql.Literal(leaving))
        if column.fills_retired:
            former = {"former": name(column.shadow), "dimensions": sql.Literal(leaving)}
            del pieces["live"]
            before = query("relabelled", "any_before", **former, **pieces)
            alike = sql.SQL("{} AND NOT {}").format(alike, before)
        found.append(alike)
    return sql.SQL(" OR ").join(found) if found else sql.SQL("false")


def _stays(column: ColumnPlan, *, known: bool) -> Query:
    """Nothing else takes its place: neither the retired vector nor the backup."""
    if not column.fills_retired:
        return sql.SQL("NOT {}").format(backup_table.holds(column)) if backup_table.helps(column) else sql.SQL("true")
    shadow = name(column.shadow)
    if column.change.from_.dimensions == column.dimensions:
        return sql.SQL("{} IS NULL").format(shadow)
    written = backup_table.which(column) if known else sql.SQL("true")
    extension = name(column.catalog.server.extension_schema)
    old = sql.SQL("{}.vector_dims({}) = {}").format(extension, shadow, sql.Literal(column.dimensions))
    return sql.SQL("{} IS NULL OR {} AND {}").format(shadow, old, written)


def _of_store(column: ColumnPlan, store: Query, type_: Query, text_hash: Query) -> Query:
    extension, live = name(column.catalog.server.extension_schema), name(column.live)
    return query("relabelled", "of_store", store=store, type=type_, text_hash=text_hash, extension=extension, live=live)


def _pieces(column: ColumnPlan, outside: Query) -> dict[str, Query]:
    return {
        "table": column.table,
        "scope": column.scope,
        "outside": outside,
        "live": name(column.live),
        "extension": name(column.catalog.server.extension_schema),
    }


def _without_scope(pieces: dict[str, Query]) -> dict[str, Query]:
    return {key: piece for key, piece in pieces.items() if key != "scope"}
