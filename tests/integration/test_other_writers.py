"""The user's triggers during the fill, vectorizers, other tools' changes in flight, and row-level security."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from migrator import EmbeddingChange, hazards
from migrator.commands import runner
from migrator.errors import Refused
from migrator.hazards import Hazard
from migrator.plan.plan import Plan
from migrator.postgres.address import Address
from migrator.runtime.context import Options
from tests.support.database import Database, script
from tests.support.running import REVISION, downgrade, upgrade, upgrade_until
from tests.support.tables import CHANGE, OTHER, items

QUEUE = """
CREATE TABLE queue (id bigint);
CREATE FUNCTION enqueue() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO queue VALUES (NEW.id); RETURN NULL; END';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.note := ''touched''; RETURN NEW; END';
CREATE FUNCTION count_statement() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO queue VALUES (-1); RETURN NULL; END';
CREATE TRIGGER enqueue AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION enqueue();
CREATE TRIGGER enqueue_text AFTER UPDATE OF body ON items FOR EACH ROW EXECUTE FUNCTION enqueue();
CREATE TRIGGER touch BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER statement AFTER UPDATE ON items FOR EACH STATEMENT EXECUTE FUNCTION count_statement();
"""
APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''% is append-only'', TG_TABLE_NAME; END';
CREATE CONSTRAINT TRIGGER append_only AFTER UPDATE ON items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION append_only();
"""


def plan(database: Database, change: EmbeddingChange = CHANGE, *, online: bool = False) -> Plan:
    address: Address = database.address
    return runner.plan_upgrade(address, REVISION, [change], Options(online=online))


def found(database: Database, code: str, change: EmbeddingChange = CHANGE, *, online: bool = False) -> list[Hazard]:
    return [hazard for hazard in plan(database, change, online=online).hazards if hazard.code == code]


def test_a_role_that_may_quiet_triggers_quiets_them_without_being_superuser(
    database: Database, keeper: Database
) -> None:
    script(keeper, QUEUE)
    database.execute("GRANT SET ON PARAMETER session_replication_role TO keeper")
    before = database.execute("SELECT id, body, note FROM items ORDER BY id")
    assert found(keeper, "triggers-fire") == []
    upgrade(keeper)
    downgrade(keeper)
    upgrade(keeper, revision="3", online=True)
    assert database.value("SELECT count(*) FROM queue") == 0
    assert database.execute("SELECT id, body, note FROM items ORDER BY id") == before


def test_triggers_that_will_fire_are_named_with_the_number_of_rows_and_the_remedy(
    database: Database, keeper: Database
) -> None:
    script(keeper, QUEUE)
    assert found(keeper, "triggers-fire") == []
    (hazard,) = found(keeper, "triggers-fire", online=True)
    assert hazard.problem == (
        'the fill fires triggers of "items": enqueue, once a row, 40 rows in all; touch, once a row, 40 rows in all; '
        "statement, once for each 2,000 rows or fewer"
    )
    assert 'GRANT SET ON PARAMETER session_replication_role TO "keeper"' in hazard.remedy
    # One that refuses every update is found out, whether it is looked at now or when the transaction ends.
    script(keeper, APPEND_ONLY)
    triggers = [("public", "items", "append_only")]
    about = hazards.triggers.trigger_refuses_updates("items", triggers, "items is append-only", "keeper", True)
    plan(keeper)
    with pytest.raises(Refused) as refused:
        plan(keeper, online=True)
    assert refused.value.problem == about.problem
    # What a constraint refuses is not laid to it.
    script(keeper, "ALTER TABLE items ADD CONSTRAINT long CHECK (id > 0) NOT VALID")
    with pytest.raises(Refused) as refused:
        plan(keeper, online=True)
    assert refused.value.code == "rows-violate-check"
    script(keeper, "ALTER TABLE items DROP CONSTRAINT long")
    script(keeper, "DROP FUNCTION append_only CASCADE")
    upgrade(keeper, online=True)
    # As said: once a row, and not at all by the trigger on the text.
    assert database.value("SELECT count(*) FROM queue WHERE id >= 0") == 40


def test_triggers_that_are_enabled_always_are_named(database: Database) -> None:
    items(database, rows=10)
    script(database, QUEUE)
    script(database, "ALTER TABLE items ENABLE ALWAYS TRIGGER enqueue")
    (hazard,) = found(database, "triggers-always-fire")
    assert "enqueue, once a row, 10 rows in all" in hazard.problem
    upgrade(database)
    assert database.value("SELECT count(*) FROM queue") == 10


SUPABASE = """
CREATE SCHEMA util;
CREATE FUNCTION util.queue_embeddings() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER embed_on_insert AFTER INSERT ON items FOR EACH ROW
    EXECUTE FUNCTION util.queue_embeddings('embedding_input', 'embedding');
"""
PGAI = """
CREATE SCHEMA ai;
CREATE FUNCTION ai._vectorizer_src_trg_1() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER _vectorizer_src_trg_1 AFTER INSERT ON items FOR EACH ROW EXECUTE FUNCTION ai._vectorizer_src_trg_1();
"""
PG_VECTORIZE = """
CREATE SCHEMA vectorize;
CREATE FUNCTION vectorize.handle_update_search() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER vectorize_update_trigger_search AFTER UPDATE ON items REFERENCING NEW TABLE AS new_table
    FOR EACH STATEMENT EXECUTE FUNCTION vectorize.handle_update_search();
ALTER TABLE items ADD COLUMN search_embeddings vector(48);
CREATE TABLE vectorize._embeddings_search (id int UNIQUE NOT NULL, embeddings vector(48));
"""
VECTORIZER = """
CREATE TABLE ai.vectorizer (id int, name text, source_schema text, source_table text, config jsonb, disabled boolean);
"""


@pytest.mark.parametrize(("statements", "named"), [(SUPABASE, "util.queue_embeddings()"), (PGAI, "of pgai")])
def test_a_vectorizer_by_trigger_is_recognized(database: Database, statements: str, named: str) -> None:
    items(database, rows=10)
    script(database, statements)
    (hazard,) = found(database, "writer-fails-later")
    assert named in hazard.problem
    # To a column of the same length it would go on writing the other model's vectors.
    same = replace(CHANGE, to=OTHER)
    with pytest.raises(Refused) as refused:
        upgrade(database, same)
    assert refused.value.code == "two-writers"
    script(database, "ALTER TABLE items DISABLE TRIGGER USER")
    upgrade(database, same)


def test_vectorizers_of_another_column_do_not_count(database: Database) -> None:
    items(database, rows=10)
    script(database, SUPABASE.replace("'embedding')", "'summary_embedding')"))
    script(database, PGAI + VECTORIZER)
    insert = "INSERT INTO ai.vectorizer VALUES (1, 'a vectorizer', 'public', %(source)s, %(config)s, %(disabled)s)"
    stored = '{"destination": {"target_schema": "public", "target_table": "items_store"}}'
    database.execute(insert, {"source": "items", "config": stored, "disabled": False})
    assert found(database, "writer-fails-later") == []
    for source, config in (
        ("posts", stored.replace("items_store", "items")),
        ("items", '{"destination": {"implementation": "column", "embedding_column": "embedding"}}'),
    ):
        database.execute(insert, {"source": source, "config": config, "disabled": False})
        (hazard,) = found(database, "writer-fails-later")
        assert "vectorizer a vectorizer of pgai" in hazard.problem
        database.execute("UPDATE ai.vectorizer SET disabled = true")
        assert found(database, "writer-fails-later") == []


def test_a_job_of_pg_vectorize_writes_to_its_own_column_or_table(database: Database) -> None:
    items(database, rows=10)
    script(database, PG_VECTORIZE)
    beside = replace(CHANGE, column="search_embeddings")
    own = replace(CHANGE, table="_embeddings_search", schema="vectorize", column="embeddings", text="'a product'")

    def writers() -> list[list[str]]:
        changes = (CHANGE, beside, own)
        return [[each.problem for each in found(database, "writer-fails-later", change)] for change in changes]

    another = "has another writer of vectors:"
    by_trigger = 'trigger "vectorize_update_trigger_search" of a job of pg_vectorize'
    assert writers() == [
        [],
        [f"public.items.search_embeddings {another} {by_trigger}"],
        [f"vectorize._embeddings_search.embeddings {another} job search of pg_vectorize, by triggers on public.items"],
    ]
    script(database, "ALTER TABLE items DISABLE TRIGGER USER")
    assert writers() == [[], [], []]


FUNCTION = "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
ON_ITEMS = "BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION other()"


@pytest.mark.parametrize(
    ("statements", "tool"),
    [
        (f"{FUNCTION} CREATE TRIGGER _pgroll_trigger_items_body {ON_ITEMS}", "pgroll"),
        ("ALTER TABLE items ADD COLUMN _pgroll_new_body text", "pgroll"),
        (f"{FUNCTION} CREATE TRIGGER primary_to_audit_table_trigger {ON_ITEMS}", "pg_osc"),
        ("CREATE TABLE pgosc_st_items_1a2b3c (LIKE items)", "pg_osc"),
        ("ALTER TABLE items ADD COLUMN __reshape_0001_0000_body text", "reshape"),
        (f"{FUNCTION} CREATE TRIGGER repack_trigger {ON_ITEMS}", "pg_repack"),
        (f"{FUNCTION} CREATE TRIGGER vecshift_sync_embedding {ON_ITEMS}", "vecshift"),
        ("CREATE TABLE _items_gho (LIKE items)", "gh-ost, or a tool like it"),
    ],
)
def test_a_change_of_another_tool_in_flight_is_refused(database: Database, statements: str, tool: str) -> None:
    items(database, rows=10)
    script(database, statements)
    before = database.versions()
    with pytest.raises(Refused) as refused:
        upgrade(database)
    assert refused.value.code == "change-in-flight"
    assert refused.value.problem.startswith(f'{tool} is in the middle of a change of "items"')
    assert database.versions() == before


def test_names_that_only_resemble_another_tools_are_not_taken_for_it(database: Database) -> None:
    items(database, rows=10)
    script(database, "CREATE TABLE items_new (id int); CREATE TABLE log_items (id int); CREATE TABLE my_items_gho ()")
    script(database, f"{FUNCTION} CREATE TRIGGER repack_trigger_of_ours {ON_ITEMS}")
    upgrade(database)


# ---- row-level security ------------------------------------------------------------------------------------------

SECURED = (
    "ALTER TABLE items ENABLE ROW LEVEL SECURITY; "
    "CREATE POLICY few ON items USING (id < 10); GRANT SELECT ON items TO PUBLIC"
)


def test_an_owner_whom_row_security_does_not_bind_sees_every_row(database: Database, keeper: Database) -> None:
    script(keeper, SECURED)
    upgrade(keeper)
    assert database.value("SELECT count(*) FROM items WHERE vector_dims(embedding) = 96") == 40
    downgrade(keeper)
    assert database.value("SELECT count(*) FROM items WHERE vector_dims(embedding) = 48") == 40


def test_forced_row_security_is_refused_with_the_role_that_is_needed(database: Database, keeper: Database) -> None:
    script(keeper, f"{SECURED}; ALTER TABLE items FORCE ROW LEVEL SECURITY")
    before = database.versions()
    for online in (False, True):
        with pytest.raises(Refused) as refused:
            upgrade(keeper, online=online)
        assert refused.value.code == "row-security"
        assert "BYPASSRLS" in refused.value.remedy
    assert database.versions() == before
    script(database, "ALTER ROLE keeper BYPASSRLS")
    schema = database.dump()
    upgrade(keeper)
    assert database.value("SELECT count(*) FROM items WHERE vector_dims(embedding) = 96") == 40
    downgrade(keeper)
    assert database.dump() == schema
    assert database.value("SELECT count(*) FROM items WHERE vector_dims(embedding) = 48") == 40


def test_row_security_forced_while_a_run_is_interrupted_gives_no_false_complete(
    database: Database, keeper: Database
) -> None:
    script(keeper, SECURED)
    upgrade_until(keeper, "backup")
    script(database, "ALTER TABLE items FORCE ROW LEVEL SECURITY")
    with pytest.raises(Refused) as refused:
        upgrade(keeper)
    assert refused.value.code == "row-security"
    script(database, "ALTER TABLE items NO FORCE ROW LEVEL SECURITY")
    upgrade(keeper)
    assert database.value("SELECT count(*) FROM items WHERE vector_dims(embedding) = 96") == 40


def test_what_is_kept_of_a_protected_table_leaks_nothing(database: Database, keeper: Database) -> None:
    script(keeper, SECURED)
    script(database, "CREATE ROLE reader LOGIN")
    for what in ("TABLES", "SEQUENCES", "FUNCTIONS", "SCHEMAS"):
        script(database, f"ALTER DEFAULT PRIVILEGES FOR ROLE keeper GRANT ALL ON {what} TO PUBLIC, reader")
    upgrade(keeper)
    try:
        reader = replace(database, url=database.url.replace("postgres:@", "reader:@"))
        assert reader.value("SELECT count(*) FROM items") == 10
        kept = database.execute(
            "SELECT format('%I.%I', relnamespace::regnamespace, relname) FROM pg_class "
            "WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v', 'S')"
        )
        assert len(kept) > 8
        for (table,) in kept:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"SELECT * FROM {table}")
    finally:
        script(database, "DROP OWNED BY reader; DROP OWNED BY keeper CASCADE")
        script(database, "DROP ROLE reader")
