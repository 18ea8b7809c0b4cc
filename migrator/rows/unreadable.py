"""Rows whose text or scope raises an error when it is evaluated: set aside, and never in the way of the others.

A statement about many rows evaluates them as they are written, which is fast. Where a row raises an error, the same
statement is sent again with temporary functions in their place, which give NULL for such a row.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from migrator.plan.column import ColumnPlan
from migrator.plan.expressions import Guards
from migrator.postgres.connection import EVALUATION, Connection, execute, fetch_row
from migrator.postgres.sql import Query, literal, name, plain, query

Result = TypeVar("Result")

# So many rows are named.
NAMED = 5


@dataclass(frozen=True)
class Unreadable:
    """How many rows of a column there are, and how many of them have no vector.

    first: a few of them by their keys, each with the reason.
    """

    rows: int
    without_vector: int
    first: list[str]


def tolerant(connection: Connection, column: ColumnPlan, send: Callable[[ColumnPlan], Result]) -> Result:
    """Returns what `send` gives; where a row cannot be evaluated, what it gives without such rows.

    Raises the error of a statement that fails for another reason.
    """
    try:
        if connection.info.transaction_status == TransactionStatus.IDLE:
            return send(column)
        with connection.transaction():
            return send(column)
    except EVALUATION as error:
        if column.guards is not None or isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            raise
        guarded = _guarded_after(connection, column, error)
    return send(guarded)


def _guarded_after(connection: Connection, column: ColumnPlan, error: psycopg.Error) -> ColumnPlan:
    """Raises the error where no temporary function can be made, or nothing is evaluated, for a name is gone."""
    try:
        with connection.transaction():
            return guard(connection, column)
    except psycopg.DatabaseError:
        if connection.broken:
            raise
        raise error from None


def guard(connection: Connection, column: ColumnPlan) -> ColumnPlan:
    """Returns the plan with functions of this session in the place of text and scope, which it makes.

    Raises what the database raises where text or scope does not parse, or no temporary function can be made.
    """
    if column.guards is not None:
        return column
    old = column.with_old_text
    for each in (column, old):
        # Nothing is evaluated. A name that is gone would be the error of every row.
        condition = sql.SQL("{} AND {} IS NULL").format(each.scope, each.text)
        execute(connection, query("catalog", "condition", table=_columns_alone(each), condition=condition))
    row = _row(connection, column)
    functions = (
        _condition(column, column.scope, row),
        _text(column, row),
        _text(old, row),
        _condition(column, column.priority, row),
        _reason(column, row),
    )
    for function in functions:
        if not function.is_there(connection):
            execute(connection, function.making)
    scope, text_, old_text, priority, reason = (each.call for each in functions)
    return replace(column, guards=Guards(scope, text_, old_text, priority, reason))


def was_met(connection: Connection, column: ColumnPlan) -> bool:
    """Whether this session has met a row that cannot be evaluated: it has the functions."""
    return _reason(column, _row(connection, column)).is_there(connection)


def look(connection: Connection, column: ColumnPlan) -> Unreadable:
    """Counts the rows, and names a few, row by row in two scans."""
    guarded = guard(connection, column)
    pieces = {"table": guarded.table, "reason": _met(guarded)}
    rows, without = fetch_row(connection, query("unreadable", "count", live=name(column.live), **pieces))
    first = execute(connection, query("unreadable", "first", place=_place(column), **pieces), {"limit": NAMED})
    return Unreadable(int(rows), int(without), [told for (told,) in first])


def list_rows(connection: Connection, column: ColumnPlan, *, without: str | None = None) -> int:
    """Lists them in the ledger anew, by their keys, each with the reason. Returns how many there are.

    without: only those that have no vector in that column.
    """
    guarded, change = guard(connection, column), sql.Literal(column.id)
    pieces = {"change": change, "table": guarded.table, "reason": _met(guarded), "place": _place(column)}
    pieces["which"] = sql.SQL("true" if without is None else "{} IS NULL").format(name(without or ""))
    with connection.transaction():
        execute(connection, query("unreadable", "forget", change=change))
        return execute(connection, query("unreadable", "list", **pieces)).rowcount


def _met(guarded: ColumnPlan) -> Query:
    return guarded.guards.reason if guarded.guards is not None else sql.SQL("NULL::text")


def readable(column: ColumnPlan) -> Query:
    """Condition over the row: it can be evaluated, as far as that is looked at."""
    return sql.SQL("{} IS NULL").format(_met(column))


def _place(column: ColumnPlan) -> Query:
    """What a row is called: by its key, unless the text reads the key, or there is none."""
    key = column.catalog.table.key
    if not has_key_apart(column):
        return sql.SQL("'at ' || {row}.ctid || ' of ' || {row}.tableoid::regclass").format(row=column.row)
    parts = [sql.SQL("{} || {}.{}::text").format(literal(f"{part}="), column.row, name(part)) for part in key]
    return sql.SQL("concat_ws(' ', {})").format(sql.SQL(", ").join(parts))


def has_key_apart(column: ColumnPlan) -> bool:
    """Whether the table has a key, none of whose columns the text may read."""
    key, text = column.catalog.table.key, column.change.text or ""
    if not key or column.takes_row:
        return False
    return not any(re.search(rf"\b{re.escape(part)}\b", text, re.IGNORECASE) for part in key)


# ---- the functions ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Function:
    """A function of this session. making: the statement that makes it. call: for the row that a statement reads."""

    called: str
    making: sql.Composed
    call: sql.Composed

    def is_there(self, connection: Connection) -> bool:
        function = {"function": f"pg_temp.{self.called}"}
        return bool(fetch_row(connection, query("unreadable", "is_there"), function)[0])


def _condition(column: ColumnPlan, condition: Query, row: Query) -> _Function:
    return _function(column, "boolean", query("unreadable", "value", value=condition, row=row), sql.SQL("NULL"))


def _text(column: ColumnPlan, row: Query) -> _Function:
    return _function(column, "text", query("unreadable", "text", value=column.text, row=row), sql.SQL("NULL"))


def _reason(column: ColumnPlan, row: Query) -> _Function:
    evaluation = query("unreadable", "first_error", scope=column.scope, value=column.text, row=row)
    told = query("unreadable", "secret_reason" if column.has_secret_text else "reason")
    return _function(column, "text", evaluation, told)


def _function(column: ColumnPlan, type_: str, evaluation: Query, otherwise: Query) -> _Function:
    """Called by what it does, so that a session makes each once."""
    if column.takes_row:
        arguments: list[Query] = [column.table]
        given: list[Query] = [column.row]
    else:
        arguments = [sql.SQL("{}.{}%%TYPE").format(column.table, name(each)) for each in _read(column)]
        given = [sql.SQL("{}.{}").format(column.row, name(each)) for each in _read(column)]
    body = query("unreadable", "body", evaluation=evaluation, otherwise=otherwise)
    pieces = {
        "arguments": sql.SQL(", ").join(arguments),
        "type": sql.SQL(type_),
        "body": literal(plain(body)),
    }
    written = query("unreadable", "function", function=sql.SQL("migrator"), **pieces).as_string(None)
    called = f"migrator_{hashlib.sha256(written.encode()).hexdigest()[:16]}"
    function = name("pg_temp", called)
    return _Function(
        called,
        query("unreadable", "function", function=function, **pieces),
        sql.SQL("{}({})").format(function, sql.SQL(", ").join(given)),
    )


def _columns_alone(column: ColumnPlan) -> Query:
    """The table as the functions see its rows."""
    if column.takes_row:
        return column.table
    read = sql.SQL(", ").join(map(name, _read(column)))
    return sql.SQL("(SELECT {} FROM {}) AS {}").format(read, column.table, column.row)


def _read(column: ColumnPlan) -> list[str]:
    """The columns that a function is given, going by their names."""
    change = column.change
    written = f"{change.text} {change.from_text} {change.where} {change.priority}".replace('""', '"').casefold()
    return [known.name for known in column.catalog.table.columns if known.name.casefold() in written]


def _row(connection: Connection, column: ColumnPlan) -> Query:
    """The row under the table's own name, made of the arguments."""
    if column.takes_row:
        return sql.SQL("unnest(ARRAY[$1]) AS {}").format(column.row)
    # PL/pgSQL gives all arguments one collation, and upper() gives another text under another one.
    table = {"table": column.catalog.table.oid}
    collations: dict[str, str] = dict(execute(connection, query("unreadable", "collations"), table))
    columns = [
        sql.SQL("${}{} AS {}").format(sql.SQL(str(n)), sql.SQL(collations.get(each, "")), name(each))
        for n, each in enumerate(_read(column), 1)
    ]
    return sql.SQL("(SELECT {}) AS {}").format(sql.SQL(", ").join(columns), column.row)
