"""Texts that the model fails on: set aside with their reason, up to the bound of the revision, and tried again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator import Hnsw, Model
from migrator.commands import runner
from migrator.commands.backfill import backfill
from migrator.errors import Interrupted, MigratorError, ModelError
from migrator.phases import settle
from migrator.rows import embed
from migrator.runtime.context import Options
from tests.models import EmbedLog, new, old
from tests.support.database import Database
from tests.support.proofs import nulls, rows_hold
from tests.support.running import BATCH, OLD_MODEL, PROBES, REVISION, downgrade, migrated, upgrade, upgrade_until
from tests.support.tables import CHANGE, insert, items

CHOOSY = replace(CHANGE, to=Model("python:tests.models:choosy", dimensions=96), max_failed_rows=3)
HANGING = replace(CHANGE, to=Model("python:tests.models:hanging", dimensions=96))
POISON = [(1_000, "poison one"), (1_001, "poison two"), (1_002, "poison one")]


def failed(database: Database) -> list[tuple[int, str]]:
    return database.execute("SELECT rows, reason FROM migrator.failed_row ORDER BY rows")


def test_promise_3_texts_that_the_model_fails_on_are_listed_with_the_reason(database: Database) -> None:
    """The text is called as one of the ledger's columns."""
    items(database)
    insert(database, POISON)
    database.execute("ALTER TABLE items RENAME body TO reason")
    upgrade(database, replace(CHOOSY, text="reason"))
    assert rows_hold(database, new, text="reason", where="reason NOT LIKE 'poison%'") == 200
    assert nulls(database) == [1_000, 1_001, 1_002]
    rows, reasons = zip(*failed(database), strict=True)
    assert rows == (1, 2)
    assert all("model python:tests.models:choosy failed: ValueError at " in reason for reason in reasons)
    assert "poison" not in str(reasons)
    assert not not_null(database)


def not_null(database: Database) -> bool:
    return bool(
        database.value(
            "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'embedding'"
        )
    )


def test_one_row_more_than_the_revision_allows_fails_the_upgrade(database: Database) -> None:
    items(database)
    insert(database, POISON)
    schema = database.dump()
    with pytest.raises(MigratorError, match="3 rows cannot be embedded, and the revision allows 2") as caught:
        upgrade(database, replace(CHOOSY, max_failed_rows=2))
    assert caught.value.exit_code == 1
    assert caught.value.remedy.endswith("or write max_failed_rows=3 in the revision")
    assert database.dump() == schema
    assert rows_hold(database, old) == 203


def test_none_may_fail_unless_the_revision_says_so(database: Database) -> None:
    items(database)
    insert(database, POISON)
    with pytest.raises(ModelError, match=r"model python:tests\.models:choosy failed: ValueError"):
        upgrade(database, replace(CHOOSY, max_failed_rows=0))
    assert failed(database) == []


def test_a_batch_too_big_for_the_memory_is_halved_and_so_are_those_after_it(
    database: Database, embed_log: EmbedLog
) -> None:
    items(database)
    runner.upgrade(database.address, REVISION, [replace(CHOOSY, max_failed_rows=0)], Options(batch_size=100))
    assert embed_log.calls() == [*OLD_MODEL, PROBES, 25, 25, 25, 25, 25, 25, 32]
    assert rows_hold(database, new) == 200


def test_texts_are_held_by_their_length_however_well_they_are_compressed(
    database: Database, embed_log: EmbedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few blocks may hold more text than there is memory: 10 MB of one letter take 115 kB."""
    monkeypatch.setattr(embed, "HELD_BYTES", 60)
    items(database)
    upgrade(database)
    # Of 6 to 8 bytes each: a page, or all but one of one, and another page.
    assert max(set(embed_log.calls()) - {*OLD_MODEL, CHANGE.verify.sample}) < BATCH
    assert rows_hold(database, new) == 200


def test_rows_set_aside_can_be_tried_again(database: Database) -> None:
    items(database)
    insert(database, POISON)
    upgrade(database, CHOOSY)
    database.execute("UPDATE items SET body = 'cured' WHERE id < 1002 AND id >= 1000")
    assert backfill(database.address, Options()) == {
        "public.items.embedding": {"rows filled": 2, "rows renewed": 0, "rows failed": 1}
    }
    assert nulls(database) == [1_002]
    assert [rows for rows, _ in failed(database)] == [1]
    database.execute("UPDATE items SET body = 'cured too' WHERE id = 1002")
    assert backfill(database.address, Options()) == {
        "public.items.embedding": {"rows filled": 1, "rows renewed": 0, "rows failed": 0}
    }
    assert rows_hold(database, new) == 203
    assert failed(database) == []
    assert not_null(database)
    database.execute("ALTER TABLE items RENAME CONSTRAINT items_embedding_not_null TO set_by_hand")
    backfill(database.address, Options())
    assert not_null(database)


def test_after_a_change_of_index_or_type_alone_they_can_still_be_tried_again(database: Database) -> None:
    """The vectors are those that the change before embedded."""
    items(database)
    insert(database, POISON)
    upgrade(database, CHOOSY)
    kept = replace(CHOOSY, from_=CHOOSY.to, text=None, max_failed_rows=0)
    to_half = replace(kept, type="halfvec", index="same")
    upgrade(database, replace(kept, index=Hnsw("cosine", m=8)), revision="3")
    upgrade(database, to_half, revision="4")
    (column,) = migrated(database)
    assert (column.type, column.failed_rows, column.next) == ("halfvec(96)", 3, "migrator backfill")
    database.execute("UPDATE items SET body = 'cured' WHERE id = 1000; UPDATE items SET body = 'text 5' WHERE id = 3")
    counts = {"rows filled": 1, "rows renewed": 1, "rows failed": 2}
    assert backfill(database.address, Options()) == {"public.items.embedding": counts}
    downgrade(database, to_half, revision="4")
    database.execute("UPDATE items SET body = 'cured' WHERE id > 1000; UPDATE items SET body = 'text 6' WHERE id = 4")
    counts = {"rows filled": 2, "rows renewed": 1, "rows failed": 0}
    assert backfill(database.address, Options()) == {"public.items.embedding": counts}
    # The others come from half precision.
    assert rows_hold(database, new, where="id NOT IN (3, 1000)") == 201
    assert not_null(database)


def test_promise_6_a_downgrade_after_rows_were_set_aside(database: Database) -> None:
    items(database)
    insert(database, POISON)
    schema = database.dump()
    upgrade(database, CHOOSY)
    downgrade(database)
    assert rows_hold(database, old) == 203
    assert database.dump() == schema


def test_a_model_that_gives_no_answer_interrupts(database: Database) -> None:
    items(database)
    insert(database, [(1_000, "endless")])
    with pytest.raises(Interrupted, match=r"model python:tests.models:hanging gave no answer within 0.2 s") as caught:
        runner.upgrade(database.address, REVISION, [HANGING], Options(batch_size=BATCH, model_timeout=0.2))
    assert caught.value.exit_code == 5
    database.execute("DELETE FROM items WHERE id = 1000")
    upgrade(database, HANGING)
    assert rows_hold(database, new) == 200


def test_promise_2_what_went_through_before_one_text_too_many_failed_is_kept(
    database: Database, embed_log: EmbedLog
) -> None:
    items(database)
    insert(database, POISON)
    with pytest.raises(MigratorError):
        runner.upgrade(database.address, REVISION, [replace(CHOOSY, max_failed_rows=1)], Options(batch_size=200))
    (store,) = database.execute("SELECT relname FROM pg_class WHERE relname LIKE 'store_%' AND relkind = 'r'")[0]
    stored = database.value(f"SELECT count(*) FROM migrator.{store}")
    assert stored > 0
    assert sum(embed_log.calls()) == sum(OLD_MODEL) + PROBES + stored


def test_rows_without_a_text_are_counted_anew_each_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where settle is interrupted at its end, and more come before it is done again."""
    items(database)
    database.execute("ALTER TABLE items ALTER body DROP NOT NULL")
    upgrade_until(database, "cut-over")
    rows = "INSERT INTO items (id, note) SELECT n, 'no text' FROM generate_series(%(first)s::int, %(last)s::int) n"
    database.execute(rows, {"first": 1000, "last": 1004})

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(settle, "concurrently", interrupt)
        with pytest.raises(Interrupted):
            upgrade(database)
    database.execute(rows, {"first": 1005, "last": 1006})
    upgrade(database)
    assert failed(database) == [(7, "no text in scope to embed")]


def test_rows_without_a_text_are_listed_beside_failed_texts_whose_rows_have_a_vector(database: Database) -> None:
    """A vector of another text, so that the model might be asked again for the one that it failed on."""
    items(database)
    insert(database, POISON)
    upgrade(database, CHOOSY)
    database.execute("ALTER TABLE items ALTER body DROP NOT NULL")
    database.execute("UPDATE items SET embedding = (SELECT embedding FROM items WHERE id = 1) WHERE id = 1000")
    database.execute("INSERT INTO items (id) VALUES (2000)")
    backfill(database.address, Options(batch_size=BATCH))
    assert (1, "no text in scope to embed") in failed(database)
    assert [rows for rows, _ in failed(database)] == [1, 1, 2]
