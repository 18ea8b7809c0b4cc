"""pgvector was moved to another schema after an upgrade, or while one was unfinished."""

from __future__ import annotations

import pytest

from migrator.commands.backfill import backfill
from migrator.commands.verify import verify_live
from migrator.doctor import examine_column
from migrator.postgres.connection import connect
from migrator.runtime.context import Options
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import REVISION, abandon, downgrade, migrated, retire, upgrade, upgrade_until
from tests.support.tables import items

SUBJECT = "public.items.embedding"
# A name that PostgreSQL writes in quotes.
MOVE = 'CREATE SCHEMA "The extensions"; ALTER EXTENSION vector SET SCHEMA "The extensions"'
VIEW = "CREATE VIEW near AS SELECT id, embedding <=> embedding AS distance, embedding::text AS shown FROM items"


def move(database: Database) -> None:
    database.execute(MOVE)


def move_back(database: Database) -> None:
    """For tests, which look for the type where it was."""
    database.execute("ALTER EXTENSION vector SET SCHEMA public")


def prepare(database: Database) -> str:
    """Returns the schema as it is once the extension was moved."""
    items(database)
    database.execute(VIEW)
    before = database.dump("--schema=public")
    return before.replace("public.vector", '"The extensions".vector').replace(
        "OPERATOR(public.", 'OPERATOR("The extensions".'
    )


def test_what_is_done_is_shown_proved_filled_and_undone(database: Database) -> None:
    before = prepare(database)
    upgrade(database)
    move(database)
    assert all(proof.passed for proof in verify_live(database.address, Options())[SUBJECT])
    database.execute("ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL")
    database.execute("UPDATE items SET embedding = NULL WHERE id < 10")
    assert backfill(database.address, Options())[SUBJECT]["rows filled"] == 10
    (column,) = migrated(database)
    assert column.with_vector == 200
    with connect(database.address) as connection:
        found = examine_column(connection, "public", "items", "embedding").found
    assert [each.fact for each in found if each.level == "error"] == []
    downgrade(database)
    assert database.dump("--schema=public") == before
    move_back(database)
    assert rows_hold(database, old) == 200


@pytest.mark.parametrize("phase", ["embed", "fill", "verify"])
def test_an_unfinished_upgrade_is_abandoned(database: Database, phase: str) -> None:
    before = prepare(database)
    upgrade_until(database, phase)
    move(database)
    assert abandon(database) == f"the upgrade of revision {REVISION} is undone; the embedding store is kept"
    assert database.dump("--schema=public") == before
    upgrade(database)
    assert all(proof.passed for proof in verify_live(database.address, Options())[SUBJECT])


@pytest.mark.parametrize("phase", ["embed", "fill", "verify", "cut-over"])
def test_an_unfinished_upgrade_goes_on(database: Database, phase: str) -> None:
    prepare(database)
    upgrade_until(database, phase)
    move(database)
    if phase != "cut-over":
        database.execute("UPDATE items SET body = body || '.' WHERE id < 10")
    upgrade(database)
    move_back(database)
    assert rows_hold(database, new) == 200


def test_what_is_kept_is_retired(database: Database) -> None:
    prepare(database)
    upgrade(database)
    move(database)
    assert len(retire(database)) == 1
