"""knowledge_base: a model that loses information, which the bound on regression refuses"""

from __future__ import annotations

from alembic import op

from demo.models import lossy_model, new_model
from migrator import Verify

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.change_embedding(
        "knowledge_base",
        "embedding",
        text="content",
        from_=new_model(),
        to=lossy_model(),
        verify=Verify(queries="../questions.jsonl", relevant="topic", k=10, max_regression=0.05),
    )


def downgrade() -> None:
    op.restore_embedding("knowledge_base", "embedding")
