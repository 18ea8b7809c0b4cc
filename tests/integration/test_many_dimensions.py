"""More dimensions than pgvector indexes in a column: an index in half precision, or of bits and re-ranked."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import EmbeddingChange, Hnsw, IvfFlat, Model
from migrator.change import Index
from migrator.commands.verify import verify_live
from migrator.runtime.context import Options
from tests.models import wide, widest
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.proofs import checksum, rows_hold
from tests.support.running import At, downgrade, upgrade
from tests.support.tables import CHANGE, items

WIDE = Model("python:tests.models:wide", dimensions=3_072)
WIDEST = Model("python:tests.models:widest", dimensions=4_500)


NAMES = (
    "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'i' "
    "AND relname NOT LIKE 'migrator%' AND relnamespace = 'public'::regnamespace"
)


def changed(to: Model, index: Index) -> EmbeddingChange:
    return dataclasses.replace(CHANGE, to=to, index=index)


@pytest.mark.parametrize("online", with_more([False], more=[True]), ids=["window", "online"])
@pytest.mark.parametrize(
    ("change", "factory", "definition"),
    [
        (
            changed(WIDE, Hnsw("cosine", on="halfvec")),
            wide,
            "hnsw (((embedding)::halfvec(3072)) halfvec_cosine_ops) WITH (m='16', ef_construction='64')",
        ),
        (
            changed(WIDE, IvfFlat("l2", lists=4, on="halfvec")),
            wide,
            "ivfflat (((embedding)::halfvec(3072)) halfvec_l2_ops) WITH (lists='4')",
        ),
        (
            changed(WIDEST, Hnsw("cosine", m=8, on="bit")),
            widest,
            "hnsw (((binary_quantize(embedding))::bit(4500)) bit_hamming_ops) WITH (m='8', ef_construction='64')",
        ),
        (
            changed(WIDEST, IvfFlat("l1", lists=3, on="bit")),
            widest,
            "ivfflat (((binary_quantize(embedding))::bit(4500)) bit_hamming_ops) WITH (lists='3')",
        ),
    ],
)
def test_more_than_2000_dimensions(
    database: Database, change: EmbeddingChange, factory: type, definition: str, online: bool
) -> None:
    items(database)
    schema, rows = database.dump(), checksum(database, "id, body, note, embedding")
    reporter = At("", "", lambda: None)
    upgrade(database, change, online=online, reporter=reporter)
    assert rows_hold(database, factory) == 200
    found = database.value("SELECT pg_get_indexdef('items_embedding_idx'::regclass)")
    assert found == f"CREATE INDEX items_embedding_idx ON public.items USING {definition}"
    (recall,) = [told for told in reporter.messages if "recall of items_embedding_idx" in told]
    assert recall.startswith("proved")
    assert ("candidates ranked again by" in recall) == ("bit" in definition)
    proofs = verify_live(database.address, Options())["public.items.embedding"]
    assert [proof.name for proof in proofs if not proof.passed] == []
    downgrade(database, change)
    assert database.dump() == schema
    assert checksum(database, "id, body, note, embedding") == rows


def test_only_the_index_changes_to_bits_and_back(database: Database) -> None:
    items(database)
    schema = database.dump()
    change = dataclasses.replace(CHANGE, to=CHANGE.from_, index=Hnsw(on="bit"))
    upgrade(database, change)
    assert "binary_quantize(embedding))::bit(48)" in database.value(
        "SELECT pg_get_indexdef('items_embedding_idx'::regclass)"
    )
    downgrade(database, change)
    assert database.dump() == schema


def test_of_several_indexes_the_one_alike_is_replaced(database: Database) -> None:
    items(database)
    database.execute("CREATE INDEX bits ON items USING hnsw ((binary_quantize(embedding)::bit(48)) bit_hamming_ops)")
    database.execute("CREATE INDEX todo ON items USING btree (id) WHERE embedding IS NULL")
    schema = database.dump()
    for change in (
        dataclasses.replace(CHANGE, index=Hnsw("l2", m=4, ef_construction=8)),
        dataclasses.replace(CHANGE, to=CHANGE.from_, index=Hnsw("l2", m=4, ef_construction=8)),
    ):
        upgrade(database, change)
        assert database.value(NAMES) == "bits items_embedding_idx items_pkey todo"
        assert "USING hnsw (embedding vector_l2_ops) WITH (m='4'" in database.value(
            "SELECT pg_get_indexdef('items_embedding_idx'::regclass)"
        )
        downgrade(database, change)
        assert database.dump() == schema


def test_no_vector_index_leaves_the_others(database: Database) -> None:
    items(database)
    database.execute("CREATE INDEX bits ON items USING hnsw ((binary_quantize(embedding)::bit(48)) bit_hamming_ops)")
    database.execute("CREATE INDEX todo ON items USING btree (id) WHERE embedding IS NULL")
    schema = database.dump()
    change = dataclasses.replace(CHANGE, index=None)
    upgrade(database, change)
    assert "CREATE INDEX todo" in database.dump()
    assert "USING hnsw" not in database.dump()
    downgrade(database, change)
    assert database.dump() == schema
