"""migrator takes vector columns in PostgreSQL + pgvector from one embedding model to the next, and back.

What a revision file needs is here; everything else is reached through the command line or Alembic.
"""

from migrator.change import EmbeddingChange, Hnsw, IvfFlat, Model, Verify

__all__ = ["EmbeddingChange", "Hnsw", "IvfFlat", "Model", "Verify"]
