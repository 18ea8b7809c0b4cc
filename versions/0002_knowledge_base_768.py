"""knowledge_base: all-MiniLM-L6-v2 (384) -> all-mpnet-base-v2 (768), with HNSW"""

from __future__ import annotations

from alembic import op

from demo.models import new_model, old_model
from migrator import Hnsw, Verify

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Your own revision names its models outright: Model("sentence-transformers:BAAI/bge-base-en-v1.5", dimensions=768).
    # This one has to work if no model hub can be reached.
    op.change_embedding(
        "knowledge_base",
        "embedding",
        text="content",
        from_=old_model(),
        to=new_model(),
        index=Hnsw(distance="cosine", m=16, ef_construction=64),
        verify=Verify(queries="demo/questions.jsonl", relevant="topic", k=10, max_regression=0.05),
    )


def downgrade() -> None:
    op.restore_embedding("knowledge_base", "embedding")
