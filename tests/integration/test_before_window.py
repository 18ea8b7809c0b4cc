"""Embedding runs before the window, any number of times."""

from __future__ import annotations

from tests.support.database import Database
from tests.support.running import upgrade, upgrade_until
from tests.support.tables import insert, items


def test_what_was_written_since_is_embedded_before_the_window_too(database: Database) -> None:
    items(database)
    upgrade_until(database, "embed")
    insert(database, [(1_000, "written since"), (1_001, "and this")])

    upgrade_until(database, "embed")

    texts = "SELECT texts_embedded FROM migrator.change"
    assert database.value(texts) == 152
    assert database.value("SELECT count(*) FROM migrator.backup_1") == 202
    # In the window nothing is left to embed.
    upgrade(database)
    assert database.value(texts) == 152


def test_backup_is_not_made_again_once_fill_began(database: Database) -> None:
    items(database)
    upgrade_until(database, "fill")
    insert(database, [(1_000, "written since")])
    upgrade(database)
    assert database.value("SELECT count(*) FROM migrator.backup_1") == 200
