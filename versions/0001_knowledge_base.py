"""knowledge_base: the Python language reference under all-MiniLM-L6-v2 (384), with an IVFFlat index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import VECTOR
from sqlalchemy.dialects.postgresql import JSONB

from demo.knowledge_base import chunks
from demo.models import old_model
from migrator.embedding.providers import load

revision = "0001"
down_revision = None


def upgrade() -> None:
    pieces = chunks()
    model = load(old_model())
    # Some topics repeat others; equal texts are embedded once, so that they have exactly equal vectors.
    texts = list(dict.fromkeys(piece.content for piece in pieces))
    vectors = dict(zip(texts, model.embed_documents(texts), strict=True))

    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    table = op.create_table(
        "knowledge_base",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("chunk_no", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("metadata", JSONB, nullable=False),
        sa.Column("embedding", VECTOR(384), nullable=False),
        sa.UniqueConstraint("topic", "chunk_no"),
    )
    op.bulk_insert(
        table,
        [
            {
                "topic": piece.topic,
                "chunk_no": piece.chunk_no,
                "content": piece.content,
                "metadata": piece.metadata,
                "embedding": vectors[piece.content],
            }
            for piece in pieces
        ],
    )
    # pgvector advises rows / 1000 lists; with so few rows that is none, and 10 leave some 26 rows to each.
    op.create_index(
        "knowledge_base_embedding_idx",
        "knowledge_base",
        ["embedding"],
        postgresql_using="ivfflat",
        postgresql_with={"lists": 10},
        postgresql_ops={"embedding": "vector_cosine_ops"},
    )


def downgrade() -> None:
    # The extension stays: other tables of the database may use it by now.
    op.drop_table("knowledge_base")
