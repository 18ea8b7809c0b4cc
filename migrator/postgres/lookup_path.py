"""Where a session looks names up that no schema is said of: never in schemas that others may create in.

PostgreSQL takes the function or operator whose types fit best, whichever schema of the path it is in. Who may create in
one can so have a plain `||` or `format` run code, with the rights of whoever sends it.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from migrator import hazards
from migrator.postgres.sql import Query, query


def begin(connection: psycopg.Connection[TupleRow]) -> None:
    """Until the path is set names are PostgreSQL's own. A database may have another default, by its owner."""
    connection.execute(query("session", "look_up_own"), {})


def take(connection: psycopg.Connection[TupleRow], path: str | None) -> None:
    """Sets the path; None: the default. Raises Refused where others may create in a schema of it."""
    by_path = query("session", "look_up_by_default" if path is None else "look_up")
    connection.execute(by_path, {"path": path})
    schemas = connection.execute(query("session", "schemas_of_path"), {}).fetchone()
    begin(connection)
    refuse(connection, schemas[0] if schemas else [])
    connection.execute(by_path, {"path": path})


def refuse(connection: psycopg.Connection[TupleRow], schemas: Sequence[str]) -> None:
    """Raises Refused where others may create in one of them, and so decide what a plain name means.

    Others: roles without rights of the session that give the server away; where it has none, roles that may act neither
    as the session nor as a table's owner as which it may act. To be sent under a path that is safe.
    """
    unsafe = query("rights", "unsafe")
    found = connection.execute(query("rights", "is_unsafe", which=unsafe), {}).fetchone()
    if found is not None and found[0]:
        _refuse_lesser_roles(connection, schemas, unsafe)
        return
    roles = open_schemas(connection, schemas, query("search_path", "own_owners"))
    if roles:
        raise hazards.server.open_schemas(roles).refusal()


def open_schemas(
    connection: psycopg.Connection[TupleRow], schemas: Sequence[str], owners: Query, **given: str
) -> dict[str, list[str]]:
    """Those in which others may create than the session and `owners`, a query for their oids; each with these roles."""
    asked = query("search_path", "open", owners=owners)
    return dict(connection.execute(asked, {"schemas": [*schemas], **given}).fetchall())


def _refuse_lesser_roles(connection: psycopg.Connection[TupleRow], schemas: Sequence[str], unsafe: Query) -> None:
    lesser = query("rights", "beyond", owner=sql.SQL("may.role"), which=unsafe)
    found = connection.execute(query("rights", "creators", unsafe=lesser), {"schemas": [*schemas]}).fetchall()
    if found:
        roles = {schema: role for schema, role, _, _ in found}
        _, _, session, rights = found[0]
        raise hazards.rights.schemas_of_lesser_roles(roles, session, rights).refusal()
