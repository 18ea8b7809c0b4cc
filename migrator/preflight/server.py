"""What stands against working on a server at all, and whether it has room."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Literal

import psycopg

from migrator import hazards
from migrator.catalog.server import LedgerSchema, Server
from migrator.hazards import Hazard
from migrator.postgres.connection import Connection, execute, said
from migrator.postgres.sql import query

OLDEST_POSTGRESQL = 140_000
OLDEST_PGVECTOR = (0, 7, 0)
# Older releases of pgvector have faults in indexes of the method (its CHANGELOG.md).
SOUND_PGVECTOR: dict[Literal["hnsw", "ivfflat"], tuple[int, ...]] = {"hnsw": (0, 8, 4), "ivfflat": (0, 8, 7)}


def server_hazards(server: Server, schema: LedgerSchema) -> list[Hazard]:
    """What stands against working in this database at all."""
    found = []
    if server.version < OLDEST_POSTGRESQL:
        found.append(hazards.server.old_postgresql(server.version_text))
    if server.pgvector is None:
        found.append(hazards.server.no_pgvector(server.pgvector_available, schema.installed))
    elif _version(server.pgvector) < OLDEST_PGVECTOR:
        found.append(hazards.server.old_pgvector(server.pgvector, ".".join(map(str, OLDEST_PGVECTOR))))
    if server.standby:
        found.append(hazards.server.standby())
    if schema.taken:
        found.append(hazards.runs.schema_taken())
    elif schema.untrusted is not None:
        found.append(schema.untrusted)
    elif schema.owner is None and not server.may_create:
        found.append(hazards.columns.may_not_create_schema(server.role))
    if server.publications_of_all:
        found.append(hazards.dependents.publication_of_all(server.publications_of_all))
    return found


def known_faults(server: Server, methods: Collection[str]) -> list[Hazard]:
    """Of this pgvector, in indexes of these methods."""
    version = server.pgvector
    if version is None:
        return []
    return [
        hazards.server.pgvector_with_known_fault(version, method)
        for method, sound in SOUND_PGVECTOR.items()
        if method in methods and _version(version) < sound
    ]


def disk_hazards(server: Server, needed: int) -> list[Hazard]:
    """Whether the server has room for all columns together. needed: bytes."""
    free = server.free_disk()
    if free is None:
        return [hazards.server.disk_unknown(needed)]
    return [hazards.server.no_disk(needed, free)] if needed > free else []


@contextmanager
def names_readable(connection: Connection) -> Iterator[None]:
    """For as long as the catalog is read. Raises Refused for what the server cannot give as UTF-8, with its name.

    A database of encoding SQL_ASCII takes any bytes.
    """
    try:
        yield
    except (psycopg.errors.CharacterNotInRepertoire, psycopg.errors.UntranslatableCharacter) as error:
        encoding = connection.info.parameter_status("server_encoding") or ""
        found = execute(connection, query("catalog", "names_beyond_ascii")).fetchall()
        names = [f'{kind} "{shown}"' for kind, name in found if encoding == "SQL_ASCII" and (shown := _not_utf8(name))]
        raise hazards.server.not_utf8(encoding, names, said(error)).refusal() from None


def _not_utf8(name: bytes) -> str | None:
    """The name with escapes for its bytes that are not UTF-8; None where all are."""
    shown = name.decode("utf-8", "backslashreplace")
    return shown if shown.encode() != name else None


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
