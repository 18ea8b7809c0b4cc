"""documents: 16 -> 24 dimensions"""

from alembic import op

from migrator import Model

revision = "0002"
down_revision = "0001"
MATCH = """
CREATE OR REPLACE FUNCTION match_documents(query_embedding vector(24), match_count int)
RETURNS TABLE (id int, similarity float8) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT d.id, 1 - (d.embedding::vector(24) <=> query_embedding::vector(24))
    FROM documents d ORDER BY d.embedding <=> query_embedding LIMIT match_count;
END $$
"""


def upgrade() -> None:
    op.change_embedding(
        "documents",
        "embedding",
        text="content",
        from_=Model("python:tests.models:sixteen", dimensions=16),
        to=Model("python:tests.models:twenty_four", dimensions=24),
        functions=[MATCH],
    )


def downgrade() -> None:
    op.restore_embedding("documents", "embedding")
