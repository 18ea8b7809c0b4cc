"""What tests of faults share: the end that nothing disturbed, and a server that may be harmed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Server
from tests.running import upgrade
from tests.server import OwnServer
from tests.tables import items


@pytest.fixture(scope="session")
def upgraded_schema(server: Server) -> str:
    """The schema after an upgrade that nothing disturbed."""
    database = server.new_database()
    items(database)
    upgrade(database)
    return database.dump()


@pytest.fixture(scope="session")
def upgraded_schema_online(server: Server) -> str:
    """The same of an upgrade online."""
    database = server.new_database()
    items(database)
    upgrade(database, online=True)
    return database.dump()


@pytest.fixture(scope="session")
def own_server(server: Server) -> Iterator[OwnServer]:
    """A server that tests may restart, fill up and have followed."""
    made = OwnServer.create(server.binaries)
    yield made
    made.remove()
