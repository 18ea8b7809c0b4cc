"""The same work by the fewest statements that can do it: what migrator is compared with."""

from __future__ import annotations

from psycopg import sql

from migrator.embedding.store import COPY_HEADER, COPY_TRAILER, binary_rows
from tests.benchmarks.table import BUILD_MEMORY, texts
from tests.benchmarks.timing import Stopwatch
from tests.models import fast768
from tests.support.database import Database


def rows(database: Database) -> memoryview:
    """Every text's hash and new vector, as binary COPY wants them."""
    found = texts(database)
    return binary_rows([text_hash for text_hash, _ in found], fast768().embed_documents([text for _, text in found]))


def copy(database: Database, data: memoryview) -> float:
    """Seconds of a binary COPY of all vectors into an empty table like the store."""
    watch = Stopwatch()
    with database.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute(
            "CREATE TABLE bare (text_hash bytea PRIMARY KEY, embedding vector(768) STORAGE PLAIN NOT NULL)"
        )
        connection.execute("CHECKPOINT")
        statement = "COPY bare FROM STDIN (FORMAT BINARY)"
        with watch.timing("copy"), connection.cursor() as cursor, cursor.copy(statement) as into:
            into.write(COPY_HEADER)
            into.write(data)
            into.write(COPY_TRAILER)
    return watch.seconds["copy"]


def window(database: Database) -> dict[str, float]:
    """Seconds of UPDATE ... FROM what `copy` left, and of CREATE INDEX."""
    watch = Stopwatch()
    with database.connect() as connection:
        connection.execute("ANALYZE bare")
        connection.execute("ALTER TABLE items ADD COLUMN shadow vector(768)")
        # The old index goes first, as anybody would who knows what an update costs with it.
        connection.execute("DROP INDEX items_embedding_idx")
        connection.execute("SET work_mem = '256MB'")
        connection.execute("CHECKPOINT")
        with watch.timing("update"):
            connection.execute(
                "UPDATE items SET shadow = bare.embedding FROM bare WHERE text_hash = sha256(convert_to(body, 'UTF8'))"
            )
        connection.execute(sql.SQL("SET maintenance_work_mem = {}").format(BUILD_MEMORY))
        with watch.timing("index"):
            connection.execute(
                "CREATE INDEX ON items USING hnsw (shadow vector_cosine_ops) WITH (m = 16, ef_construction = 64)"
            )
    return watch.seconds
