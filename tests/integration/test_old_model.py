"""The model that a column is said to hold is tried before the upgrade, for a rollback will need it."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

from docs.generate import DOCS
from migrator import EmbeddingChange, Model
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.embedding.providers import at_hand
from migrator.errors import Refused
from migrator.hazards import Hazard
from migrator.runtime.context import Options
from tests.models import EmbedLog, Hashed, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import OLD_MODEL, REVISION, downgrade, upgrade
from tests.support.tables import CHANGE, OTHER, items

ABSENT = Model("python:nowhere.models:old", dimensions=48)


def about_old_model(database: Database, change: EmbeddingChange = CHANGE) -> list[Hazard]:
    plan = runner.plan_upgrade(database.address, REVISION, [change], Options())
    return [hazard for hazard in plan.hazards if hazard.code.startswith("old-model")]


def codes(database: Database, change: EmbeddingChange = CHANGE) -> list[str]:
    return [hazard.code for hazard in about_old_model(database, change)]


def test_the_model_that_made_the_vectors_is_not_warned_of(database: Database, embed_log: EmbedLog) -> None:
    items(database)
    assert codes(database) == []
    assert embed_log.calls()[:2] == OLD_MODEL


def test_another_model_of_the_same_dimensions_is_warned_of(database: Database) -> None:
    items(database)
    (hazard,) = about_old_model(database, dataclasses.replace(CHANGE, from_=OTHER))
    assert hazard.code == "old-model-differs"
    assert hazard.problem.startswith("public.items.embedding embedded again with python:tests.models:other agrees ")
    assert not hazard.refuses


def test_another_model_of_a_column_without_dimensions_is_warned_of(database: Database) -> None:
    items(database)
    database.execute("DROP INDEX items_embedding_idx; ALTER TABLE items ALTER COLUMN embedding TYPE vector")
    assert codes(database, dataclasses.replace(CHANGE, from_=OTHER)) == ["old-model-differs"]
    assert codes(database) == []
    tiny = Model("python:tests.models:tiny", dimensions=8)
    with pytest.raises(Refused, match="is of 48 dimensions in scope, the revision was written for 8 dimensions"):
        codes(database, dataclasses.replace(CHANGE, from_=tiny))


def test_some_rows_of_another_text_are_no_other_model(database: Database) -> None:
    items(database)
    database.execute("UPDATE items SET body = 'edited' WHERE id % 5 = 0")
    assert codes(database) == []


def test_a_model_that_is_not_to_be_had_is_warned_of_and_the_upgrade_goes_on(database: Database) -> None:
    """And what the warning says of a rollback is so."""
    items(database)
    change = dataclasses.replace(CHANGE, from_=ABSENT)
    (hazard,) = about_old_model(database, change)
    assert hazard.code == "old-model-not-at-hand"
    assert hazard.problem == (
        "cannot load the model that from_= names for public.items.embedding: "
        "model python:nowhere.models:old cannot be loaded: there is no module 'nowhere'"
    )
    upgrade(database, change)
    database.execute("UPDATE items SET body = 'edited' WHERE id = 7")
    with pytest.raises(Refused, match="there is no module 'nowhere'"):
        downgrade(database, change)


def test_a_model_that_fails_is_warned_of(database: Database) -> None:
    items(database)
    database.execute("DROP INDEX items_embedding_idx; ALTER TABLE items ALTER COLUMN embedding TYPE vector")
    database.execute("UPDATE items SET embedding = subvector(embedding, 1, 8)")
    broken = Model("python:tests.models:broken", dimensions=8)
    (hazard,) = about_old_model(database, dataclasses.replace(CHANGE, from_=broken))
    assert hazard.code == "old-model-not-at-hand"
    assert "failed: ConnectionError at" in hazard.problem
    assert "sk-secret" not in hazard.problem


def test_an_empty_table_needs_no_old_model(database: Database, embed_log: EmbedLog) -> None:
    items(database, 0)
    assert codes(database, dataclasses.replace(CHANGE, from_=ABSENT)) == []
    assert codes(database) == []
    assert embed_log.calls() == []


def test_a_dry_run_calls_no_old_model_that_costs_money(
    database: Database, embed_log: EmbedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    items(database)
    monkeypatch.setattr(Hashed, "paid", True, raising=False)
    assert codes(database, dataclasses.replace(CHANGE, from_=OTHER)) == []
    assert embed_log.calls() == []


def test_the_old_model_leaves_memory_before_the_new_one_works(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    items(database)
    alive: list[bool] = []
    made: list[object] = []
    embed = Hashed.embed_documents

    class Seen(Hashed):
        def __init__(self) -> None:
            super().__init__(48, seed=48)
            made.append(id(self))

        def __del__(self) -> None:
            made.remove(id(self))

    def watched(self: Hashed, texts: list[str]) -> Any:
        if self.dimensions == 96:
            alive.append(bool(made))
        return embed(self, texts)

    monkeypatch.setattr("tests.models.old", Seen)
    monkeypatch.setattr(Hashed, "embed_documents", watched)
    upgrade(database)
    assert alive
    assert not any(alive)


def test_a_model_of_the_hub_that_is_not_in_the_cache_is_not_downloaded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    items(database)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: SimpleNamespace(sha="0" * 40))
    absent = Model("sentence-transformers:acme/old", dimensions=48)
    assert not at_hand(absent)
    assert codes(database, dataclasses.replace(CHANGE, from_=absent)) == ["old-model-not-downloaded"]


def test_a_wrong_name_in_the_ledger_is_corrected_as_the_docs_say(database: Database) -> None:
    """The rollback then embeds what was written since with the right model."""
    items(database)
    wrong = dataclasses.replace(CHANGE, from_=OTHER)
    upgrade(database, wrong)
    database.execute("UPDATE items SET body = 'edited' WHERE id = 7")
    database.execute(correction("python:tests.models:other", "python:tests.models:old"))
    runner.restore(database.address, REVISION, [VectorColumn("items", "embedding")], Options())
    assert rows_hold(database, old) == 200
    assert database.value("SELECT model FROM migrator.registry") == "python:tests.models:old"
    upgrade(database, revision="3")


def correction(wrong: str, right: str) -> str:
    """The statement of docs/how-to/models.md, for public.items.embedding."""
    page = (DOCS / "how-to" / "models.md").read_text("utf-8")
    (statement,) = [block for block in page.split("```") if block.startswith("sql\nUPDATE migrator.change")]
    for written, meant in (("WRONG", wrong), ("RIGHT", right), ("TABLE", "items"), ("COLUMN", "embedding")):
        statement = statement.replace(written, meant)
    return statement.removeprefix("sql\n")
