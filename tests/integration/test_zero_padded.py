"""Vectors shorter than their column, with zeros behind them, as where a column was made for a larger model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator import Model
from migrator.errors import Refused
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import downgrade, upgrade
from tests.support.tables import CHANGE, items

PADDED = Model("python:tests.models:old", dimensions=128, padded=True)
OLD_PART = "subvector(embedding, 1, 48)"


def padded(database: Database) -> None:
    items(database)
    database.execute(
        """DROP INDEX items_embedding_idx;
           ALTER TABLE items ALTER embedding TYPE vector(128)
               USING (embedding::real[] || array_fill(0::real, ARRAY[80]))::vector(128);
           CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_cosine_ops)"""
    )


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
def test_up_and_down(database: Database, online: bool) -> None:
    padded(database)
    schema = database.dump()
    upgrade(database, replace(CHANGE, from_=PADDED), online=online)
    assert rows_hold(database, new) == 200
    database.execute("UPDATE items SET body = 'edited' WHERE id = 7")
    downgrade(database)
    assert rows_hold(database, old, column=OLD_PART) == 200
    assert database.value("SELECT count(*) FROM items WHERE vector_norm(subvector(embedding, 49, 80)) <> 0") == 0
    assert database.dump() == schema


def test_a_model_of_other_dimensions_is_not_padded_unless_the_revision_says_so(database: Database) -> None:
    padded(database)
    with pytest.raises(Refused, match="gives 48 dimensions, not 128"):
        upgrade(database, replace(CHANGE, from_=replace(PADDED, padded=False)))
