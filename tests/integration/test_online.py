"""Online mode: the application reads by its index and writes all the while, and a restore is a rename."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from migrator.change import VectorColumn
from migrator.cli.status import as_text
from migrator.commands import runner
from migrator.commands.status import read_status
from migrator.errors import Refused, Stopped
from migrator.ledger.ledger import Run
from migrator.ledger.plans import planned
from migrator.postgres.connection import execute
from migrator.postgres.sql import name, query
from migrator.report import Progress
from migrator.runtime.context import Options
from migrator.runtime.session import at_work
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import checksum, rows_hold
from tests.support.running import BATCH, REVISION, At, abandon, downgrade
from tests.support.tables import CHANGE, insert, items

ONLINE = Options(batch_size=BATCH, online=True)
INDEXES = """
SELECT indexrelid::regclass::text, a.attname::text, indisvalid
FROM pg_index i JOIN pg_attribute a ON a.attrelid = indrelid AND a.attnum = indkey[0]
WHERE indrelid = 'items'::regclass AND NOT indisprimary ORDER BY 1
"""


def upgrade_online(database: Database, options: Options = ONLINE) -> None:
    runner.upgrade(database.address, REVISION, [CHANGE], options)


def test_the_old_index_stays_until_cut_over_and_with_the_retired_column(database: Database) -> None:
    items(database)
    with pytest.raises(Stopped):
        upgrade_online(database, replace(ONLINE, stop_after="verify"))
    assert ("items_embedding_idx", "embedding", True) in database.execute(INDEXES)
    upgrade_online(database)
    assert rows_hold(database, new) == 200
    assert database.execute(INDEXES) == [
        ("items_embedding_idx", "embedding", True),
        ("migrator_retired_1_1", "migrator_retired_1", True),
    ]


def test_promise_6_the_restore_builds_no_index(database: Database) -> None:
    items(database)
    schema = database.dump()
    oid = database.value("SELECT 'items_embedding_idx'::regclass::oid")
    upgrade_online(database)
    insert(database, [(1_000, "later")], model=new())
    database.execute("UPDATE items SET body = 'edited ' || id WHERE id < 10")
    before = checksum(database)
    downgrade(database)
    assert database.value("SELECT 'items_embedding_idx'::regclass::oid") == oid
    assert rows_hold(database, old) == 201
    assert database.dump() == schema
    assert checksum(database) == before


def test_promise_6_up_and_down_again_and_again(database: Database) -> None:
    items(database)
    schema = database.dump()
    for _ in range(3):
        upgrade_online(database)
        assert rows_hold(database, new) == 200
        downgrade(database)
        assert rows_hold(database, old) == 200
        assert database.dump() == schema


def test_promise_1_an_abandoned_online_upgrade_and_downgrade(database: Database) -> None:
    items(database)
    schema = database.dump()
    with pytest.raises(Stopped):
        upgrade_online(database, replace(ONLINE, stop_after="verify"))
    abandon(database)
    assert database.dump() == schema
    upgrade_online(database)
    upgraded = database.dump()
    with pytest.raises(Stopped):
        runner.restore(
            database.address, REVISION, [VectorColumn("items", "embedding")], replace(ONLINE, stop_after="verify")
        )
    abandon(database)
    assert database.dump() == upgraded
    downgrade(database)
    assert database.dump() == schema


def test_cut_over_is_held_until_the_file_exists(database: Database, tmp_path: Path) -> None:
    """What is written meanwhile is filled before it."""
    items(database)
    file = tmp_path / "go"

    class Allowing(At):
        def message(self, text: str) -> None:
            super().message(text)
            if text.startswith("waiting: the cut-over is held until"):
                insert(database, [(1_000 + number, f"later {number}") for number in range(200)])
                assert f"\n  {text}\n" in as_text(read_status(database.address))
                file.touch()

    reporter = Allowing("never", "", lambda: None)
    upgrade_online(database, replace(ONLINE, reporter=reporter, cutover_file=file))
    assert reporter.messages[-2:] == [f"waiting: the cut-over is held until {file} exists", "going on"]
    assert rows_hold(database, new) == 400
    assert database.value("SELECT waiting FROM migrator.run") is None


def test_rows_left_are_counted_by_their_index(database: Database) -> None:
    """What is done under the lock does not grow with the table: NOT NULL of the text must not hide the index."""
    items(database)
    with pytest.raises(Stopped):
        upgrade_online(database, replace(ONLINE, stop_after="verify"))
    with at_work(database.address) as (connection, ledger):
        (change,) = ledger.changes(Run(1, REVISION, "upgrade"))
        column = planned(ledger, change)
        pieces = {"table": column.table, "shadow": name(column.shadow), "column": name(column.shadow)}
        for counting in ("left", "rest"):
            statement = query("fill", counting, due=column.due, pending=sql.SQL("true"), **pieces)
            explained = execute(connection, sql.SQL("EXPLAIN {}").format(statement), {"limit": 101}).fetchall()
            assert any(column.left_index in line for (line,) in explained), explained


def test_writers_faster_than_the_fill_do_not_keep_it_from_ending(database: Database) -> None:
    """What came during the last pass is left to the phases after it."""
    items(database)

    class Writing(At):
        rows = 200

        def progress(self, phase: str, subject: str, progress: Progress) -> None:
            super().progress(phase, subject, progress)
            if phase == "fill" and progress.unit == "blocks":
                insert(database, [(number, f"later {number}") for number in range(self.rows, self.rows + 120)])
                self.rows += 120

    reporter = Writing("never", "", lambda: None)
    upgrade_online(database, replace(ONLINE, reporter=reporter))
    assert reporter.rows > 320
    assert rows_hold(database, new) == reporter.rows


def test_what_was_begun_for_a_window_does_not_go_on_online(database: Database) -> None:
    items(database)
    with pytest.raises(Stopped):
        upgrade_online(database, replace(ONLINE, online=False, stop_after="embed"))
    with pytest.raises(Refused, match="the upgrade of revision 2 was begun without --online"):
        upgrade_online(database)
    upgrade_online(database, replace(ONLINE, online=False))
    assert rows_hold(database, new) == 200
