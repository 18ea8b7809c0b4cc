"""Tables that tests migrate, filled with the vectors of a test model."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from migrator import EmbeddingChange, Hnsw, Model
from tests.models import Hashed, Vectors, old
from tests.support.database import Database

OLD = Model("python:tests.models:old", dimensions=48)
NEW = Model("python:tests.models:new", dimensions=96)
OTHER = Model("python:tests.models:other", dimensions=48)
# What most tests ask for.
CHANGE = EmbeddingChange("items", "embedding", text="body", from_=OLD, to=NEW, index=Hnsw("cosine"))
_TYPES = """
SELECT t.typname::text FROM unnest(%(columns)s::text[]) WITH ORDINALITY AS c (name, n)
JOIN pg_attribute a ON a.attrelid = %(table)s::regclass AND a.attname = c.name JOIN pg_type t ON t.oid = a.atttypid
ORDER BY c.n
"""
# Different ones among the rows of items.
TEXTS = 150


def items(database: Database, rows: int = 200, *, distinct: int = TEXTS) -> None:
    """items(id, body, note, embedding vector(48) NOT NULL) with an IVFFlat index; `distinct` of the texts differ."""
    database.execute(
        "CREATE TABLE items (id bigint PRIMARY KEY, body text NOT NULL, note text, embedding vector(48) NOT NULL)"
    )
    insert(database, [(number, f"text {number % distinct}") for number in range(rows)])
    database.execute(
        "CREATE INDEX items_embedding_idx ON items USING ivfflat (embedding vector_cosine_ops) WITH (lists = 5)"
    )
    database.execute("ANALYZE items")


def insert(database: Database, rows: Sequence[tuple[int, str]], *, model: Hashed | None = None) -> None:
    """Rows as an application writes them: with the vector of their text."""
    vectors = (model or old()).embed_queries([text for _, text in rows])
    texts = [(number, text, f"note {number}") for number, text in rows]
    written = [(*text, vector) for text, vector in zip(texts, vectors, strict=True)]
    copy_in(database, "items", ["id", "body", "note", "embedding"], written)


def begin_autovacuum(database: Database) -> None:
    """Returns when one is at work on `items`, which is slow enough to be met. The server's autovacuum is on."""
    database.execute(
        "ALTER TABLE items SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, "
        "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
    )
    # What a session wrote is known to autovacuum when the session ends; migrator's goes on.
    database.execute("UPDATE items SET note = 'touched'")
    with database.connect() as watcher:
        progress = b"SELECT EXISTS (SELECT FROM pg_stat_progress_vacuum WHERE relid = 'items'::regclass)"
        while watcher.execute(progress).fetchone() != (True,):
            pass


def copy_in(
    database: Database, table: str, columns: Sequence[str], rows: Iterable[tuple[int | str | Vectors, ...]]
) -> None:
    """By binary COPY: as text vectors take ten times as long."""
    given = {"table": table, "columns": [*columns]}
    types = [type_ for (type_,) in database.execute(_TYPES, given)]
    count = struct.pack("!h", len(types))
    written = (count + b"".join(_field(value, type_) for value, type_ in zip(row, types, strict=True)) for row in rows)
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    with database.session() as connection, connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"".join(written) + b"\xff\xff")


def _field(value: int | str | Vectors, type_: str) -> bytes:
    """As PostgreSQL receives it. type_: as in pg_type.typname."""
    if isinstance(value, int):
        sent = struct.pack({"int4": "!i", "int8": "!q"}[type_], value)
    elif isinstance(value, str):
        sent = value.encode()
    else:
        # int16 length, int16 unused, and the numbers.
        numbers = value.astype({"halfvec": ">f2", "vector": ">f4"}[type_])
        sent = struct.pack("!hh", len(numbers), 0) + numbers.tobytes()
    return struct.pack("!i", len(sent)) + sent
