"""A database that came about by a dump and restore: no oid that the ledger has is that of its table any more."""

from __future__ import annotations

import subprocess

import pytest

from migrator.commands.verify import verify_live
from migrator.report import printable
from migrator.runtime.context import Options
from tests.conftest import Server
from tests.integration.test_partitions import partitioned
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import (
    REVISION,
    abandon,
    downgrade,
    downgrade_until,
    migrated,
    retire,
    unfinished,
    upgrade,
    upgrade_until,
)
from tests.support.tables import CHANGE, items

OTHER_OID = (
    "UPDATE migrator.change SET catalog = jsonb_set(catalog, '{table,oid}', 'decoy'::regclass::oid::int8::text::jsonb)"
)


def restore(server: Server, database: Database) -> Database:
    """A copy in which the oid that the ledger has is that of another table, which has such columns as well."""
    restored = server.new_database()
    subprocess.run(
        [restored.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", restored.url],
        input=database.whole_dump(),
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    restored.execute("CREATE TABLE IF NOT EXISTS decoy (LIKE items)")
    restored.execute(OTHER_OID)
    return restored


@pytest.mark.parametrize("phase", ["embed", "fill", "verify"])
def test_an_unfinished_upgrade_is_abandoned_there(server: Server, database: Database, phase: str) -> None:
    items(database)
    before = database.dump()
    upgrade_until(database, phase)
    restored = restore(server, database)
    decoy = restored.dump("--table=decoy")
    assert unfinished(restored).columns == ["public.items.embedding"]
    assert abandon(restored) == f"the upgrade of revision {REVISION} is undone; the embedding store is kept"
    assert restored.dump("--table=decoy") == decoy
    restored.execute("DROP TABLE decoy")
    assert restored.dump() == before
    upgrade(restored)
    assert rows_hold(restored, new) == 200


@pytest.mark.parametrize("phase", ["embed", "fill", "verify", "cut-over"])
def test_an_unfinished_upgrade_goes_on_there(server: Server, database: Database, phase: str) -> None:
    items(database)
    upgrade_until(database, phase)
    restored = restore(server, database)
    restored.execute("INSERT INTO items (id, body, embedding) SELECT 999, 'later', embedding FROM items LIMIT 1")
    upgrade(restored)
    assert rows_hold(restored, new, where="id < 999") == 200
    (column,) = migrated(restored)
    assert (column.column, column.in_scope) == ("public.items.embedding", 201)
    # From now on what the ledger has holds: a new name is followed again.
    restored.execute("ALTER TABLE items RENAME TO things")
    assert list(verify_live(restored.address, Options())) == ["public.things.embedding"]


@pytest.mark.parametrize("phase", ["fill", "verify"])
def test_an_unfinished_downgrade_is_abandoned_or_goes_on_there(server: Server, database: Database, phase: str) -> None:
    items(database)
    upgrade(database)
    before = database.dump()
    downgrade_until(database, phase)
    restored = restore(server, database)
    assert abandon(restored) == f"the downgrade of revision {REVISION} is undone; the embedding store is kept"
    restored.execute("DROP TABLE decoy")
    assert restored.dump() == before
    downgrade(restored)
    assert rows_hold(restored, old) == 200
    downgrade(restore(server, database))


def test_partitions_are_found_again_too(server: Server, database: Database) -> None:
    partitioned(database)
    before = database.dump()
    upgrade_until(database, "verify", CHANGE)
    restored = restore(server, database)
    assert abandon(restored) == f"the upgrade of revision {REVISION} is undone; the embedding store is kept"
    restored.execute("DROP TABLE decoy")
    assert restored.dump() == before
    upgrade(restored)
    restored = restore(server, restored)
    downgrade(restored)
    assert rows_hold(restored, old) == 200
    restored.execute("DROP TABLE decoy")
    assert "migrator" not in restored.dump()


def test_what_is_done_is_shown_proved_undone_and_retired_there(server: Server, database: Database) -> None:
    items(database)
    before = database.dump()
    upgrade(database)
    restored = restore(server, database)
    assert all(proof.passed for proof in verify_live(restored.address, Options())["public.items.embedding"])
    downgrade(restored)
    restored.execute("DROP TABLE decoy")
    assert restored.dump() == before
    restored = restore(server, database)
    assert len(retire(restored)) == 1
    assert "migrator" not in restored.dump("--table=items")
    assert rows_hold(restored, new) == 200


def test_what_cannot_be_found_again_is_listed_with_its_statements(server: Server, database: Database) -> None:
    items(database)
    before = database.dump()
    upgrade_until(database, "verify")
    restored = restore(server, database)
    restored.execute("ALTER TABLE items RENAME TO things")
    told = abandon(restored)
    # Lines of their own on a terminal too, to be copied.
    assert printable(told) == told
    done, not_undone, how, *statements = told.splitlines()
    assert (done, not_undone, how) == (
        f"the upgrade of revision {REVISION} is undone; the embedding store is kept",
        "not undone: public.items.embedding, whose table is not found in this database",
        "if it has another name here, run with that name:",
    )
    for statement in statements:
        restored.execute(statement.replace('"public"."items"', '"public"."things"'))
    restored.execute("ALTER TABLE things RENAME TO items; DROP TABLE decoy")
    assert restored.dump() == before
    assert restored.execute("SELECT relname FROM pg_class WHERE relname ~ '^(backup|missed|edited)_'") == []
