"""What preflight refuses: exit code 3, a message that says what to do, and a database in which nothing changed."""

from __future__ import annotations

import dataclasses
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from migrator import Model, hazards
from migrator.catalog import Server, read_ledger_schema, read_server
from migrator.hazards import Hazard
from migrator.postgres.connection import connect
from migrator.preflight.server import known_faults, server_hazards
from tests.support.commands import Ended, migrator, process
from tests.support.database import Database, script
from tests.support.memory import MEMORY
from tests.support.project import RESTORE, Project, change
from tests.support.tables import items

SUBJECT = "public.items.embedding"
A_TRIGGER_FUNCTION = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"


def told(problem: str, meaning: str, remedy: str) -> str:
    """The whole of standard error."""
    return f"error: {problem}\n{meaning}\nfix: {remedy}\n"


def refused(hazard: Hazard) -> str:
    """The same, of a hazard; its text stands in tests/unit/hazards."""
    return f"error: {hazard.refusal()}\n"


@dataclass(frozen=True)
class Case:
    """A revision that is refused. before: statements that make the database as it is then."""

    name: str
    error: str
    operation: str = change()
    before: tuple[str, ...] = ()


SEVERAL_OPERATIONS = refused(hazards.revisions.several_operations("0002"))

CASES = [
    # ---- names -----------------------------------------------------------------------------------------------
    Case(
        "unknown table",
        refused(hazards.columns.unknown_table(None, "itmes", [("public", "items")])),
        change("itmes"),
    ),
    Case(
        "table of another schema",
        refused(hazards.columns.unknown_table(None, "archived", [("archive", "archived")])),
        change("archived"),
        ("CREATE SCHEMA archive", "CREATE TABLE archive.archived (body text, embedding vector(48))"),
    ),
    Case(
        "no table like it",
        refused(hazards.columns.unknown_table(None, "xyz", [("public", "alembic_version"), ("public", "items")])),
        change("xyz"),
    ),
    Case(
        "unknown column",
        refused(hazards.columns.unknown_column("items", "embeding", ["embedding"])),
        change("items", "embeding"),
    ),
    Case(
        "column of another type",
        refused(hazards.columns.not_a_vector("items", "note", "text", ["embedding"])),
        change("items", "note"),
    ),
    # ---- text and scope --------------------------------------------------------------------------------------
    Case(
        "text does not parse",
        refused(hazards.texts.text_does_not_parse("text", "lower(body", 'syntax error at or near "AS"')),
        change(text='"lower(body"'),
    ),
    Case(
        "text of an unknown column",
        refused(hazards.texts.text_does_not_parse("text", "bodi", 'column "bodi" does not exist')),
        change(text='"bodi"'),
    ),
    Case(
        "text that is a number",
        refused(hazards.texts.text_is_not_text("text", "id", "bigint")),
        change(text='"id"'),
    ),
    Case(
        "text with a second statement",
        refused(hazards.texts.text_does_not_parse("text", "a; DROP TABLE items", 'syntax error at or near ";"')),
        change(text='"a; DROP TABLE items"'),
    ),
    Case(
        "text that closes the parenthesis before a second statement",
        refused(
            hazards.texts.text_does_not_parse(
                "text",
                "body) FROM items; DROP TABLE items; --",
                "cannot insert multiple commands into a prepared statement",
            )
        ),
        change(text='"body) FROM items; DROP TABLE items; --"'),
    ),
    Case(
        "text of two columns",
        refused(hazards.texts.text_does_not_parse("text", "body), (note", 'syntax error at or near ","')),
        change(text='"body), (note"'),
    ),
    Case(
        "volatile text",
        refused(hazards.texts.changes_by_itself("text", "body || random()::text", ["random()"])),
        change(text='"body || random()::text"'),
    ),
    Case(
        "text with the time of day",
        refused(hazards.texts.changes_by_itself("text", "body || now()::text", ["now()"])),
        change(text='"body || now()::text"'),
    ),
    Case(
        "text with the user's name",
        refused(
            hazards.texts.changes_by_itself("text", "body || current_user", ["the present date, time, user or schema"])
        ),
        change(text='"body || current_user"'),
    ),
    Case(
        "volatile scope",
        refused(hazards.texts.changes_by_itself("where", "random() < 0.5", ["random()"])),
        change(where='"random() < 0.5"'),
    ),
    Case(
        "scope that writes",
        refused(
            hazards.texts.text_writes("where", "counted(id)", "cannot execute nextval() in a read-only transaction"),
        ),
        change(where='"counted(id)"'),
        (
            "CREATE SEQUENCE calls",
            "CREATE FUNCTION counted(asked bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS "
            "'BEGIN RETURN nextval($$calls$$) > 0; END'",
        ),
    ),
    Case(
        "scope by a function of the row that reads another table",
        refused(hazards.texts.where_reads_tables("is_chosen(items)", ["chosen"])),
        change(where='"is_chosen(items)"'),
        (
            "CREATE TABLE chosen AS SELECT id FROM items",
            "CREATE FUNCTION is_chosen(item items) RETURNS boolean STABLE LANGUAGE plpgsql AS "
            "'BEGIN RETURN EXISTS (SELECT FROM chosen WHERE id = item.id); END'",
        ),
    ),
    Case(
        "scope that all rows leave when the shadow column appears",
        refused(hazards.texts.whole_row_text("where", "items IS NOT NULL")),
        change(where='"items IS NOT NULL"'),
    ),
    Case(
        "aggregate",
        refused(
            hazards.texts.text_does_not_parse(
                "text", "string_agg(body, ' ')", "aggregate functions are not allowed in WHERE"
            )
        ),
        change(text="\"string_agg(body, ' ')\""),
    ),
    Case(
        "window function",
        refused(
            hazards.texts.text_does_not_parse(
                "text", "first_value(body) OVER ()", "window functions are not allowed in WHERE"
            )
        ),
        change(text='"first_value(body) OVER ()"'),
    ),
    Case(
        "several texts a row",
        refused(
            hazards.texts.text_does_not_parse(
                "text", "regexp_split_to_table(body, ' ')", "set-returning functions are not allowed in WHERE"
            )
        ),
        change(text="\"regexp_split_to_table(body, ' ')\""),
    ),
    Case(
        "text from other rows",
        refused(
            hazards.texts.text_reads_unlockable(
                "text",
                "(SELECT max(note) FROM items)",
                "public.items",
                "it is the table itself, whose rows are filled meanwhile",
            )
        ),
        change(text='"(SELECT max(note) FROM items)"'),
    ),
    Case(
        "text from a materialized view",
        refused(
            hazards.texts.text_reads_unlockable(
                "text", "(SELECT title FROM topics LIMIT 1)", "public.topics", "it is a materialized view"
            )
        ),
        change(text='"(SELECT title FROM topics LIMIT 1)"'),
        ("CREATE MATERIALIZED VIEW topics AS SELECT 'a' AS title",),
    ),
    Case(
        "scope by another table",
        refused(hazards.texts.where_reads_tables("id IN (SELECT id FROM chosen)", ["chosen"])),
        change(where='"id IN (SELECT id FROM chosen)"'),
        ("CREATE TABLE chosen (id bigint)",),
    ),
    Case(
        "scope by a function that reads another table",
        refused(hazards.texts.where_reads_tables("is_chosen(id)", ["chosen"])),
        change(where='"is_chosen(id)"'),
        (
            "CREATE TABLE chosen (id bigint)",
            "CREATE FUNCTION is_chosen(asked bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS "
            "'BEGIN RETURN EXISTS (SELECT FROM chosen WHERE id = asked); END'",
        ),
    ),
    Case(
        "text of a system column",
        refused(hazards.texts.text_not_by_columns("text", "ctid::text", 'column "ctid" does not exist')),
        change(text='"ctid::text"'),
    ),
    Case(
        "text of the database's name",
        refused(hazards.texts.text_follows_surroundings(SUBJECT, ["current_database()"])),
        change(text='"body || current_database()"'),
    ),
    Case(
        "text of a setting that is not declared",
        refused(hazards.texts.settings_not_declared(SUBJECT, ["app.tenant"])),
        change(text="\"body || current_setting('app.tenant', true)\""),
    ),
    Case(
        "whole-row text",
        refused(hazards.texts.whole_row_text("text", "to_jsonb(items)::text")),
        change(text='"to_jsonb(items)::text"'),
    ),
    Case(
        "whole-row text of an empty table",
        refused(hazards.texts.whole_row_text("text", "items::text")),
        change(text='"items::text"'),
        ("TRUNCATE items",),
    ),
    Case(
        "no text",
        refused(hazards.texts.no_text(SUBJECT)),
        change(text=None),
    ),
    Case(
        "empty text",
        "error: text= is empty\nfix: give an SQL expression over the row, or leave it out\n",
        change(text='" "'),
    ),
    Case(
        "scope does not parse",
        refused(hazards.texts.scope_does_not_parse("where", "note =", 'syntax error at or near ")"')),
        change(where='"note ="'),
    ),
    Case(
        "scope that is a number",
        refused(
            hazards.texts.scope_does_not_parse("where", "id", "argument of WHERE must be type boolean, not type bigint")
        ),
        change(where='"id"'),
    ),
    Case(
        "priority does not parse",
        refused(hazards.texts.scope_does_not_parse("priority", "urgent", 'column "urgent" does not exist')),
        change(priority='"urgent"'),
    ),
    Case(
        "NOT NULL, and rows without text",
        refused(hazards.rows.rows_out_of_scope(SUBJECT, 0, 3, "note || ' '")),
        change(text='''"note || ' '"'''),
        ("UPDATE items SET note = NULL WHERE id < 3",),
    ),
    Case(
        "NOT NULL, and rows out of scope",
        refused(hazards.rows.rows_out_of_scope(SUBJECT, 15, 0, "body")),
        change(where='"id < 5"'),
    ),
    Case(
        "NOT NULL, and rows of which it is not known whether they are in scope",
        refused(hazards.rows.rows_out_of_scope(SUBJECT, 3, 0, "body")),
        change(where="\"note <> ''\""),
        ("UPDATE items SET note = NULL WHERE id < 3",),
    ),
    # ---- the model -------------------------------------------------------------------------------------------
    Case(
        "missing dimensions",
        told(
            "model python:tests.models:new is given without dimensions",
            "the type of the new column follows from them.",
            "write dimensions=N in the revision; `migrator revision` asks the model for it",
        ),
        change(to='Model("python:tests.models:new")'),
    ),
    Case(
        "model of other dimensions",
        refused(hazards.models.model_other_dimensions(Model("python:tests.models:new", dimensions=512), 96)),
        change(to='Model("python:tests.models:new", dimensions=512)'),
    ),
    Case(
        "no such module",
        refused(
            hazards.models.model_not_there(
                Model("python:nowhere.models:new", dimensions=96), "there is no module 'nowhere'"
            )
        ),
        change(to='Model("python:nowhere.models:new", dimensions=96)'),
    ),
    Case(
        "no such factory",
        refused(
            hazards.models.model_not_there(
                Model("python:tests.models:newest", dimensions=96), "module tests.models has no function 'newest'"
            )
        ),
        change(to='Model("python:tests.models:newest", dimensions=96)'),
    ),
    Case(
        "no such directory",
        refused(
            hazards.models.model_not_there(
                Model("sentence-transformers:/models/of-old", dimensions=96), "there is no such directory"
            )
        ),
        change(to='Model("sentence-transformers:/models/of-old", dimensions=96)'),
    ),
    Case(
        "provider that is not there yet",
        refused(hazards.models.provider_not_there(Model("openai:text-embedding-3-small", dimensions=96))),
        change(to='Model("openai:text-embedding-3-small", dimensions=96)'),
    ),
    # ---- the column and its index ----------------------------------------------------------------------------
    Case(
        "other dimensions than the revision was written for",
        refused(hazards.columns.live_column_differs(SUBJECT, "vector(48)", "vector(256)")),
        change(from_='Model("python:tests.models:old", dimensions=256)'),
    ),
    Case(
        "old model of other dimensions",
        refused(
            hazards.models.old_model_other_dimensions(
                SUBJECT, "model python:tests.models:tiny gives 8 dimensions, not 48"
            )
        ),
        change(from_='Model("python:tests.models:tiny", dimensions=48)'),
    ),
    Case(
        "too many dimensions for an index",
        refused(hazards.indexes.over_index_limit("vector", 3072)),
        change(to='Model("python:tests.models:new", dimensions=3072)'),
    ),
    Case(
        "too many dimensions for any index",
        refused(hazards.indexes.over_index_limit("halfvec", 5000)),
        change(to='Model("python:tests.models:new", dimensions=5000)', type='"halfvec"'),
    ),
    Case(
        "nothing to change",
        refused(hazards.columns.same_column(SUBJECT)),
        change(text=None, to='Model("python:tests.models:old", dimensions=48)', index='IvfFlat("cosine", lists=5)'),
    ),
    Case(
        "default of the old dimensions",
        refused(hazards.columns.default_of_other_dimensions(SUBJECT, "(array_fill(0.5, ARRAY[48]))::public.vector")),
        before=("ALTER TABLE items ALTER embedding SET DEFAULT array_fill(0.5, ARRAY[48])::vector",),
    ),
    Case(
        "generated column",
        refused(hazards.columns.generated_column("items", "embedding")),
        before=(
            "ALTER TABLE items DROP COLUMN embedding",
            "ALTER TABLE items ADD COLUMN embedding vector(48) "
            "GENERATED ALWAYS AS (array_fill(1, ARRAY[48])::vector) STORED",
        ),
    ),
    Case(
        "index of a type that is not carried",
        refused(
            hazards.indexes.index_not_carried(
                SUBJECT,
                "public",
                "sparse",
                "CREATE INDEX sparse ON public.items USING hnsw (((embedding)::public.sparsevec(48)) "
                "public.sparsevec_l2_ops)",
            )
        ),
        before=("CREATE INDEX sparse ON items USING hnsw ((embedding::sparsevec(48)) sparsevec_l2_ops)",),
    ),
    Case(
        "index that cannot hold the new vectors",
        refused(
            hazards.indexes.index_does_not_fit(
                SUBJECT,
                "public",
                "holds_it",
                768,
                'index row size 3096 exceeds btree version 4 maximum 2704 for index "migrator_index_1_1"',
            )
        ),
        change(to='Model("python:tests.models:long", dimensions=768)'),
        before=("CREATE INDEX holds_it ON items (id) INCLUDE (embedding)",),
    ),
    Case(
        "several indexes, and one wanted",
        refused(hazards.indexes.several_indexes(SUBJECT, ["items_embedding_idx", "second"])),
        before=("CREATE INDEX second ON items USING hnsw (embedding vector_l2_ops)",),
    ),
    Case(
        "column of a lost ledger",
        refused(hazards.columns.left_by_another("public", "items", "migrator_shadow_7")),
        before=("ALTER TABLE items ADD COLUMN migrator_shadow_7 vector(96)",),
    ),
    # ---- what hangs on the column ----------------------------------------------------------------------------
    Case(
        "materialized view that another view reads",
        refused(
            hazards.dependents.dependent_not_carried(SUBJECT, "materialized view public.near (another view reads it)")
        ),
        before=(
            "CREATE MATERIALIZED VIEW near AS SELECT id, embedding FROM items",
            "CREATE VIEW nearer AS SELECT id FROM near",
        ),
    ),
    Case(
        "function that gives the table's rows column by column",
        refused(hazards.dependents.dependent_not_carried(SUBJECT, "function public.all_rows()")),
        before=("CREATE FUNCTION all_rows() RETURNS SETOF items LANGUAGE sql BEGIN ATOMIC SELECT * FROM items; END",),
    ),
    Case(
        "rule on another table",
        refused(hazards.dependents.dependent_not_carried(SUBJECT, "a rule on public.log")),
        before=(
            "CREATE TABLE log (id bigint)",
            "CREATE RULE logged AS ON INSERT TO log DO ALSO UPDATE items SET embedding = embedding WHERE id = NEW.id",
        ),
    ),
    Case(
        "policy that reads a view of the column",
        refused(hazards.dependents.dependent_on_view("view public.near", "policy known on table public.log")),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE TABLE log (id bigint)",
            "CREATE POLICY known ON log USING (id IN (SELECT id FROM near))",
        ),
    ),
    Case(
        "rows that violate a check",
        refused(hazards.dependents.rows_violate_check("public", "items", "long", 1)),
        before=(
            "UPDATE items SET note = 'short' WHERE id = (SELECT min(id) FROM items)",
            "ALTER TABLE items ADD CONSTRAINT long CHECK (note <> 'short') NOT VALID",
        ),
    ),
    Case(
        "published without a replica identity",
        refused(hazards.dependents.no_replica_identity("public", "items", ["news"])),
        before=("ALTER TABLE items REPLICA IDENTITY NOTHING", "CREATE PUBLICATION news FOR TABLE items (id, body)"),
    ),
    Case(
        "published by a filter on other columns than the key",
        refused(
            hazards.dependents.published_updates_refused(
                "public",
                "items",
                ["news"],
                "Column used in the publication WHERE expression is not part of the replica identity",
            )
        ),
        before=("CREATE PUBLICATION news FOR TABLE items (id, body) WHERE (note IS NOT NULL)",),
    ),
    Case(
        "function that returns rows of a view",
        refused(hazards.dependents.dependent_on_view("view public.near", "function public.all_near()")),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE FUNCTION all_near() RETURNS SETOF near LANGUAGE plpgsql AS 'BEGIN RETURN; END'",
        ),
    ),
    Case(
        "function that takes rows of a view of a view",
        refused(hazards.dependents.dependent_on_view("view public.far", "function public.ids(public.far[])")),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE VIEW far AS SELECT * FROM near",
            "CREATE FUNCTION ids(far[]) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
        ),
    ),
    Case(
        "column of a view's row type",
        refused(hazards.dependents.dependent_on_view("view public.near", "column seen of table public.log")),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE TABLE log (seen near)",
        ),
    ),
    Case(
        "view of a view's row type",
        refused(hazards.dependents.dependent_on_view("view public.near", "column of_near of view public.typed")),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE VIEW typed AS SELECT NULL::near AS of_near",
        ),
    ),
    Case(
        "column generated from it",
        refused(hazards.dependents.dependent_not_carried(SUBJECT, "generated column norm of table public.items")),
        before=("ALTER TABLE items ADD COLUMN norm float8 GENERATED ALWAYS AS (vector_norm(embedding)) STORED",),
    ),
    Case(
        "trigger that sorts last",
        refused(hazards.triggers.trigger_sorts_last("public", "items", "~~late")),
        before=(
            A_TRIGGER_FUNCTION,
            'CREATE TRIGGER "~~late" BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch()',
        ),
    ),
    Case(
        "trigger that sends whole rows",
        refused(hazards.triggers.rows_notified("public", "items", "tell", 8_000)),
        change(to='Model("python:tests.models:long", dimensions=768)'),
        (
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN PERFORM pg_notify('items', row_to_json(NEW)::text); RETURN NEW; END $$",
            "CREATE TRIGGER tell AFTER INSERT ON items FOR EACH ROW EXECUTE FUNCTION tell()",
        ),
    ),
    Case(
        "rule",
        refused(hazards.columns.rules_on_table("public", "items", ["keep"])),
        before=("CREATE RULE keep AS ON DELETE TO items DO ALSO NOTHING",),
    ),
    Case(
        "published table",
        refused(
            hazards.dependents.published(
                "public",
                "items",
                ["news"],
                [],
                "PostgreSQL would refuse the application's own updates, for the table has REPLICA IDENTITY FULL",
            )
        ),
        before=("ALTER TABLE items REPLICA IDENTITY FULL", "CREATE PUBLICATION news FOR TABLE items"),
    ),
    Case(
        "publication of all tables",
        refused(hazards.dependents.publication_of_all(["news"])),
        before=("CREATE PUBLICATION news FOR ALL TABLES",),
    ),
    Case(
        "partition",
        refused(hazards.partitions.is_a_partition("part", "parts")),
        change("part"),
        (
            "CREATE TABLE parts (id bigint, body text, embedding vector(48)) PARTITION BY RANGE (id)",
            "CREATE TABLE part PARTITION OF parts DEFAULT",
        ),
    ),
    Case(
        "child table",
        refused(hazards.columns.inherited_column("children", "embedding", ["items"])),
        change("children"),
        ("CREATE TABLE children () INHERITS (items)",),
    ),
    Case(
        "child table of another table too",
        refused(hazards.columns.inherited_twice("public", "children", "embedding", "items", ["public.others"])),
        before=(
            "CREATE TABLE others (embedding vector(48))",
            "CREATE TABLE children () INHERITS (items, others)",
        ),
    ),
    Case(
        "table of a type",
        refused(hazards.columns.typed_table("public", "typed", "kind")),
        change("typed"),
        (
            "CREATE TYPE kind AS (id bigint, body text, embedding vector(48))",
            "CREATE TABLE typed OF kind",
        ),
    ),
    Case(
        "view",
        refused(hazards.columns.not_a_table("near", "v")),
        change("near"),
        ("CREATE VIEW near AS SELECT * FROM items",),
    ),
    Case(
        "materialized view instead of a table",
        refused(hazards.columns.not_a_table("near", "m")),
        change("near"),
        ("CREATE MATERIALIZED VIEW near AS SELECT * FROM items",),
    ),
    Case(
        "foreign table",
        refused(hazards.columns.not_a_table("far", "f")),
        change("far"),
        (
            "CREATE FOREIGN DATA WRAPPER nothing",
            "CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing",
            "CREATE FOREIGN TABLE far (id bigint, body text, embedding vector(48)) SERVER elsewhere",
        ),
    ),
    # ---- the revision ----------------------------------------------------------------------------------------
    Case("operation after it", SEVERAL_OPERATIONS, f'{change()}\nop.execute("DROP TABLE items")'),
    Case("operation before it", SEVERAL_OPERATIONS, f'op.execute("DELETE FROM items")\n{change()}'),
    Case("query before it", SEVERAL_OPERATIONS, f'op.get_bind().exec_driver_sql("SELECT 1").scalar()\n{change()}'),
    Case("two changes", SEVERAL_OPERATIONS, f"{change()}\n{change('others')}"),
    Case("a restore beside it", SEVERAL_OPERATIONS, f"{change()}\n{RESTORE}"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_it_is_refused_before_anything_is_changed(project: Project, case: Case) -> None:
    items(project.database, 20, distinct=15)
    for statement in case.before:
        project.database.execute(statement)
    project.write(case.operation)
    expect_refusal(project, case.error)


def expect_refusal(project: Project, error: str, *, code: int = 3) -> None:
    before = project.database.versions()
    assert project.upgraded() == Ended(code, "", error)
    assert project.database.versions() == before


def expect_dry_run_refused(error: str) -> None:
    assert migrator("upgrade", "--dry-run") == Ended(3, "", error)


def a_change(table: str) -> str:
    """EmbeddingChange(...) as a revision holds it."""
    return change(table).replace("op.change_embedding", "EmbeddingChange")


def test_a_dry_run_refuses_the_same(project: Project) -> None:
    items(project.database, 20)
    project.write(change("itmes"))
    before = project.database.versions()
    expect_dry_run_refused(
        told(
            'there is no table "itmes"',
            "this database, or the search path, holds none of that name.",
            'did you mean "items"?',
        )
    )
    assert project.database.versions() == before


def test_change_embeddings_wants_at_least_one(project: Project) -> None:
    items(project.database, 20)
    project.write("op.change_embeddings([])")
    error = refused(hazards.revisions.no_columns("0002"))
    expect_refusal(project, error)
    expect_dry_run_refused(error)


def test_a_column_is_changed_once(project: Project) -> None:
    items(project.database, 20)
    project.write(f"op.change_embeddings([{a_change('items')}, {a_change('ITEMS')}])")
    error = refused(hazards.revisions.column_twice(SUBJECT))
    expect_refusal(project, error)


# ---- the server, its roles and its disk ------------------------------------------------------------------------


def test_servers_that_migrator_cannot_work_with(database: Database) -> None:
    with connect(database.address) as connection:
        server, schema = read_server(connection), read_ledger_schema(connection)
    sound = dataclasses.replace(server, pgvector="0.8.5")
    assert server_hazards(sound, schema) == []
    for differs, expected in (
        ({"version": 130_011, "version_text": "13.11"}, hazards.server.old_postgresql("13.11")),
        ({"pgvector": None}, hazards.server.no_pgvector(available=True, dropped=False)),
        ({"pgvector": None, "pgvector_available": False}, hazards.server.no_pgvector(available=False, dropped=False)),
        ({"pgvector": "0.6.2"}, hazards.server.old_pgvector("0.6.2", "0.7.0")),
        ({"standby": True}, hazards.server.standby()),
        ({"may_create": False}, hazards.columns.may_not_create_schema("postgres")),
        ({"publications_of_all": ["a", "b"]}, hazards.dependents.publication_of_all(["a", "b"])),
    ):
        assert server_hazards(dataclasses.replace(sound, **differs), schema) == [expected]
    for version, methods, faults in (
        ("0.8.3", ["hnsw"], [hazards.server.pgvector_with_known_fault("0.8.3", "hnsw")]),
        ("0.8.4", ["hnsw"], []),
        ("0.8.6", ["hnsw", "ivfflat"], [hazards.server.pgvector_with_known_fault("0.8.6", "ivfflat")]),
        ("0.8.7", ["hnsw", "ivfflat"], []),
        (None, ["hnsw"], []),
    ):
        assert known_faults(dataclasses.replace(sound, pgvector=version), methods) == faults
    may_not = dataclasses.replace(sound, may_create=False)
    of_another = dataclasses.replace(schema, owner="other", owned=False)
    assert server_hazards(may_not, of_another) == [hazards.rights.ledger_of_another("other", True, "postgres")]
    installed = dataclasses.replace(schema, installed=True, owner="postgres")
    without = dataclasses.replace(sound, pgvector=None)
    assert server_hazards(without, installed) == [hazards.server.no_pgvector(available=True, dropped=True)]
    # A ledger that is there needs no schema to be made.
    assert server_hazards(may_not, installed) == []


def test_a_database_without_pgvector(project: Project) -> None:
    project.database.execute("DROP EXTENSION vector")
    project.write(change())
    expect_refusal(
        project,
        refused(hazards.server.no_pgvector(available=True, dropped=False)),
    )


class Role:
    """A role that may log in and read Alembic's table, and no more."""

    def __init__(self, database: Database, name: str) -> None:
        self.database = database
        # Roles belong to the server, which other tests share.
        self.name = f"{database.value('SELECT current_database()')}_{name}"
        database.execute(f"CREATE ROLE {self.name} LOGIN")
        database.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON alembic_version TO {self.name}")

    @property
    def url(self) -> str:
        return make_url(self.database.url).set(username=self.name).render_as_string(hide_password=False)

    def owns_items(self) -> None:
        self.database.execute(f"GRANT ALL ON SCHEMA public TO {self.name}")
        self.database.execute(f"ALTER TABLE items OWNER TO {self.name}")

    def may_create(self) -> None:
        self.database.execute(f"GRANT CREATE ON DATABASE {self.name.rpartition('_')[0]} TO {self.name}")


@pytest.fixture
def role(project: Project, monkeypatch: pytest.MonkeyPatch) -> Role:
    """The role that migrator works as in this test, in a project with a revision for items."""
    items(project.database, 20)
    project.write(change())
    role = Role(project.database, "app")
    monkeypatch.setenv("DATABASE_URL", role.url)
    return role


def test_a_role_that_is_not_the_owner(project: Project, role: Role) -> None:
    role.may_create()
    project.write(change(where='"id > 3"'))
    expect_refusal(
        project,
        refused(hazards.columns.not_owner("items", "postgres", role.name)),
    )


def test_a_role_that_may_not_create_a_schema(project: Project, role: Role) -> None:
    role.owns_items()
    expect_refusal(
        project,
        refused(hazards.columns.may_not_create_schema(role.name)),
    )


def test_a_role_that_may_not_create_a_temporary_table(project: Project, role: Role) -> None:
    role.owns_items()
    role.may_create()
    project.database.execute(f"REVOKE TEMPORARY ON DATABASE {role.name.rpartition('_')[0]} FROM PUBLIC")
    # Nothing of which is laid to an event trigger.
    project.database.execute("CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
    project.database.execute("CREATE EVENT TRIGGER told ON ddl_command_end EXECUTE FUNCTION told()")
    expect_refusal(
        project,
        refused(hazards.columns.may_not_create_temporary(role.name)),
    )


def test_a_view_of_a_role_that_migrator_may_not_act_as(project: Project, role: Role) -> None:
    role.owns_items()
    role.may_create()
    project.database.execute("CREATE VIEW near AS SELECT id, embedding FROM items")
    expect_refusal(
        project,
        refused(hazards.columns.not_a_member("view public.near", "postgres", role.name)),
    )


def test_row_level_security_that_applies(project: Project, role: Role) -> None:
    role.owns_items()
    role.may_create()
    project.database.execute("ALTER TABLE items ENABLE ROW LEVEL SECURITY")
    project.database.execute("ALTER TABLE items FORCE ROW LEVEL SECURITY")
    project.write(change(where='"id > 3"'))
    expect_refusal(
        project,
        refused(hazards.columns.row_security("items")),
    )


def test_the_ledger_of_another_role(project: Project, role: Role) -> None:
    role.owns_items()
    role.may_create()
    project.database.execute("CREATE SCHEMA migrator")
    error = refused(hazards.rights.ledger_of_another("postgres", True, role.name))
    expect_refusal(project, error)
    column = ("--table", "items", "--column", "embedding", "--text", "body")
    revision = ("revision", "-m", "another model", *column, "--to", "python:tests.models:new")
    for command in (revision, ("status",), ("verify",), ("abandon",), ("retire", "--yes")):
        assert migrator(*command) == Ended(3, "", error)


def test_too_little_disk(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    items(project.database, 20)
    project.write(change())
    monkeypatch.setattr(Server, "free_disk", lambda _: 10_000)
    before = project.database.versions()
    ended = project.upgraded()
    assert (ended.code, ended.out) == (3, "")
    needed = re.fullmatch(
        r"error: about (\d+) kB of disk are needed, 10 kB are free\n"
        r"the server would stop for lack of space in the middle of the work.\n"
        r"fix: free or add space where the server's data lies\n",
        ended.err,
    )
    assert needed is not None
    # 20 vectors of 96 numbers, in store, column and index, and as much WAL.
    assert int(needed[1]) * 1000 > 20 * 96 * 4 * 3
    assert project.database.versions() == before


def test_disk_is_counted_for_all_columns_together(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    items(project.database, 20)
    project.database.execute("CREATE TABLE others AS TABLE items")
    project.write(change())
    needed = disk_needed()
    monkeypatch.setattr(Server, "free_disk", lambda _: needed)
    assert migrator("upgrade", "--dry-run").code == 0
    project.write(f"op.change_embeddings([{a_change('items')}, {a_change('others')}])")
    assert migrator("upgrade", "--dry-run").code == 3


def disk_needed() -> int:
    """Bytes, by the dry run."""
    document = json.loads(migrator("upgrade", "--dry-run", "--json").out)
    return int(document["plan"]["estimates"][0]["disk"]["total"])


def test_a_database_that_cannot_be_reached(project: Project) -> None:
    project.write(change())
    assert migrator("--database-url", "postgresql://app:secret@127.0.0.1:1/nothing", "upgrade", "--yes") == Ended(
        3,
        "",
        told(
            'the database cannot be reached: connection to server at "127.0.0.1", port 1 failed: Connection refused',
            "nothing was changed.",
            "check that the server runs, and host, port, database, user and password in the database URL "
            "(--database-url, MIGRATOR_DATABASE_URL, DATABASE_URL or sqlalchemy.url)",
        ),
    )


def test_a_private_server_in_a_file(project: Project) -> None:
    file = Path("data").absolute()
    file.write_text("something else", "utf-8")
    project.write(change())
    for command in ("status", "upgrade"):
        assert migrator("--database-url", "embedded:data", command) == Ended(
            2,
            "",
            f"error: {file} is a file, and embedded: keeps its database in a directory\n"
            "fix: name a directory that is empty or not there yet: embedded:DIRECTORY\n",
        )
    assert file.read_text("utf-8") == "something else"


def test_a_private_server_in_another_directory_is_not_made_by_looking(project: Project) -> None:
    project.write(change())
    told = Ended(
        2,
        "",
        f"error: there is no database in {Path('elsewhere').absolute()}\n"
        "fix: correct the directory of embedded:DIRECTORY, which starts from the current one; or make a database "
        "there: migrator upgrade\n",
    )
    for command in (
        ("status",), ("doctor",), ("current",), ("verify",), ("backfill",), ("history", "-i"), ("retire",),
        ("upgrade", "--dry-run"), ("downgrade", "-1", "--yes"), ("abandon",),
    ):  # fmt: skip
        assert migrator("--database-url", "embedded:elsewhere", *command) == told
    assert not Path("elsewhere").exists()
    # Not below pytest's directory: another test run would take the server's user the right to pass through it.
    with tempfile.TemporaryDirectory(prefix="migrator-test-", dir=MEMORY) as directory:
        upgrade = ("--database-url", f"embedded:{directory}/database", "upgrade", "0001", "--yes")
        assert process("migrator", *upgrade, environment=project.environment()).code == 0
        assert Path(directory, "database", "PG_VERSION").exists()


# ---- the revisions ---------------------------------------------------------------------------------------------


def test_a_revision_that_is_not_there(project: Project) -> None:
    project.write(change())
    before = project.database.versions()
    assert project.upgraded("0009") == Ended(
        2, "", "error: No such revision or branch '0009'\nfix: there is: 0002, 0001\n"
    )
    assert project.database.versions() == before


def test_a_database_at_a_revision_that_has_no_file(project: Project) -> None:
    project.write(change(), revision="0003", down_revision="0001")
    project.database.execute("UPDATE alembic_version SET version_num = '0002'")
    expect_refusal(
        project,
        told(
            "the database is at revision '0002', which has no file here",
            "what that revision did is not known, so nothing was changed.",
            "bring its file back from version control, or name the right database; if it was renamed, or "
            "squashed into another, tell Alembic the identifier that it has now: alembic stamp --purge REVISION; "
            "there is: 0003, 0001",
        ),
    )


def test_a_revision_with_a_syntax_error(project: Project) -> None:
    path = project.write(change() + ")")
    line = 1 + next(number for number, text in enumerate(path.read_text().splitlines()) if "op.change" in text)
    expect_refusal(
        project,
        told(
            f"versions/0002.py:{line}: unmatched ')'",
            "the file is not Python, so nothing was changed.",
            "correct that line",
        ),
    )


def test_a_revision_with_a_misspelt_argument(project: Project) -> None:
    path = project.write(change(txt='"body"'))
    line = 1 + next(number for number, text in enumerate(path.read_text().splitlines()) if "op.change" in text)
    expect_refusal(
        project,
        told(
            f"versions/0002.py:{line}: TypeError: change_embedding() got an unexpected keyword argument 'txt'",
            "the file could not be carried out, so nothing was changed by it.",
            "correct that line",
        ),
    )


def test_two_heads(project: Project) -> None:
    project.write(change())
    project.write(change(), revision="0002b")
    expect_refusal(
        project,
        told(
            "there is more than one head: 0002, 0002b",
            "it is not known which of them comes first, so nothing was changed.",
            "delete the file that is one too many and not applied yet: versions/0002.py, versions/0002b.py; where all "
            'are meant, alembic merge heads -m "MESSAGE"',
        ),
    )


def test_alembic_cannot_print_it_as_a_script(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    before = project.database.versions()
    ended = process("alembic", "upgrade", "0001:0002", "--sql", environment=project.environment())
    # Alembic writes its errors to standard output where that holds the script.
    assert ended.code != 0
    assert "Traceback" not in ended.out + ended.err
    assert (
        "FAILED: a change of embeddings cannot be printed as an SQL script\n"
        "which rows and texts there are decides what is done.\n"
        "fix: migrator upgrade --dry-run shows every statement\n"
    ) in ended.out + ended.err
    assert project.database.versions() == before


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        (".connect() as connection", ".begin() as connection"),
        (
            "        context.configure(connection=",
            '        connection.exec_driver_sql("SET search_path = public")\n        context.configure(connection=',
        ),
    ],
    ids=["by-begin", "by-a-statement"],
)
def test_a_transaction_begun_by_env(project: Project, written: str, instead: str) -> None:
    items(project.database, 20)
    project.write(change())
    env = Path("env.py")
    source = env.read_text("utf-8")
    assert source.count(written) == 1
    env.write_text(source.replace(written, instead), "utf-8")
    error = refused(hazards.revisions.transaction_outside())
    expect_refusal(project, error)
    expect_dry_run_refused(error)


# ---- the ledger ------------------------------------------------------------------------------------------------


def test_another_migrator_at_work(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", "embed").code == 0
    before = project.database.versions()
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    with project.database.connect() as other:
        other.execute("SELECT pg_advisory_lock(x'6d696772'::int, x'61746f72'::int)")
        for command in (("upgrade", "--yes"), ("abandon", "--yes"), ("retire", "--yes", "--stores")):
            ended = migrator(*command)
            assert (ended.code, ended.out) == (6, "")
            assert re.fullmatch(
                rf"error: another migrator is at work on this database \(server process {other.info.backend_pid}, "
                rf'role "postgres", connected {time}, idle since {time}\)\n'
                r"it is idle while it calls its model or waits; it is idle for good if its machine is gone\.\n"
                rf"fix: wait for it; if it is gone, run SELECT pg_terminate_backend\({other.info.backend_pid}\), "
                r"then this command again\n",
                ended.err,
            )
        assert f"another migrator: server process {other.info.backend_pid}, " in migrator("status").out
    assert project.database.versions() == before
    assert project.upgraded().code == 0


@pytest.mark.parametrize("shared", ["", "_shared"])
def test_a_role_that_can_be_no_migrator_holds_the_lock(project: Project, shared: str) -> None:
    """Whatever it calls itself."""
    items(project.database, 20)
    project.write(change())
    script(project.database, "DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN")
    url = project.database.url.replace("postgres:@", "guest:@")
    with psycopg.connect(url, autocommit=True, application_name="migrator") as other:
        other.execute(f"SELECT pg_advisory_lock{shared}(x'6d696772'::int, x'61746f72'::int)".encode())
        pid = other.info.backend_pid
        # Without a ledger, and with one.
        for _ in range(2):
            ended = project.upgraded("--stop-after", "embed")
            assert (ended.code, ended.out) == (6, "")
            held = rf'server process {pid}, role "guest", application name "migrator", connected .*, idle since .*'
            assert re.fullmatch(
                rf"error: the lock that keeps a second migrator out is held, but not by a migrator \({held}\)\n"
                r"a migrator holds it with a session of a role that may act as the owner of the ledger; any role can "
                r"take an advisory lock, and no command that changes anything begins before that one ends\.\n"
                rf"fix: ask whose it is; to end it run SELECT pg_terminate_backend\({pid}\), as a superuser if this "
                r"role may not, then this command again\n",
                ended.err,
            )
            status = migrator("status").out
            assert f"locked    not by a migrator: server process {pid}, " in status
            assert "at work" not in status
            other.execute(f"SELECT pg_advisory_unlock{shared}(x'6d696772'::int, x'61746f72'::int)".encode())
            assert project.upgraded("--stop-after", "embed").code == 0
            other.execute(f"SELECT pg_advisory_lock{shared}(x'6d696772'::int, x'61746f72'::int)".encode())
    script(project.database, "DROP ROLE guest")


def test_a_ledger_of_a_newer_migrator(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", "fill").code == 0
    project.database.execute("UPDATE migrator.ledger_version SET version = 3")
    error = refused(hazards.runs.ledger_of_newer(3, 2))
    expect_refusal(project, error)
    expect_dry_run_refused(error)
    for command in ("status", "verify", "abandon"):
        assert migrator(command) == Ended(3, "", error)


def test_a_revision_that_was_edited_while_it_was_interrupted(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", "fill").code == 0
    project.write(change(batch_size="5"))
    error = refused(hazards.runs.unfinished_differs("0002"))
    expect_refusal(project, error)
    expect_dry_run_refused(error)
    project.write(change())
    assert project.upgraded().code == 0


def test_another_revision_while_one_is_unfinished(project: Project) -> None:
    items(project.database, 20)
    file = project.write(change())
    assert project.upgraded("--stop-after", "fill").code == 0
    file.unlink()
    # Of this very change it would be the same revision under another name.
    project.write(change(text="'upper(body)'"), revision="0003")
    error = refused(hazards.runs.unfinished_other("0002", "upgrade", "migrator upgrade 0002", "file"))
    expect_refusal(project, error)
    expect_dry_run_refused(error)
    assert migrator("retire", "--yes", "--stores") == Ended(3, "", error)
    assert migrator("abandon", "--yes").code == 0
    assert project.upgraded().code == 0


def test_another_direction_while_one_is_unfinished(project: Project) -> None:
    items(project.database, 20)
    project.write("pass", "pass")
    assert project.upgraded().code == 0
    project.write(change(), revision="0003", down_revision="0002")
    assert project.upgraded("--stop-after", "fill").code == 0
    error = refused(hazards.runs.unfinished_other("0003", "upgrade", "migrator upgrade 0003"))
    assert migrator("retire", "--yes") == Ended(3, "", error)
    # Of it the downgrade undoes what is done, which is what it was asked for.
    assert project.downgraded().code == 0
    assert migrator("abandon", "--yes").out == "nothing is unfinished\n"


def test_a_table_that_was_replaced_while_it_was_interrupted(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", "backup").code == 0
    project.database.execute("DROP TABLE items")
    items(project.database, 20)
    expect_refusal(
        project,
        refused(hazards.runs.table_replaced(SUBJECT)),
    )
    assert migrator("abandon", "--yes").code == 0
    assert project.upgraded().code == 0


def test_a_model_that_the_ledger_does_not_know_the_column_by(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded().code == 0
    project.write(
        change(
            from_='Model("python:tests.models:long", dimensions=96)',
            to='Model("python:tests.models:old", dimensions=48)',
        ),
        revision="0003",
        down_revision="0002",
    )
    expect_refusal(
        project,
        refused(hazards.columns.other_model_in_column(SUBJECT, "python:tests.models:new", "python:tests.models:long")),
    )


DRIFTED = 'Model("python:tests.models:drifted", dimensions=96)'


def drift_error(ended: Ended) -> str:
    """The last three lines of standard error, with the similarity left out."""
    return re.sub(r"agree to -?\d\.\d{4} only", "agree to N only", "".join(ended.err.splitlines(True)[-3:]))


MODEL_CHANGED = told(
    "model python:tests.models:drifted no longer gives the vectors it gave before: its probe texts agree to N only",
    "vectors of two models would stand in one column and could not be compared.",
    "load the model that was used before, or give the new one a name of its own in a new revision",
)


def test_another_model_under_the_same_name(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    items(project.database, 20)
    project.database.execute("CREATE TABLE others AS SELECT id, 'other ' || body AS body, embedding FROM items")
    project.write(change(to=DRIFTED))
    assert project.upgraded().code == 0
    project.write(change("others", to=DRIFTED), revision="0003", down_revision="0002")
    before = project.database.versions()
    monkeypatch.setenv("MIGRATOR_TEST_DRIFT", "1")
    ended = project.upgraded()
    assert (ended.code, ended.out, drift_error(ended)) == (3, "", MODEL_CHANGED)
    assert ended.err.count("\n") == 3
    assert project.database.versions() == before


def test_another_model_when_an_upgrade_goes_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    items(project.database, 20)
    before = project.database.dump()
    project.write(change(to=DRIFTED))
    assert project.upgraded("--stop-after", "embed").code == 0
    project.database.execute("UPDATE items SET body = 'another text' WHERE id = 7")
    monkeypatch.setenv("MIGRATOR_TEST_DRIFT", "1")
    ended = project.upgraded()
    assert (ended.code, ended.out, drift_error(ended)) == (3, "", MODEL_CHANGED)
    assert project.database.dump() == before
    assert project.database.value("SELECT state FROM migrator.run") == "unfinished"


# ---- downgrades ------------------------------------------------------------------------------------------------


@pytest.fixture
def upgraded(project: Project) -> Project:
    """items, upgraded by 0002."""
    items(project.database, 20)
    project.write(change())
    assert project.upgraded().code == 0
    return project


def expect_downgrade_refused(project: Project, error: str) -> None:
    before = project.database.versions()
    assert project.downgraded() == Ended(3, "", error)
    assert migrator("downgrade", "0001", "--dry-run") == Ended(3, "", error)
    assert project.database.versions() == before


def test_a_downgrade_without_a_ledger(upgraded: Project) -> None:
    upgraded.database.execute("DROP SCHEMA migrator CASCADE")
    expect_downgrade_refused(
        upgraded,
        refused(hazards.runs.nothing_to_restore(SUBJECT)),
    )


def test_a_downgrade_of_what_a_later_revision_changed(upgraded: Project) -> None:
    """Alembic has not recorded the later one, which is undone too."""
    back = change(
        from_='Model("python:tests.models:new", dimensions=96)', to='Model("python:tests.models:old", dimensions=48)'
    )
    upgraded.write(back, revision="0003", down_revision="0002")
    assert upgraded.upgraded().code == 0
    upgraded.database.execute("UPDATE alembic_version SET version_num = '0002'")
    assert upgraded.downgraded().code == 0
    states = "SELECT array_agg(state ORDER BY id) FROM migrator.change WHERE restores IS NULL"
    assert upgraded.database.value(states) == ["restored", "restored"]


def test_a_downgrade_without_a_text_for_rows_written_since(project: Project) -> None:
    items(project.database, 20)
    model = "python:tests.models:old"
    project.write(
        change(
            text=None,
            from_=f'Model("{model}", dimensions=48)',
            to=f'Model("{model}", dimensions=16, matryoshka=True)',
        )
    )
    assert project.upgraded().code == 0
    project.database.execute(
        "INSERT INTO items (id, body, embedding) SELECT 1000 + id, body, embedding FROM items WHERE id < 3"
    )
    expect_downgrade_refused(
        project,
        refused(hazards.runs.no_text_to_restore(SUBJECT, 3)),
    )
