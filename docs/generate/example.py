"""A plan made without a database: knowledge_base, 384 to 768 dimensions, with an HNSW index, NOT NULL and a view."""

from __future__ import annotations

from migrator import EmbeddingChange, Hnsw, Model
from migrator.catalog import Catalog
from migrator.plan.column import Direction
from migrator.plan.plan import Plan
from tests.support.catalogs import SERVER, column, hnsw, restoring, table, upgrading, view

OLD = Model("sentence-transformers:sentence-transformers/all-MiniLM-L6-v2", dimensions=384)
NEW = Model("sentence-transformers:sentence-transformers/all-mpnet-base-v2", dimensions=768)
CHANGE = EmbeddingChange("knowledge_base", "embedding", text="content", from_=OLD, to=NEW, index=Hnsw("cosine"))


def _catalog(dimensions: int) -> Catalog:
    embedding = column("embedding", 3, "vector", dimensions)
    found = table("knowledge_base", [column("id", 1, "int8"), column("content", 2, "text"), embedding])
    index = hnsw("knowledge_base_embedding_idx")
    recent = view("recent", "SELECT id, content, embedding FROM public.knowledge_base")
    return Catalog(SERVER, found, embedding, [index], [recent], [])


def plan(direction: Direction, *, online: bool) -> Plan:
    """A downgrade finds the retired column and the trigger as the upgrade left them."""
    upgrade = upgrading((CHANGE, _catalog(384)), online=online)
    return upgrade if direction == "upgrade" else restoring(upgrade, "retired column", found=_catalog(768))
