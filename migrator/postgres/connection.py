"""Connections to the database, what is sent over them, and errors that pass."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow, dict_row

from migrator.errors import first_line
from migrator.postgres import lookup_path, pinned_settings
from migrator.postgres.address import Address
from migrator.postgres.pooler import refuse_transaction_pooler
from migrator.postgres.sql import Query, name, plain, query

Connection = psycopg.Connection[TupleRow]

# Values of lock_timeout. SHORT: for locks whose wait keeps others waiting. PATIENT: for those whose wait does not, such
# as a read's or ANALYZE's. UNBOUNDED: for CONCURRENTLY, which waits for transactions however long they are.
SHORT, PATIENT, UNBOUNDED = "50ms", "1min", "0"
# Errors of an expression that cannot be evaluated, as against those of the connection and the server: of a cast, a
# domain's CHECK, a limit, a function.
EVALUATION = (
    psycopg.ProgrammingError,
    psycopg.DataError,
    psycopg.InternalError,
    psycopg.IntegrityError,
    psycopg.NotSupportedError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.ExternalRoutineException,
    psycopg.errors.ExternalRoutineInvocationException,
    psycopg.errors.SqlRoutineException,
)
# The server ended the session, and psycopg does not count that among the OperationalErrors.
_ENDED_FOR_TIME = (psycopg.errors.IdleInTransactionSessionTimeout, psycopg.errors.TransactionTimeout)
# Both ends notice within a minute that the other is gone without a word: a machine, or the network between them.
_KEEPALIVES = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}


def connect(address: Address) -> Connection:
    """A connection in autocommit mode with settings pinned: every transaction is opened on purpose.

    Raises psycopg.OperationalError where the database cannot be reached, Refused where a pooler in transaction mode is
    in between: the settings would be those of other clients; or where the search_path has schemas of roles with fewer
    rights than the session.
    """
    connection = bare(address)
    try:
        refuse_transaction_pooler(connection, address.shown, partial(bare, address))
        _prepare(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: Connection, address: Address) -> None:
    """Takes the role, pins the settings, and looks names up by the path. Raises Refused where that path is not safe."""
    lookup_path.begin(connection)
    if address.role is not None:
        execute(connection, sql.SQL("SET ROLE {role}").format(role=name(address.role)))
    settings = {**pinned_settings.OF_SESSIONS, "lock_timeout": PATIENT}
    if connection.info.parameter_status("is_superuser") == "on":
        settings |= pinned_settings.OF_SUPERUSERS
    execute(connection, query("session", "begin"), {"settings": [*settings], "values": [*settings.values()]})
    _notice_dead_client(connection)
    lookup_path.take(connection, address.search_path)


def bare(address: Address) -> Connection:
    """A connection as the server gives it.

    Settings go along when it is made: a statement that sets them could be written to the server's log.
    """
    given = [address.parameters["options"]] if "options" in address.parameters else []
    given += [f"-c {setting}={_escaped(value)}" for setting, value in address.settings.items()]
    options = {"options": " ".join(given)} if given else {}
    return psycopg.connect(
        make_conninfo("", **(_KEEPALIVES | dict(address.parameters) | options)),
        autocommit=True,
        application_name="migrator",
        prepare_threshold=None,
    )


def _escaped(value: str) -> str:
    """As libpq takes it among its options."""
    return re.sub(r"([\\\s])", r"\\\1", value)


def _notice_dead_client(connection: Connection) -> None:
    """Lets the server end the session, and free its locks, soon after this process died or its machine is gone.

    Servers on systems that cannot tell refuse a setting and go without.
    """
    settings = {"client_connection_check_interval": "1s"}
    if connection.info.hostaddr:
        settings |= {f"tcp_{setting}": value for setting, value in _KEEPALIVES.items()}
    for setting, value in settings.items():
        with suppress(psycopg.errors.InvalidParameterValue):
            configure(connection, {setting: value})


def execute(
    connection: Connection, statement: Query, parameters: Mapping[str, Any] | None = None
) -> psycopg.Cursor[TupleRow]:
    """Sends one statement; see sql.py for why parameters always go along."""
    return connection.execute(statement, parameters or {})


def fetch_dicts(
    connection: Connection, statement: Query, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, parameters or {}).fetchall()


def fetch_row(connection: Connection, statement: Query, parameters: Mapping[str, Any] | None = None) -> TupleRow:
    """The one row of a statement that always gives one, such as a count."""
    row = execute(connection, statement, parameters).fetchone()
    if row is None:
        raise LookupError(f"no row from: {statement.as_string(None)}")
    return row


def configure(connection: Connection, settings: Mapping[str, str], *, local: bool = False) -> None:
    """Sets server settings for the session, or for the transaction that is open, in one round trip."""
    given = {"settings": list(settings), "values": list(settings.values()), "local": local}
    execute(connection, query("session", "set_config"), given)


def search_path(schemas: Iterable[str]) -> str:
    """The schemas as the setting search_path takes them."""
    return ", ".join(sql.Identifier(schema).as_string(None) for schema in schemas)


@contextmanager
def qualified_names(connection: Connection) -> Iterator[None]:
    """Within it the server writes definitions with the schema of whatever is not its own.

    So they mean the same under any search path, today's and that of a later downgrade.
    """
    (found,) = fetch_row(connection, query("session", "qualify_names"))
    try:
        yield
    finally:
        # A transaction that failed takes the setting back by itself.
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR and not connection.broken:
            configure(connection, {"search_path": found})


def has_table(connection: Connection, table: sql.SQL) -> bool:
    return bool(fetch_row(connection, query("catalog", "has_table"), {"table": plain(table)})[0])


def said(error: psycopg.Error, *, secret: bool = False) -> str:
    """What the database said, in one line; of a text that is kept secret only the code, for the rest may quote it."""
    if secret:
        return f"error {error.sqlstate}, whose message is not shown, for it may quote the text"
    return error.diag.message_primary or first_line(error)


def raised_in(error: psycopg.Error, function: str) -> bool:
    """Whether it came out of that function, which takes no argument, as those of triggers.

    By the context that PostgreSQL gives, in whatever language: with the name and parentheses, or the name in quotes.
    """
    return re.search(rf"(?<!\w){re.escape(function)}(?:\"|\(\))", error.diag.context or "") is not None


def is_passing(error: BaseException) -> bool:
    """Whether the same command may succeed later without any change: lost connection, restart, lock, space, cancel.

    A row that is too big, or a statement too complex, is PostgreSQL's limit and stays one.
    """
    if isinstance(error, psycopg.errors.ProgramLimitExceeded):
        return False
    return isinstance(error, (psycopg.OperationalError, KeyboardInterrupt, *_ENDED_FOR_TIME)) or has_no_room(error)


def has_no_room(error: BaseException) -> bool:
    """Whether the server could not write: the disk is full, or a quota is used up, for which PostgreSQL has no code."""
    if isinstance(error, psycopg.errors.InternalError_):
        return error.diag.source_file in ("md.c", "fd.c", "buffile.c")
    return isinstance(error, psycopg.errors.DiskFull)
