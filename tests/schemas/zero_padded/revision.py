"""documents: 16, padded to 40, -> 24 dimensions"""

from alembic import op

from migrator import Model

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.change_embedding(
        "documents",
        "embedding",
        text="content",
        from_=Model("python:tests.models:sixteen", dimensions=40, padded=True),
        to=Model("python:tests.models:twenty_four", dimensions=24),
    )


def downgrade() -> None:
    op.restore_embedding("documents", "embedding")
