"""Functions that a revision makes or replaces: what they were before, found by making them in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from migrator import hazards
from migrator.postgres.connection import Connection, configure, execute, fetch_row, said
from migrator.postgres.sql import Query, fragment, plain, query


@dataclass(frozen=True)
class Replaced:
    """A function of the revision. name: with its argument types. definition: what it was; None where there was none."""

    name: str
    definition: str | None


def read_replaced(
    connection: Connection, subject: str, statements: Sequence[str], *, check_bodies: bool
) -> list[Replaced]:
    """Makes the functions in a transaction that is rolled back. Raises Refused where PostgreSQL does.

    check_bodies: whether their bodies mean something for the live column's type too.
    """
    if not statements:
        return []
    with connection.transaction(force_rollback=True):
        configure(connection, {"check_function_bodies": "on" if check_bodies else "off"}, local=True)
        for statement in statements:
            _make(connection, subject, fragment(statement))
        configure(connection, {"search_path": ""}, local=True)
        names = [row[0] for row in execute(connection, query("dependents", "functions_made"))]
    with connection.transaction():
        configure(connection, {"search_path": ""}, local=True)
        before = query("dependents", "function_definition")
        return [Replaced(name, fetch_row(connection, before, {"name": name})[0]) for name in names]


def try_statements(connection: Connection, subject: str, statements: Sequence[Query]) -> None:
    """Whether functions that there were can be made again, and others dropped; nothing stays. Raises Refused."""
    with connection.transaction(force_rollback=True):
        configure(connection, {"check_function_bodies": "off"}, local=True)
        for statement in statements:
            _make(connection, subject, statement)


def _make(connection: Connection, subject: str, statement: Query) -> None:
    """Binary results need the extended protocol, which takes one statement only."""
    try:
        with connection.cursor(binary=True) as cursor:
            cursor.execute(statement, {})
    except psycopg.Error as error:
        if isinstance(error, psycopg.OperationalError):
            raise
        first = " ".join(plain(statement).split())
        reason = said(error)
        raise hazards.dependents.function_not_made(subject, first[:100], reason).refusal() from None
