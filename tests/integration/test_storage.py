"""How the column is stored is carried over: STORAGE and COMPRESSION, up and down."""

from __future__ import annotations

import pytest

from tests.database import Database
from tests.running import downgrade, upgrade
from tests.tables import items


@pytest.mark.parametrize("storage", ["EXTENDED", "MAIN", "EXTERNAL"])
def test_promise_5_storage_and_compression(database: Database, storage: str) -> None:
    items(database)
    database.execute(f"ALTER TABLE items ALTER embedding SET STORAGE {storage}, ALTER embedding SET COMPRESSION pglz")
    stored = (
        "SELECT attstorage, attcompression FROM pg_attribute "
        "WHERE attrelid = 'items'::regclass AND attname = 'embedding'"
    )
    schema, before = database.dump(), database.execute(stored)
    upgrade(database)
    assert database.execute(stored) == before
    downgrade(database)
    assert database.dump() == schema
