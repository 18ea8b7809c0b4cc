"""SQLAlchemy + pgvector: the application declares the dimensions, and keeps prepared statements."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from importlib.metadata import version

import pytest
from pgvector.sqlalchemy import Vector
from sqlalchemy import Index, create_engine, delete, select, text
from sqlalchemy.exc import NotSupportedError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.clients.application import NEAREST, TEXTS, Column, finds, up_and_down
from tests.clients.migrator import Database, Migrator
from tests.models import Hashed, new, old

# psycopg prepares a statement on the server when a connection has run it as often as that.
PREPARED_AFTER = 5
# Older releases of pgvector hold every value against the declaration; later ones leave that to the server.
COMPARES_DIMENSIONS = version("pgvector").startswith("0.3.")
COLUMN = Column("document", "body")


class Documents:
    """dimensions: what its source declares; those of its model where that was not forgotten."""

    def __init__(self, url: str, model: Hashed, dimensions: int | None = None) -> None:
        class Base(DeclarativeBase):
            pass

        class Document(Base):
            __tablename__ = "document"
            id: Mapped[int] = mapped_column(primary_key=True)
            body: Mapped[str]
            embedding = mapped_column(Vector(dimensions or model.dimensions), nullable=False)
            __table_args__ = (
                Index(
                    "ix_document_embedding",
                    "embedding",
                    postgresql_using="hnsw",
                    postgresql_with={"m": 24, "ef_construction": 64},
                    postgresql_ops={"embedding": "vector_l2_ops"},
                ),
            )

        self._model = model
        self._document = Document
        # One connection, so that tests know what it has prepared.
        self.engine = create_engine(url, pool_size=1, max_overflow=0)
        with self.engine.begin() as connection:
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
        Base.metadata.create_all(self.engine)

    def add(self, texts: Sequence[str]) -> None:
        vectors = self._model.embed_queries(texts)
        with Session(self.engine) as session, session.begin():
            session.add_all(
                self._document(body=body, embedding=vector) for body, vector in zip(texts, vectors, strict=True)
            )

    def delete(self, text: str) -> None:
        with Session(self.engine) as session, session.begin():
            session.execute(delete(self._document).where(self._document.body == text))

    def search(self, text: str) -> list[str]:
        vector = self._model.embed_queries([text])[0]
        nearest = select(self._document).order_by(self._document.embedding.l2_distance(vector)).limit(NEAREST)
        with Session(self.engine) as session:
            return [document.body for document in session.scalars(nearest)]

    def first(self) -> int:
        """Reads a row, its vector too. Returns the vector's dimensions."""
        # Committed: psycopg forgets what it prepared when a transaction is rolled back, as it is by default.
        with Session(self.engine) as session, session.begin():
            document = session.scalars(select(self._document).order_by(self._document.id).limit(1)).one()
            return len(document.embedding)

    def close(self) -> None:
        self.engine.dispose()


def made(database: Database, migrator: Migrator) -> tuple[str, dict[str, str]]:
    """The table with TEXTS, and a revision for it. Returns where the application finds it, and what migrator read."""
    url = database.sqlalchemy_url("psycopg")
    with closing(Documents(url, old())) as application:
        application.add(TEXTS)
    return url, migrator.revision("--table", "document", "--column", "embedding", "--text", "body")


def test_a_declared_model(database: Database, migrator: Migrator) -> None:
    url, read = made(database, migrator)
    assert read == {
        "from": "48 dimensions: the column is vector(48)",
        "index": "Hnsw(distance='l2', m=24, ef_construction=64): as ix_document_embedding is now",
        "to": "96 dimensions: as the model says",
        "type": "vector: as the column is now",
    }
    up_and_down(migrator, COLUMN, partial(Documents, url), "--online")


def test_what_goes_wrong_where_the_application_goes_on_as_it_was(database: Database, migrator: Migrator) -> None:
    """The cases of docs/how-to/clients.md."""
    url, _ = made(database, migrator)
    with closing(Documents(url, old())) as application:
        for _ in range(PREPARED_AFTER + 1):
            assert application.first() == old().dimensions
        migrator.run("upgrade", "--yes", "--online")
        # Once a connection: the transaction is rolled back then.
        with pytest.raises(NotSupportedError, match="cached plan must not change result type"):
            application.first()
        assert application.first() == new().dimensions
        with pytest.raises(Exception, match="different vector dimensions 96 and 48"):
            application.search("what the old model makes of it")
        with pytest.raises(Exception, match="expected 96 dimensions, not 48"):
            application.add(["what the old model makes of it"])

    with closing(Documents(url, new(), dimensions=old().dimensions)) as application:
        if COMPARES_DIMENSIONS:
            with pytest.raises(StatementError, match="expected 48 dimensions, not 96"):
                application.search("what the new model makes of it")
        else:
            finds(application, TEXTS)
