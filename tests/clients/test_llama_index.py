"""LlamaIndex, PGVectorStore: data_<name>, here with halves, a full-text column, and an HNSW index of its making."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from functools import partial

from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery
from llama_index.vector_stores.postgres import PGVectorStore

from tests.clients.application import NEAREST, TEXTS, Column, finds, up_and_down
from tests.clients.migrator import Database, Migrator
from tests.models import Hashed, new, old


class Llamas:
    def __init__(self, database: Database, halves: bool, model: Hashed) -> None:
        self._model = model
        kind = "halfvec" if halves else "vector"
        self._store = PGVectorStore(
            connection_string=database.sqlalchemy_url("psycopg2"),
            async_connection_string=database.sqlalchemy_url("asyncpg"),
            table_name="llamas",
            embed_dim=model.dimensions,
            hybrid_search=True,
            use_halfvec=halves,
            hnsw_kwargs={"hnsw_m": 16, "hnsw_ef_construction": 64, "hnsw_dist_method": f"{kind}_cosine_ops"},
            initialization_fail_on_error=True,
        )

    def add(self, texts: Sequence[str]) -> None:
        vectors = self._model.embed_queries(texts).tolist()
        self._store.add(
            [TextNode(id_=text, text=text, embedding=vector) for text, vector in zip(texts, vectors, strict=True)]
        )

    def delete(self, text: str) -> None:
        self._store.delete_nodes([text])

    def search(self, text: str) -> list[str]:
        (vector,) = self._model.embed_queries([text]).tolist()
        found = self._store.query(VectorStoreQuery(query_embedding=vector, similarity_top_k=NEAREST))
        return [node.get_content() for node in found.nodes]

    def close(self) -> None:
        asyncio.run(self._store.close())


def made(database: Database, migrator: Migrator, *, halves: bool) -> dict[str, str]:
    """The table with TEXTS, and a revision for it. Returns what migrator read."""
    with closing(Llamas(database, halves, old())) as application:
        application.add(TEXTS)
    return migrator.revision("--table", "data_llamas", "--column", "embedding", "--text", '"text"')


def test_halves(database: Database, migrator: Migrator) -> None:
    read = made(database, migrator, halves=True)
    assert read["type"] == "halfvec: as the column is now"
    up_and_down(migrator, Column("data_llamas", "text"), partial(Llamas, database, True), precision=1e-3)


def test_an_application_that_starts_during_the_upgrade(database: Database, migrator: Migrator) -> None:
    """It makes its index where it finds none: in a window that is missing, and would come back on the old column."""
    assert made(database, migrator, halves=False) == {
        "from": "48 dimensions: the column is vector(48)",
        "index": "Hnsw(distance='cosine', m=16, ef_construction=64): as data_llamas_embedding_idx is now",
        "to": "96 dimensions: as the model says",
        "type": "vector: as the column is now",
    }
    before = database.dump()
    migrator.run("upgrade", "--yes", "--stop-after", "fill")
    with closing(Llamas(database, False, old())) as application:
        finds(application, TEXTS)
    refused = migrator.run("upgrade", "--yes", code=1).stderr
    assert "indexes of the table changed since this run was planned" in refused
    assert database.dump() == before

    migrator.run("upgrade", "--yes", "--online", "--stop-after", "fill")
    with closing(Llamas(database, False, old())) as application:
        finds(application, TEXTS)
    migrator.run("upgrade", "--yes", "--online")
    with closing(Llamas(database, False, new())) as application:
        finds(application, TEXTS)
