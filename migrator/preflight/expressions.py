"""What a revision says in SQL, parsed as the database does; nothing is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import psycopg
from psycopg import sql

from migrator import hazards
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, execute, fetch_row, said
from migrator.postgres.sql import Query, expression, name, plain, query
from migrator.preflight.text_trial import argument_of


def try_recorded(connection: Connection, column: ColumnPlan) -> None:
    """Parses text and scope as the ledger has them of a column. Raises Refused."""
    parse(connection, column, condition_over(column, column.due), partial(_names_gone, column))


def _names_gone(column: ColumnPlan, problem: str) -> Hazard:
    table = column.catalog.table
    return hazards.texts.names_gone(column.subject, table.schema, table.name, problem)


def _told(column: ColumnPlan, hazard: Callable[[str], Hazard]) -> Callable[[str], Hazard]:
    """On a downgrade text and scope are the ledger's, and it is no revision that has to be corrected."""
    if not column.is_restore:
        return hazard
    return lambda reason: _names_gone(column, hazard(reason).problem)


def try_scope(connection: Connection, column: ColumnPlan) -> None:
    """Parses the scope. Raises Refused, for other tables in it too: indexes cannot be told by such a scope."""
    where = column.change.where
    if where is None:
        return
    condition = condition_over(column, expression(where))
    with connection.transaction():
        parse(connection, column, condition, _told(column, partial(hazards.texts.scope_does_not_parse, "where", where)))
        # Parsing locks what is named. What functions read shows when they run.
        tables, _, _ = fetch_row(connection, query("trial", "traces"), {"tables": column.catalog.oids})
    if tables:
        raise hazards.texts.where_reads_tables(where, tables).refusal()
    # An upgrade made before this was refused can be taken back.
    if not column.is_restore and _reads_vector(connection, column, where):
        raise hazards.texts.where_reads_vector(column.subject, plain(column.table), where).refusal()


def _reads_vector(connection: Connection, column: ColumnPlan, where: str) -> bool:
    """Whether the scope, which parses, no longer does without the column that changes."""
    if column.live.casefold() not in where.casefold():
        return False
    table = column.catalog.table
    others = sql.SQL(", ").join(name(known.name) for known in table.columns if known.name != column.live)
    pieces = {"columns": others, "table": column.table, "called": name(table.name), "condition": expression(where)}
    try:
        _send(connection, query("catalog", "condition_without", **pieces))
    except psycopg.errors.UndefinedColumn:
        return True
    except psycopg.Error:
        if connection.broken:
            raise
    return False


def try_expressions(connection: Connection, column: ColumnPlan) -> None:
    """Parses both texts and priority as the database does; nothing is evaluated. Raises Refused."""
    _try_text(connection, column, argument_of(column))
    if column.change.other_text:
        _try_text(connection, column.with_old_text, argument_of(column, old=True))
    priority = column.change.priority
    if priority is not None:
        condition = condition_over(column, expression(priority))
        parse(
            connection,
            column,
            condition,
            _told(column, partial(hazards.texts.scope_does_not_parse, "priority", priority)),
        )


def try_relevant(connection: Connection, column: ColumnPlan) -> None:
    """The same for what the relevance of a row is judged by."""
    relevant = column.change.verify.relevant
    if relevant is not None:
        condition = condition_over(column, sql.SQL("{} IS NULL").format(expression(relevant)))
        parse(connection, column, condition, partial(hazards.texts.relevant_does_not_parse, relevant))


def _try_text(connection: Connection, column: ColumnPlan, argument: str) -> None:
    change = column.change
    if change.text is not None:
        does_not_parse = _told(column, partial(hazards.texts.text_does_not_parse, argument, change.text))
        text = expression(change.text)
        type_ = parse(connection, column, query("catalog", "text_type", text=text, table=column.table), does_not_parse)
        is_text, shown = fetch_row(connection, query("catalog", "is_text"), {"type": type_})
        if not is_text:
            raise _told(column, partial(hazards.texts.text_is_not_text, argument, change.text))(shown).refusal()
        parse(connection, column, condition_over(column, sql.SQL("{} IS NULL").format(text)), does_not_parse)


def condition_over(column: ColumnPlan, condition: Query) -> sql.Composed:
    return query("catalog", "condition", table=column.table, condition=condition)


def parse(connection: Connection, column: ColumnPlan, statement: Query, hazard: Callable[[str], Hazard]) -> int | None:
    """The type's oid of what the statement gives first. hazard: from the database's reason to what is told."""
    try:
        return _send(connection, statement)
    except psycopg.Error as error:
        raise hazard(said(error, secret=column.has_secret_text)).refusal() from None


def refused(connection: Connection, statements: Iterable[Query]) -> str | None:
    """Why PostgreSQL does not take one of them; None where it takes all. For a transaction that is rolled back."""
    try:
        with connection.transaction():
            for statement in statements:
                execute(connection, statement)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return said(error)
    return None


def _send(connection: Connection, statement: Query) -> int | None:
    """Binary results need the extended protocol, which takes one statement only: `a; DROP TABLE b` does not parse."""
    with connection.transaction(), connection.cursor(binary=True) as cursor:
        execute(connection, query("session", "read_only"))
        cursor.execute(statement, {})
        return cursor.description[0].type_code if cursor.description else None
