"""Names in what a revision says in SQL: looked up once, where nobody else may create anything, and kept qualified.

Capture evaluates text and scope in the application's transactions, and follows no search path.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import psycopg
from psycopg import sql

from migrator import hazards
from migrator.catalog import Catalog
from migrator.catalog.columns import Column
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.postgres import lookup_path
from migrator.postgres.connection import EVALUATION, Connection, configure, execute, fetch_row, said
from migrator.postgres.sql import Query, expression, fragment, literal, query
from migrator.preflight.text_functions import following_path
from migrator.preflight.text_trial import ROWS, argument_of
from migrator.rows import capture
from migrator.rows.unreadable import guard, tolerant

_WRITTEN, _AGAIN, _FRAME = (f"pg_temp.migrator_try_{each}" for each in ("written", "again", "frame"))


def examine(connection: Connection, catalog: Catalog) -> list[Hazard]:
    """Whether others may put functions, operators or types where names are looked up."""
    schemas, owner = catalog.server.lookup_path, catalog.table.owner
    found = lookup_path.open_schemas(connection, schemas, query("search_path", "owner"), owner=owner)
    return [hazards.server.open_schemas(found)] if found else []


def qualify(connection: Connection, column: ColumnPlan) -> dict[str, str]:
    """What the revision says in SQL, with the schema of every name, by how it is written.

    Raises Refused where one of them means something else without the search path.
    """
    # A downgrade has what its upgrade was made with.
    if column.findings.qualified:
        return column.findings.qualified
    qualified = {
        written: _qualified(connection, column, argument, written)
        for argument, written in {**_of_rows(column), **_of_a_run(column)}.items()
    }
    parsed = dataclasses.replace(column, findings=dataclasses.replace(column.findings, qualified=qualified))
    for known in capture.needed(parsed):
        if known.generated:
            _try_generated(connection, parsed, known)
    return qualified


def _of_a_run(column: ColumnPlan) -> dict[str, str]:
    """What a run alone evaluates: it may go on days later, when somebody may write to a schema of the path."""
    found = {"priority": column.change.priority, "relevant": column.change.verify.relevant}
    return {argument: written for argument, written in found.items() if written}


def _of_rows(column: ColumnPlan) -> dict[str, str]:
    """What capture evaluates too, by the argument that says it."""
    change = column.change
    found = {
        argument_of(column): change.text,
        argument_of(column, old=True): change.with_old_text().text,
        "where": change.where,
    }
    return {argument: written for argument, written in found.items() if written}


def try_functions(connection: Connection, column: ColumnPlan, functions: Sequence[int]) -> None:
    """Raises Refused where text or scope calls a function that looks names up in the search path, on a few rows.

    functions: all that they call.
    """
    following, path = following_path(connection, functions), column.catalog.server.search_path
    if not following:
        return
    values: dict[str, Callable[[ColumnPlan], Query]] = {
        argument_of(column): lambda each: each.text,
        argument_of(column, old=True): lambda each: each.with_old_text.text,
        "where": lambda each: sql.SQL("{}::text").format(each.scope),
    }
    for said_by, written in _of_rows(column).items():
        given = partial(_values, connection, value_of=values[said_by])
        reason = _otherwise_given(connection, column, given)
        if reason is not None:
            raise hazards.texts.function_by_search_path(said_by, written, reason, following, path).refusal()


def _otherwise_given(connection: Connection, column: ColumnPlan, given: Callable[..., list[str]]) -> str | None:
    """What is otherwise without the search path; None where it gives the same, errors of single rows among it."""
    found = tolerant(connection, column, given)
    try:
        return None if given(column, path=capture.SEARCH_PATH) == found else "it gives another value without"
    except EVALUATION as error:
        same = given(guard(connection, column), path=capture.SEARCH_PATH) == found
        return None if same else said(error, secret=column.has_secret_text)


def _values(
    connection: Connection, column: ColumnPlan, *, value_of: Callable[[ColumnPlan], Query], path: str | None = None
) -> list[str]:
    """Of a few rows, each time the same."""
    statement = query("search_path", "values", value=value_of(column), table=column.table)
    settings = {"synchronize_seqscans": "off"} | ({"search_path": path} if path is not None else {})
    with connection.transaction(force_rollback=True):
        execute(connection, query("session", "read_only"))
        configure(connection, settings, local=True)
        (found,) = fetch_row(connection, statement, {"limit": ROWS})
        return list(found or ())


def _qualified(connection: Connection, column: ColumnPlan, argument: str, written: str) -> str:
    with connection.transaction(force_rollback=True):
        try:
            _view(connection, column, _WRITTEN, written)
        except psycopg.errors.InsufficientPrivilege:
            raise hazards.columns.may_not_create_temporary(column.catalog.server.role).refusal() from None
        except psycopg.errors.IndeterminateCollation:
            several = 'its columns have several collations, and PostgreSQL asks which is meant: (...) COLLATE "C"'
            raise hazards.texts.text_does_not_parse(argument, written, several).refusal() from None
        _view(connection, column, _FRAME, "1")
        configure(connection, {"search_path": ""}, local=True)
        before, after = _definition(connection, _FRAME).split("1", 1)
        found = _definition(connection, _WRITTEN)[len(before) : -len(after)]
        operators = _operators(connection, query("search_path", "operators", view=literal(_WRITTEN)))
        reason = _otherwise(connection, column, found, operators)
    if reason is not None:
        raise hazards.texts.operator_by_search_path(argument, written, reason).refusal()
    return found


def _try_generated(connection: Connection, column: ColumnPlan, known: Column) -> None:
    """Before a row is written its generated columns are not computed, so capture evaluates them too."""
    place = {"table": column.catalog.table.oid, "column": known.number}
    with connection.transaction(force_rollback=True):
        configure(connection, {"search_path": ""}, local=True)
        operators = _operators(connection, query("search_path", "operators_of_default"), place)
        reason = _otherwise(connection, column, known.default_text or "NULL", operators)
    if reason is not None:
        raise hazards.texts.generated_by_search_path(column.subject, known.name, reason).refusal()


def _otherwise(connection: Connection, column: ColumnPlan, written: str, operators: Sequence[str]) -> str | None:
    """What it does not find where capture looks names up; None where it finds the same.

    Some forms, such as IS DISTINCT FROM, look an operator up and cannot name its schema.
    """
    configure(connection, {"search_path": capture.SEARCH_PATH}, local=True)
    try:
        _view(connection, column, _AGAIN, written)
    except EVALUATION as error:
        return said(error, secret=column.has_secret_text)
    again = _operators(connection, query("search_path", "operators", view=literal(_AGAIN)))
    missing = sorted(Counter(operators) - Counter(again))
    return f"it finds {', '.join(missing)}" if missing else None


def _view(connection: Connection, column: ColumnPlan, view: str, written: str) -> None:
    pieces = {"view": fragment(view), "value": expression(written), "table": column.table}
    execute(connection, query("search_path", "view", **pieces))


def _definition(connection: Connection, view: str) -> str:
    return str(fetch_row(connection, query("search_path", "definition", view=literal(view)))[0])


def _operators(connection: Connection, statement: Query, parameters: dict[str, int] | None = None) -> list[str]:
    """As the search path that is set prints them: those of PostgreSQL's own without a schema."""
    (found,) = fetch_row(connection, statement, parameters)
    return list(found)
