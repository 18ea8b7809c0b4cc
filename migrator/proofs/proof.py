"""What a proof says, and the pieces of SQL that several proofs share."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from migrator.catalog.indexes import OPERATORS
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.indexes import IndexToBuild
from migrator.plan.step import Lock, Statement
from migrator.postgres.sql import Query, fragment, name, query

# Of a live column: that its text and scope can be read at all.
READABLE = "readable"


@dataclass(frozen=True)
class Proof:
    """One proof of one column. detail: what was found, in words. binding: whether verify fails by it before cut-over.

    passed: None where it could not be taken, of which detail says why. restored: of a column after its downgrade.
    wrong_store: the model whose embedding store is what is wrong.

    What comes back on a downgrade is what was there, good or bad, so that proofs of the vectors themselves bind nobody.
    """

    name: str
    passed: bool | None
    detail: str
    binding: bool = True
    restored: bool = False
    wrong_store: str | None = None

    @property
    def failed(self) -> bool:
        return self.passed is False

    @property
    def told(self) -> str:
        """As a person reads it, in a line."""
        outcome = "not taken" if self.passed is None else "FAILED" if self.failed else "proved"
        return f"{outcome}  {self.name}: {self.detail}"


def key_of(column: ColumnPlan, target: str) -> Query:
    """What a vector follows from: equal keys, equal vectors."""
    if column.change.text is not None:
        return column.text_hash
    live_type = column.type if target == column.live else column.catalog.column.type
    return sql.SQL("{}.{}({})").format(
        name(column.catalog.server.extension_schema), name(f"{live_type}_send"), name(column.live)
    )


def rows(column: ColumnPlan, index: IndexToBuild) -> Query:
    """What an index finds its rows in, as FROM names it: the table, or what below it has the index alone."""
    place = tree.place(column, index)
    return place.addressed(column) if place is not None else column.table


def pieces(column: ColumnPlan, target: str) -> dict[str, Query]:
    extension = name(column.catalog.server.extension_schema)
    norm = "vector_norm" if column.type == "vector" else "l2_norm"
    return {
        "extension": extension,
        "column": name(target),
        "table": column.table,
        "due": column.due,
        "key": key_of(column, target),
        "type": fragment(column.type),
        "norm": sql.SQL("{}.{}(migrator_vector)").format(extension, name(norm)),
    }


def reads(column: ColumnPlan, *statements: Query, lasts: str = "one scan", only_if: str = "") -> list[Statement]:
    """Statements of verify's that read the table and keep nobody from it."""
    return [column.statement(each, Lock.ACCESS_SHARE, lasts, only_if=only_if) for each in statements]


def search(column: ColumnPlan, target: str, index: IndexToBuild, named: str) -> sql.Composed:
    """A query by the index's own expression. Named "closer": by what exact search compares."""
    extension = name(column.catalog.server.extension_schema)
    type_ = sql.SQL("{}.{}").format(extension, name(column.type))
    searched = sql.SQL("v::{}" if named == "closer" else "%(vector)s::{}").format(type_)
    by_bits = named == "closer" and index.of_bits
    return query(
        "verify",
        named,
        table=rows(column, index),
        column=name(target),
        condition=index.condition(target),
        extension=extension,
        key=index.over(name(target)),
        compared=name(target) if index.of_bits else index.over(name(target)),
        wanted=searched if by_bits else index.over(sql.SQL("({})").format(searched)),
        operator=sql.SQL(index.operator),
        exact=sql.SQL(OPERATORS[index.distance]),
        type=type_,
    )
