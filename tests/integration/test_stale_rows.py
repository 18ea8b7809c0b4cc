"""Rows whose text was edited after cut-over without a new vector: told by the store, and renewed by backfill."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import portions, present, stale_rows
from migrator.backfill import backfill
from migrator.change import VectorType
from migrator.database import connect
from migrator.session import open_ledger
from migrator.stale_rows import StaleRows
from migrator.work import Options
from tests.database import Database
from tests.models import EmbedLog, new
from tests.proofs import rows_hold
from tests.running import PROBES, At, downgrade, upgrade
from tests.tables import CHANGE, insert, items

SUBJECT = "public.items.embedding"


def stale(database: Database) -> StaleRows:
    with connect(database.address) as connection:
        ((column,), _) = present.columns(open_ledger(connection))
        present.as_planned(connection, column)
        return stale_rows.count(connection, column)


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
    monkeypatch.setattr(portions, "FOUND_BY_INDEX", at_once)
    reporter = At("", "", lambda: None)
    assert backfill(database.address, Options(reporter))[SUBJECT]["rows renewed"] == 5 - kept
    assert reporter.messages == [
        f"{SUBJECT}: {kept} rows still with the vector of another text: a trigger of the table brings it back, or "
        "texts are edited as fast; disable the trigger, then: migrator backfill"
    ]
    assert stale(database) == StaleRows(kept, 0)
