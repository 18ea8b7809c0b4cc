"""What the table holds, short enough to compare at a glance: proof that nothing was lost or touched."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from migrator.postgres.connection import Connection

QUERY = """
SELECT count(*) AS rows,
       (SELECT format_type(atttypid, atttypmod) FROM pg_attribute
         WHERE attrelid = 'knowledge_base'::regclass AND attname = 'embedding') AS type,
       (SELECT indexdef FROM pg_indexes WHERE indexname = 'knowledge_base_embedding_idx') AS index,
       encode(sha256(string_agg(convert_to(
           ROW(id, topic, chunk_no, content, metadata)::text, 'UTF8'), '' ORDER BY id)), 'hex') AS text,
       encode(sha256(string_agg(convert_to(embedding::text, 'UTF8'), '' ORDER BY id)), 'hex') AS vectors
FROM knowledge_base
"""


@dataclass(frozen=True)
class State:
    """The knowledge base; text is the checksum of the other columns, vectors that of the embedding."""

    rows: int
    type: str
    index: str
    text: str
    vectors: str

    def __str__(self) -> str:
        kind = self.index.partition(" USING ")[2]
        return (
            f"{self.rows} rows, embedding {self.type}, index {kind}\n"
            f"checksum of the rows    {self.text[:16]}\n"
            f"checksum of the vectors {self.vectors[:16]}"
        )


def state(connection: Connection) -> State:
    with connection.cursor(row_factory=class_row(State)) as cursor:
        [found] = cursor.execute(QUERY).fetchall()
        return found


def texts_embedded(connection: Connection) -> int:
    """How many texts the latest change gave to a model, by migrator's ledger."""
    statement = "SELECT texts_embedded FROM migrator.change ORDER BY id DESC LIMIT 1"
    [(texts,)] = connection.execute(statement).fetchall()
    return int(texts)
