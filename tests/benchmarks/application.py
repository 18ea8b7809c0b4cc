"""An application that writes all the while: pgbench at a steady rate, and the latency of each of its transactions.

It writes a text together with its vector, of the model that the column holds at that instant, and in the same statement
a line of the journal. So the journal is what was committed, and the table must hold just that.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from migrator.embedding.store import COPY_HEADER, COPY_TRAILER, binary_rows
from tests.models import Hashed, Vectors, small_new, small_old
from tests.support.database import Database
from tests.support.proofs import received

# Transactions a second, connections, and the reports that hold the table open meanwhile.
RATE, CLIENTS = 200, 8
# Texts that are in no row yet, for edits and inserts.
FRESH = 20_000

_TEXT = "'a passage of prose number ' || to_char(n, 'FM00000000')"
# The column's dimensions say whose vector it takes. The statement sees them as they are once it has its lock.
_VECTOR = """CASE (SELECT atttypmod FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'embedding')
             WHEN 64 THEN old ELSE new END"""
_RANDOM = "\\set row random(1, :rows)\n\\set text random(1, :fresh)\n"
# By share of the load. Each is one statement, so one transaction.
SCRIPTS = {
    "note": (
        4,
        """WITH written AS (UPDATE items SET note = 'seen ' || :text WHERE id = :row RETURNING *)
           INSERT INTO journal (id, body, note) SELECT id, body, note FROM written;""",
    ),
    "edit": (
        3,
        f"""WITH written AS (UPDATE items SET body = fresh.body, embedding = {_VECTOR} FROM fresh
                             WHERE fresh.id = :text AND items.id = :row RETURNING items.*)
            INSERT INTO journal (id, body, note) SELECT id, body, note FROM written;""",
    ),
    "insert": (
        2,
        f"""WITH written AS (INSERT INTO items (id, body, note, embedding)
                             SELECT nextval('new_row'), body, 'new', {_VECTOR} FROM fresh WHERE fresh.id = :text
                             RETURNING *)
            INSERT INTO journal (id, body, note) SELECT id, body, note FROM written;""",
    ),
    "delete": (
        1,
        """WITH written AS (DELETE FROM items WHERE id = :row RETURNING id)
           INSERT INTO journal (id, deleted) SELECT id, true FROM written;""",
    ),
}


def fill(database: Database, rows: int, *, nullable: bool) -> None:
    """items(id, body, note, embedding vector(64)) with an HNSW index, and what the application works with."""
    not_null = "" if nullable else "NOT NULL"
    statements = f"""
        CREATE TABLE items (id bigint PRIMARY KEY, body text NOT NULL, note text, embedding vector(64) {not_null});
        CREATE SEQUENCE new_row START {rows + 1};
        CREATE TABLE fresh (id bigint PRIMARY KEY, body text NOT NULL, old vector(64), new vector(128));
        CREATE UNLOGGED TABLE journal (n bigserial PRIMARY KEY, id bigint, body text, note text, deleted boolean);
        CREATE UNLOGGED TABLE old_vectors (text_hash bytea, vector vector(64));
        CREATE UNLOGGED TABLE new_vectors (text_hash bytea, vector vector(128));
    """
    database.execute(statements)
    last = rows + FRESH
    _copy(database, "old_vectors", small_old(), range(1, last + 1))
    _copy(database, "new_vectors", small_new(), range(rows + 1, last + 1))
    database.execute("ANALYZE old_vectors; ANALYZE new_vectors")
    database.execute(
        f"""INSERT INTO items SELECT n, {_TEXT}, 'old', vector FROM generate_series(1, {rows}) n
            JOIN old_vectors ON text_hash = sha256(convert_to({_TEXT}, 'UTF8'));
            INSERT INTO fresh SELECT n - {rows}, {_TEXT}, o.vector, w.vector
            FROM generate_series({rows + 1}, {last}) n
            JOIN old_vectors o ON o.text_hash = sha256(convert_to({_TEXT}, 'UTF8'))
            JOIN new_vectors w ON w.text_hash = o.text_hash;
            INSERT INTO journal (id, body, note) SELECT id, body, note FROM items;
            DROP TABLE old_vectors, new_vectors;
            CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_cosine_ops)
            WITH (m = 4, ef_construction = 16)"""
    )
    database.execute("VACUUM ANALYZE items")
    database.execute("VACUUM ANALYZE fresh")
    database.execute("CHECKPOINT")


def _copy(database: Database, table: str, model: Hashed, numbers: range) -> None:
    texts = [f"a passage of prose number {number:08d}" for number in numbers]
    hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
    statement = f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()
    with database.connect() as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(COPY_HEADER)
        copy.write(binary_rows(hashes, model.embed_queries(texts)))
        copy.write(COPY_TRAILER)


# ---- load ----------------------------------------------------------------------------------------------------------


@dataclass
class Load:
    """What pgbench logged. ends: seconds since 1970; latencies: seconds, from the instant a transaction was due."""

    ends: NDArray[np.float64]
    latencies: NDArray[np.float64]
    failed: int

    def during(self, begin: float, end: float) -> NDArray[np.float64]:
        """Latencies of the transactions that were due or under way in that time."""
        found: NDArray[np.float64] = self.latencies[(self.ends >= begin) & (self.ends - self.latencies <= end)]
        return found


@contextmanager
def writing(database: Database, directory: Path, rows: int) -> Iterator[list[Load]]:
    """The load goes on within; afterwards the list holds it. directory: for scripts and logs, empty."""
    pgbench = [str(database.binaries / "pgbench"), "--no-vacuum", "--log", f"--log-prefix={directory / 'log'}"]
    pgbench += [f"--rate={RATE}", f"--client={CLIENTS}", "--jobs=2", "--time=36000", "--random-seed=1"]
    pgbench += ["-D", f"rows={rows}", "-D", f"fresh={FRESH}"]
    for name, (share, statement) in SCRIPTS.items():
        script = directory / f"{name}.sql"
        script.write_text(_RANDOM + " ".join(statement.split()) + "\n", encoding="utf-8")
        pgbench.append(f"--file={script}@{share}")
    done: list[Load] = []
    output = directory / "output"
    with output.open("w") as file, subprocess.Popen([*pgbench, database.url], stdout=file, stderr=file) as process:
        try:
            yield done
        finally:
            # As if its time were up.
            process.send_signal(signal.SIGALRM)
            process.wait()
    if process.returncode:
        raise RuntimeError(output.read_text())
    done.append(_read(directory))


def _read(directory: Path) -> Load:
    """pgbench's log: client, number, latency in microseconds or "failed", script, second and microsecond of its end."""
    lines = [line.split() for log in directory.glob("log.*") for line in log.read_text().splitlines()]
    good = [line for line in lines if line[2].isdigit()]
    numbers = np.array([[line[2], line[4], line[5]] for line in good], dtype=np.float64).reshape(-1, 3)
    return Load(numbers[:, 1] + numbers[:, 2] / 1e6, numbers[:, 0] / 1e6, len(lines) - len(good))


# ---- proofs --------------------------------------------------------------------------------------------------------


def lost(database: Database) -> int:
    """Rows that are not as the journal says: missing, there although deleted, or with another text or note."""
    found: int = database.value(
        """SELECT count(*) FROM (SELECT DISTINCT ON (id) id, body, note, deleted FROM journal ORDER BY id, n DESC) j
           FULL JOIN items i ON i.id = j.id
           WHERE CASE WHEN j.deleted THEN i.id IS NOT NULL
                      ELSE (i.id, i.body, i.note) IS DISTINCT FROM (j.id, j.body, j.note) END"""
    )
    return found


def stale(database: Database, model: Callable[[], Hashed], column: str = "embedding") -> int:
    """Rows whose vector is not, to the bit, the model's of their present text; of all rows."""
    rows = database.execute(f"SELECT body, vector_send({column}) FROM items")
    expected = model().embed_queries([body for body, _ in rows])
    nothing: Vectors = np.zeros(expected.shape[1], dtype=np.float32)
    found = np.array([nothing if vector is None else received(vector) for _, vector in rows])
    if found.shape != expected.shape:
        return len(rows)
    return int((found != expected).any(axis=1).sum())
