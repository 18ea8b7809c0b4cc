"""Writes that went by the capture trigger after an upgrade: a downgrade brings no stale vector back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from migrator import EmbeddingChange
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.errors import Interrupted
from migrator.rows import batches
from migrator.runtime.context import Options
from tests.models import EmbedLog, old
from tests.support.database import Database
from tests.support.proofs import nulls, rows_hold
from tests.support.running import BATCH, PROBES, REVISION, SAMPLE, At, abandon, downgrade, downgrade_until, upgrade
from tests.support.tables import CHANGE, OLD, items

RETIRED = "migrator_retired_1"
LONG = dataclasses.replace(OLD, matryoshka=True)
SHORT = dataclasses.replace(LONG, dimensions=16)
EDIT = "UPDATE items SET body = 'text 149' WHERE id < 5; UPDATE items SET body = 'by night ' || id WHERE id = 7"
OFF = "ALTER TABLE items DISABLE TRIGGER ALL"
WAYS = {
    "on again": f"{OFF}; {EDIT}; ALTER TABLE items ENABLE TRIGGER ALL",
    "still off": f"{OFF}; {EDIT}",
    "dropped": f'DROP TRIGGER "~migrator_capture_1" ON items; {EDIT}',
    "replica": f'ALTER TABLE items ENABLE REPLICA TRIGGER "~migrator_capture_1"; {EDIT}',
}


@pytest.mark.parametrize("way", WAYS)
def test_promise_6_unmarked_vectors_are_found_by_the_backup(database: Database, embed_log: EmbedLog, way: str) -> None:
    items(database)
    before = database.dump()
    upgrade(database)
    database.execute(WAYS[way])
    assert nulls(database, column=RETIRED) == []
    embed_log.calls()
    downgrade(database)
    assert rows_hold(database, old) == 200
    # Of the two texts that were written neither was in the old model's store; nothing else is embedded.
    assert sum(embed_log.calls()) == PROBES + 2 + SAMPLE
    assert database.dump() == before


def test_promise_6_writes_during_the_downgrade_are_captured_again(database: Database) -> None:
    items(database)
    upgrade(database)
    database.execute(WAYS["on again"])
    downgrade_until(database, "fill")
    database.execute("UPDATE items SET body = 'text 3' WHERE id = 100; UPDATE items SET body = 'new' WHERE id = 101")
    assert nulls(database, column=RETIRED) == [100, 101]
    downgrade(database)
    assert rows_hold(database, old) == 200


@pytest.mark.parametrize("way", ["on again", "dropped"])
@pytest.mark.parametrize("stop", ["embed", "verify"])
def test_promise_6_an_abandoned_downgrade_leaves_the_marks_right(database: Database, way: str, stop: str) -> None:
    items(database)
    upgrade(database)
    database.execute(WAYS[way])
    downgrade_until(database, stop)
    abandon(database)
    database.execute("UPDATE items SET body = 'again' WHERE id = 9")
    assert 9 in nulls(database, column=RETIRED)
    downgrade(database)
    assert rows_hold(database, old) == 200


def test_promise_6_an_abandoned_downgrade_that_did_not_compare_all_is_not_trusted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    items(database)
    upgrade(database)
    database.execute(WAYS["on again"].replace("id < 5", "id > 195"))
    monkeypatch.setattr(batches, "ROWS", 40)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        downgrade(database, reporter=At("progress", "fill", stop))
    assert len(nulls(database, column=RETIRED)) < 6
    abandon(database)
    downgrade(database)
    assert rows_hold(database, old) == 200


def test_promise_6_without_a_backup_every_vector_is_embedded_again(database: Database) -> None:
    items(database)
    upgrade(database)
    database.execute(WAYS["on again"])
    database.execute("DROP TABLE migrator.backup_1")
    downgrade(database)
    assert rows_hold(database, old) == 200


@pytest.mark.parametrize(
    "change",
    [
        EmbeddingChange("items", "embedding", text="body", from_=OLD, to=OLD, type="halfvec"),
        EmbeddingChange("items", "embedding", text="body", from_=LONG, to=SHORT),
    ],
    ids=["halfvec", "shorter"],
)
def test_promise_6_unmarked_vectors_are_found_by_the_live_ones(database: Database, change: EmbeddingChange) -> None:
    items(database)
    upgrade(database, change)
    database.execute(
        f"{OFF}; UPDATE items AS a SET body = b.body, embedding = b.embedding FROM items AS b "
        "WHERE a.id < 5 AND b.id = 149; ALTER TABLE items ENABLE TRIGGER ALL"
    )
    downgrade(database, change)
    assert rows_hold(database, old, where="id >= 5") == 195
    if change.type is None:
        assert rows_hold(database, old) == 200
    else:
        # What comes back is the live vector, which had lost some of its precision.
        assert (
            database.value(
                "SELECT count(DISTINCT embedding) FROM items WHERE id < 5 OR id = 149 AND embedding IS NOT NULL"
            )
            == 2
        )


Loading = Callable[[Database], None]


def loaded(database: Database) -> None:
    """As pg_restore --data-only does."""
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE dumped AS SELECT * FROM items; TRUNCATE items")
        cursor.execute("INSERT INTO items SELECT * FROM dumped")


def loaded_without_triggers(database: Database) -> None:
    """As pg_restore --data-only --disable-triggers does."""
    database.execute(OFF)
    loaded(database)
    database.execute("ALTER TABLE items ENABLE TRIGGER ALL")


@pytest.mark.parametrize(
    ("load", "marked", "texts"),
    [(loaded, 200, 150), (loaded_without_triggers, 0, 0)],
    ids=["plain", "disable-triggers"],
)
def test_promise_6_rows_that_are_loaded_with_their_retired_vector(
    database: Database, embed_log: EmbedLog, load: Loading, marked: int, texts: int
) -> None:
    """The trigger cannot tell whose vector comes with a row; without it the backup can."""
    items(database)
    upgrade(database)
    load(database)
    assert len(nulls(database, column=RETIRED)) == marked
    embed_log.calls()
    options = Options(batch_size=BATCH)
    plan = runner.plan_restore(database.address, REVISION, [VectorColumn("items", "embedding")], options)
    assert plan.estimates[0].counts.missing == texts
    embed_log.calls()
    downgrade(database)
    assert rows_hold(database, old) == 200
    assert sum(embed_log.calls()) == (PROBES + texts + SAMPLE if texts else 0)


def test_the_plan_says_that_capture_was_off(database: Database) -> None:
    items(database)
    upgrade(database)
    database.execute(WAYS["on again"])
    wanted = [VectorColumn(CHANGE.table, CHANGE.column)]
    plan = runner.plan_restore(database.address, REVISION, wanted, Options(batch_size=BATCH))
    assert [hazard.code for hazard in plan.hazards if hazard.code.startswith("capture")] == ["capture-was-off"]
    assert plan.estimates[0].counts.missing == 2
