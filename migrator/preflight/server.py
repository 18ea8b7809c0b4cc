"""What stands against working on a server at all, and whether it has room."""

from __future__ import annotations

from migrator import hazards
from migrator.catalog.server import LedgerSchema, Server
from migrator.hazards import Hazard

OLDEST_POSTGRESQL = 140_000
OLDEST_PGVECTOR = (0, 7, 0)
SOUND_PGVECTOR = (0, 8, 3)


def server_hazards(server: Server, schema: LedgerSchema) -> list[Hazard]:
    """What stands against working in this database at all."""
    found = []
    if server.version < OLDEST_POSTGRESQL:
        found.append(hazards.old_postgresql(server.version_text))
    if server.pgvector is None:
        found.append(hazards.no_pgvector(server.pgvector_available, schema.installed))
    elif _version(server.pgvector) < OLDEST_PGVECTOR:
        found.append(hazards.old_pgvector(server.pgvector, ".".join(map(str, OLDEST_PGVECTOR))))
    elif _version(server.pgvector) < SOUND_PGVECTOR:
        found.append(hazards.pgvector_with_known_fault(server.pgvector))
    if server.standby:
        found.append(hazards.standby())
    if schema.taken:
        found.append(hazards.schema_taken())
    elif schema.untrusted is not None:
        found.append(schema.untrusted)
    elif schema.owner is None and not server.may_create:
        found.append(hazards.may_not_create_schema(server.role))
    if server.publications_of_all:
        found.append(hazards.publication_of_all(server.publications_of_all))
    return found


def disk_hazards(server: Server, needed: int) -> list[Hazard]:
    """Whether the server has room for all columns together. needed: bytes."""
    free = server.free_disk()
    if free is None:
        return [hazards.disk_unknown(needed)]
    return [hazards.no_disk(needed, free)] if needed > free else []


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
