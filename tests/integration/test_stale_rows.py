"""Rows whose text was edited after cut-over without a new vector: told by the store, and renewed by backfill."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import Hnsw
from migrator.change import VectorType
from migrator.commands.backfill import backfill
from migrator.commands.verify import verify_live
from migrator.ledger import current_columns
from migrator.postgres.connection import connect
from migrator.rows import batches, stale_rows
from migrator.rows.stale_rows import StaleRows
from migrator.runtime.context import Options
from migrator.runtime.session import open_ledger
from tests.models import EmbedLog, new
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import PROBES, At, downgrade, migrated, retire, upgrade
from tests.support.tables import CHANGE, insert, items

SUBJECT = "public.items.embedding"


def stale(database: Database) -> StaleRows:
    with connect(database.address) as connection:
        ((column,), _) = current_columns.columns(open_ledger(connection, database.address))
        current_columns.as_planned(connection, column)
        return stale_rows.count(connection, column)


def freshness(database: Database) -> tuple[bool | None, str]:
    (found,) = verify_live(database.address, Options()).values()
    (proof,) = [each for each in found if each.name == "freshness"]
    return proof.passed, proof.detail


def status(database: Database) -> tuple[int | None, str]:
    (column,) = migrated(database)
    return column.not_embedded, str(column.freshness)


def test_freshness_is_proved_and_status_tells_how_far_it_is_known(database: Database) -> None:
    items(database)
    upgrade(database)
    whole = "every vector is of its row's present text"
    assert freshness(database) == (True, whole)
    known = "every row's text is one that migrator embedded; migrator verify compares the vectors too"
    assert status(database) == (0, known)
    insert(database, [(1000, "fresh")], model=new())
    unknown = "1 row with a vector that the embedding store does not know"
    assert freshness(database) == (True, f"{whole}, but for {unknown}")
    database.execute("UPDATE items SET body = 'edited' WHERE id IN (1, 2)")
    database.execute("UPDATE items SET body = 'text 5' WHERE id = 3")
    stale = "3 rows with the vector of another text, because theirs was edited since"
    assert freshness(database) == (False, f"{stale}; {unknown}")
    rows = "3 rows with a vector and a text that migrator never embedded; migrator verify tells which are stale"
    assert status(database) == (3, rows)
    # After a change of the index alone the texts are those of the change before it.
    upgrade(database, dataclasses.replace(CHANGE, from_=CHANGE.to, text=None, index=Hnsw("cosine", m=8)), revision="3")
    assert freshness(database) == (False, f"{stale}; {unknown}")
    retire(database, stores=True)
    dropped = "the embedding store of these vectors was dropped"
    assert freshness(database) == (None, dropped)
    assert status(database) == (None, f"no telling whether vectors are of their rows' present text: {dropped}")


def test_after_a_downgrade_freshness_is_not_known(database: Database) -> None:
    items(database)
    upgrade(database)
    downgrade(database)
    own = "after a downgrade the vectors are the application's own, which the embedding store does not know"
    assert freshness(database) == (None, own)


@pytest.mark.parametrize("type_", ["vector", "halfvec"])
def test_backfill_renews_rows_whose_text_was_edited(database: Database, embed_log: EmbedLog, type_: VectorType) -> None:
    """A text that the store lacks, one that it has; vectors of the application's own are left to it."""
    items(database)
    upgrade(database, dataclasses.replace(CHANGE, type=type_))
    assert stale(database) == StaleRows(0, 0)
    database.execute("UPDATE items SET body = 'edited' WHERE id IN (1, 2)")
    database.execute("UPDATE items SET body = 'text 5' WHERE id = 3")
    # As near to the store's vector as the application's own library may come.
    database.execute("UPDATE items SET embedding = l2_normalize(embedding + embedding) WHERE id = 4")
    insert(database, [(1000, "fresh")], model=new())
    assert stale(database) == StaleRows(3, 1)
    embed_log.calls()
    counts = {"rows filled": 0, "rows renewed": 3, "rows failed": 0}
    assert backfill(database.address, Options()) == {SUBJECT: counts}
    assert embed_log.calls() == [PROBES, 1]
    if type_ == "vector":
        assert rows_hold(database, new) == 201
    assert stale(database) == StaleRows(0, 1)
    assert backfill(database.address, Options()) == {SUBJECT: counts | {"rows renewed": 0}}
    assert embed_log.calls() == []


def test_after_a_downgrade_vectors_are_left_as_the_application_made_them(database: Database) -> None:
    items(database)
    upgrade(database)
    insert(database, [(1000, "fresh")], model=new())
    downgrade(database)
    database.execute("UPDATE items SET embedding = (SELECT embedding FROM items WHERE id = 1) WHERE id = 1000")
    assert backfill(database.address, Options())[SUBJECT]["rows renewed"] == 0


@pytest.mark.parametrize(("at_once", "kept"), [(2, 5), (100, 4)], ids=["several passes", "one pass"])
def test_rows_whose_old_vector_a_trigger_brings_back_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_once: int, kept: int
) -> None:
    items(database)
    upgrade(database)
    database.execute(f"""
        UPDATE items SET body = 'text 5' WHERE id < 5;
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN NEW.embedding := OLD.embedding; RETURN NEW; END';
        CREATE TRIGGER keep BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.id < {kept}) EXECUTE FUNCTION keep();
        ALTER TABLE items ENABLE ALWAYS TRIGGER keep
    """)
    monkeypatch.setattr(batches, "FOUND_BY_INDEX", at_once)
    reporter = At("", "", lambda: None)
    assert backfill(database.address, Options(reporter))[SUBJECT]["rows renewed"] == 5 - kept
    assert reporter.messages == [
        f"{SUBJECT}: {kept} rows still with the vector of another text: a trigger of the table brings it back, or "
        "texts are edited as fast; disable the trigger, then: migrator backfill"
    ]
    assert stale(database) == StaleRows(kept, 0)
