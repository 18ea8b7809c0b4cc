"""Conditions on the column as they are to be: those that speak of the old dimensions speak of the new ones.

CHECKs, policies and triggers, which are tried before anything is changed and proved before cut-over.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from psycopg import sql

from migrator.catalog.deparsed import Reading, called_there, condition_of, of_dimensions, with_length
from migrator.catalog.dependents import BoundTrigger, Carried, Check, Dependent, Expressed, Policy
from migrator.plan.column import ColumnPlan
from migrator.postgres.sql import Query, expression, fragment, name, query
from migrator.report import in_line

Kind = TypeVar("Kind", bound=Dependent)
Written = TypeVar("Written", bound=Expressed)


def checks(columns: Sequence[ColumnPlan]) -> list[tuple[ColumnPlan, Check]]:
    """As they are to be on the new columns, each once, with the first of the columns it reads."""
    return _written(columns, lambda carried: carried.checks)


def policies(columns: Sequence[ColumnPlan]) -> list[tuple[ColumnPlan, Policy]]:
    return _written(columns, lambda carried: carried.policies)


def triggers(columns: Sequence[ColumnPlan]) -> list[tuple[ColumnPlan, BoundTrigger]]:
    return _written(columns, lambda carried: carried.triggers)


def each_once(
    columns: Sequence[ColumnPlan], kind: Callable[[Carried], Sequence[Kind]]
) -> list[tuple[ColumnPlan, Kind]]:
    """Every one once, with the first of the columns it reads. Where no column is replaced, they stay."""
    found: dict[str, tuple[ColumnPlan, Kind]] = {}
    for column in columns:
        for each in kind(column.catalog.carried) if column.method != "index" else ():
            found.setdefault(each.described, (column, each))
    return list(found.values())


def _written(
    columns: Sequence[ColumnPlan], kind: Callable[[Carried], Sequence[Written]]
) -> list[tuple[ColumnPlan, Written]]:
    """As each is to be, for all the columns that it reads."""
    found = []
    for first, each in each_once(columns, kind):
        wanted = each
        for column in columns:
            if each in kind(column.catalog.carried):
                wanted = _as_wanted(column, wanted)
        found.append((first, wanted))
    return found


def rewritten(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[str]:
    """What is not made again as it was, with how it will read: of all columns, that which reads `column` first."""
    found = {each.described: each for each in _expressed(column.catalog.carried)}
    told = []
    for wanted in _first_read(columns, column):
        were = found[wanted.described].expressions
        pairs = zip(wanted.expressions, were, strict=True)
        differing = [new for new, old in pairs if new is not None and new != old]
        told += [f"{wanted.described}: {in_line('; '.join(differing))}"] if differing else []
    return told


def _first_read(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Expressed]:
    """As each is to be that reads `column` before any other of the columns."""
    every = [*checks(columns), *policies(columns), *triggers(columns)]
    return [each for first, each in every if first.id == column.id]


def _expressed(carried: Carried) -> list[Expressed]:
    return [*carried.checks, *carried.policies, *carried.triggers]


def _as_wanted(column: ColumnPlan, each: Written) -> Written:
    """With the new dimensions; on a downgrade as it was before the upgrade, where the upgrade rewrote it."""
    before = {known.described: known for known in _expressed(column.before.carried)} if column.before else {}
    former = before[each.described].expressions if each.described in before else [None] * len(each.expressions)
    wanted = [_as_before(column, each, now, then) for now, then in zip(each.expressions, former, strict=True)]
    return dataclasses.replace(each, expressions=wanted)


def _as_before(column: ColumnPlan, each: Expressed, now: str | None, then: str | None) -> str | None:
    old, new = column.change.from_.dimensions, column.change.to.dimensions
    if now is None:
        return None
    if then is not None and of_dimensions(then, new, old, _reading(column, each, then)) == now:
        return then
    return of_dimensions(now, old, new, _reading(column, each, now))


def _reading(column: ColumnPlan, each: Expressed, text: str) -> Reading:
    """How a text of `each` reads the column: bare in what is of its table, and by a name of the table elsewhere.

    A sub-select may read another table's column of that name, which PostgreSQL prints by a name of that one.
    """
    table = column.catalog.table
    tables = called_there(text, table.schema, table.name)
    if not isinstance(each, Policy) or (each.schema, each.table) == (table.schema, table.name):
        tables |= {"", "new", "old", table.name}
    return Reading(column.live, frozenset(tables))


def put_in(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[tuple[Expressed, str, str, str]]:
    """Conditions that say how many dimensions vectors have, each with what they are of, and as it is to be.

    Then that with the old number put in for `vector_dims(column)`, as it is now, and with the new one. Of all columns,
    those that read `column` first.
    """
    now = {each.described: each for each in _expressed(column.catalog.carried)}
    found = []
    for wanted in _first_read(columns, column):
        pairs = zip(_conditions(now[wanted.described]), _conditions(wanted), strict=True)
        for before, written in pairs:
            after = written
            for each in columns:
                old, new = each.change.from_.dimensions, each.change.to.dimensions
                reading = _reading(each, wanted, written)
                before, after = with_length(before, old, reading), with_length(after, new, reading)
            if after != written:
                found.append((wanted, written, before, after))
    return found


def over_vectors(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[tuple[Check, sql.Composed, sql.Composed]]:
    """CHECKs as they are to be, each with two statements that try it on rows with vectors put in.

    The first on vectors of the old and of the new length, the second on the old ones alone. Of all columns, those that
    read `column` first.
    """
    now = {each.described: each.expression for each in column.catalog.carried.checks}
    old = _row(columns, column, lambda each: _vector(each, each.catalog.column.type, each.change.from_.dimensions))
    new = _row(columns, column, lambda each: _vector(each, each.type, each.dimensions))
    found = []
    for check in _first_read(columns, column):
        if isinstance(check, Check) and check.enforced:
            both, alone = (
                query(
                    "carry",
                    "allows_vectors",
                    table=column.table,
                    called=new["called"],
                    scope=column.scope,
                    old=old["columns"],
                    new=new["columns"],
                    before=expression(now[check.described]),
                    after=after,
                )
                for after in (expression(check.expression), sql.SQL("true"))
            )
            found.append((check, both, alone))
    return found


def _vector(column: ColumnPlan, type_: str, dimensions: int) -> sql.Composed:
    qualified = name(column.catalog.server.extension_schema, type_)
    return query("carry", "vector", dimensions=sql.Literal(dimensions), type=qualified)


# ---- proving ----------------------------------------------------------------------------------------


def _conditions(each: Expressed) -> list[str]:
    """Those that can be parsed over a row put together: a trigger's is not where it takes the row as a whole."""
    if not isinstance(each, BoundTrigger):
        return [written for written in each.expressions if written is not None]
    condition = condition_of(each.expressions[0] or "")
    return [] if condition is None or re.search(r"\b(?:new|old)\.\*", condition) else [condition]


def _row(
    columns: Sequence[ColumnPlan], column: ColumnPlan, value: Callable[[ColumnPlan], Query]
) -> dict[str, sql.Composable]:
    """The row of the column's table, with a value in the place of each of its columns that is replaced."""
    table = column.catalog.table
    beside = [each for each in columns if each.catalog.table.oid == table.oid and each.method != "index"]
    replaced = {each.live: each for each in beside}
    every = [
        sql.SQL("{} AS {}").format(value(replaced[known.name]) if known.name in replaced else name(known.name), at)
        for known, at in ((known, name(known.name)) for known in table.columns)
    ]
    return {"columns": sql.SQL(", ").join(every), "table": column.table, "called": name(table.name)}


def readers(columns: Sequence[ColumnPlan], check: Check) -> list[ColumnPlan]:
    """The columns that a check reads."""
    return [
        column
        for column in columns
        if column.method != "index" and check.described in {each.described for each in column.catalog.carried.checks}
    ]


def violations(
    columns: Sequence[ColumnPlan], column: ColumnPlan, check: Check, waiting: sql.Composable
) -> sql.Composed:
    """Counts the rows that would not pass the check with the new vectors. waiting: which of them are to be filled."""
    row = _row(columns, column, lambda replaced: name(replaced.shadow))
    return query("carry", "violations", **row, waiting=waiting, condition=fragment(check.expression))
