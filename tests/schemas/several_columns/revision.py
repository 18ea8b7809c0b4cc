"""articles and comments: 16 -> 24 dimensions"""

from alembic import op

from migrator import EmbeddingChange, Model

revision = "0002"
down_revision = "0001"
OLD = Model("python:tests.models:sixteen", dimensions=16)
NEW = Model("python:tests.models:twenty_four", dimensions=24)


def upgrade() -> None:
    op.change_embeddings(
        [
            EmbeddingChange("articles", "title_embedding", text="title", from_=OLD, to=NEW),
            EmbeddingChange("articles", "body_embedding", text="body", from_=OLD, to=NEW),
            EmbeddingChange("comments", "embedding", text="content", from_=OLD, to=NEW, where="NOT spam"),
        ]
    )


def downgrade() -> None:
    op.restore_embedding("articles", "title_embedding")
    op.restore_embedding("articles", "body_embedding")
    op.restore_embedding("comments", "embedding")
