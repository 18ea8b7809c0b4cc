"""retire drops what was kept, and nothing that is in use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator import EmbeddingChange, Model
from migrator.commands import runner
from migrator.errors import Refused, VerificationFailed
from migrator.runtime.context import Options
from tests.support.database import Database
from tests.support.running import downgrade, retire, upgrade
from tests.support.tables import OLD, items

STORAGE = "SELECT attstorage::text FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'embedding'"


def test_promise_8_nothing_is_dropped_before_retire(database: Database) -> None:
    items(database)
    upgrade(database)
    columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname ~ '^migrator_'"
    assert database.value(columns + " AND NOT attisdropped") == 1
    assert database.value("SELECT count(*) FROM migrator.backup_1") == 200

    dropped = retire(database)

    assert dropped == [
        "public.items.embedding: column migrator_retired_1 (python:tests.models:old, 48) and table migrator.backup_1"
    ]
    assert database.value(columns + " AND NOT attisdropped") == 0
    assert database.value("SELECT to_regclass('migrator.backup_1')") is None
    assert database.value("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'items'::regclass AND NOT tgisinternal") == 0
    assert retire(database) == []


def test_there_is_no_way_back_from_a_truncation_after_retire(database: Database) -> None:
    items(database)
    short = replace(OLD, dimensions=16, matryoshka=True)
    change = EmbeddingChange("items", "embedding", text=None, from_=OLD, to=short)
    upgrade(database, change)
    retire(database)
    before = database.versions()
    with pytest.raises(Refused) as refused:
        downgrade(database, change)
    assert str(refused.value) == (
        "the retired column of public.items.embedding was dropped by migrator retire, and the revision names no text\n"
        "the old vectors can neither be told from the backup nor embedded again.\n"
        'fix: write text="an SQL expression over the row" into a revision with op.change_embedding back to the old '
        "model"
    )
    assert database.versions() == before


def test_stores_go_only_where_asked(database: Database) -> None:
    items(database)
    upgrade(database)
    stores = "SELECT count(*) FROM pg_class WHERE relname ~ '^store_[0-9a-f]+$'"
    retire(database)
    assert database.value(stores) == 1
    assert len(retire(database, stores=True)) == 1
    assert database.value(stores) == 0


def test_backups_of_a_downgrade_go_too(database: Database) -> None:
    items(database)
    upgrade(database)
    downgrade(database)
    assert retire(database) == [
        "public.items.embedding: table migrator.backup_1",
        "public.items.embedding: table migrator.backup_2",
    ]
    assert retire(database) == []


def test_storage_that_two_vectors_in_a_row_forbade_comes_back(database: Database) -> None:
    database.execute("CREATE TABLE items (id int PRIMARY KEY, embedding vector(1900))")
    database.execute("ALTER TABLE items ALTER COLUMN embedding SET STORAGE PLAIN")
    database.execute("INSERT INTO items SELECT n, array_fill(n, ARRAY[1900])::vector FROM generate_series(1, 20) n")
    long = Model("python:nowhere:model", dimensions=1900)
    short = Model("python:nowhere:model", dimensions=256, matryoshka=True)
    change = EmbeddingChange("items", "embedding", text=None, from_=long, to=short)
    with pytest.raises(VerificationFailed):
        # All vectors point the same way, so that shortened and normalized they are the same.
        runner.upgrade(database.address, "2", [change], Options())
    database.execute(
        "UPDATE items SET embedding = (SELECT array_agg(sin(id * d)) FROM generate_series(1, 1900) d)::vector"
    )
    runner.upgrade(database.address, "2", [change], Options())
    assert database.value(STORAGE) == "e"
    retire(database)
    assert database.value(STORAGE) == "p"


def test_every_vector_that_cannot_leave_the_page_counts(database: Database) -> None:
    """Live and shadow column alone would fit, and after retire the new one does not either."""
    items(database, 20)
    database.execute("ALTER TABLE items ADD COLUMN title_embedding vector(1650), ADD COLUMN third halfvec(400)")
    for column in ("embedding", "title_embedding", "third"):
        database.execute(f"ALTER TABLE items ALTER COLUMN {column} SET STORAGE PLAIN")
    database.execute(
        "UPDATE items SET title_embedding = array_fill(id::int + 1, ARRAY[1650])::vector, "
        "third = array_fill(id::int + 1, ARRAY[400])::halfvec"
    )
    upgrade(database)
    assert database.value(STORAGE) == "e"
    retire(database)
    assert database.value(STORAGE) == "p"
