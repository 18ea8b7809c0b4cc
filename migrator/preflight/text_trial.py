"""Text and scope tried on a few rows before anything is changed: refuses what a vector cannot be kept right for.

They are tried in a transaction that is rolled back, on a temporary copy of some rows, as the capture trigger will use
them: over the row's columns alone. What takes the row as a whole, such as `embedding_input(documents)`, is tried on the
rows themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from migrator import hazards
from migrator.catalog.columns import TREE, OtherTable
from migrator.dependents import recreate
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import EVALUATION, Connection, execute, fetch_dicts, fetch_row, said
from migrator.postgres.sql import Query, name, plain, query
from migrator.rows.unreadable import readable, tolerant

ROWS = 100
# Not called as the table is: a function that reads the table by its plain name would find the copy instead.
COPY = "migrator_try_copy"
# Strings and comments of a function's source.
_NO_CODE = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
# In these the source shows what is read of a row.
_LEGIBLE = ("sql", "plpgsql")


def argument_of(column: ColumnPlan, *, old: bool = False) -> str:
    """What the revision says the column's text in. A downgrade exchanges the two.

    old: the other one's, which the present vectors were made of.
    """
    return "from_text" if column.change.other_text and old != column.is_restore else "text"


@dataclass(frozen=True)
class _Tried:
    """What a revision says in SQL. argument: where it says it. value: as it is evaluated."""

    argument: str
    written: str
    value: Query


def examine_scope(connection: Connection, column: ColumnPlan) -> None:
    """Raises Refused where the scope changes with the shadow column or by itself, writes, or reads a table."""
    where = column.change.where
    if where is None:
        return
    read = _read(connection, column, _Tried("where", where, column.scope))
    if read:
        # Rows would come into it, or leave it, unseen.
        raise hazards.texts.where_reads_tables(where, read).refusal()


def examine(
    connection: Connection, column: ColumnPlan, columns: Sequence[ColumnPlan], argument: str
) -> list[OtherTable]:
    """What the text reads besides the row, to be locked against writes. argument: what the revision says it in.

    columns: all that are changed together.

    Raises Refused where the text changes with the shadow column or by itself, writes, or reads what cannot be locked.
    """
    read = _read(connection, column, _Tried(argument, column.change.text or "", column.text_hash))
    if not read or column.method != "embed":
        return []
    return _lockable(connection, column, columns, argument, read)


def _read(connection: Connection, column: ColumnPlan, tried: _Tried) -> list[str]:
    """The tables that it reads besides the row. Rows that cannot be evaluated are no reason to refuse it."""
    if column.takes_row:
        with suppress(*EVALUATION):
            return _by_columns(connection, column, tried)
    by = _by_row if column.takes_row else _by_columns
    try:
        return tolerant(connection, column, lambda column: by(connection, column, tried))
    except EVALUATION as error:
        raise _not_by_columns(column, tried, error) from None


def _not_by_columns(column: ColumnPlan, tried: _Tried, error: psycopg.Error) -> Exception:
    reason = said(error, secret=column.has_secret_text)
    return hazards.texts.text_not_by_columns(tried.argument, tried.written, reason).refusal()


def _lockable(
    connection: Connection, column: ColumnPlan, columns: Sequence[ColumnPlan], argument: str, read: Sequence[str]
) -> list[OtherTable]:
    """Raises Refused where one of them cannot be locked, or the application is to write all the while."""
    text, parameters = column.change.text or "", {"tables": [*read], "table": column.catalog.table.oid}
    found = []
    locked = {each.as_string(None) for each in recreate.other_tables([column])}
    filled = {oid for each in columns for oid in each.catalog.oids}
    for row in fetch_dicts(connection, query("trial", "lockable", tree=TREE), parameters):
        why_not = row.pop("why_not")
        table = OtherTable(**row)
        if why_not is None and table.oid in filled:
            why_not = "the same revision changes it"
        if table.sql.as_string(None) in locked:
            why_not = "cut-over locks it, for a policy there reads the column"
        if why_not is not None:
            raise hazards.texts.text_reads_unlockable(argument, text, table.shown, why_not).refusal()
        found.append(table)
    # A downgrade is not refused for what its upgrade allowed.
    if column.online and not column.is_restore:
        raise hazards.texts.text_reads_other_tables(argument, text, [table.shown for table in found]).refusal()
    return found


def _by_columns(connection: Connection, column: ColumnPlan, tried: _Tried) -> list[str]:
    copy, row = name(COPY), column.row
    plain = tuple(known.name for known in column.catalog.table.columns if not known.generated)
    listed = sql.SQL(", ").join(name(each) for each in plain)
    values = query("trial", "copy_values", copy=copy, row=row, value=tried.value)
    with connection.transaction(force_rollback=True):
        _copy_table(connection, column, copy)
        pieces = {"columns": listed, "table": column.table, "readable": readable(column)}
        rows = query("trial", "copy_rows", copy=copy, **pieces)
        execute(connection, rows, {"limit": ROWS})
        execute(connection, query("trial", "copy_of_copy", copy=copy))
        execute(connection, query("trial", "copy_view", row=row, value=tried.value))
        tables, calls, whole_row = fetch_row(connection, query("trial", "view_reads"))
        # Said by name before they are found out by what they do.
        _refuse_calls(tried, calls)
        before, read = _evaluated(connection, column, tried, values, {})
        added = query("trial", "copy_column", copy=copy, column=name(f"migrator_try_{column.id}"), type=column.type_sql)
        execute(connection, added)
        (after,) = fetch_row(connection, values)
        # Without a row to try it on, what reads the whole row is taken for something that changes. A downgrade is not
        # refused for what its upgrade allowed.
        if not column.is_restore and (before != after or (before is None and whole_row)):
            raise hazards.texts.whole_row_text(tried.argument, tried.written).refusal()
    return sorted({*tables, *read})


def _copy_table(connection: Connection, column: ColumnPlan, copy: Query) -> None:
    try:
        execute(connection, query("trial", "copy_of_table", copy=copy, table=column.table))
    except psycopg.errors.InsufficientPrivilege:
        raise hazards.columns.may_not_create_temporary(column.catalog.server.role).refusal() from None


def _by_row(connection: Connection, column: ColumnPlan, tried: _Tried) -> list[str]:
    """A function of the row must name the columns that it reads, since the shadow column is one of the row too."""
    table = column.catalog.table
    row = name(table.name)
    # Of a scope that changes by itself the rows in it would all be alike.
    scope = sql.SQL("true") if tried.argument == "where" else column.scope
    pieces = {"table": column.table, "scope": scope, "readable": readable(column)}
    values = query("trial", "row_values", value=tried.value, **pieces)
    with connection.transaction(force_rollback=True):
        execute(connection, query("trial", "no_row"))
        execute(connection, query("trial", "row_view", value=tried.value, table=column.table, row=row))
        _, calls, _ = fetch_row(connection, query("trial", "view_reads"))
        whole, as_argument, functions, tables = fetch_row(
            connection, query("trial", "row_functions"), {"table": table.oid}
        )
        _refuse_calls(tried, calls)
        if whole != as_argument:
            raise hazards.texts.whole_row_text(tried.argument, tried.written).refusal()
        for function in functions:
            why = unclear(function["language"], function["source"], function["arguments"])
            if why is not None:
                raise hazards.texts.row_function(tried.argument, tried.written, function["name"], why).refusal()
        scans = max(1, len(tree.leaves(tree.planned(column))))
        _, read = _evaluated(connection, column, tried, values, {"limit": ROWS}, scans=scans)
    return sorted({*tables, *read})


def unclear(language: str, source: str, arguments: Sequence[str]) -> str | None:
    """Why it is not clear that a function of a row reads columns only, and which; None where it is.

    arguments: what the row is called in the source.
    """
    if language not in _LEGIBLE:
        return f"it is written in {language}"
    code = _NO_CODE.sub(" ", source)
    for argument in arguments:
        called = rf'(?<![\w.$"])"?{re.escape(argument)}"?(?![\w$])'
        by_column = rf'{called}\s*\.\s*["\w]|(?<![\w"])\(\s*{called}\s*\)\s*\.\s*["\w]'
        if len(re.findall(called, code, re.IGNORECASE)) > len(re.findall(by_column, code, re.IGNORECASE)):
            return f"it uses {argument} as a whole"
    return None


def _refuse_calls(tried: _Tried, calls: Sequence[str]) -> None:
    if calls:
        raise hazards.texts.changes_by_itself(tried.argument, tried.written, calls).refusal()


def _evaluated(
    connection: Connection,
    column: ColumnPlan,
    tried: _Tried,
    statement: Query,
    parameters: dict[str, Any],
    *,
    scans: int = 0,
) -> tuple[Any, list[str]]:
    """What the statement gives, and what tables it read. Raises Refused where it writes, or gives something else then.

    Locks tell what the functions read, whatever their language, and the table's own counts whether it is among it: of
    its scans, and where the statement reads none of it, of its blocks, as by ctid.
    scans: how often the statement itself scans the table.
    """
    tables = {"tables": column.catalog.oids}
    traces = query("trial", "traces")
    locked, _, _ = fetch_row(connection, traces, tables)
    with connection.transaction(force_rollback=True):
        execute(connection, query("session", "read_only"))
        try:
            (found,) = fetch_row(connection, statement, parameters)
            _, scanned, blocks = fetch_row(connection, traces, tables)
            (again,) = fetch_row(connection, statement, parameters)
        except psycopg.errors.ReadOnlySqlTransaction as error:
            reason = said(error, secret=column.has_secret_text)
            raise hazards.texts.text_writes(tried.argument, tried.written, reason).refusal() from None
        now, scanned_then, blocks_then = fetch_row(connection, traces, tables)
    if found != again:
        raise hazards.texts.changes_by_itself(tried.argument, tried.written, ["a function that it calls"]).refusal()
    read = [each for each in now if each not in locked]
    if scanned_then - scanned > scans or (scans == 0 and blocks_then > blocks):
        read.append(plain(column.table))
    return found, read
