"""How Alembic records a revision: tried before anything is changed, and committed as soon as it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import sqlalchemy
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from migrator import hazards
from migrator.catalog.rights import refuse_code_of_lesser_roles
from migrator.errors import MigratorError, first_line
from migrator.hazards import Hazard
from migrator.operations.compat import RevisionStep, after_recording, make_version_table, recorder
from migrator.operations.version_table import version_table
from migrator.postgres.address import address_of_connection
from migrator.postgres.connection import PATIENT, connect, is_passing
from migrator.postgres.sql import name

# Where a revision stands in Alembic's Config while it is live and not recorded yet.
UNRECORDED = "migrator.unrecorded"
_TOO_LONG, _READ_ONLY, _NOT_GRANTED = "22001", "25006", "42501"
_READ_ONLY_BY = """
SELECT pg_is_in_recovery(), source, current_user::text, current_database()::text
FROM pg_settings WHERE name = 'default_transaction_read_only'
"""


def try_recording(context: MigrationContext, steps: Iterable[RevisionStep], heads: Iterable[str]) -> None:
    """Writes what Alembic will write into its version table for these steps, and rolls it back. Raises Refused."""
    connection = context.connection
    if connection is None:
        return
    table = version_table(context, connection)
    with connect(address_of_connection(connection)) as own:
        # A trigger there is its owner's code.
        refuse_code_of_lesser_roles(own, name(table.schema, table.name))
    record, at = recorder(context, heads), ""
    try:
        with _rolled_back(connection):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENT}'")
            make_version_table(context)
            for step in steps:
                at = step.revision.revision
                record(step)
            # A deferred trigger would fail at commit.
            connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    except (DBAPIError, CommandError) as error:
        if isinstance(error, DBAPIError) and (error.connection_invalidated or is_passing(error.orig or error)):
            raise
        raise _why(context, connection, at, error).refusal() from error


@contextmanager
def _rolled_back(connection: sqlalchemy.Connection) -> Iterator[None]:
    """A savepoint, or a transaction where env.py works without one, that leaves nothing behind."""
    if getattr(connection.connection.dbapi_connection, "autocommit", False):
        connection.exec_driver_sql("BEGIN")
        try:
            yield
        finally:
            connection.exec_driver_sql("ROLLBACK")
        return
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def _why(context: MigrationContext, connection: sqlalchemy.Connection, revision: str, error: Exception) -> Hazard:
    table = version_table(context, connection).shown
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    # psycopg and asyncpg call it sqlstate, psycopg2 pgcode.
    code = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if code == _TOO_LONG:
        return hazards.revisions.version_id_too_long(table, revision)
    standby, source, role, database = connection.exec_driver_sql(_READ_ONLY_BY).one()
    if code == _READ_ONLY:
        return (
            hazards.server.standby()
            if standby
            else hazards.revisions.version_table_read_only(table, source, role, database)
        )
    if code == _NOT_GRANTED:
        return hazards.revisions.version_table_not_granted(table, role, first_line(cause))
    return hazards.revisions.version_table_refuses(table, revision, first_line(cause))


@contextmanager
def kept_waiting(connection: sqlalchemy.Connection) -> Iterator[None]:
    """Within it the server does not end Alembic's session, which is idle for as long as the work takes.

    What fails ends the session with its settings, and so they are given back on success alone.
    """
    found = connection.exec_driver_sql("SHOW idle_session_timeout").scalar_one()
    connection.exec_driver_sql("SET idle_session_timeout = 0")
    yield
    connection.exec_driver_sql(f"SET idle_session_timeout = '{found}'")


def record_at_once(context: MigrationContext, revision: str) -> None:
    """Has Alembic commit the revision's row as soon as it is written: a later revision that fails would undo it.

    By default Alembic runs all revisions in one transaction, and what the operation did is committed already.
    """

    def commit() -> None:
        # What stands before such a block is committed.
        with context.autocommit_block():
            pass
        _mark(context, None)

    after_recording(context, commit)
    _mark(context, revision)


def _mark(context: MigrationContext, revision: str | None) -> None:
    if context.config is not None:
        context.config.attributes[UNRECORDED] = revision


def not_recorded(revision: str, direction: str, error: BaseException) -> MigratorError:
    """What a command ends with where a column was swapped and Alembic failed to write that down."""
    now = "the new column is live and complete" if direction == "upgrade" else "the old column is live again"
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return MigratorError(
        f"the {direction} of revision {revision} is done, and Alembic could not record it: {first_line(cause)}",
        meaning=f"{now}; only Alembic's version table does not know.",
        remedy="remove the cause, then run the same command again: it records the revision and goes on from there",
    )
