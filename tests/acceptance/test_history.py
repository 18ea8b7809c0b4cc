"""The history in versions/, up and down in order, by the commands a user would type; with fast models."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo import knowledge_base, models
from migrator import Model
from tests.support.commands import migrator
from tests.support.database import Database

ROOT = Path(__file__).parents[2]
OTHERS = "id, topic, chunk_no, content, metadata"


def rows(database: Database) -> list[tuple[object, ...]]:
    return database.execute(f"SELECT {OTHERS} FROM knowledge_base ORDER BY id")


def vectors(database: Database) -> list[tuple[object, ...]]:
    return database.execute("SELECT embedding::text FROM knowledge_base ORDER BY id")


def index(database: Database) -> object:
    return database.value("SELECT indexdef FROM pg_indexes WHERE indexname = 'knowledge_base_embedding_idx'")


def test_the_history_goes_up_and_down_in_order(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "old_model", lambda: Model("python:tests.models:middling", dimensions=384))
    monkeypatch.setattr(models, "new_model", lambda: Model("python:tests.models:long", dimensions=768))
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("MIGRATOR_DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", database.url)
    nothing = database.dump()

    assert migrator("upgrade", "0001", "--yes").code == 0
    old, texts, old_vectors = database.dump(), rows(database), vectors(database)
    assert len(texts) == len(knowledge_base.chunks()) > 200
    assert index(database) == (
        "CREATE INDEX knowledge_base_embedding_idx ON public.knowledge_base USING ivfflat "
        "(embedding vector_cosine_ops) WITH (lists='10')"
    )

    up = migrator("upgrade", "--yes")
    assert (up.code, up.out) == (0, "")
    assert "proved  retrieval: " in up.err
    assert rows(database) == texts
    assert database.value("SELECT count(DISTINCT vector_dims(embedding)) FROM knowledge_base") == 1
    assert database.value("SELECT vector_dims(embedding) FROM knowledge_base LIMIT 1") == 768
    assert index(database) == (
        "CREATE INDEX knowledge_base_embedding_idx ON public.knowledge_base USING hnsw "
        "(embedding vector_cosine_ops) WITH (m='16', ef_construction='64')"
    )

    down = migrator("downgrade", "0001", "--yes")
    assert (down.code, down.out) == (0, "")
    assert "embed public.knowledge_base.embedding: 0 texts" in down.err
    assert (database.dump(), rows(database), vectors(database)) == (old, texts, old_vectors)

    assert migrator("downgrade", "base", "--yes").code == 0
    assert database.dump() == nothing
    assert migrator("current").code == 0
