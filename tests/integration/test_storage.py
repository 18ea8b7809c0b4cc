"""How the column is stored is carried over: STORAGE and COMPRESSION, up and down."""

from __future__ import annotations

import pytest

from migrator.errors import Refused
from tests.models import EmbedLog, new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import downgrade, upgrade
from tests.support.tables import items


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


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_rows_that_fill_their_page_are_refused_before_anything_is_embedded(
    database: Database, embed_log: EmbedLog
) -> None:
    """As full as a row can be with a column that stays in its page."""
    items(database)
    database.execute("ALTER TABLE items ADD pad text")
    database.execute("ALTER TABLE items ALTER pad SET STORAGE PLAIN")
    database.execute(
        "DO $$BEGIN FOR size IN REVERSE 8150..7900 LOOP BEGIN "
        "UPDATE items SET pad = repeat('x', size) WHERE id = 7; RETURN; "
        "EXCEPTION WHEN program_limit_exceeded THEN NULL; END; END LOOP; END$$"
    )
    with pytest.raises(Refused) as refused:
        upgrade(database)
    assert refused.value.code == "rows-fill-page"
    assert embed_log.calls() == []
    database.execute("ALTER TABLE items ALTER pad SET STORAGE EXTENDED")
    upgrade(database)
    assert rows_hold(database, new) == 200
    downgrade(database)
    assert rows_hold(database, old) == 200
