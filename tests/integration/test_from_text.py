"""Another text than before, with the model or without: up, down and up again, with writes of either text between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from migrator import EmbeddingChange, Hnsw
from migrator.catalog import read_catalog
from migrator.commands import runner
from migrator.errors import Refused
from migrator.ledger.ledger import Ledger
from migrator.postgres.connection import connect
from migrator.runtime.context import Options
from tests import models
from tests.models import Hashed
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.running import (
    PROBES,
    REVISION,
    SAMPLE,
    At,
    abandon,
    downgrade,
    downgrade_until,
    retire,
    upgrade,
    upgrade_until,
)
from tests.support.tables import CHANGE, NEW, OLD, items

NOTES = replace(CHANGE, text="note", from_text="body")
CHANGES = {"text and model": NOTES, "text alone": replace(NOTES, to=OLD, index="same")}
WRITES = (
    "UPDATE items SET note = 'edited ' || id WHERE id % 10 = 1",
    "UPDATE items SET body = 'edited ' || id WHERE id % 10 = 2",
    "UPDATE items SET body = 'both ' || id, note = 'of both ' || id WHERE id % 10 = 3",
    "DELETE FROM items WHERE id % 10 = 4",
)


def wrong(database: Database, column: str, model: Callable[[], Hashed]) -> list[int]:
    """The rows whose vector is not the model's of that column."""
    rows = database.execute(f"SELECT id, {column}, embedding::real[] FROM items ORDER BY id")
    assert rows
    vectors = models.Hashed.embed_queries(model(), [text for _, text, _ in rows])
    return [
        number
        for (number, _, found), vector in zip(rows, vectors, strict=True)
        if found is None or not np.array_equal(np.array(found, np.float32), vector)
    ]


def made_of(database: Database) -> str | None:
    """What the vectors are made of by the ledger."""
    with connect(database.address) as connection:
        catalog = read_catalog(connection, None, "items", "embedding")
        return Ledger(connection, installed=True).registered_text(catalog, None)


def new_model(change: EmbeddingChange) -> Callable[[], Hashed]:
    return models.new if change.to == NEW else models.old


@pytest.mark.parametrize("online", with_more([True], more=[False]), ids=["online", "window"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_up_and_down_with_writes_of_either_text(database: Database, change: EmbeddingChange, online: bool) -> None:
    items(database)
    before = database.dump()
    for _ in range(2):
        reporter = At("started", "cut-over", lambda: [database.execute(write) for write in WRITES])
        upgrade(database, change, reporter=reporter, online=online)
        assert made_of(database) == "note"
        assert wrong(database, "note", new_model(change)) == []
        for write in WRITES:
            database.execute(write.replace("edited", "again").replace("both", "anew"))
        downgrade(database, change)
        assert made_of(database) == "body"
        assert wrong(database, "body", models.old) == []
        assert database.dump() == before


def test_a_change_of_the_index_alone_says_nothing_of_the_text(database: Database) -> None:
    items(database)
    upgrade(database, CHANGE)
    upgrade(database, replace(CHANGE, from_=NEW, text="body || ''", index=Hnsw("l2")), revision="3")
    assert made_of(database) == "body"


def test_a_refusal_of_the_old_text_names_its_argument(database: Database) -> None:
    items(database)
    database.execute("CREATE TABLE topics (id bigint PRIMARY KEY, topic text)")
    change = replace(NOTES, from_text="(SELECT topic FROM topics t WHERE t.id = items.id)")
    with pytest.raises(Refused, match=r"^from_text='\(SELECT topic .* reads other tables: public.topics"):
        upgrade(database, change, online=True)
    with pytest.raises(Refused, match=r"^from_text='id' gives bigint, not text") as refused:
        upgrade(database, replace(NOTES, from_text="id"))
    assert "mean: from_text='(id)::text'" in refused.value.remedy


def test_downgrade_from_the_backup_takes_the_old_text(database: Database) -> None:
    items(database)
    upgrade(database, NOTES)
    database.execute(WRITES[0])
    database.execute(WRITES[1])
    retire(database, keep_backups=True)
    embedded = Hashed.embedded
    downgrade(database, NOTES)
    assert wrong(database, "body", models.old) == []
    # The twenty bodies that were written, each its own; the rest is in the backup.
    assert Hashed.embedded - embedded <= PROBES + 20 + SAMPLE


def test_an_abandoned_downgrade_goes_on_marking_by_the_old_text(database: Database) -> None:
    items(database)
    upgrade(database, NOTES)
    downgrade_until(database, "fill", NOTES)
    abandon(database)
    for write in WRITES:
        database.execute(write)
    downgrade(database, NOTES)
    assert wrong(database, "body", models.old) == []


def test_a_text_alone_is_resumed(database: Database) -> None:
    change = CHANGES["text alone"]
    items(database)
    codes = {each.code for each in runner.plan_upgrade(database.address, REVISION, [change], Options()).hazards}
    assert ("only-text" in codes, "equal-dimensions" in codes) == (True, False)
    upgrade_until(database, "fill", change)
    for write in WRITES:
        database.execute(write)
    upgrade(database, change)
    assert wrong(database, "note", models.old) == []
