"""embedding_vector_index_0b5d3a8e_3c55_4b6e_9f64_3d8d9d1c0e7a_node: 16 -> 24 dimensions"""

from alembic import op

from migrator import Model

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.change_embedding(
        "embedding_vector_index_0b5d3a8e_3c55_4b6e_9f64_3d8d9d1c0e7a_node",
        "embedding",
        text="text",
        from_=Model("python:tests.models:sixteen", dimensions=16),
        to=Model("python:tests.models:twenty_four", dimensions=24),
    )


def downgrade() -> None:
    op.restore_embedding("embedding_vector_index_0b5d3a8e_3c55_4b6e_9f64_3d8d9d1c0e7a_node", "embedding")
