"""langchain-postgres, PGVectorStore: a table a store, asyncpg beneath."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from uuid import NAMESPACE_URL, uuid5

from langchain_postgres import PGEngine, PGVectorStore
from langchain_postgres.v2.indexes import DistanceStrategy, HNSWIndex

from tests.clients.application import NEAREST, TEXTS, Column, finds, up_and_down
from tests.clients.langchain import ModelEmbeddings
from tests.clients.migrator import Database, Migrator
from tests.models import Hashed, new, old

DISTANCE = DistanceStrategy.INNER_PRODUCT


class Chains:
    """Its table is there."""

    def __init__(self, url: str, model: Hashed, *, ignore: list[str] | None = None) -> None:
        self._engine = PGEngine.from_connection_string(url)
        self.store = PGVectorStore.create_sync(
            self._engine,
            ModelEmbeddings(model),
            table_name="chains",
            distance_strategy=DISTANCE,
            ignore_metadata_columns=ignore,
        )

    def add(self, texts: Sequence[str]) -> None:
        self.store.add_texts(list(texts), ids=[_id(text) for text in texts])

    def delete(self, text: str) -> None:
        self.store.delete([_id(text)])

    def search(self, text: str) -> list[str]:
        return [document.page_content for document in self.store.similarity_search(text, k=NEAREST)]

    def close(self) -> None:
        self._engine._run_as_sync(self._engine.close())


def _id(text: str) -> str:
    return str(uuid5(NAMESPACE_URL, text))


def made(database: Database, migrator: Migrator) -> tuple[str, dict[str, str]]:
    """The table with TEXTS, and a revision for it. Returns where the application finds it, and what migrator read."""
    url = database.sqlalchemy_url("asyncpg")
    engine = PGEngine.from_connection_string(url)
    engine.init_vectorstore_table("chains", old().dimensions)
    engine._run_as_sync(engine.close())
    with closing(Chains(url, old())) as application:
        application.add(TEXTS)
        application.store.apply_vector_index(HNSWIndex(distance_strategy=DISTANCE, m=12, ef_construction=48))
    return url, migrator.revision("--table", "chains", "--column", "embedding", "--text", "content")


def test_a_table_of_its_own(database: Database, migrator: Migrator) -> None:
    url, read = made(database, migrator)
    assert read == {
        "from": "48 dimensions: the column is vector(48)",
        "index": "Hnsw(distance='ip', m=12, ef_construction=48): as chainslangchainvectorindex is now",
        "to": "96 dimensions: as the model says",
        "type": "vector: as the column is now",
    }
    up_and_down(migrator, Column("chains", "content"), partial(Chains, url))


def test_every_column_but_some_is_metadata(database: Database, migrator: Migrator) -> None:
    """The retired column is then, too: it does no harm, but comes with every document until it is ignored."""
    url, _ = made(database, migrator)
    migrator.run("upgrade", "--yes")
    for ignored, given in ((), {"migrator_retired_1"}), (("migrator_retired_1",), set()):
        with closing(Chains(url, new(), ignore=["langchain_metadata", *ignored])) as application:
            application.add([TEXTS[0]])
            finds(application, TEXTS)
            (document,) = application.store.similarity_search(TEXTS[0], k=1)
            assert document.metadata.keys() == given
