"""A ledger that an earlier migrator made is read as it is, and brought up to date by whatever writes to it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from migrator.commands.retire import retirable
from migrator.commands.verify import verify_live
from migrator.ledger.ledger import VERSION, Ledger
from migrator.postgres.connection import connect
from migrator.runtime.context import Options
from tests.integration.test_manual_rollback import at, roll_back
from tests.models import new, old
from tests.support.commands import Ended
from tests.support.database import Database
from tests.support.ledger import as_version_1
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
from tests.support.tables import items

VERSION_1 = Path(__file__).parents[1] / "support" / "ledger_version_1.sql"


# A database of 20 items after `--stop-after fill`, as migrator wrote its ledger when all its modules were in one place.
UNFINISHED = VERSION_1.with_name("unfinished_run.sql")


def version(database: Database) -> int:
    return int(database.value("SELECT version FROM migrator.ledger_version"))


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_it_becomes_what_a_new_one_is(database: Database) -> None:
    database.execute(VERSION_1.read_text("utf-8"))
    first = database.ledger_dump()
    with connect(database.address) as connection:
        Ledger(connection, installed=True).install()
    assert version(database) == VERSION
    made = database.ledger_dump()
    database.execute("DROP SCHEMA migrator CASCADE")
    with connect(database.address) as connection:
        Ledger(connection, installed=False).install()
    assert database.ledger_dump() == made
    # What the tests below make of it is what version 1 made.
    as_version_1(database)
    assert database.ledger_dump() == first


def test_it_is_read_as_it_is(database: Database) -> None:
    items(database)
    upgrade(database)
    as_version_1(database)
    unchanged = database.versions()
    (column,) = migrated(database)
    assert (column.column, column.with_vector) == ("public.items.embedding", 200)
    proofs = verify_live(database.address, Options())
    assert all(proof.passed for proof in proofs["public.items.embedding"])
    assert len(retirable(database.address, keep_backups=False, stores=False)) == 1
    assert database.versions() == unchanged


@pytest.mark.parametrize("phase", ["fill", "cut-over"])
def test_a_run_of_it_goes_on(database: Database, phase: str) -> None:
    items(database)
    upgrade_until(database, phase)
    as_version_1(database)
    assert unfinished(database).columns == ["public.items.embedding"]
    upgrade(database)
    assert (version(database), rows_hold(database, new)) == (VERSION, 200)
    downgrade_until(database, "fill")
    as_version_1(database)
    downgrade(database)
    assert (version(database), rows_hold(database, old)) == (VERSION, 200)


def test_a_run_of_it_is_abandoned(database: Database) -> None:
    items(database)
    before = database.dump()
    upgrade_until(database, "fill")
    as_version_1(database)
    assert abandon(database) == f"the upgrade of revision {REVISION} is undone; the embedding store is kept"
    assert (version(database), database.dump()) == (VERSION, before)


def manual_rollback(database: Database) -> Ended:
    at(database, REVISION)
    ended = roll_back(database)
    assert ended.code == 0, ended.err
    return ended


@pytest.mark.parametrize("undo", [downgrade, manual_rollback])
def test_an_upgrade_of_it_is_undone(database: Database, undo: Callable[[Database], object]) -> None:
    items(database)
    upgrade(database)
    as_version_1(database)
    undo(database)
    assert rows_hold(database, old) == 200


def test_what_is_kept_of_it_is_retired(database: Database) -> None:
    items(database)
    upgrade(database)
    as_version_1(database)
    assert len(retire(database)) == 1
    assert version(database) == VERSION


@pytest.fixture
def begun(database: Database) -> Database:
    """With a run that an earlier migrator began."""
    psql: list[str | Path] = [
        database.binaries / "psql",
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-f",
        UNFINISHED,
        database.url,
    ]
    subprocess.run(psql, check=True, capture_output=True)
    return database


def test_what_an_earlier_migrator_began_goes_up_down_and_is_retired(begun: Database) -> None:
    assert unfinished(begun).columns == ["public.items.embedding"]
    upgrade(begun)
    assert rows_hold(begun, new) == 20
    downgrade(begun)
    assert rows_hold(begun, old) == 20
    upgrade(begun, revision="0003")
    retire(begun)
    assert (rows_hold(begun, new), retirable(begun.address, keep_backups=False, stores=False)) == (20, [])


def test_what_an_earlier_migrator_began_is_abandoned(begun: Database) -> None:
    abandon(begun)
    assert rows_hold(begun, old) == 20
    assert (
        begun.execute("SELECT attname FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname ~ 'migrator'")
        == []
    )
