"""langchain-postgres, PGVector: all collections in one table, with or without dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial

from langchain_postgres import PGVector

from tests.clients.application import NEAREST, TEXTS, Application, Column, Process, finds, up_and_down
from tests.clients.langchain import ModelEmbeddings
from tests.clients.migrator import Database, Migrator
from tests.models import Hashed, old, other


class Chains:
    """length: declares the column's dimensions, for all collections."""

    def __init__(self, url: str, model: Hashed, collection: str = "chains", *, length: bool = False) -> None:
        self._store = PGVector(
            embeddings=ModelEmbeddings(model),
            embedding_length=model.dimensions if length else None,
            collection_name=collection,
            connection=url,
        )

    def add(self, texts: Sequence[str]) -> None:
        self._store.add_texts(list(texts), ids=list(texts))

    def delete(self, text: str) -> None:
        self._store.delete([text])

    def search(self, text: str) -> list[str]:
        return [document.page_content for document in self._store.similarity_search(text, k=NEAREST)]

    def close(self) -> None:
        self._store._engine.dispose()


def deploy(url: str, model: Hashed) -> Application:
    """A process each: LangChain declares its tables once in a process, with the first length it is given."""
    return Process(partial(Chains, length=True), url, model)


def test_a_table_with_dimensions(database: Database, migrator: Migrator) -> None:
    url = database.sqlalchemy_url("psycopg")
    with closing(deploy(url, old())) as application:
        application.add(TEXTS)
    # As its users do; LangChain makes none.
    database.execute("CREATE INDEX ON langchain_pg_embedding USING hnsw (embedding vector_cosine_ops) WITH (m = 8)")

    read = migrator.revision("--table", "langchain_pg_embedding", "--column", "embedding", "--text", "document")
    assert read == {
        "from": "48 dimensions: the column is vector(48)",
        "index": "Hnsw(distance='cosine', m=8, ef_construction=64): as langchain_pg_embedding_embedding_idx is now",
        "to": "96 dimensions: as the model says",
        "type": "vector: as the column is now",
    }
    up_and_down(migrator, Column("langchain_pg_embedding", "document"), partial(deploy, url), "--online")


def test_one_of_several_collections(database: Database, migrator: Migrator) -> None:
    """Without dimensions: the others keep their vectors to the byte, and are searched all the while."""
    url = database.sqlalchemy_url("psycopg")
    with closing(Chains(url, old())) as application:
        application.add(TEXTS)
    others = [f"other {text}" for text in TEXTS]
    neighbor = Chains(url, other(), "neighbors")
    neighbor.add(others)
    bytes_of_others = (
        "SELECT sha256(string_agg(embedding::text, '' ORDER BY id)::bytea) "
        "FROM langchain_pg_embedding WHERE document LIKE 'other%'"
    )
    before = database.execute(bytes_of_others)

    ((collection,),) = database.execute("SELECT uuid FROM langchain_pg_collection WHERE name = 'chains'")
    scope = f"collection_id = '{collection}'"
    table = ("--table", "langchain_pg_embedding", "--column", "embedding", "--text", "document")
    read = migrator.revision(*table, "--where", scope)
    assert read == {
        "from": "48 dimensions: as the vectors in scope are; the column's type has none",
        "index": "none: the column has none now; --index hnsw makes one",
        "to": "96 dimensions: as the model says",
        "type": "vector: as the column is now",
    }

    def deploy_beside(model: Hashed) -> Application:
        assert database.execute(bytes_of_others) == before
        finds(neighbor, others)
        return Chains(url, model)

    with closing(neighbor):
        up_and_down(migrator, Column("langchain_pg_embedding", "document", where=scope), deploy_beside)
