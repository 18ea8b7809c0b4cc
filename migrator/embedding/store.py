"""The embedding store: vectors that are paid for, keyed by sha256 of their text, in a table a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from psycopg import sql

from migrator import hazards
from migrator.embedding.providers import Vectors
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, execute, fetch_row, has_table
from migrator.postgres.sql import fragment, plain, query, text_of

# A row is a header of 24 bytes, a pointer of 4, the hash (33) and the vector (4 a number, 8 more) and must fit a page
# of 8,192; above that EXTERNAL puts it into TOAST uncompressed.
PLAIN_LIMIT_BYTES = 8_000
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"


def exists(connection: Connection, column: ColumnPlan) -> bool:
    """Whether there is a store for the column's new model."""
    return has_table(connection, column.store)


def refuse_without_vectors(connection: Connection, column: ColumnPlan) -> None:
    """Raises Refused where the store's vectors were dropped, as DROP EXTENSION vector CASCADE does."""
    (lost,) = fetch_row(connection, query("store", "without_vectors"), {"table": plain(column.store)})
    if lost:
        raise hazards.runs.store_without_vectors(plain(column.store)).refusal()


def storage(dimensions: int) -> str:
    return "PLAIN" if 4 * dimensions + 100 <= PLAIN_LIMIT_BYTES else "EXTERNAL"


def create_statements(column: ColumnPlan) -> tuple[sql.Composed, ...]:
    kept = fragment(storage(column.dimensions))
    return (
        query("store", "create", store=column.store, type=column.store_type),
        query("store", "set_storage", store=column.store, storage=kept),
        query("privileges", "table_to_owner", object=text_of(column.store)),
    )


def copy(column: ColumnPlan) -> sql.Composed:
    return query("store", "copy", store=column.store)


def create(connection: Connection, column: ColumnPlan) -> None:
    """Makes the store of the column's new model where it is missing, for the owner alone."""
    if exists(connection, column):
        return
    with connection.transaction():
        for statement in create_statements(column):
            execute(connection, statement)


def put(connection: Connection, column: ColumnPlan, hashes: Sequence[bytes], vectors: Vectors) -> None:
    """Writes vectors (n, dimensions) under their texts' hashes by binary COPY, in the transaction that is open."""
    with connection.cursor() as cursor, cursor.copy(copy(column)) as writer:
        writer.write(COPY_HEADER)
        writer.write(binary_rows(hashes, vectors))
        writer.write(COPY_TRAILER)


def binary_rows(hashes: Sequence[bytes], vectors: Vectors) -> memoryview:
    """The rows in COPY's binary format, made in one piece by numpy: a row at a time costs more than the COPY itself.

    Format: https://www.postgresql.org/docs/current/sql-copy.html (Binary Format); a vector is sent as its length and
    an unused number, both int16, then big-endian float32 (pgvector's vector_send).
    """
    dimensions = vectors.shape[1]
    rows = np.empty(
        len(hashes),
        dtype=[
            ("fields", ">i2"),
            ("hash_length", ">i4"),
            ("hash", "V32"),
            ("vector_length", ">i4"),
            ("dimensions", ">i2"),
            ("unused", ">i2"),
            ("vector", ">f4", (dimensions,)),
        ],
    )
    rows["fields"] = 2
    rows["hash_length"] = 32
    rows["hash"] = np.frombuffer(b"".join(hashes), dtype="V32")
    rows["vector_length"] = 4 + 4 * dimensions
    rows["dimensions"] = dimensions
    rows["unused"] = 0
    rows["vector"] = vectors
    return rows.view(np.uint8).data
