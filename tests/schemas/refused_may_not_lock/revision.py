"""notes: 16 -> 24 dimensions"""

from alembic import op

from migrator import Model

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.change_embedding(
        "notes",
        "embedding",
        text="concat_ws(' ', (SELECT title FROM public.topics t WHERE t.id = topic_id), body)",
        from_=Model("python:tests.models:sixteen", dimensions=16),
        to=Model("python:tests.models:twenty_four", dimensions=24),
        schema="app",
    )


def downgrade() -> None:
    op.restore_embedding("notes", "embedding", schema="app")
