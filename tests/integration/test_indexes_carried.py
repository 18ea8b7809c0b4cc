"""Promise 5, indexes of every kind on the column: there after the upgrade, over the new vectors, and back again."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import Hnsw, Model
from migrator.commands import runner
from migrator.errors import Refused
from migrator.runtime.context import Options
from tests.integration.test_manual_rollback import at, roll_back
from tests.models import new, other
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.proofs import checksum, rows_hold
from tests.support.running import REVISION, abandon, downgrade, retire, upgrade, upgrade_until
from tests.support.tables import CHANGE, OTHER, items

SAME = dataclasses.replace(CHANGE, index="same")
# One of every kind; on the items of tests.support.tables, whose own index is dropped.
KINDS = {
    "casted": "hnsw ((embedding::vector(48)) vector_l2_ops) WITH (m = 6)",
    "half": "hnsw ((embedding::halfvec(48)) halfvec_ip_ops) WITH (m = 8, ef_construction = 32) WHERE id > 3",
    "bits": "hnsw ((binary_quantize(embedding)::bit(48)) bit_hamming_ops) WHERE note LIKE '%1%' OR id > 0",
    "bits_ivf": "ivfflat ((binary_quantize(embedding)::bit(48)) bit_hamming_ops) WITH (lists = 3)",
    "prefix": "hnsw ((subvector(embedding, 1, 32)::vector(32)) vector_cosine_ops)",
    "whole": "hnsw ((subvector(embedding, 1, 48)::vector(48)) vector_cosine_ops)",
    "unit": "hnsw ((l2_normalize(embedding)::vector(48)) vector_ip_ops) WHERE embedding IS NOT NULL",
    "plain": "ivfflat (embedding) WITH (lists = 4)",
    "plain_l1": "hnsw (embedding vector_l1_ops) WHERE vector_dims(embedding) = 48",
    "is_null": "btree ((embedding IS NULL))",
    "todo": "btree (id) WHERE embedding IS NULL",
    "hashed": "hash (md5((embedding)::text))",
    "sized": "btree (vector_dims(embedding), ((body || ' embedding: '''::text)) COLLATE \"C\")",
    "unit_length": "brin (vector_norm(embedding)) WHERE (vector_dims(embedding) = 48)",
}
MARKED = """
DROP INDEX items_embedding_idx;
CREATE UNIQUE INDEX only_one ON items USING btree (id, (embedding IS NULL)) NULLS NOT DISTINCT;
CREATE INDEX marked ON items USING btree ((vector_norm(embedding)), id);
ALTER INDEX marked ALTER COLUMN 1 SET STATISTICS 321;
COMMENT ON INDEX marked IS 'it''s {migrator} 100% embedding';
CREATE INDEX "Em %s {bed}" ON items USING hnsw ((embedding::halfvec(48)) halfvec_l2_ops) TABLESPACE pg_default;
COMMENT ON INDEX "Em %s {bed}" IS 'half';
ALTER TABLE items CLUSTER ON marked;
"""


def definitions(database: Database, table: str = "items") -> dict[str, str]:
    """Of the user's indexes but the primary key's."""
    rows = database.execute(
        "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        f"WHERE i.indrelid = '{table}'::regclass AND NOT i.indisprimary AND c.relname NOT LIKE 'migrator%' ORDER BY 1"
    )
    return dict(rows)


def uses(database: Database, order: str, *, table: str = "items", where: str = "true") -> str:
    """The name of the index that answers a query in that order."""
    with database.connect() as connection:
        connection.execute("SET enable_seqscan = off; SET enable_sort = off")
        statement = f"EXPLAIN (FORMAT JSON) SELECT FROM {table} WHERE {where} ORDER BY {order} LIMIT 5"
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    found: str = row[0][0]["Plan"]["Plans"][0]["Index Name"]
    return found


@pytest.mark.parametrize("online", with_more([True], more=[False]), ids=["online", "window"])
def test_promise_5_indexes_of_every_kind_go_up_and_down_again(database: Database, online: bool) -> None:
    items(database)
    database.execute("DROP INDEX items_embedding_idx")
    for called, kind in KINDS.items():
        database.execute(f"CREATE INDEX {called} ON items USING {kind}")
    schema, before = database.dump(), definitions(database)
    rows = checksum(database, "id, body, note, embedding")
    for _ in range(2):
        upgrade(database, SAME, online=online)
        assert rows_hold(database, new) == 200
        expected = {called: definition.replace("48", "96") for called, definition in before.items()}
        assert definitions(database) == expected
        downgrade(database, SAME)
        assert database.dump() == schema
        assert checksum(database, "id, body, note, embedding") == rows


@pytest.mark.parametrize("online", [False, True])
def test_promise_5_many_indexes_with_all_that_hangs_on_them(database: Database, online: bool) -> None:
    items(database)
    database.execute(MARKED)
    schema, before = database.dump(), definitions(database)
    upgrade(database, SAME, online=online)
    found = definitions(database)
    assert found == {called: definition.replace("48", "96") for called, definition in before.items()}
    assert database.value("SELECT obj_description('marked'::regclass)") == "it's {migrator} 100% embedding"
    assert (
        database.value("SELECT attstattarget FROM pg_attribute WHERE attrelid = 'marked'::regclass AND attnum = 1")
        == 321
    )
    assert database.value("SELECT indisclustered FROM pg_index WHERE indexrelid = 'marked'::regclass")
    assert (
        uses(database, f"embedding::halfvec(96) <-> '{new().embed_queries(['a'])[0].tolist()}'::vector::halfvec(96)")
        == "Em %s {bed}"
    )
    downgrade(database, SAME)
    assert database.dump() == schema


@pytest.mark.parametrize("phase", ["fill", "index", "verify"])
def test_promise_1_many_indexes_are_there_after_abandon(database: Database, phase: str) -> None:
    items(database)
    database.execute(MARKED)
    schema = database.dump()
    upgrade_until(database, phase, SAME)
    abandon(database)
    assert database.dump() == schema


INCLUDED = """
DROP INDEX items_embedding_idx;
CREATE UNIQUE INDEX only_one ON items USING btree (id, body) INCLUDE (embedding);
CREATE INDEX included ON items USING btree (note, body text_pattern_ops DESC) INCLUDE (embedding)
    WITH (fillfactor = 70) WHERE note <> 'embedding';
"""
EQUAL = dataclasses.replace(CHANGE, to=OTHER, index="same")


@pytest.mark.parametrize("online", [False, True])
def test_promise_5_the_column_is_included_in_other_indexes(database: Database, online: bool) -> None:
    items(database)
    database.execute(INCLUDED)
    schema, before = database.dump(), definitions(database)
    upgrade(database, EQUAL, online=online)
    assert rows_hold(database, other) == 200
    assert definitions(database) == before
    downgrade(database, EQUAL)
    assert database.dump() == schema


def test_defaults_that_an_index_leaves_out_stay_left_out(database: Database) -> None:
    """A revision says them, for `migrator revision` writes down what there is."""
    items(database)
    database.execute("DROP INDEX items_embedding_idx")
    database.execute("CREATE INDEX near ON items USING hnsw (embedding vector_l2_ops) WITH (ef_construction = 32)")
    before = definitions(database)
    upgrade(database, dataclasses.replace(CHANGE, index=Hnsw("l2", ef_construction=32)))
    assert definitions(database) == before


def test_promise_5_an_index_that_reads_two_columns_of_the_revision_is_refused(database: Database) -> None:
    items(database)
    database.execute(
        "ALTER TABLE items ADD COLUMN second vector(48); "
        "CREATE INDEX todo ON items USING btree (id) WHERE embedding IS NULL OR second IS NULL"
    )
    before = database.dump()
    changes = [SAME, dataclasses.replace(SAME, column="second", text="note")]
    with pytest.raises(Refused, match='index "todo" reads embedding and second') as refused:
        runner.upgrade(database.address, REVISION, changes, Options())
    assert refused.value.code == "index-of-several-columns"
    assert database.dump() == before


def test_promise_5_an_index_that_cannot_hold_the_new_vectors_is_refused(database: Database) -> None:
    items(database)
    database.execute(INCLUDED)
    before = database.dump()
    with pytest.raises(
        Refused, match=r'index "included" .* 768 dimensions: index row size 3\d+ exceeds btree version 4'
    ):
        upgrade(database, dataclasses.replace(SAME, to=Model("python:tests.models:long", dimensions=768)))
    assert database.dump() == before


@pytest.mark.parametrize("online", [False, True])
def test_rolled_back_by_hand(database: Database, online: bool) -> None:
    """sql/manual_rollback.sql builds what was dropped, and names again what was kept."""
    items(database)
    database.execute(MARKED)
    database.execute("CREATE INDEX bits ON items USING hnsw ((binary_quantize(embedding)::bit(48)) bit_hamming_ops)")
    database.execute("CREATE INDEX todo ON items USING btree (id) WHERE embedding IS NULL")
    schema, rows = database.dump(), checksum(database, "id, body, note, embedding")
    upgrade(database, SAME, online=online)
    at(database, REVISION)
    done = roll_back(database)
    assert (done.code, done.err) == (0, "")
    assert database.dump() == schema
    assert checksum(database, "id, body, note, embedding") == rows


@pytest.mark.parametrize("online", [False, True])
def test_retire_drops_the_old_indexes_that_were_kept(database: Database, online: bool) -> None:
    items(database)
    database.execute(MARKED)
    upgrade(database, SAME, online=online)
    before = definitions(database)
    assert "migrator_retired_1_" in database.dump()
    retire(database)
    assert "migrator" not in database.dump().replace("{migrator}", "")
    assert definitions(database) == before
