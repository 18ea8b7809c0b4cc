"""The table that benchmarks migrate, and the server it stands on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from migrator import EmbeddingChange, Hnsw, Model
from migrator.change import Index
from tests.conftest import Server
from tests.support.database import Database

REVISION = "0002"
OLD = Model("python:tests.models:fast384", dimensions=384)
NEW = Model("python:tests.models:fast768", dimensions=768)
BUILD_MEMORY = "2GB"


@contextmanager
def server() -> Iterator[Server]:
    """A server with settings fit for index builds; what it writes reaches the disk, as in production."""
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as directory:
        started = Server(Path(directory), 18)
        with psycopg.connect(started.url("postgres"), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM RESET {setting}".encode())
            connection.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
            # It would come in the middle of one measurement and leave the other alone.
            connection.execute("ALTER SYSTEM SET autovacuum = off")
            connection.execute(f"ALTER SYSTEM SET maintenance_work_mem = '{BUILD_MEMORY}'".encode())
            connection.execute("SELECT pg_reload_conf()")
        yield started
        started.stop()


def change(index: Index | None) -> EmbeddingChange:
    return EmbeddingChange("items", "embedding", text="body", from_=OLD, to=NEW, index=index)


HNSW = Hnsw("cosine", m=16, ef_construction=64)


def fill(database: Database, rows: int, *, indexed: bool = True) -> None:
    """items(id, body, embedding vector(384)): `rows` texts of some 200 characters, all different."""
    database.execute("CREATE TABLE items (id bigint PRIMARY KEY, body text NOT NULL, embedding vector(384) NOT NULL)")
    database.execute(
        """INSERT INTO items
           SELECT n, repeat('a passage of prose ', 10) || to_char(n, 'FM00000000'),
                  (SELECT array_agg(sin(n * d + d)) FROM generate_series(1, 384) d)::vector(384)
           FROM generate_series(1, %(rows)s) n""",
        {"rows": rows},
    )
    if indexed:
        database.execute("CREATE INDEX items_embedding_idx ON items USING ivfflat (embedding vector_cosine_ops)")
    database.execute("VACUUM ANALYZE items")


def texts(database: Database) -> list[tuple[bytes, str]]:
    """Every text with the hash that the store keeps it under."""
    return database.execute("SELECT sha256(convert_to(body, 'UTF8')), body FROM items ORDER BY id")
