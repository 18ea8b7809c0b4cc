"""What tests of faults share: the end that nothing disturbed, and a server that may be harmed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.conftest import Server
from tests.support.database import Database, script
from tests.support.running import upgrade
from tests.support.server import OwnServer
from tests.support.tables import items


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


@pytest.fixture
def keeper(database: Database) -> Iterator[Database]:
    """The database as a role that owns `items` and is no superuser."""
    items(database, rows=40)
    script(database, "CREATE ROLE keeper LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    name = database.value("SELECT current_database()")
    script(database, f"GRANT ALL ON DATABASE {name} TO keeper; GRANT ALL ON SCHEMA public TO keeper")
    script(database, "ALTER TABLE items OWNER TO keeper")
    yield replace(database, url=database.url.replace("postgres:@", "keeper:@"))
    script(database, "REVOKE SET ON PARAMETER session_replication_role FROM keeper; DROP OWNED BY keeper CASCADE")
    script(database, "DROP ROLE keeper")


@pytest.fixture
def vacuumed(own_server: OwnServer) -> Iterator[Database]:
    """A database of a server whose autovacuum is eager."""
    with own_server.connect("postgres") as connection:
        connection.execute("ALTER SYSTEM SET autovacuum = on")
        connection.execute("ALTER SYSTEM SET autovacuum_naptime = 1")
        connection.execute("SELECT pg_reload_conf()")
        yield own_server.new_database()
        connection.execute("ALTER SYSTEM RESET autovacuum")
        connection.execute("SELECT pg_reload_conf()")
