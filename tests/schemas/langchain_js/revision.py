"""n8n_vectors: 16 -> 24 dimensions"""

from alembic import op

from migrator import Model

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.change_embedding(
        "n8n_vectors",
        "embedding",
        text="text",
        from_=Model("python:tests.models:sixteen", dimensions=16),
        to=Model("python:tests.models:twenty_four", dimensions=24),
        where="true",
    )


def downgrade() -> None:
    op.restore_embedding("n8n_vectors", "embedding")
