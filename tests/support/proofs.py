"""What tests prove of a table: which model's vectors it holds, and that the rest of it is as it was."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.models import Hashed, Vectors, new, old
from tests.support.database import Database
from tests.support.tables import TEXTS


def rows_hold(
    database: Database,
    factory: Callable[[], Hashed],
    *,
    table: str = "items",
    text: str = "body",
    column: str = "embedding",
    where: str = "true",
) -> int:
    """Asserts that each row holds, to the bit, the model's vector of its present text. Returns the number of rows."""
    rows = database.execute(
        f"SELECT ({text})::text, vector_send({column}::vector) FROM {table} WHERE {where} ORDER BY 1"
    )
    without = [text for text, vector in rows if vector is None]
    assert without == [], f"{len(without)} of {len(rows)} rows have no vector"
    expected = factory().embed_queries([text for text, _ in rows])
    found: Vectors = np.array([received(vector) for _, vector in rows], dtype=np.float32).reshape(expected.shape)
    wrong = [text for (text, _), same in zip(rows, (found == expected).all(axis=1), strict=True) if not same]
    assert wrong == [], f"{len(wrong)} of {len(rows)} rows have another vector"
    return len(rows)


def received(sent: bytes) -> Vectors:
    """A vector as pgvector's vector_send writes it: int16 length, int16 unused, big-endian float32."""
    vector: Vectors = np.frombuffer(sent, dtype=">f4", offset=4).astype(np.float32)
    return vector


def checksum(database: Database, columns: str = "id, body, note", *, table: str = "items", order: str = "id") -> str:
    """Of those columns of all rows, in that order."""
    found: str = database.value(
        f"SELECT md5(coalesce(string_agg(row({columns})::text, E'\\n' ORDER BY {order}), '')) FROM {table}"
    )
    return found


def nulls(database: Database, *, table: str = "items", column: str = "embedding", key: str = "id") -> list[object]:
    """Keys of the rows without a vector."""
    return [row[0] for row in database.execute(f"SELECT {key} FROM {table} WHERE {column} IS NULL ORDER BY {key}")]


def is_upgraded(database: Database, schema: str) -> None:
    """Asserts that the table of tests.support.tables.items is as after an upgrade that nothing disturbed.

    schema: as that upgrade left it. The old vectors are there too, and each text was stored once.
    """
    assert rows_hold(database, new) == 200
    assert rows_hold(database, old, column="migrator_retired_1") == 200
    assert database.dump() == schema
    assert database.value("SELECT state FROM migrator.run") == "done"
    assert database.value("SELECT texts_embedded FROM migrator.change") == TEXTS
