"""knowledge_base: all-MiniLM-L6-v2 (384) -> a model of 768 dimensions, with HNSW"""

from __future__ import annotations

from alembic import op

from demo import WORK
from demo.models import new_model, packaged_model
from migrator import Hnsw, Model, Verify

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Your own revision names its model outright: "sentence-transformers:BAAI/bge-base-en-v1.5", for example.
    # This one has to work where no model hub can be reached.
    name, _ = new_model(WORK)
    op.change_embedding(
        "knowledge_base",
        "embedding",
        text="content",
        from_=Model(f"sentence-transformers:{packaged_model()}", dimensions=384),
        to=Model(f"sentence-transformers:{name}", dimensions=768),
        index=Hnsw(distance="cosine", m=16, ef_construction=64),
        verify=Verify(queries="demo/questions.jsonl", relevant="topic", k=10, max_regression=0.05),
    )


def downgrade() -> None:
    op.restore_embedding("knowledge_base", "embedding")
