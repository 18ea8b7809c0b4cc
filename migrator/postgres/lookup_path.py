"""Where a session looks names up that no schema is said of: never in schemas of roles with fewer rights than its own.

PostgreSQL takes the function or operator whose types fit best, whichever schema of the path it is in. Who may create in
one can so have a plain `||` or `format` run code, with the rights of whoever sends it.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from migrator import hazards
from migrator.postgres.sql import query


def begin(connection: psycopg.Connection[TupleRow]) -> None:
    """Until the path is set names are PostgreSQL's own. A database may have another default, by its owner."""
    connection.execute(query("session", "look_up_own"), {})


def take(connection: psycopg.Connection[TupleRow], path: str | None) -> None:
    """Sets the path; None: the default. Raises Refused where others with fewer rights may create in a schema of it."""
    found = connection.execute(query("rights", "is_unsafe", which=query("rights", "unsafe")), {}).fetchone()
    if found is not None and found[0]:
        connection.execute(query("session", "look_up"), {"path": path})
        schemas = connection.execute(query("session", "schemas_of_path"), {}).fetchone()
        begin(connection)
        refuse(connection, schemas[0] if schemas else [])
    connection.execute(query("session", "look_up"), {"path": path})


def refuse(connection: psycopg.Connection[TupleRow], schemas: Sequence[str]) -> None:
    """Raises Refused where roles with fewer rights may create in one of them. To be sent under a path that is safe."""
    unsafe = query("rights", "beyond", owner=sql.SQL("may.role"), which=query("rights", "unsafe"))
    found = connection.execute(query("rights", "creators", unsafe=unsafe), {"schemas": [*schemas]}).fetchall()
    if found:
        roles = {schema: role for schema, role, _, _ in found}
        _, _, session, rights = found[0]
        raise hazards.rights.schemas_of_lesser_roles(roles, session, rights).refusal()
