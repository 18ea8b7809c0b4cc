"""What hangs on a column besides indexes is there after the upgrade, reads the new column, and comes back as it was."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Sequence

import psycopg
import pytest

from migrator import EmbeddingChange, hazards
from migrator.change import VectorColumn
from migrator.cli.render_plan import Planned, plan_as_json, plan_as_text
from migrator.commands import runner
from migrator.errors import MigratorError, Refused, VerificationFailed
from migrator.hazards import Hazard
from migrator.phases import cut_over
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.postgres.sql import Query
from migrator.runtime.context import Options
from tests.models import new
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.proofs import checksum, rows_hold
from tests.support.running import REVISION, At, downgrade, retire, upgrade, upgrade_until
from tests.support.tables import CHANGE, OLD, items

ROLES = """
DO $$
DECLARE role_ text;
BEGIN
    FOREACH role_ IN ARRAY ARRAY['test_reader', 'test_owner'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_) THEN
            EXECUTE 'CREATE ROLE ' || role_;
        END IF;
    END LOOP;
END $$
"""
TOUCH = """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO touched VALUES (NEW.id, TG_NAME);
    RETURN NEW;
END $$;
CREATE TABLE touched (id bigint, by text);
"""
CHECKS = """
ALTER TABLE items ADD CONSTRAINT "its length %" CHECK (vector_dims(embedding) = 48 AND id >= 0);
ALTER TABLE items ADD CONSTRAINT there CHECK (embedding IS NOT NULL) NO INHERIT;
ALTER TABLE items ADD CONSTRAINT small CHECK (id < 1000 OR vector_norm(embedding) < 2) NOT VALID;
ALTER TABLE items ADD CONSTRAINT elsewhere CHECK (note IS NOT NULL);
COMMENT ON CONSTRAINT "its length %" ON items IS 'it''s 100%';
"""
POLICIES = """
CREATE TABLE notes (id bigint, note text);
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE ON items, notes TO test_reader;
CREATE POLICY "is known %" ON items FOR SELECT TO test_reader, test_owner
    USING (vector_dims(embedding) = 48 AND id < 10);
CREATE POLICY narrow ON items AS RESTRICTIVE FOR UPDATE
    USING (note <> current_setting('app.its_own')) WITH CHECK (embedding IS NOT NULL);
CREATE POLICY written ON items FOR INSERT WITH CHECK (embedding <> embedding);
CREATE POLICY of_others ON notes USING (id IN (SELECT items.id FROM items WHERE items.embedding IS NOT NULL));
CREATE POLICY stays ON items FOR UPDATE USING (true);
COMMENT ON POLICY narrow ON items IS 'it''s 100%';
"""
TRIGGERS = (
    TOUCH
    + """
CREATE TRIGGER "of it %" BEFORE UPDATE OF body, embedding ON items FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER filled AFTER UPDATE ON items FOR EACH ROW
    WHEN (old.embedding IS DISTINCT FROM new.embedding AND vector_dims(new.embedding) = 48) EXECUTE FUNCTION touch();
CREATE CONSTRAINT TRIGGER late AFTER UPDATE OF embedding ON items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION touch();
CREATE TRIGGER off BEFORE UPDATE OF embedding ON items FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER on_replica BEFORE UPDATE OF embedding ON items FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER other BEFORE UPDATE OF note ON items FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE items DISABLE TRIGGER off;
ALTER TABLE items ENABLE REPLICA TRIGGER on_replica;
ALTER TABLE items ENABLE ALWAYS TRIGGER "of it %";
COMMENT ON TRIGGER filled ON items IS 'it''s 100%';
"""
)
STATISTICS = """
CREATE SCHEMA "stats %";
CREATE STATISTICS "stats %"."both %" (ndistinct, dependencies) ON id, embedding FROM items;
CREATE STATISTICS of_expression ON (vector_norm(embedding)), id FROM items;
ALTER STATISTICS of_expression SET STATISTICS 50;
ALTER STATISTICS of_expression OWNER TO test_owner;
COMMENT ON STATISTICS "stats %"."both %" IS 'it''s 100%';
"""
PUBLICATIONS = """
CREATE PUBLICATION "all of it %" FOR TABLE items (id, body, embedding) WHERE (id < 50);
CREATE PUBLICATION filtered FOR TABLE items (id) WITH (publish = 'insert');
CREATE PUBLICATION without FOR TABLE items (id, note);
"""
FUNCTIONS = """
CREATE FUNCTION nearest("to" vector, n int DEFAULT 3) RETURNS TABLE (id bigint, vector vector) STABLE
BEGIN ATOMIC
    SELECT items.id, items.embedding FROM items ORDER BY items.embedding <=> "to" LIMIT n;
END;
CREATE FUNCTION length_of(item items) RETURNS int RETURN vector_dims(item.embedding);
CREATE FUNCTION whole_rows() RETURNS SETOF items LANGUAGE sql STABLE AS 'SELECT * FROM items';
CREATE FUNCTION length_by_name(item items) RETURNS int LANGUAGE plpgsql
    AS 'BEGIN RETURN vector_dims(item.embedding); END';
ALTER FUNCTION length_of OWNER TO test_owner;
REVOKE EXECUTE ON FUNCTION length_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION length_of TO test_reader;
COMMENT ON FUNCTION length_of IS 'it''s 100%';
"""
VIEWS = (
    TOUCH
    + """
CREATE VIEW inner_view AS SELECT id, body, embedding FROM items;
CREATE VIEW outer_view WITH (security_invoker = true, check_option = local) AS
    SELECT id, embedding, body FROM inner_view WHERE vector_dims(embedding) > 0;
CREATE TABLE kept (id bigint, embedding vector);
CREATE RULE keeps AS ON DELETE TO outer_view DO INSTEAD INSERT INTO kept SELECT old.id, old.embedding;
CREATE RULE also AS ON INSERT TO inner_view DO ALSO INSERT INTO outer_view (id) VALUES (new.id + 1000);
COMMENT ON RULE keeps ON outer_view IS 'it''s 100%';
CREATE TRIGGER instead INSTEAD OF UPDATE ON inner_view FOR EACH ROW EXECUTE FUNCTION touch();
COMMENT ON TRIGGER instead ON inner_view IS 'it''s 100%';
ALTER VIEW inner_view ALTER COLUMN body SET DEFAULT 'by %';
GRANT SELECT (id, embedding), UPDATE (body) ON inner_view TO test_reader WITH GRANT OPTION;
SET ROLE test_reader;
GRANT SELECT (id) ON inner_view TO test_owner;
RESET ROLE;
CREATE FUNCTION first_of_view() RETURNS bigint STABLE RETURN (SELECT min(id) FROM outer_view);
CREATE FUNCTION of_all(OUT n bigint, OUT longest vector) STABLE BEGIN ATOMIC
    SELECT count(*), avg(items.embedding) FROM inner_view JOIN items USING (id);
END;
CREATE VIEW by_function AS SELECT found.n FROM of_all() AS found;
"""
)
EVERYTHING = {
    "of_the_table": (CHECKS, POLICIES, TRIGGERS, STATISTICS, PUBLICATIONS),
    "that_read_it": (FUNCTIONS, VIEWS),
}


def prepare(database: Database, *scripts: str) -> None:
    items(database)
    for script in (ROLES, *scripts):
        database.execute(script)


def in_upgraded(dump: str) -> str:
    """The schema's dump as it ought to be after the upgrade, but for where the columns stand and what settles them."""
    return dump.replace("= 48", "= 96")


def statements_of(dump: str) -> list[str]:
    """The statements of a dump that are not about the table's columns and indexes."""
    left = []
    for statement in dump.split(";\n"):
        lines = [line for line in statement.splitlines() if line and not line.startswith("--")]
        text = "\n".join(line.removesuffix(",") for line in lines)
        if "CREATE TABLE public.items" in text:
            left += sorted(line.strip() for line in text.splitlines() if "CONSTRAINT" in line)
        elif "migrator_" not in text and "CREATE INDEX" not in text:
            left.append(text)
    return left


@pytest.mark.parametrize("online", with_more([True], more=[False]), ids=["online", "window"])
@pytest.mark.parametrize("scripts", EVERYTHING.values(), ids=EVERYTHING)
def test_promise_5_dependents_go_up_and_down_twice(database: Database, scripts: tuple[str, ...], online: bool) -> None:
    prepare(database, *scripts)
    schema, rows = database.dump(), checksum(database, "id, body, note, embedding")
    change = dataclasses.replace(CHANGE, index="same")
    for _ in range(2):
        upgrade(database, change, online=online)
        assert statements_of(database.dump()) == statements_of(in_upgraded(schema))
        assert rows_hold(database, new) == 200
        downgrade(database, change)
        assert database.dump() == schema
        assert checksum(database, "id, body, note, embedding") == rows


MATCH = """CREATE OR REPLACE FUNCTION match("to" vector, n int DEFAULT 3) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT items.id FROM items ORDER BY items.embedding::vector({0}) <=> "to"::vector({0}) LIMIT n;
END $$"""
CHANGED = dataclasses.replace(
    CHANGE,
    functions=(
        MATCH.format(96),
        "CREATE FUNCTION is_new() RETURNS text LANGUAGE sql AS $$ SELECT 'it''s 100% {new}' FROM items LIMIT 1 $$",
    ),
)
FOUND = (
    "SELECT array_agg(body) FROM match((SELECT embedding FROM items WHERE id = 7), 1) AS found "
    "JOIN items ON items.id = found"
)


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
def test_functions_of_the_revision_change_with_the_column(database: Database, online: bool) -> None:
    prepare(database, MATCH.format(48), "REVOKE EXECUTE ON FUNCTION match FROM PUBLIC")
    before = database.value(FOUND)
    change = dataclasses.replace(CHANGED, index="same")
    schema = database.dump()
    for _ in range(2):
        upgrade(database, change, online=online)
        assert "FUNCTION public.is_new" in database.dump()
        assert database.value(FOUND) == before
        downgrade(database, change)
        assert database.dump() == schema
        assert database.value(FOUND) == before


def test_functions_by_name_are_told(database: Database) -> None:
    prepare(database, MATCH.format(48), FUNCTIONS)
    database.execute(
        "CREATE FUNCTION unit() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN NEW.embedding := l2_normalize(NEW.embedding); RETURN NEW; END'; "
        "CREATE TRIGGER unit BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION unit(); "
        "CREATE TYPE hit AS (id bigint, v vector(48)); CREATE FUNCTION hits() RETURNS SETOF hit LANGUAGE sql STABLE "
        "AS 'SELECT id, embedding FROM items'; "
        "CREATE FUNCTION long(query real[]) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT min(id) FROM items "
        "WHERE embedding <=> query::vector < 1 AND array_length(query, 1) = 48'"
    )
    subject, matching = "public.items.embedding", "public.match(public.vector,integer)"
    others = ["public.length_by_name(public.items)", "public.long(real[]) (says 48)", "public.unit()"]
    typed = {"public.hits()": "ALTER TYPE public.hit ALTER ATTRIBUTE v TYPE public.vector"}
    by_type = hazards.dependents.functions_of_old_row_types(subject, typed, 48, 96)

    def told(plan: Plan) -> list[Hazard]:
        return [each for each in plan.hazards if each.code.startswith("functions-")]

    by_name = hazards.dependents.functions_by_name(subject, others, "upgrade")
    assert told(plan_of(database, CHANGE)) == [
        hazards.dependents.functions_of_old_dimensions(subject, [matching], 48, 96, "upgrade"),
        by_type,
        by_name,
    ]
    assert told(plan_of(database, CHANGED)) == [by_type, by_name]
    database.execute(typed["public.hits()"])
    # And on a downgrade, what was changed by hand.
    database.execute("DROP TRIGGER unit ON items")
    upgrade(database, CHANGE)
    database.execute(MATCH.format(96))
    back = runner.plan_restore(database.address, REVISION, [VectorColumn("items", "embedding", None)], Options())
    assert told(back) == [
        hazards.dependents.functions_of_old_dimensions(subject, [matching], 96, 48, "downgrade"),
        hazards.dependents.functions_by_name(subject, ["public.hits()", others[0], "public.long(real[])"], "downgrade"),
    ]


def test_vectors_that_a_trigger_works_with_are_told(database: Database) -> None:
    """With the type that takes both dimensions, where no index needs these; and not by columns that are migrator's."""
    prepare(
        database,
        """
        CREATE TABLE halves (id bigint, v halfvec(48));
        CREATE TABLE seen (embedding vector, migrator_retired_7 vector(48));
        CREATE TABLE topics (id bigint, centre vector(48)) PARTITION BY HASH (id);
        CREATE TABLE topics_1 PARTITION OF topics FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        CREATE INDEX ON topics_1 USING hnsw (centre vector_l2_ops);
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO halves VALUES (NEW.id, NEW.embedding);
            INSERT INTO seen (embedding) VALUES (NEW.embedding);
            INSERT INTO topics VALUES (NEW.id, NEW.embedding);
            RETURN NEW;
        END $$;
        CREATE TRIGGER keep AFTER INSERT ON items FOR EACH ROW EXECUTE FUNCTION keep();
        """,
    )
    for other, column, takes_both, mended in (
        ("halves", "v", "halfvec", "ALTER TABLE halves ALTER v TYPE halfvec"),
        ("topics", "centre", None, "DROP TABLE topics"),
    ):
        hazard = hazards.triggers.vectors_copied("public", "items", "keep", "public", other, column, 96, takes_both)
        with pytest.raises(Refused) as refused:
            plan_of(database, CHANGE)
        assert str(refused.value) == str(hazard.refusal())
        database.execute(mended)
    assert plan_of(database, CHANGE)


def test_functions_that_a_session_ran_before_go_on_with_the_new_column(database: Database) -> None:
    """They are compiled with the column's type and number."""
    items(database, 40)
    database.execute("""
        CREATE FUNCTION dims(doc items) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER
        AS 'SELECT vector_dims(doc.embedding)';
        CREATE FUNCTION dims(number int) RETURNS int LANGUAGE plpgsql STABLE AS $$
        DECLARE found items.embedding%TYPE; doc items%ROWTYPE;
        BEGIN
            SELECT embedding INTO found FROM items WHERE id = number;
            SELECT * INTO doc FROM items WHERE id = number;
            RETURN greatest(vector_dims(found), vector_dims(doc.embedding));
        END $$;
        CREATE FUNCTION "no$$te %"() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN NEW.note := vector_dims(NEW.embedding); RETURN NEW; END';
        CREATE TRIGGER note BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION "no$$te %"()
    """)
    change = dataclasses.replace(CHANGE, type="halfvec")
    schema = database.dump()
    with database.connect() as session:

        def dimensions() -> set[object]:
            session.execute("UPDATE items SET body = body WHERE id = 3")
            row = session.execute("SELECT dims(items), dims(3), note::int FROM items WHERE id = 3").fetchone()
            session.commit()
            return {*(row or ())}

        assert dimensions() == {48}
        upgrade(database, change, reporter=At("done", "fill", dimensions))
        assert dimensions() == {96}
        downgrade(database, change)
        assert dimensions() == {48}
    assert database.dump() == schema


def test_a_function_that_others_replace_while_it_is_to_be_compiled_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody locks a function: who waited for it is told that it was changed meanwhile."""
    prepare(database, MATCH.format(48))
    # So that a try lasts until the other one commits.
    monkeypatch.setattr("migrator.postgres.locks.SHORT", "1min")
    with database.connect() as other:

        def commit() -> None:
            while not database.value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                pass
            other.execute("COMMIT")

        committing = threading.Thread(target=commit)

        def replace() -> None:
            other.execute(f"BEGIN; {MATCH.format(48)}".encode())
            committing.start()

        upgrade(database, reporter=At("started", "cut-over", replace))
        committing.join()
    assert rows_hold(database, new) == 200


def test_a_function_that_cannot_be_made_is_refused(database: Database) -> None:
    prepare(database)
    schema = database.dump()
    change = dataclasses.replace(
        CHANGE, functions=("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT nothing'",)
    )
    with pytest.raises(Refused, match='column "nothing" does not exist'):
        upgrade(database, change)
    assert database.dump() == schema


def plan_of(database: Database, change: EmbeddingChange) -> Plan:
    return runner.plan_upgrade(database.address, REVISION, [change], Options())


SAYS = "SELECT id FROM items WHERE vector_dims(embedding) = 48"


@pytest.mark.parametrize(
    ("script", "named"),
    [
        (f"CREATE VIEW apart AS {SAYS}", "view public.apart"),
        (
            "ALTER TABLE items ALTER embedding TYPE vector; CREATE VIEW seen AS SELECT embedding AS e FROM items; "
            "CREATE VIEW apart AS SELECT e::vector(48) FROM seen",
            "view public.apart",
        ),
        (
            "CREATE VIEW apart AS SELECT id, embedding FROM items; CREATE RULE kept AS ON DELETE TO apart "
            "WHERE vector_dims(old.embedding) = 48 DO INSTEAD NOTHING",
            "view public.apart",
        ),
        (f"CREATE FUNCTION apart() RETURNS bigint STABLE RETURN ({SAYS} LIMIT 1)", r"function public\.apart\(\)"),
    ],
    ids=["view", "cast in a view of a view", "rule", "function"],
)
def test_what_says_the_old_dimensions_and_is_made_again_as_it_is_is_refused(
    database: Database, script: str, named: str
) -> None:
    prepare(database, script)
    with pytest.raises(Refused, match=f"{named} says 48 dimensions"):
        plan_of(database, CHANGE)


def test_a_downgrade_is_not_refused_for_the_dimensions_that_were_said_before(database: Database) -> None:
    prepare(database, f"CREATE VIEW apart AS {SAYS.replace('48', '96')}")
    upgrade(database)
    assert database.value("SELECT count(*) FROM apart") == 200
    database.execute(f"CREATE FUNCTION later() RETURNS bigint STABLE RETURN ({SAYS.replace('48', '96')} LIMIT 1)")
    with pytest.raises(Refused, match=r"function public\.later\(\) says 96 dimensions"):
        downgrade(database)
    database.execute("DROP FUNCTION later")
    downgrade(database)
    assert database.value("SELECT count(*) FROM apart") == 0


@pytest.mark.parametrize("proved", ["", "NOT VALID"], ids=["valid", "not valid"])
def test_rows_that_would_violate_a_check_fail_the_verification(database: Database, proved: str) -> None:
    check = "CHECK (id <> 7 OR vector_dims(embedding) < 50)"
    prepare(database, f"ALTER TABLE items ADD CONSTRAINT apart {check} {proved}")
    schema, rows = database.dump(), checksum(database, "id, body, note, embedding")
    with pytest.raises(VerificationFailed, match=r"check apart: 1 rows? would violate"):
        upgrade(database, dataclasses.replace(CHANGE, index="same"))
    assert database.dump() == schema
    assert checksum(database, "id, body, note, embedding") == rows


IN = "vector_dims({}embedding) IN (16, 48)"
TRIGGER = TOUCH + "CREATE TRIGGER apart AFTER UPDATE ON items FOR EACH ROW WHEN ({}) EXECUTE FUNCTION touch()"


@pytest.mark.parametrize(
    "script",
    [
        f"ALTER TABLE items ADD CONSTRAINT apart CHECK (id < 0 OR {IN.format('')})",
        f"TRUNCATE items; ALTER TABLE items ADD CONSTRAINT apart CHECK ({IN.format('')})",
        "ALTER TABLE items ADD CONSTRAINT apart CHECK (array_length(embedding::real[], 1) = 48)",
        "ALTER TABLE items ADD CONSTRAINT apart CHECK (embedding <-> array_fill(0, ARRAY[48])::vector > 0)",
        "CREATE POLICY apart ON items USING (vector_dims(embedding) BETWEEN 1 AND 50)",
        TRIGGER.format(f"old.body <> new.body AND {IN.format('new.')}"),
    ],
    ids=["check", "empty table", "length of an array", "distance to a vector", "policy", "trigger"],
)
def test_a_condition_that_holds_for_no_new_vector_is_refused(database: Database, script: str) -> None:
    prepare(database, script)
    with pytest.raises(Refused, match=r"apart on table .* would hold for no new vector"):
        plan_of(database, CHANGE)


@pytest.mark.parametrize(
    ("script", "kept"),
    [
        ("ALTER TABLE items ADD CONSTRAINT apart CHECK (vector_dims(embedding) BETWEEN 1 AND 1000)", False),
        ("ALTER TABLE items ADD CONSTRAINT apart CHECK (vector_norm(embedding) < 30 AND body <> '')", False),
        (f"ALTER TABLE items ADD CONSTRAINT apart CHECK (id <> 7 OR {IN.format('')})", True),
        (
            "CREATE TABLE notes (id bigint); CREATE POLICY apart ON notes USING "
            f"(EXISTS (SELECT FROM items i WHERE i.id = notes.id AND {IN.format('i.')}))",
            True,
        ),
        (TRIGGER.format(f"old.id IS NOT NULL AND {IN.format('new.')}"), True),
    ],
    ids=["holds", "norm", "check", "policy of another table", "trigger"],
)
def test_a_condition_that_may_not_hold_for_new_vectors_is_told(database: Database, script: str, kept: bool) -> None:
    prepare(database, script)
    told = [each for each in plan_of(database, CHANGE).hazards if each.code == "dimensions-kept"]
    assert ["apart on table" in each.problem for each in told] == [True] * kept


def test_dependents_with_other_dimensions_are_told(database: Database) -> None:
    prepare(database, CHECKS)
    (told,) = (each for each in plan_of(database, CHANGE).hazards if each.code == "dimensions-rewritten")
    assert "(public.vector_dims(embedding) = 96)" in told.problem
    assert "there" not in told.problem.partition("with the new ones")[2].replace("there is", "")


def test_checks_are_proved_again_and_hold_for_the_new_vectors(database: Database) -> None:
    prepare(database, CHECKS)
    upgrade(database)
    unproved = "SELECT array_agg(conname::text) FROM pg_constraint WHERE NOT convalidated"
    assert database.value(unproved) == ["small"]
    with pytest.raises(psycopg.errors.CheckViolation):
        database.execute(
            "INSERT INTO items (id, body, note, embedding) SELECT -1, body, note, embedding FROM items LIMIT 1"
        )


MEANWHILE = {
    "policy": (POLICIES, "ALTER POLICY narrow ON items USING (embedding IS NULL)", "dependents"),
    "of another table": (POLICIES, "DROP POLICY of_others ON notes", "dependents"),
    "statistics": (STATISTICS, "ALTER STATISTICS of_expression SET STATISTICS 60", "dependents"),
    "publication": (PUBLICATIONS, "ALTER PUBLICATION without SET TABLE items (id, embedding)", "dependents"),
    "function": (FUNCTIONS, "CREATE OR REPLACE FUNCTION length_of(item items) RETURNS int "
                 "RETURN vector_dims(item.embedding) + 1", "functions"),
    "new function": (FUNCTIONS, "CREATE FUNCTION sudden() RETURNS vector RETURN (SELECT embedding FROM items LIMIT 1)",
                     "functions"),
}  # fmt: skip


@pytest.mark.parametrize(("script", "statement", "what"), MEANWHILE.values(), ids=MEANWHILE)
def test_dependents_that_others_change_meanwhile_stop_the_cut_over(
    database: Database, script: str, statement: str, what: str
) -> None:
    prepare(database, script)
    reporter = At("started", "cut-over", lambda: database.execute(statement))
    with pytest.raises(MigratorError, match=f"{what} of the table changed"):
        upgrade(database, reporter=reporter)
    assert "migrator" not in database.dump()


def test_dependents_come_back_after_retire(database: Database) -> None:
    """The old column is made anew then; what hangs on the live one goes over to it all the same."""
    prepare(database, CHECKS, TRIGGERS, STATISTICS, FUNCTIONS)
    schema = statements_of(database.dump())
    upgrade(database, dataclasses.replace(CHANGE, index="same"))
    retire(database)
    downgrade(database)
    assert statements_of(database.dump()) == schema


def test_dependents_go_over_to_another_type(database: Database) -> None:
    """Functions and operators of the same name are found for the other type."""
    prepare(database, CHECKS.replace("vector_norm", "vector_dims"), POLICIES)
    database.execute(STATISTICS.replace("vector_norm", "vector_dims"))
    schema = database.dump()
    change = dataclasses.replace(CHANGE, text=None, to=OLD, type="halfvec", index="same")
    upgrade(database, change)
    assert statements_of(database.dump()) == statements_of(schema)
    downgrade(database, change)
    assert database.dump() == schema


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("ALTER TABLE items ADD CONSTRAINT long CHECK (vector_norm(embedding) > 0)", "constraint long on table"),
        (
            TOUCH + "CREATE TRIGGER long AFTER UPDATE ON items FOR EACH ROW WHEN (old.body <> new.body AND "
            "vector_norm(new.embedding) > 0) EXECUTE FUNCTION touch()",
            "trigger long on table",
        ),
    ],
    ids=["check", "trigger"],
)
def test_a_condition_without_a_meaning_for_the_new_type_is_refused(database: Database, script: str, named: str) -> None:
    prepare(database, script)
    schema = database.dump()
    change = dataclasses.replace(CHANGE, text=None, to=OLD, type="halfvec", index="same")
    with pytest.raises(Refused, match=rf"{named} .* cannot be made again.* as \(.*vector_norm"):
        upgrade(database, change)
    assert database.dump() == schema


TITLES = """
ALTER TABLE items ADD COLUMN title text, ADD COLUMN title_embedding vector(48);
UPDATE items SET title = body, title_embedding = embedding;
ALTER TABLE items ADD CONSTRAINT alike CHECK (vector_dims(embedding) = 48 AND vector_dims(title_embedding) = 48);
CREATE POLICY alike ON items USING (embedding = title_embedding);
CREATE STATISTICS alike ON embedding, title_embedding FROM items;
CREATE TRIGGER alike BEFORE UPDATE OF embedding, title_embedding ON items FOR EACH ROW
    EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE FUNCTION alike(item items) RETURNS bool RETURN item.embedding = item.title_embedding;
CREATE PUBLICATION alike FOR TABLE items (id, embedding, title_embedding);
"""


def test_what_reads_two_columns_of_a_change_goes_over_once(database: Database) -> None:
    prepare(database, TITLES)
    schema = database.dump()
    changes = [
        dataclasses.replace(CHANGE, index="same"),
        dataclasses.replace(CHANGE, column="title_embedding", text="title", index="same"),
    ]
    runner.upgrade(database.address, REVISION, changes, Options())
    assert statements_of(database.dump()) == statements_of(in_upgraded(schema))
    assert database.value("SELECT bool_and(alike(items)) FROM items")
    columns = [VectorColumn(change.table, change.column) for change in changes]
    runner.restore(database.address, REVISION, columns, Options())
    assert database.dump() == schema


def test_a_role_that_may_not_make_them_again_is_refused(database: Database) -> None:
    """Of policies on another's table, and another's statistics, functions and publications."""
    prepare(database, STATISTICS)
    database.execute("ALTER TABLE items OWNER TO test_reader; GRANT CREATE ON SCHEMA public TO test_reader")
    database.execute("ALTER ROLE test_reader LOGIN")
    database.execute(
        f"GRANT CREATE, TEMPORARY ON DATABASE {database.value('SELECT current_database()')} TO test_reader"
    )
    with pytest.raises(Refused, match="statistics object"):
        runner.upgrade(database.as_role("test_reader").address, REVISION, [CHANGE], Options())


def test_a_published_table_is_refused_with_statements_that_leave_the_publications_other_tables(
    database: Database,
) -> None:
    prepare(
        database,
        "ALTER TABLE items ADD COLUMN length int GENERATED ALWAYS AS (length(body)) STORED",
        "CREATE TABLE other (id int PRIMARY KEY)",
        'CREATE PUBLICATION "Of all" FOR TABLE items, other',
    )
    with pytest.raises(Refused) as refused:
        plan_of(database, CHANGE)
    assert refused.value.code == "published-table"
    remedy = re.search(r"BEGIN; .*; COMMIT", refused.value.remedy or "")
    assert remedy is not None
    database.execute(remedy[0])
    assert plan_of(database, CHANGE)
    published = database.execute("SELECT tablename::text FROM pg_publication_tables ORDER BY 1")
    assert published == [("items",), ("other",)]


def test_a_publication_of_a_schema_is_refused_with_what_helps(database: Database) -> None:
    prepare(database, "CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA public", "CREATE TABLE other (id int)")
    with pytest.raises(Refused, match='"items" is published by of_schema, FOR TABLES IN SCHEMA'):
        plan_of(database, CHANGE)
    database.execute('ALTER PUBLICATION of_schema SET TABLE other, "items" (id, embedding)')
    assert "published-column" in [each.code for each in plan_of(database, CHANGE).hazards]
    database.execute("ALTER PUBLICATION of_schema SET TABLES IN SCHEMA public")
    database.execute("ALTER PUBLICATION of_schema DROP TABLES IN SCHEMA public")
    assert plan_of(database, CHANGE)


def test_a_plan_lists_what_is_carried_over(database: Database) -> None:
    prepare(database, CHECKS, STATISTICS, FUNCTIONS)
    found = plan_of(database, CHANGE)
    dependents = (
        "constraint there on table public.items",
        "statistics object public.of_expression",
        "function public.length_of(public.items)",
    )
    printed = plan_as_text([Planned("2", "", found)], "upgrade", "migrator upgrade")
    assert all(each in printed.partition("carried over on ")[2].partition("\n")[0] for each in dependents)
    (listed,) = plan_as_json([Planned("2", "", found)], "upgrade")["plan"]["columns"]
    assert set(dependents) <= set(listed["dependents"])


def test_functions_of_the_revision_for_another_type(database: Database) -> None:
    """Neither body means anything for the other's column."""
    norm = "CREATE OR REPLACE FUNCTION norm() RETURNS float8 LANGUAGE sql AS 'SELECT {}(embedding) FROM items LIMIT 1'"
    prepare(database, norm.format("vector_norm"))
    schema = database.dump()
    functions = (norm.format("binary_quantize(embedding::halfvec) <~> binary_quantize"),)
    change = dataclasses.replace(CHANGE, text=None, to=OLD, type="halfvec", index="same", functions=functions)
    upgrade(database, change)
    assert database.value("SELECT norm()") == 0
    downgrade(database, change)
    assert database.dump() == schema
    assert database.value("SELECT norm()") > 0


@pytest.mark.parametrize(
    ("script", "statement", "what"),
    [case for name, case in MEANWHILE.items() if name not in ("function", "policy")],
    ids=[name for name in MEANWHILE if name not in ("function", "policy")],
)
def test_dependents_that_others_change_just_before_the_lock_are_seen_under_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, script: str, statement: str, what: str
) -> None:
    """But for functions, which are this transaction's own by then, and policies of the table, which it has locked."""
    prepare(database, script)
    upgrade_until(database, "verify")
    lock = cut_over._lock

    def changed_before(columns: Sequence[ColumnPlan]) -> list[Query]:
        database.execute(f"SET lock_timeout = '2s'; {statement}")
        return lock(columns)

    monkeypatch.setattr(cut_over, "_lock", changed_before)
    with pytest.raises(MigratorError, match=f"{what} of the table changed"):
        upgrade(database)
    assert "migrator" not in database.dump()
