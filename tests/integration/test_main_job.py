"""An upgrade and a downgrade of a table at rest: what every row holds afterwards, and what else is as it was."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import EmbeddingChange, Hnsw, IvfFlat
from migrator.change import Index
from migrator.errors import Refused
from tests.models import EmbedLog, new, old
from tests.support.database import Database
from tests.support.proofs import checksum, nulls, rows_hold
from tests.support.running import OLD_MODEL, PROBES, SAMPLE, At, batches, downgrade, upgrade
from tests.support.tables import CHANGE, NEW, OLD, insert, items

RETIRED = "migrator_retired_1"
on_both_servers = pytest.mark.parametrize("database", [18, 16], indirect=True)


def embedded_texts(database: Database) -> list[int]:
    """By the ledger, for each change."""
    return [count for (count,) in database.execute("SELECT texts_embedded FROM migrator.change ORDER BY id")]


def index_definition(database: Database) -> str:
    found: str = database.value("SELECT pg_get_indexdef('items_embedding_idx'::regclass)")
    return found


@on_both_servers
def test_every_row_holds_the_new_models_vector_of_its_text(database: Database) -> None:
    items(database)
    before = checksum(database)
    upgrade(database)
    assert rows_hold(database, new) == 200
    assert checksum(database) == before
    assert (
        database.value(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'items'::regclass AND attname = 'embedding'"
        )
        == "vector(96)"
    )


@on_both_servers
def test_up_and_down_leave_schema_and_rows_as_they_were(database: Database) -> None:
    items(database)
    schema, rows = database.dump(), checksum(database, "id, body, note, embedding")
    for _ in range(2):
        upgrade(database)
        assert rows_hold(database, new) == 200
        downgrade(database)
        assert database.dump() == schema
        assert checksum(database, "id, body, note, embedding") == rows


@on_both_servers
def test_two_upgrades_are_undone_in_reverse_order(database: Database) -> None:
    items(database)
    schema, rows = database.dump(), checksum(database, "id, body, note, embedding")
    further = EmbeddingChange("items", "embedding", text="body", from_=NEW, to=OLD, type="halfvec", index=Hnsw("l2"))
    upgrade(database)
    once = database.dump()
    upgrade(database, further, revision="3")
    downgrade(database, further, revision="3")
    assert database.dump() == once
    assert rows_hold(database, new) == 200
    downgrade(database)
    assert database.dump() == schema
    assert checksum(database, "id, body, note, embedding") == rows


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (
            Hnsw("cosine", m=8, ef_construction=40),
            "USING hnsw (embedding vector_cosine_ops) WITH (m='8', ef_construction='40')",
        ),
        (Hnsw("ip"), "USING hnsw (embedding vector_ip_ops) WITH (m='16', ef_construction='64')"),
        (Hnsw("l1"), "USING hnsw (embedding vector_l1_ops) WITH (m='16', ef_construction='64')"),
        (IvfFlat("l2", lists=3), "USING ivfflat (embedding) WITH (lists='3')"),
        ("same", "USING ivfflat (embedding vector_cosine_ops) WITH (lists='5')"),
    ],
)
def test_the_index_is_the_one_asked_for(database: Database, index: Index, expected: str) -> None:
    items(database)
    upgrade(database, dataclasses.replace(CHANGE, index=index))
    assert index_definition(database) == f"CREATE INDEX items_embedding_idx ON public.items {expected}"


def test_no_index_is_left_where_none_is_asked_for(database: Database) -> None:
    items(database)
    before = database.dump()
    change = dataclasses.replace(CHANGE, index=None)
    upgrade(database, change)
    assert database.value("SELECT count(*) FROM pg_index WHERE indrelid = 'items'::regclass") == 1
    downgrade(database, change)
    assert database.dump() == before


def test_a_table_without_an_index_gets_the_one_asked_for_until_it_is_downgraded(database: Database) -> None:
    items(database)
    database.execute("DROP INDEX items_embedding_idx")
    before = database.dump()
    upgrade(database)
    assert "USING hnsw (embedding vector_cosine_ops)" in index_definition(database)
    downgrade(database)
    assert database.dump() == before


def test_not_null_is_back_after_the_upgrade(database: Database) -> None:
    items(database)
    upgrade(database)
    assert database.execute(
        "SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 'items'::regclass "
        f"AND attname IN ('embedding', '{RETIRED}') ORDER BY attname"
    ) == [("embedding", True), (RETIRED, False)]


def test_not_null_that_is_not_valid_is_refused(database: Database) -> None:
    """PostgreSQL has it from version 18 on."""
    items(database)
    database.execute(
        "ALTER TABLE items ALTER embedding DROP NOT NULL; "
        "ALTER TABLE items ADD CONSTRAINT known NOT NULL embedding NOT VALID"
    )
    before = database.dump()
    with pytest.raises(Refused) as refused:
        upgrade(database)
    assert refused.value.code == "not-null-not-valid"
    assert database.dump() == before


def test_promise_2_a_text_is_paid_for_once(database: Database, embed_log: EmbedLog) -> None:
    """200 rows have 150 texts. The log has the check of the old model, probes, before and during the run, and
    verification's sample as well."""
    items(database, 200, distinct=150)
    upgrade(database)
    assert embed_log.calls() == [*OLD_MODEL, PROBES, *batches(150), SAMPLE]
    downgrade(database)
    assert embed_log.calls() == []
    upgrade(database)
    assert embed_log.calls() == [*OLD_MODEL, PROBES, SAMPLE]
    assert embedded_texts(database) == [150, 0, 0]


def test_promise_2_another_table_with_the_same_texts_pays_nothing(database: Database, embed_log: EmbedLog) -> None:
    items(database)
    database.execute("CREATE TABLE copies (LIKE items INCLUDING ALL)")
    database.execute("INSERT INTO copies SELECT * FROM items")
    upgrade(database)
    embed_log.calls()
    upgrade(database, dataclasses.replace(CHANGE, table="copies", index="same"), revision="3")
    assert embed_log.calls() == [*OLD_MODEL, PROBES, SAMPLE]
    assert rows_hold(database, new, table="copies") == 200


def test_vectors_that_were_null_come_back_null(database: Database) -> None:
    items(database)
    database.execute("ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL")
    database.execute("UPDATE items SET embedding = NULL WHERE id < 7")
    before = database.dump()
    upgrade(database)
    assert rows_hold(database, new) == 200
    downgrade(database)
    assert nulls(database) == list(range(7))
    assert rows_hold(database, old, where="id >= 7") == 193
    assert database.dump() == before


def test_rows_without_a_text_end_without_a_vector(database: Database) -> None:
    items(database)
    database.execute("ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL, ALTER COLUMN body DROP NOT NULL")
    database.execute("UPDATE items SET body = NULL WHERE id < 7")
    before = checksum(database, "id, body, note, embedding")
    upgrade(database)
    assert nulls(database) == list(range(7))
    assert rows_hold(database, new, where="id >= 7") == 193
    downgrade(database)
    assert checksum(database, "id, body, note, embedding") == before


def test_promise_6_rows_written_since_survive_the_downgrade(database: Database, embed_log: EmbedLog) -> None:
    """Inserted, edited, edited and taken back, deleted; a row edited beside its text costs nothing."""
    items(database)
    upgrade(database)
    insert(database, [(1000 + number, f"later {number}") for number in range(5)], model=new())
    database.execute("UPDATE items SET body = 'edited ' || id WHERE id < 10")
    database.execute("UPDATE items SET body = 'for a moment' WHERE id = 20")
    database.execute("UPDATE items SET body = 'text 20' WHERE id = 20")
    database.execute("UPDATE items SET note = 'changed' WHERE id BETWEEN 30 AND 40")
    database.execute("DELETE FROM items WHERE id BETWEEN 50 AND 59")
    before = checksum(database)
    embed_log.calls()
    downgrade(database)
    assert rows_hold(database, old) == 195
    assert checksum(database) == before
    # 5 inserted, 10 edited, and the one whose text came back: its old vector was marked stale.
    assert embed_log.calls() == [PROBES, 16, SAMPLE]


def test_promise_6_what_comes_back_is_told_and_fails_nothing(database: Database) -> None:
    """Vectors of other texts, equal ones, zero ones, and an index of little recall."""
    items(database)
    database.execute(
        "UPDATE items SET embedding = CASE WHEN id < 90 THEN array_fill(0::real, ARRAY[48])::vector ELSE "
        "(SELECT embedding FROM items WHERE id = 100) END; DROP INDEX items_embedding_idx; "
        "CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops) "
        "WITH (m = 2, ef_construction = 4)"
    )
    schema, rows = database.dump(), checksum(database, "id, body, note, embedding")
    upgrade(database)
    assert rows_hold(database, new) == 200
    reporter = At("done", "verify", lambda: None)
    downgrade(database, reporter=reporter)
    assert database.dump() == schema
    assert checksum(database, "id, body, note, embedding") == rows
    assert "found   vectors: 0 of other dimensions, 90 zero, 0 not finite" in reporter.messages
    recorded = database.value("SELECT result FROM migrator.phase WHERE run_id = 2 AND phase = 'verify'")
    passed = {proof["proof"]: proof["passed"] for proof in recorded["public.items.embedding"]}
    assert (passed["coverage"], passed["vectors"], passed["duplicates"]) == (True, False, False)


def test_promise_8_old_vectors_are_kept_until_they_are_retired(database: Database) -> None:
    items(database)
    upgrade(database)
    assert rows_hold(database, old, column=RETIRED) == 200
    assert (
        database.value(
            "SELECT count(*) FROM items JOIN migrator.backup_1 b USING (id) "
            f"WHERE b.migrator_vector = items.{RETIRED} AND b.migrator_text_hash = sha256(convert_to(body, 'UTF8'))"
        )
        == 200
    )


def test_a_table_without_a_key(database: Database) -> None:
    items(database)
    database.execute("ALTER TABLE items DROP CONSTRAINT items_pkey")
    database.execute("INSERT INTO items SELECT * FROM items WHERE id < 20")
    schema, rows = database.dump(), checksum(database, "id, body, note, embedding")
    upgrade(database)
    assert rows_hold(database, new) == 220
    downgrade(database)
    assert database.dump() == schema
    assert checksum(database, "id, body, note, embedding") == rows


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ("tenant int, number int, PRIMARY KEY (number, tenant)", "i % 7, i"),
        ("id uuid PRIMARY KEY", "gen_random_uuid()"),
        ('"The ""Key""" varchar(20) PRIMARY KEY', "'k' || i"),
        ("a int NOT NULL, b text NOT NULL, UNIQUE (a, b)", "i, 'b'"),
    ],
    ids=["composite", "uuid", "quoted", "unique"],
)
def test_a_table_with_another_key(database: Database, columns: str, values: str) -> None:
    items(database)
    database.execute(f"CREATE TABLE keyed ({columns}, body text, embedding vector(48))")
    database.execute(
        f"INSERT INTO keyed SELECT {values}, body, CASE WHEN id > 3 THEN embedding END "
        "FROM items, LATERAL (SELECT id AS i) AS numbered"
    )
    schema = database.dump()
    rows = checksum(database, "keyed", table="keyed", order="keyed::text")
    change = dataclasses.replace(CHANGE, table="keyed")
    upgrade(database, change)
    assert rows_hold(database, new, table="keyed") == 200
    downgrade(database, change)
    assert database.dump() == schema
    assert checksum(database, "keyed", table="keyed", order="keyed::text") == rows


def test_an_empty_table_loads_no_model(database: Database, embed_log: EmbedLog) -> None:
    items(database, 0)
    before = database.dump()
    upgrade(database)
    downgrade(database)
    assert database.dump() == before
    assert embed_log.calls() == []
