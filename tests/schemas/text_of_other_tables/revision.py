"""chunks: 16 -> 24 dimensions"""

from alembic import op

from migrator import Model

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.change_embedding(
        "chunks",
        "embedding",
        text="concat_ws(E'\\n', (SELECT title FROM documents WHERE id = document_id), labels_of(document_id), body)",
        from_=Model("python:tests.models:sixteen", dimensions=16),
        to=Model("python:tests.models:twenty_four", dimensions=24),
    )


def downgrade() -> None:
    op.restore_embedding("chunks", "embedding")
