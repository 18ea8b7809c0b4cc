"""Where a downgrade finds the old vectors: retired column, backup table, or their store and model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator import EmbeddingChange, Model
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.commands.verify import verify_live
from migrator.errors import Refused, Stopped, VerificationFailed
from migrator.runtime.context import Options
from tests.models import EmbedLog, new, old
from tests.support.database import Database
from tests.support.proofs import checksum, nulls, rows_hold
from tests.support.running import BATCH, PROBES, REVISION, SAMPLE, At, abandon, downgrade, retire, upgrade
from tests.support.tables import CHANGE, OLD, insert, items

# As `old`, but only while MIGRATOR_TEST_GONE is not set.
LOST = Model("python:tests.models:lost", dimensions=48)
VECTORS = "SELECT sha256(string_agg(vector_send(embedding), '' ORDER BY id)) FROM items"


def written_since(database: Database) -> None:
    insert(database, [(1_000 + number, f"later {number}") for number in range(5)], model=new())
    database.execute("UPDATE items SET body = 'edited ' || id WHERE id < 10")
    database.execute("DELETE FROM items WHERE id BETWEEN 20 AND 29")
    database.execute("UPDATE items SET id = id + 5000 WHERE id BETWEEN 30 AND 39")


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
def test_promise_6_from_the_backup_after_the_retired_column_is_gone(
    database: Database, embed_log: EmbedLog, online: bool
) -> None:
    items(database)
    database.execute("ALTER TABLE items ALTER embedding SET STORAGE EXTERNAL, ALTER embedding SET STATISTICS 7")
    database.execute("COMMENT ON COLUMN items.embedding IS 'of the body'")
    schema = database.dump()
    runner.upgrade(database.address, REVISION, [CHANGE], Options(batch_size=BATCH, online=online))
    retire(database, keep_backups=True)
    assert "migrator" not in database.dump()
    written_since(database)
    before = checksum(database)
    embed_log.calls()
    downgrade(database)
    # 15 texts are new, and ten rows have another key, by which the backup does not know them.
    assert embed_log.calls() == [PROBES, 16, 9, SAMPLE]
    assert rows_hold(database, old) == 195
    assert database.dump() == schema
    assert checksum(database) == before


def with_gaps(database: Database) -> None:
    """Rows 1 and 2 without a vector, 5 without a text, as an application has them that embeds a moment later."""
    items(database, 40)
    database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL, ALTER body DROP NOT NULL")
    database.execute("UPDATE items SET embedding = NULL WHERE id IN (1, 2)")
    database.execute("UPDATE items SET body = NULL WHERE id = 5")


def given(database: Database, number: int, text: str) -> None:
    """The application gives a row a text, and the vector of another one."""
    vector = str(old().embed_queries([text])[0].tolist())
    database.execute("UPDATE items SET embedding = %(vector)s WHERE id = %(id)s", {"vector": vector, "id": number})


def test_promise_6_a_backup_that_is_kept_has_what_was_written_before_cut_over(
    database: Database, embed_log: EmbedLog
) -> None:
    """The text names the key, which the backup has too."""
    with_gaps(database)
    change = replace(CHANGE, text="concat(body, left(id::text, 0))")

    def write() -> None:
        given(database, 1, "text 1")
        given(database, 3, "the application's own")
        database.execute("UPDATE items SET body = 'edited', embedding = NULL WHERE id = 9")
        given(database, 9, "edited")
        insert(database, [(100, "late")])

    upgrade(database, change, reporter=At("done", "backup", write))
    database.execute("UPDATE items SET body = 'edited since' WHERE id IN (11, 12)")
    retire(database, keep_backups=True)
    embed_log.calls()
    downgrade(database, change)
    assert embed_log.calls() == [PROBES, 1, SAMPLE]
    assert nulls(database) == [2]
    assert rows_hold(database, old, where="id NOT IN (2, 3, 5)") == 38
    assert (
        rows_hold(
            database, old, text="CASE id WHEN 3 THEN 'the application''s own' ELSE 'text 5' END", where="id IN (3, 5)"
        )
        == 2
    )


@pytest.mark.parametrize("retired", [False, True], ids=["kept", "retired"])
def test_promise_6_vectors_given_between_backup_and_cut_over_are_not_forgotten(
    database: Database, retired: bool
) -> None:
    """A text was edited without its vector meanwhile, so that the retired column is not believed."""
    with_gaps(database)

    def write() -> None:
        given(database, 1, "text 1")
        database.execute("UPDATE items SET body = 'edited' WHERE id = 9")

    upgrade(database, reporter=At("done", "fill", write))
    if retired:
        retire(database, keep_backups=True)
    downgrade(database)
    assert nulls(database) == [2]
    assert rows_hold(database, old, where="id NOT IN (2, 5)") == 38


@pytest.mark.parametrize("retired", [False, True], ids=["kept", "retired"])
def test_a_backup_that_is_asked_about_each_row_is_asked_by_its_index(database: Database, retired: bool) -> None:
    """Before the texts are read already, of which one is not in the store."""
    items(database, 3000)
    database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL")
    database.execute("UPDATE items SET embedding = NULL WHERE id % 2 = 0")
    upgrade(database)
    if retired:
        retire(database, keep_backups=True)
    database.execute("UPDATE items SET body = 'edited' WHERE id = 1")
    used: list[bool] = []

    def look() -> None:
        # What a session counted is seen once it has ended, as the one that read the texts has.
        used.append(database.value("SELECT idx_scan > 0 FROM pg_stat_user_indexes WHERE indexrelname = 'backup_1_row'"))

    downgrade(database, reporter=At("done", "embed", look))
    assert used == [True]
    assert len(nulls(database)) == 1500
    assert rows_hold(database, old, where="id % 2 = 1") == 1500


def test_promise_6_a_backup_that_is_kept_takes_no_vector_of_a_text_that_its_row_has_no_longer(
    database: Database,
) -> None:
    """A row has its text of before again, and capture was off when it got that."""
    items(database, 40)

    def write() -> None:
        database.execute("UPDATE items SET body = 'meanwhile' WHERE id = 3")
        given(database, 3, "meanwhile")

    upgrade(database, reporter=At("done", "backup", write))
    database.execute("ALTER TABLE items DISABLE TRIGGER ALL")
    database.execute("UPDATE items SET body = 'text 3' WHERE id = 3")
    database.execute("ALTER TABLE items ENABLE TRIGGER ALL")
    retire(database, keep_backups=True)
    downgrade(database)
    assert rows_hold(database, old) == 40


def test_promise_6_without_a_key_rows_written_since_are_not_taken_for_those_without_a_vector(
    database: Database,
) -> None:
    database.execute("CREATE TABLE items (id int, body text, note text, embedding vector(48))")
    insert(database, [(number, f"text {number}") for number in range(20)])
    database.execute("UPDATE items SET embedding = NULL WHERE id = 1")
    upgrade(database)
    insert(database, [(100, "text 1")], model=new())
    downgrade(database)
    assert rows_hold(database, old) == 21


def test_promise_6_after_both_are_gone_the_old_model_embeds_again(database: Database) -> None:
    items(database)
    schema = database.dump()
    upgrade(database)
    retire(database, keep_backups=False)
    written_since(database)
    downgrade(database)
    assert rows_hold(database, old) == 195
    assert database.dump() == schema
    upgrade(database)
    assert rows_hold(database, new) == 195


def test_promise_6_a_cast_is_taken_back_to_the_bit_from_the_backup(database: Database) -> None:
    items(database)
    before = database.value(VECTORS)
    change = EmbeddingChange("items", "embedding", text=None, from_=OLD, to=OLD, type="halfvec")
    upgrade(database, change)
    retire(database, keep_backups=True)
    downgrade(database, change)
    assert database.value(VECTORS) == before


def test_a_restore_from_the_backup_that_is_abandoned_leaves_nothing(database: Database) -> None:
    items(database)
    upgrade(database)
    retire(database, keep_backups=True)
    schema = database.dump()
    with pytest.raises(Stopped, match="stopped after verify"):
        runner.restore(database.address, REVISION, [VectorColumn("items", "embedding")], Options(stop_after="verify"))
    abandon(database)
    assert database.dump() == schema
    downgrade(database)
    assert rows_hold(database, old) == 200


def test_without_the_old_model_a_downgrade_is_refused_unless_it_is_said_out_loud(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    items(database)
    change = replace(CHANGE, from_=LOST)
    upgrade(database, change)
    insert(database, [(1_000, "later"), (1_001, "later"), (1_002, "text 1")], model=new())
    monkeypatch.setenv("MIGRATOR_TEST_GONE", "1")
    with pytest.raises(Refused, match="2 texts without a vector of the old model") as caught:
        downgrade(database, change)
    assert caught.value.remedy.endswith("list these rows and go back: migrator downgrade -1 --without-old-model")
    assert rows_hold(database, new) == 203
    runner.restore(
        database.address,
        REVISION,
        [VectorColumn("items", "embedding")],
        Options(batch_size=BATCH, without_old_model=True),
    )
    # Its proofs are taken as far as they can be without the model.
    (proofs,) = verify_live(database.address, Options()).values()
    (sample,) = [proof.told for proof in proofs if proof.name == "sample"]
    assert sample.startswith("not taken  sample: the old model is no longer available (model python:tests.models:lost ")
    # The third has the text of others, but no old vector of its own, nor the store one.
    assert nulls(database) == [1_000, 1_001, 1_002]
    assert rows_hold(database, old, where="id < 1000") == 200
    assert database.execute("SELECT rows, reason FROM migrator.failed_row ORDER BY rows") == [
        (1, "the old model is no longer available (--without-old-model)"),
        (2, "the old model is no longer available (--without-old-model)"),
    ]


def test_a_downgrade_that_fails_its_proofs_says_what_to_do(database: Database) -> None:
    items(database)
    upgrade(database)
    database.execute("ALTER TABLE items ADD CONSTRAINT long CHECK (vector_dims(embedding) > 50)")
    with pytest.raises(VerificationFailed, match="200 rows would violate CHECK") as caught:
        downgrade(database)
    assert caught.value.remedy == (
        "mend what stands against the old vectors, such as a CHECK made since the upgrade, and run the same command "
        "again"
    )
    assert rows_hold(database, new) == 200
    database.execute("ALTER TABLE items DROP CONSTRAINT long")
    downgrade(database)
    assert rows_hold(database, old) == 200


def test_promise_6_after_the_stores_are_dropped(database: Database, embed_log: EmbedLog) -> None:
    """Nothing tells which live vectors the new model made, so all are backed up."""
    items(database)
    schema = database.dump()
    upgrade(database)
    retire(database, stores=True)
    embed_log.calls()
    downgrade(database)
    assert sum(embed_log.calls()) == PROBES + 150 + SAMPLE
    assert rows_hold(database, old) == 200
    assert database.value("SELECT count(*) FROM migrator.backup_2") == 200
    assert database.dump() == schema
