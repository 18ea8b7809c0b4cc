"""documents: 16 -> 24 dimensions"""

from alembic import op

from migrator import EmbeddingChange, Model

revision = "0002"
down_revision = "0001"
OLD = Model("python:tests.models:sixteen", dimensions=16)
NEW = Model("python:tests.models:twenty_four", dimensions=24)


def upgrade() -> None:
    op.change_embeddings(
        [
            EmbeddingChange("documents", "of_title", text="title", from_=OLD, to=NEW),
            EmbeddingChange("documents", "embedding", text="content", from_=OLD, to=NEW),
        ]
    )


def downgrade() -> None:
    op.restore_embedding("documents", "of_title")
    op.restore_embedding("documents", "embedding")
