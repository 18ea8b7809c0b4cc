"""Columns without dimension: several models in one column, told apart by a condition, as LangChain's tables are."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import EmbeddingChange, Hnsw, Model, doctor, hazards
from migrator.cli.render_plan import Planned, plan_as_text
from migrator.cli.status import as_text
from migrator.commands import runner
from migrator.commands.backfill import backfill
from migrator.commands.status import read_status
from migrator.commands.verify import verify_live
from migrator.errors import Refused
from migrator.runtime.context import Options
from tests.models import new, old, other, tiny
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.proofs import rows_hold
from tests.support.running import abandon, downgrade, migrated, retire, upgrade, upgrade_until
from tests.support.tables import NEW, OLD, OTHER

FIRST = EmbeddingChange("chunks", "embedding", text="body", from_=OLD, to=NEW, where="collection_id = 1")
SECOND = dataclasses.replace(FIRST, from_=OTHER, to=NEW, where="collection_id = 2")
INDEXES = """
CREATE INDEX of_1 ON chunks USING hnsw
    ((embedding::vector(48)) vector_cosine_ops) WITH (m = 6) WHERE collection_id = 1;
CREATE INDEX of_2 ON chunks USING hnsw
    ((embedding::vector(48)) vector_l2_ops) WHERE collection_id = 2;
CREATE INDEX of_3 ON chunks USING hnsw
    ((embedding::vector(8)) vector_cosine_ops) WHERE collection_id = 3;
CREATE INDEX half_1 ON chunks USING hnsw
    ((embedding::halfvec(48)) halfvec_cosine_ops) WHERE collection_id = 1 AND id > 2;
CREATE INDEX bits_1 ON chunks USING hnsw
    ((binary_quantize(embedding)::bit(48)) bit_hamming_ops) WHERE collection_id = 1;
CREATE INDEX without ON chunks USING btree (id) WHERE embedding IS NULL;
"""


def chunks(database: Database, indexes: str = INDEXES) -> None:
    """Three collections: 80 rows of `old`, 60 of `other`, 40 of `tiny`; and one without a vector."""
    database.execute(
        "CREATE TABLE chunks (id int PRIMARY KEY, collection_id int NOT NULL, body text NOT NULL, embedding vector)"
    )
    number = 0
    for collection, model, rows in ((1, old(), 80), (2, other(), 60), (3, tiny(), 40)):
        texts = [f"text {each}" for each in range(rows)]
        for text, vector in zip(texts, model.embed_queries(texts), strict=True):
            number += 1
            database.execute(
                "INSERT INTO chunks VALUES (%(id)s, %(collection)s, %(body)s, %(vector)s::vector)",
                {"id": number, "collection": collection, "body": text, "vector": str(vector.tolist())},
            )
    database.execute("INSERT INTO chunks VALUES (1000, 3, 'none', NULL)")
    if indexes:
        database.execute(indexes)
    database.execute("ANALYZE chunks")


def bytes_of(database: Database, where: str = "true") -> list[tuple[object, ...]]:
    return database.execute(f"SELECT id, vector_send(embedding), body FROM chunks WHERE {where} ORDER BY id")


def definition(database: Database, index: str) -> str:
    found: str = database.value(f"SELECT pg_get_indexdef('{index}'::regclass)")
    return found


@pytest.mark.parametrize("online", [False, True])
def test_one_collection_changes_and_the_others_stay_byte_for_byte(database: Database, online: bool) -> None:
    chunks(database)
    schema, before = database.dump(), bytes_of(database)
    names = ("of_1", "of_2", "of_3", "half_1", "bits_1", "without")
    definitions = {index: definition(database, index) for index in names}
    others = bytes_of(database, "collection_id <> 1")
    for _ in range(2):
        upgrade(database, FIRST, online=online)
        assert rows_hold(database, new, table="chunks", where="collection_id = 1") == 80
        assert bytes_of(database, "collection_id <> 1") == others
        assert (
            database.value(
                "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = "
                "'chunks'::regclass AND attname = 'embedding'"
            )
            == "vector"
        )
        for index, was in definitions.items():
            changes = index in ("of_1", "half_1", "bits_1")
            assert definition(database, index) == (was.replace("48", "96") if changes else was)
        downgrade(database, FIRST)
        assert database.dump() == schema
        assert bytes_of(database) == before


def test_one_collection_after_the_other_and_back(database: Database) -> None:
    chunks(database)
    schema, before = database.dump(), bytes_of(database)
    upgrade(database, FIRST)
    between, dump = bytes_of(database), database.dump()
    upgrade(database, SECOND, revision="3")
    assert rows_hold(database, new, table="chunks", where="collection_id IN (1, 2)") == 140
    assert bytes_of(database, "collection_id = 3") == [row for row in before if int(str(row[0])) > 140]
    assert "vector(96)" in definition(database, "of_2")
    downgrade(database, SECOND, revision="3")
    assert database.dump() == dump
    assert bytes_of(database) == between
    downgrade(database, FIRST)
    assert database.dump() == schema
    assert bytes_of(database) == before


def test_writes_meanwhile_and_since(database: Database) -> None:
    chunks(database)
    upgrade_until(database, "fill", FIRST)
    database.execute("INSERT INTO chunks SELECT 2000, 1, 'new one', embedding FROM chunks WHERE id = 1")
    database.execute("INSERT INTO chunks SELECT 2001, 3, 'another one', embedding FROM chunks WHERE id = 150")
    database.execute("UPDATE chunks SET body = 'edited' WHERE id = 2")
    upgrade(database, FIRST)
    assert rows_hold(database, new, table="chunks", where="collection_id = 1") == 81
    assert database.value("SELECT vector_dims(embedding) FROM chunks WHERE id = 2001") == 8
    database.execute("UPDATE chunks SET body = 'edited since' WHERE id = 3")
    downgrade(database, FIRST)
    # Two rows hold what the application gave them before the upgrade.
    assert rows_hold(database, old, table="chunks", where="collection_id = 1 AND id NOT IN (2, 2000)") == 79
    assert database.value("SELECT vector_dims(embedding) FROM chunks WHERE id IN (2, 2000)") == 48
    assert database.value("SELECT vector_dims(embedding) FROM chunks WHERE id = 2001") == 8


@pytest.mark.parametrize("phase", ["fill", "verify"])
def test_abandon_leaves_all_as_it_was(database: Database, phase: str) -> None:
    chunks(database)
    schema, before = database.dump(), bytes_of(database)
    upgrade_until(database, phase, FIRST)
    abandon(database)
    assert database.dump() == schema
    assert bytes_of(database) == before


def test_a_stated_index_replaces_the_one_in_scope(database: Database) -> None:
    chunks(database)
    schema = database.dump()
    change = dataclasses.replace(SECOND, index=Hnsw("ip", m=4, ef_construction=8))
    upgrade(database, change)
    assert definition(database, "of_2") == (
        "CREATE INDEX of_2 ON public.chunks USING hnsw (((embedding)::vector(96)) vector_ip_ops) "
        "WITH (m='4', ef_construction='8') WHERE (collection_id = 2)"
    )
    assert "(48)" in definition(database, "of_1")
    downgrade(database, change)
    assert database.dump() == schema


def test_a_new_index_is_of_the_scope_alone(database: Database) -> None:
    chunks(database, indexes="")
    schema = database.dump()
    change = dataclasses.replace(FIRST, index=Hnsw("cosine"))
    upgrade(database, change)
    assert definition(database, "chunks_embedding_idx").endswith(
        "hnsw (((embedding)::vector(96)) vector_cosine_ops) WITH (m='16', ef_construction='64') "
        "WHERE (collection_id = 1)"
    )
    downgrade(database, change)
    assert database.dump() == schema


def test_an_index_over_the_scope_and_more_is_refused(database: Database) -> None:
    chunks(database, indexes="")
    database.execute("DELETE FROM chunks WHERE collection_id = 3")
    database.execute("CREATE INDEX over_all ON chunks USING hnsw ((embedding::vector(48)) vector_l2_ops)")
    schema = database.dump()
    with pytest.raises(Refused, match=r'index "over_all" .* in the scope collection_id = 1 and beyond it'):
        upgrade(database, FIRST)
    assert database.dump() == schema


def test_vectors_of_several_dimensions_in_scope_are_refused(database: Database) -> None:
    """Before the indexes, which are right as they are."""
    chunks(database)
    schema = database.dump()
    everything = dataclasses.replace(FIRST, where=None, index=Hnsw("cosine"))
    with pytest.raises(Refused) as refused:
        upgrade(database, everything)
    choices = ["where='collection_id = 1' (80 of 48)", "where='collection_id = 2' (60 of 48)"]
    hazard = hazards.rows.several_dimensions("public.chunks.embedding", [(48, 140), (8, 40)], choices)
    assert str(refused.value) == str(hazard.refusal())
    with pytest.raises(Refused) as refused:
        upgrade(database, dataclasses.replace(everything, where="collection_id = 3"))
    differs = hazards.columns.live_column_differs(
        "public.chunks.embedding", "of 8 dimensions in scope", "48 dimensions"
    )
    assert str(refused.value) == str(differs.refusal())
    assert database.dump() == schema


def test_a_model_of_equal_dimensions_shares_the_index(database: Database) -> None:
    chunks(database, indexes="")
    database.execute("DELETE FROM chunks WHERE collection_id = 3")
    database.execute("CREATE INDEX over_all ON chunks USING hnsw ((embedding::vector(48)) vector_l2_ops)")
    schema = database.dump()
    change = dataclasses.replace(FIRST, to=OTHER)
    upgrade(database, change)
    assert rows_hold(database, other, table="chunks", where="collection_id IN (1, 2)") == 140
    downgrade(database, change)
    assert database.dump() == schema


def test_the_ledger_knows_the_model_of_each_scope(database: Database) -> None:
    chunks(database)
    upgrade(database, FIRST)
    again = dataclasses.replace(FIRST, from_=OLD, to=Model("python:tests.models:other", dimensions=48))
    with pytest.raises(Refused, match=r"the ledger says that public\.chunks\.embedding holds vectors of"):
        upgrade(database, again, revision="3")
    upgrade(database, SECOND, revision="3")
    third = dataclasses.replace(FIRST, from_=Model("python:tests.models:tiny", dimensions=8), where="collection_id = 3")
    upgrade(database, third, revision="4")
    held = "SELECT scope, model FROM migrator.registry ORDER BY 1"
    scopes = ["collection_id = 1", "collection_id = 2", "collection_id = 3"]
    assert database.execute(held) == [(scope, "python:tests.models:new") for scope in scopes]
    downgrade(database, third, revision="4")
    downgrade(database, SECOND, revision="3")
    models = ["new", "other", "tiny"]
    assert database.execute(held) == [
        (scope, f"python:tests.models:{model}") for scope, model in zip(scopes, models, strict=True)
    ]


def test_doctor_verify_status_and_retire(database: Database) -> None:
    chunks(database)
    upgrade(database, FIRST)
    with database.connect() as connection:
        findings = doctor.examine_column(connection, None, "chunks", "embedding").found
    assert [(finding.level, finding.fact) for finding in findings if "dimensions" in finding.fact] == [
        ("ok", "80 vectors of 96 dimensions: collection_id = 1"),
        ("ok", "60 vectors of 48 dimensions: collection_id = 2"),
        ("ok", "40 vectors of 8 dimensions: collection_id = 3"),
    ]
    assert [finding for finding in findings if finding.level == "error"] == []
    proofs = verify_live(database.address, Options())["public.chunks.embedding"]
    assert [proof for proof in proofs if not proof.passed] == []
    assert (
        "\n  vector, python:tests.models:new\n  96 dimensions where collection_id = 1\n  80 of 80 rows in scope have"
    ) in as_text(read_status(database.address))
    plan = runner.plan_upgrade(database.address, "3", [SECOND], Options())
    assert plan_as_text([Planned("3", "the second", plan)], "upgrade", "").startswith(
        "upgrade 3: the second\n"
        "  public.chunks.embedding: vector, python:tests.models:other -> python:tests.models:new\n"
        "  where collection_id = 2\n"
        "  dimensions: 48 -> 96\n\n"
    )
    # A vector of another length has no distance to the store's.
    database.execute("DROP INDEX of_1, half_1, bits_1")
    database.execute("UPDATE chunks SET embedding = (SELECT embedding FROM chunks WHERE id = 150) WHERE id = 1")
    assert backfill(database.address, Options())["public.chunks.embedding"]["rows renewed"] == 1
    assert rows_hold(database, new, table="chunks", where="collection_id = 1") == 80
    before = bytes_of(database)
    retire(database)
    assert "migrator" not in database.dump()
    assert bytes_of(database) == before


def test_each_scope_is_proved_and_filled_by_its_own_change(database: Database) -> None:
    chunks(database, indexes="")
    upgrade(database, FIRST)
    # It takes in what the first had, and more, but for one row.
    wider = dataclasses.replace(SECOND, where="collection_id = 2 OR collection_id = 1 AND id > 1", to=OTHER, from_=NEW)
    database.execute("UPDATE chunks SET embedding = NULL WHERE collection_id = 2")
    upgrade(database, wider, revision="3")
    first = f"public.chunks.embedding where ({FIRST.where}) AND ({wider.where}) IS NOT TRUE"
    second = f"public.chunks.embedding where {wider.where}"
    proofs = verify_live(database.address, Options())
    assert list(proofs) == [first, second]
    assert [proof for found in proofs.values() for proof in found if not proof.passed] == []
    assert [(each.model, each.in_scope) for each in migrated(database)] == [
        ("python:tests.models:new", 1),
        ("python:tests.models:other", 139),
    ]
    database.execute("UPDATE chunks SET embedding = NULL WHERE id IN (1, 2, 100)")
    with database.connect() as connection:
        findings = doctor.examine_column(connection, None, "chunks", "embedding").found
    assert [(each.subject, each.fact.partition(" with")[0]) for each in findings if "no vector," in each.fact] == [
        (first, "1 row"),
        (second, "2 rows"),
    ]
    filled = backfill(database.address, Options())
    assert {called: counts["rows filled"] for called, counts in filled.items()} == {first: 1, second: 2}
    assert rows_hold(database, new, table="chunks", where="id = 1") == 1
    assert rows_hold(database, other, table="chunks", where="collection_id IN (1, 2) AND id > 1") == 139
    downgrade(database, wider, revision="3")
    assert [(each.model, each.in_scope) for each in migrated(database)] == [
        ("python:tests.models:new", 1),
        ("python:tests.models:new", 139),
    ]


@pytest.mark.parametrize(
    ("kept", "online"),
    with_more(
        [("retired column", True), ("backup", False), ("nothing", False)],
        more=[("retired column", False), ("backup", True), ("nothing", True)],
    ),
)
def test_promise_6_a_downgrade_keeps_what_was_written_to_the_other_collections(
    database: Database, online: bool, kept: str
) -> None:
    chunks(database, indexes="")
    upgrade(database, FIRST, online=online)
    if kept != "retired column":
        retire(database, keep_backups=kept == "backup")
    for statement in (
        # The text with its vector, the vector alone, a row, none any more.
        "UPDATE chunks SET body = 'edited', embedding = embedding * embedding WHERE id = 90",
        "UPDATE chunks SET embedding = embedding + embedding WHERE id = 91",
        "INSERT INTO chunks SELECT 2000, 2, 'fresh', embedding FROM chunks WHERE id = 92",
        "UPDATE chunks SET embedding = NULL WHERE id = 93",
        "UPDATE chunks SET body = 'edited' WHERE id = 150",
        # And in the one that goes back.
        "UPDATE chunks SET body = 'edited', embedding = NULL WHERE id = 5",
    ):
        database.execute(
            statement.replace("INTO chunks SELECT", "INTO chunks (id, collection_id, body, embedding) SELECT")
        )
    others = bytes_of(database, "collection_id <> 1")
    downgrade(database, FIRST)
    assert bytes_of(database, "collection_id <> 1") == others
    assert rows_hold(database, old, table="chunks", where="collection_id = 1") == 80
