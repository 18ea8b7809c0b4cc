"""Makes again, in transactions that are rolled back, whatever cut-over makes again, by the statements of the cut-over.

What hangs on the table is made on an empty copy of it with the new columns' types. Views and functions are made where
they are, views under another name; and over such copies too where a type changes. Nothing is evaluated, and nobody
waits for a lock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from psycopg import sql

from migrator import hazards
from migrator.catalog.deparsed import condition_of, in_place_of
from migrator.catalog.dependents import (
    BoundTrigger,
    Dependent,
    Expressed,
    ParsedFunction,
    Policy,
    Publication,
    Statistics,
)
from migrator.catalog.views import View
from migrator.dependents import recreate, views
from migrator.dependents.recreate import Made
from migrator.hazards import Hazard
from migrator.names import fitting
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, configure, execute, search_path
from migrator.postgres.sql import fragment, name, plain, query
from migrator.preflight.expressions import refused
from migrator.report import in_line

# Behind the name of what is made under another one; event triggers are tried with the same.
_TRY = "_migrator_try"
# A relation by schema and name.
_Relation = tuple[str, str]


def examine(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    """What cannot be made again, of that which reads `column` before any other of the columns."""
    found = [
        *_of_table(connection, columns, column),
        *_views(connection, columns, column),
        *_functions(connection, columns, column),
    ]
    if not found and any(each.type != each.catalog.column.type for each in columns):
        found += _over_other_types(connection, columns, column)
    return found


def _of_table(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    # A publication's list has columns and no expression, and its filter may compare nothing but PostgreSQL's own types.
    made = [
        each
        for each in recreate.each_made(columns)
        if each.column.id == column.id
        and not isinstance(each.what, Publication)
        and not _takes_row(_written(each.what))
    ]
    others = [(each.what.schema, each.what.table) for each in made if isinstance(each.what, Policy)]
    copied = _to_be_copied(columns, others) if made else None
    if copied is None:
        return []
    found = []
    with _copies(connection, columns, copied) as over:
        for each in made:
            statements = [fragment(_renamed(over(plain(statement)), each.what)) for statement in each.statements]
            reason = refused(connection, statements)
            found += [] if reason is None else [_does_not_fit(column, each.what, reason)]
    return found


def _renamed(statement: str, what: Dependent) -> str:
    """Statistics have a schema of their own, where the present ones stay meanwhile."""
    if not isinstance(what, Statistics):
        return statement
    other = plain(name(what.schema, fitting(f"{what.name}{_TRY}")))
    return in_place_of(statement, what.schema, what.name, other)


def _views(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    read = [(catalog, view) for catalog, view in views.reading(columns) if catalog.subject == column.subject]
    found = []
    with _as_at_cut_over(connection, column):
        for catalog, view in read:
            called = fitting(f"{view.name}{_TRY}")
            other = partial(_first_in_place_of, view=view, by=plain(name(view.schema, called)))
            tried = replace(_with_parts(view, other), name=called)
            reason = refused(connection, [*views.create_owned(catalog, tried), *views.parts(tried)])
            if reason is not None:
                found.append(hazards.dependents.query_does_not_fit(column.subject, f"view {view.shown}", reason))
    return found


def _first_in_place_of(part: str, *, view: View, by: str) -> str:
    """What a rule or trigger is on comes first; further on a rule may name the view once more, as it is."""
    return in_place_of(part, view.schema, view.name, by, only_first=True)


def _with_parts(view: View, written: Callable[[str], str]) -> View:
    """The view with each rule and trigger written otherwise."""
    return replace(
        view,
        rules=[replace(rule, definition=written(rule.definition)) for rule in view.rules],
        triggers=[replace(trigger, definition=written(trigger.definition)) for trigger in view.triggers],
    )


def _functions(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    read = [each for each in recreate.each_function(columns) if each.column.id == column.id]
    with _as_at_cut_over(connection, column):
        return _refused_functions(connection, column, read)


def _refused_functions(connection: Connection, column: ColumnPlan, functions: Sequence[Made]) -> list[Hazard]:
    reasons = [(each.what.described, refused(connection, each.statements)) for each in functions]
    return [
        hazards.dependents.query_does_not_fit(column.subject, what, reason)
        for what, reason in reasons
        if reason is not None
    ]


def _over_other_types(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    """Views and functions over the new columns' types. What takes a row as a whole is left out: a copy's is another."""
    copied = _to_be_copied(columns, [])
    if copied is None:
        return []
    found = []
    with _copies(connection, columns, copied) as over:
        for catalog, view in views.reading(columns):
            every = [view.definition, *(part.definition for part in (*view.rules, *view.triggers))]
            copy = (view.schema, view.name)
            if any(map(_takes_row, every)) or view.name in {called for _, called in copied}:
                continue
            tried = replace(view, schema="pg_temp", definition=over(view.definition))
            copied.append(copy)
            tried = _with_parts(tried, over)
            reason = refused(connection, [views.create(tried), *views.parts(tried)])
            if reason is not None:
                copied.remove(copy)
                if catalog.subject == column.subject:
                    found.append(hazards.dependents.query_does_not_fit(column.subject, f"view {view.shown}", reason))
        read = []
        for each in recreate.each_function(columns):
            if each.column.id == column.id and isinstance(each.what, ParsedFunction):
                header = each.what.header
                body = each.what.definition.removeprefix(header)
                if not _takes_row(body) and over(header) == header:
                    read.append(replace(each, statements=[sql.Composed([fragment(header + over(body))])]))
        found += _refused_functions(connection, column, read)
    return found


def _to_be_copied(columns: Sequence[ColumnPlan], others: Sequence[_Relation]) -> list[_Relation] | None:
    """The tables of the columns, and others. None where two have one name, which two copies cannot have."""
    tables = [each.catalog.table for each in columns if each.method != "index"]
    found = list(dict.fromkeys([*((table.schema, table.name) for table in tables), *others]))
    return found if len({called for _, called in found}) == len(found) else None


@contextmanager
def _copies(
    connection: Connection, columns: Sequence[ColumnPlan], copied: Sequence[_Relation]
) -> Iterator[Callable[[str], str]]:
    """Empty copies of those tables with the new columns' types, gone after it.

    Gives what writes a statement over the copies, those that came to `copied` meanwhile among them.
    """

    def over(statement: str) -> str:
        for schema, called in copied:
            statement = in_place_of(statement, schema, called, plain(name("pg_temp", called)))
        return statement

    with _as_at_cut_over(connection, columns[0]):
        for schema, called in copied:
            execute(connection, query("trial", "copy_of_table", copy=name(called), table=name(schema, called)))
        for each in columns:
            if each.method != "index":
                pieces = {"copy": name(each.catalog.table.name), "column": name(each.live), "type": each.type_sql}
                execute(connection, query("materialized_views", "try_type", **pieces))
        yield over


@contextmanager
def _as_at_cut_over(connection: Connection, column: ColumnPlan) -> Iterator[None]:
    """A transaction with the settings of the cut-over, rolled back."""
    settings = {"search_path": search_path(column.catalog.server.definition_path), "check_function_bodies": "off"}
    with connection.transaction(force_rollback=True):
        configure(connection, settings, local=True)
        yield


def _takes_row(text: str) -> bool:
    """Whether it takes a row of some table as a whole, and not as a type that is written out."""
    return re.search(r"\.\*(?!::)", text) is not None


def _written(what: Dependent) -> str:
    """Its conditions, or what else of it is SQL."""
    if isinstance(what, BoundTrigger):
        definition = what.expressions[0] or ""
        return condition_of(definition) or definition
    if isinstance(what, Expressed):
        return "; ".join(each for each in what.expressions if each is not None)
    return what.definition if isinstance(what, Statistics) else ""


def _does_not_fit(column: ColumnPlan, what: Dependent, reason: str) -> Hazard:
    return hazards.dependents.dependent_does_not_fit(column.subject, what.described, in_line(_written(what)), reason)
