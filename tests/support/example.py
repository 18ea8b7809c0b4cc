"""A plan made without a database: knowledge_base, 384 to 768 dimensions, with an HNSW index, NOT NULL and a view."""

from __future__ import annotations

import dataclasses

from migrator import EmbeddingChange, Hnsw, Model
from migrator.catalog import Catalog, Column, Server, Table, View
from migrator.catalog.columns import Trigger
from migrator.catalog.indexes import TableIndex
from migrator.plan.column import ColumnPlan, Direction
from migrator.plan.plan import Plan

OLD = Model("sentence-transformers:sentence-transformers/all-MiniLM-L6-v2", dimensions=384)
NEW = Model("sentence-transformers:sentence-transformers/all-mpnet-base-v2", dimensions=768)
CHANGE = EmbeddingChange("knowledge_base", "embedding", text="content", from_=OLD, to=NEW, index=Hnsw("cosine"))

_SERVER = Server(
    version=180_004,
    version_text="18.4",
    pgvector="0.8.5",
    pgvector_schema="public",
    pgvector_available=True,
    role="app",
    superuser=False,
    member_of=["app"],
    search_path=["public"],
    may_create=True,
    may_quiet_triggers=True,
    maintenance_work_mem=64 * 1024 * 1024,
    data_directory=None,
    unix_socket=False,
    standby=False,
    publications_of_all=[],
)
_VIEW = View(
    schema="public",
    name="recent",
    kind="v",
    depth=1,
    definition="SELECT id, content, embedding FROM public.knowledge_base",
    owner="app",
    options=[],
    comment=None,
    column_comments={},
    grants=[],
    has_grants=False,
    dependents=[],
)


def _column(name: str, number: int, type_: str, dimensions: int | None = None) -> Column:
    return Column(
        name=name,
        number=number,
        type=type_,
        dimensions=dimensions,
        type_text=f"{type_}({dimensions})" if dimensions else type_,
        not_null=True,
        not_null_name=None,
        default_text=None,
        generated="",
        storage="e" if dimensions else "x",
        compression="",
        statistics_target=-1,
        options=None,
        comment=None,
        grants=[],
    )


def _catalog(dimensions: int, *more: Column) -> Catalog:
    embedding = _column("embedding", 3, "vector", dimensions)
    table = Table(
        oid=16_400,
        schema="public",
        name="knowledge_base",
        kind="r",
        owner="app",
        owned=True,
        rows=100_000,
        blocks=25_000,
        bytes=200_000_000,
        block_size=8_192,
        row_security=False,
        may_create=True,
        used_numbers=3 + len(more),
        key=["id"],
        columns=[_column("id", 1, "int8"), _column("content", 2, "text"), embedding, *more],
        triggers=[],
        rules=[],
        publications=[],
    )
    index = TableIndex(
        name="knowledge_base_embedding_idx",
        method="hnsw",
        definition="CREATE INDEX knowledge_base_embedding_idx ON public.knowledge_base USING hnsw (embedding)",
        valid=True,
        plain=True,
        opclass="vector_cosine_ops",
        options=["m=16", "ef_construction=64"],
        predicate=None,
        tablespace=None,
        comment=None,
        clustered=False,
        replica_identity=False,
        of_constraint=False,
    )
    return Catalog(_SERVER, table, embedding, [index], [_VIEW], [], made_of=[], captured=[])


def plan(direction: Direction, *, online: bool) -> Plan:
    """A downgrade finds the retired column and the trigger as the upgrade left them."""
    upgrade = ColumnPlan(1, CHANGE, _catalog(384), online=online)
    if direction == "upgrade":
        return Plan("0002", direction, (upgrade,), ())
    found = _catalog(768, _column("migrator_retired_1", 4, "vector", 384))
    found.table.triggers.append(Trigger("~migrator_capture_1", True, True, True, "A"))
    back = dataclasses.replace(CHANGE, from_=NEW, to=OLD, index="same")
    column = ColumnPlan(
        2,
        back,
        found,
        before=upgrade.catalog,
        restores=1,
        undone_change=CHANGE,
        source="retired column",
        online=online,
    )
    return Plan("0002", direction, (column,), ())
