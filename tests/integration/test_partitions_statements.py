"""What a dry run lists for a partitioned table is what is sent, with the locks that it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrator import EmbeddingChange, Hnsw
from tests.conftest import Server
from tests.integration.test_partitions import partitioned
from tests.integration.test_statements import compare, compare_locks
from tests.support.database import Database
from tests.support.statements import log_statements, unseen
from tests.support.tables import CHANGE, OLD

CHANGES = {
    "embed": replace(CHANGE, priority="id > 50"),
    "index": replace(CHANGE, text=None, to=OLD, index=Hnsw("cosine", m=8)),
}

NULLABLE = "; ".join(
    f"ALTER TABLE {table} ALTER COLUMN embedding DROP NOT NULL"
    for table in ("items", "items_2", "items_2_odd", "archive.items_3")
)


@pytest.fixture
def tables(database: Database) -> Database:
    """Rows without a vector; and what single partitions say of the column."""
    partitioned(database, 100)
    for statement in (
        "ALTER TABLE items ADD COLUMN title text",
        "COMMENT ON COLUMN items_1.embedding IS 'of one'",
        "ALTER TABLE items_rest ALTER COLUMN embedding SET STATISTICS 20",
    ):
        database.execute(statement)
    return database


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_run_sends_is_what_its_plan_lists(
    server: Server, tables: Database, tmp_path: Path, change: EmbeddingChange
) -> None:
    tables.execute(NULLABLE)
    log_statements(tables)
    compare(server, tables, tmp_path, "upgrade", (change,))
    unseen(tables, "DELETE FROM items WHERE id >= 5000; UPDATE items SET body = 'edited' WHERE id = 40")
    compare(server, tables, tmp_path, "downgrade", (change,))


def test_what_a_run_online_sends_is_what_its_plan_lists(server: Server, tables: Database, tmp_path: Path) -> None:
    tables.execute(NULLABLE)
    log_statements(tables)
    compare(server, tables, tmp_path, "upgrade", (CHANGE,), online=True)
    unseen(tables, "DELETE FROM items WHERE id >= 5000; UPDATE items SET body = 'edited' WHERE id = 40")
    compare(server, tables, tmp_path, "downgrade", (CHANGE,))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_statement_takes_the_lock_that_the_plan_says(
    tables: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: EmbeddingChange
) -> None:
    compare_locks(tables, tmp_path, monkeypatch, (change,))
