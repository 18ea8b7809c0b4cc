"""Whose code runs with whose rights when migrator works on a table.

To read or write a row can run code of others: triggers, CHECKs, generated columns, expressions of indexes, domains.
PostgreSQL runs most of it with the rights of the session, and SET ROLE is no protection: the code takes the session's
own role back by RESET ROLE. So a session with rights that give the server away evaluates nothing of a role that lacks
them, and plans no statement either, for that evaluates constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from migrator import hazards
from migrator.catalog.columns import tree
from migrator.hazards import Hazard
from migrator.postgres.connection import Connection, execute, fetch_dicts, fetch_row, qualified_names
from migrator.postgres.sql import Query, fragment, name, plain, query

_TREE = tree(sql.SQL("to_regclass(%(table)s)"))


def examine(connection: Connection, table: Query) -> list[Hazard]:
    """Whose code runs when rows of the table, or of those below it, are read or written. Nothing is evaluated."""
    owned = _owned(connection, table)
    for each in owned:
        if each["unsafe"]:
            return [
                hazards.rights.owner_has_fewer_rights(
                    each["object"], each["owner"], each["can_login"], each["session"], each["unsafe"]
                )
            ]
    found = []
    others = {each["object"]: each["owner"] for each in owned if each["roles"]}
    if others:
        roles = sorted({role for each in owned for role in each["roles"]})
        found.append(hazards.rights.owner_runs_code(others, owned[0]["session"], roles))
    return found + _functions(connection, owned, f"work on {_shown(table)}", "roots_of_table")


def refuse_code_of_lesser_roles(connection: Connection, table: Query) -> None:
    """Raises Refused where that code would get rights which give the server away."""
    if _is_unsafe(connection):
        _refuse(examine(connection, table))


def refuse_given_away(connection: Connection, table: Query, function: Query) -> None:
    """Raises Refused where the table, or the function that captures its writes, has another owner since.

    Only its owner can finish, or undo, what was begun.
    """
    with qualified_names(connection):
        given = {"table": plain(table), "function": f"{plain(function)}()"}
        found = execute(connection, query("rights", "out_of_reach"), given).fetchone()
    if found is not None:
        raise hazards.rights.owner_out_of_reach(*found).refusal()


def refuse_lesser_functions(connection: Connection, table: Query, expressions: Sequence[Query]) -> None:
    """The same for functions that expressions over the table's rows call; they are parsed and not evaluated.

    Passes what does not parse: whatever parses it next says why.
    """
    if not expressions or not _is_unsafe(connection):
        return
    named = [sql.SQL("{} AS {}").format(each, name(f"migrator_{n}")) for n, each in enumerate(expressions)]
    given = query("rights", "expressions", expressions=sql.SQL(", ").join(named), table=table)
    found = []
    # A command that only looks has set its sessions read-only; a view cannot be made in its transactions.
    begun_here = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    try:
        # Binary results need the extended protocol, which takes one statement only.
        with connection.transaction(force_rollback=True), connection.cursor(binary=True) as cursor:
            if begun_here:
                execute(connection, query("session", "read_write"))
            cursor.execute(given, {})
            work = f"what a revision says of {_shown(table)}"
            found = _functions(connection, _owned(connection, table), work, "roots_of_expressions")
    except psycopg.Error:
        if connection.broken:
            raise
    _refuse(found)


def beyond(owner: str) -> dict[str, Query]:
    """What the session may and that role may not, as pieces of a query. owner: its oid, as an expression."""
    every, unsafe = sql.SQL("true"), query("rights", "unsafe")
    return {
        "unsafe": query("rights", "beyond", owner=fragment(owner), which=unsafe),
        "roles": query("rights", "beyond", owner=fragment(owner), which=every),
    }


def _is_unsafe(connection: Connection) -> bool:
    """Whether the session has rights which give the server away."""
    return bool(fetch_row(connection, query("rights", "is_unsafe", which=query("rights", "unsafe")))[0])


def _owned(connection: Connection, table: Query) -> list[dict[str, Any]]:
    with qualified_names(connection):
        asked = query("rights", "owners", tree=_TREE, **beyond("c.relowner"))
        return fetch_dicts(connection, asked, {"table": plain(table)})


def _functions(connection: Connection, owned: list[dict[str, Any]], work: str, roots: str) -> list[Hazard]:
    """owned: the table and those below it."""
    pieces = {"roots": query("rights", roots), "named": query("called", "named"), **beyond("p.proowner")}
    tables = {"tables": [each["oid"] for each in owned]}
    if not fetch_row(connection, query("rights", "other_functions"), tables)[0]:
        return []
    # Names in a body are looked up by the path that is set.
    found = fetch_dicts(connection, query("rights", "functions", **pieces), tables)
    if not found:
        return []
    owners, session = {each["object"]: each["owner"] for each in found}, found[0]["session"]
    unsafe = sorted({role for each in found for role in each["unsafe"]})
    if unsafe:
        lesser = {each["object"]: each["owner"] for each in found if each["unsafe"]}
        return [hazards.rights.functions_of_lesser_roles(work, lesser, session, unsafe)]
    return [hazards.rights.functions_of_other_roles(work, owners, session)]


def _refuse(found: Sequence[Hazard]) -> None:
    for hazard in found:
        if hazard.refuses:
            raise hazard.refusal()


def _shown(table: Query) -> str:
    return plain(table).replace('"', "")
