"""authors, books and parts: 16 -> 24 dimensions"""

from alembic import op

from migrator import EmbeddingChange, Model

revision = "0002"
down_revision = "0001"
OLD = Model("python:tests.models:sixteen", dimensions=16)
NEW = Model("python:tests.models:twenty_four", dimensions=24)


def upgrade() -> None:
    op.change_embeddings(
        [
            EmbeddingChange("parts", "embedding", text="content", from_=OLD, to=NEW),
            EmbeddingChange("authors", "embedding", text="name", from_=OLD, to=NEW),
            EmbeddingChange("books", "embedding", text="title", from_=OLD, to=NEW),
        ]
    )


def downgrade() -> None:
    op.restore_embedding("parts", "embedding")
    op.restore_embedding("authors", "embedding")
    op.restore_embedding("books", "embedding")
