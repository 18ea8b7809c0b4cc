"""What preflight refuses: exit code 3, a message that says what to do, and a database in which nothing changed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from migrator import hazards
from migrator.catalog import Server, read_server
from migrator.database import connect
from migrator.phases.preflight import server_hazards
from tests.commands import Ended, migrator, process
from tests.conftest import Server as TestServer
from tests.database import Database
from tests.project import RESTORE, Project, change
from tests.tables import items

NOTHING = "pass"
A_TRIGGER_FUNCTION = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"


def told(problem: str, meaning: str, remedy: str) -> str:
    """The whole of standard error."""
    return f"error: {problem}\n{meaning}\nfix: {remedy}\n"


@dataclass(frozen=True)
class Case:
    """A revision that is refused. before: statements that make the database as it is then."""

    name: str
    error: str
    operation: str = change()
    before: tuple[str, ...] = ()


NOT_PARSED = ("the texts to embed cannot be read.", "correct it; try it with SELECT expression FROM table LIMIT 1")
NO_CONDITION = (
    "the rows in scope cannot be told.",
    "correct it; try it with SELECT count(*) FROM table WHERE condition",
)
NOT_BY_COLUMNS = (
    "the trigger that captures writes sees the row's columns, and neither the whole row nor other tables.",
    "name the columns, without schema: text=\"concat_ws(' ', title, body)\"",
)
OTHER_TABLES = (
    "a write to them changes texts of rows that are not written themselves, and their vectors would go stale unseen.",
    "copy what is needed into a column of the table, kept there by the application or a trigger, and name that",
)
BY_ITSELF = (
    "a vector is found by its text, and the text would be another one a moment later.",
    "leave that out, or keep its value in a column of the table and name the column",
)
NO_MODEL = (
    "no vector can be computed without it, so nothing was started.",
    "correct the name in the revision, or make the model reachable (a hub name needs the network once; a path must "
    "hold a saved model)",
)
SEVERAL_OPERATIONS = told(
    "revision 0002 holds more than one change of embeddings, or other operations beside it",
    "the change commits by itself, in many transactions; what stands beside it could not be undone with it.",
    "give every other operation a revision of its own, before or after; several columns go into one "
    "op.change_embeddings([...])",
)
NOT_CARRIED = (
    "it would stay bound to the old column after cut-over.",
    "drop it before the upgrade, and create it again afterwards",
)
NOT_A_TABLE = (
    "a column cannot be put beside the live one in an ordinary way there.",
    "name an ordinary table in the revision",
)
PUBLISHED = told(
    '"items" is published by news',
    "a subscriber without the shadow column would stop applying changes.",
    "take the table out of the publication for the time of the upgrade: ALTER PUBLICATION ... DROP TABLE ...",
)
OUT_OF_SCOPE = (
    "they would have no vector of the new dimension.",
    "widen where=, give those rows a text, or drop NOT NULL first",
)
WHOLE_ROW = (
    "every text would change when the shadow column appears.",
    "name the columns: text=\"concat_ws(' ', title, body)\"",
)

CASES = [
    # ---- names -----------------------------------------------------------------------------------------------
    Case(
        "unknown table",
        told(
            'there is no table "itmes"',
            "the revision names a table that this database, or the search path, does not hold.",
            'did you mean "items"?',
        ),
        change("itmes"),
    ),
    Case(
        "table of another schema",
        told(
            'there is no table "archived"',
            "the revision names a table that this database, or the search path, does not hold.",
            'the table is in the schema "archive": write schema="archive" in the revision',
        ),
        change("archived"),
        ("CREATE SCHEMA archive", "CREATE TABLE archive.archived (body text, embedding vector(384))"),
    ),
    Case(
        "no table like it",
        told(
            'there is no table "xyz"',
            "the revision names a table that this database, or the search path, does not hold.",
            "name one that is there: alembic_version, items",
        ),
        change("xyz"),
    ),
    Case(
        "unknown column",
        told(
            'table "items" has no column "embeding"',
            "the revision names a column that is not there.",
            'did you mean "embedding"?',
        ),
        change("items", "embeding"),
    ),
    Case(
        "column of another type",
        told(
            'column "items.note" is of type text, not vector or halfvec',
            "only vector columns hold embeddings that can be changed.",
            "name the vector column in the revision",
        ),
        change("items", "note"),
    ),
    # ---- text and scope --------------------------------------------------------------------------------------
    Case(
        "text does not parse",
        told("text='lower(body' is not an SQL expression over the row: syntax error at or near \"AS\"", *NOT_PARSED),
        change(text='"lower(body"'),
    ),
    Case(
        "text of an unknown column",
        told("text='bodi' is not an SQL expression over the row: column \"bodi\" does not exist", *NOT_PARSED),
        change(text='"bodi"'),
    ),
    Case(
        "text that is a number",
        told(
            "text='id' gives bigint, not text",
            "a model reads text.",
            "write a cast into the revision if that is what you mean: text='(id)::text'",
        ),
        change(text='"id"'),
    ),
    Case(
        "text with a second statement",
        told(
            "text='a; DROP TABLE items' is not an SQL expression over the row: syntax error at or near \";\"",
            *NOT_PARSED,
        ),
        change(text='"a; DROP TABLE items"'),
    ),
    Case(
        "text that closes the parenthesis before a second statement",
        told(
            "text='body) FROM items; DROP TABLE items; --' is not an SQL expression over the row: cannot insert "
            "multiple commands into a prepared statement",
            *NOT_PARSED,
        ),
        change(text='"body) FROM items; DROP TABLE items; --"'),
    ),
    Case(
        "text of two columns",
        told("text='body), (note' is not an SQL expression over the row: syntax error at or near \",\"", *NOT_PARSED),
        change(text='"body), (note"'),
    ),
    Case(
        "volatile text",
        told(
            "text='body || random()::text' or where= gives another value each time it is asked, by random()",
            *BY_ITSELF,
        ),
        change(text='"body || random()::text"'),
    ),
    Case(
        "text with the time of day",
        told("text='body || now()::text' or where= gives another value each time it is asked, by now()", *BY_ITSELF),
        change(text='"body || now()::text"'),
    ),
    Case(
        "text with the user's name",
        told(
            "text='body || current_user' or where= gives another value each time it is asked, by the present date, "
            "time, user or schema",
            *BY_ITSELF,
        ),
        change(text='"body || current_user"'),
    ),
    Case(
        "volatile scope",
        told("text='body' or where= gives another value each time it is asked, by random()", *BY_ITSELF),
        change(where='"random() < 0.5"'),
    ),
    Case(
        "aggregate",
        told(
            "text=\"string_agg(body, ' ')\" is not an SQL expression over the row: aggregate functions are not "
            "allowed in WHERE",
            *NOT_PARSED,
        ),
        change(text="\"string_agg(body, ' ')\""),
    ),
    Case(
        "window function",
        told(
            "text='first_value(body) OVER ()' is not an SQL expression over the row: window functions are not allowed "
            "in WHERE",
            *NOT_PARSED,
        ),
        change(text='"first_value(body) OVER ()"'),
    ),
    Case(
        "several texts a row",
        told(
            "text=\"regexp_split_to_table(body, ' ')\" is not an SQL expression over the row: set-returning functions "
            "are not allowed in WHERE",
            *NOT_PARSED,
        ),
        change(text="\"regexp_split_to_table(body, ' ')\""),
    ),
    Case(
        "text from other rows",
        told("text='(SELECT max(note) FROM items)' or where= reads other tables: items", *OTHER_TABLES),
        change(text='"(SELECT max(note) FROM items)"'),
    ),
    Case(
        "text from another table",
        told("text='(SELECT title FROM topics LIMIT 1)' or where= reads other tables: topics", *OTHER_TABLES),
        change(text='"(SELECT title FROM topics LIMIT 1)"'),
        ("CREATE TABLE topics (title text)",),
    ),
    Case(
        "text with the table's schema",
        told(
            "text='public.items.body' or where= cannot be evaluated for a row by itself: invalid reference to "
            'FROM-clause entry for table "items"',
            *NOT_BY_COLUMNS,
        ),
        change(text='"public.items.body"'),
    ),
    Case(
        "text of a system column",
        told(
            "text='ctid::text' or where= cannot be evaluated for a row by itself: column \"ctid\" does not exist",
            *NOT_BY_COLUMNS,
        ),
        change(text='"ctid::text"'),
    ),
    Case(
        "whole-row text",
        told("text='to_jsonb(items)::text' gives another text once the table has a further column", *WHOLE_ROW),
        change(text='"to_jsonb(items)::text"'),
    ),
    Case(
        "whole-row text of an empty table",
        told("text='items::text' gives another text once the table has a further column", *WHOLE_ROW),
        change(text='"items::text"'),
        ("TRUNCATE items",),
    ),
    Case(
        "no text",
        told(
            "the revision names no text for public.items.embedding",
            "another model needs the texts to embed.",
            'write text="an SQL expression over the row", such as text="content"',
        ),
        change(text=None),
    ),
    Case(
        "empty text",
        "error: text= is empty\nfix: give an SQL expression over the row, or leave it out\n",
        change(text='" "'),
    ),
    Case(
        "scope does not parse",
        told("where='note =' is not an SQL condition over the row: syntax error at or near \")\"", *NO_CONDITION),
        change(where='"note ="'),
    ),
    Case(
        "scope that is a number",
        told(
            "where='id' is not an SQL condition over the row: argument of WHERE must be type boolean, not type bigint",
            *NO_CONDITION,
        ),
        change(where='"id"'),
    ),
    Case(
        "priority does not parse",
        told("priority='urgent' is not an SQL condition over the row: column \"urgent\" does not exist", *NO_CONDITION),
        change(priority='"urgent"'),
    ),
    Case(
        "NOT NULL, and rows without text",
        told(
            "3 rows of public.items.embedding are out of scope or have no text, and the column is NOT NULL",
            *OUT_OF_SCOPE,
        ),
        change(text='"note"'),
        ("UPDATE items SET note = NULL WHERE id < 3",),
    ),
    Case(
        "NOT NULL, and rows out of scope",
        told(
            "15 rows of public.items.embedding are out of scope or have no text, and the column is NOT NULL",
            *OUT_OF_SCOPE,
        ),
        change(where='"id < 5"'),
    ),
    Case(
        "NOT NULL, and rows of which it is not known whether they are in scope",
        told(
            "3 rows of public.items.embedding are out of scope or have no text, and the column is NOT NULL",
            *OUT_OF_SCOPE,
        ),
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
        told(
            "model python:tests.models:new gives 768 dimensions, the revision says 512",
            "the column would be made with the wrong length.",
            "write dimensions=768 in the revision",
        ),
        change(to='Model("python:tests.models:new", dimensions=512)'),
    ),
    Case(
        "no such module",
        told("model python:nowhere.models:new cannot be loaded: there is no module 'nowhere'", *NO_MODEL),
        change(to='Model("python:nowhere.models:new", dimensions=768)'),
    ),
    Case(
        "no such factory",
        told(
            "model python:tests.models:newest cannot be loaded: module tests.models has no function 'newest'",
            *NO_MODEL,
        ),
        change(to='Model("python:tests.models:newest", dimensions=768)'),
    ),
    Case(
        "no such directory",
        told(
            "model sentence-transformers:/models/of-old cannot be loaded: there is no such directory",
            *NO_MODEL,
        ),
        change(to='Model("sentence-transformers:/models/of-old", dimensions=768)'),
    ),
    Case(
        "provider that is not there yet",
        told(
            "model openai:text-embedding-3-small cannot be loaded: this version of migrator has no provider 'openai' "
            "yet",
            *NO_MODEL,
        ),
        change(to='Model("openai:text-embedding-3-small", dimensions=768)'),
    ),
    # ---- the column and its index ----------------------------------------------------------------------------
    Case(
        "other dimensions than the revision was written for",
        told(
            "public.items.embedding is vector(384), the revision was written for vector(256)",
            "the column changed since the revision was written; its vectors may be of another model.",
            "correct from_= in the revision to what the column holds now, or undo that other change first",
        ),
        change(from_='Model("python:tests.models:old", dimensions=256)'),
    ),
    Case(
        "too many dimensions for an index",
        told(
            "vector(3072) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
            "the index build at the end would fail after everything was embedded.",
            'write type="halfvec" in the revision: it is indexed up to 4000 dimensions',
        ),
        change(to='Model("python:tests.models:new", dimensions=3072)'),
    ),
    Case(
        "too many dimensions for any index",
        told(
            "halfvec(5000) cannot be indexed: pgvector's limit for halfvec is 4000 dimensions",
            "the index build at the end would fail after everything was embedded.",
            "choose a model of fewer dimensions, truncate it (matryoshka=True), or write index=None",
        ),
        change(to='Model("python:tests.models:new", dimensions=5000)', type='"halfvec"'),
    ),
    Case(
        "nothing to change",
        told(
            "public.items.embedding is already as the revision wants it",
            "model, dimensions, type and index are the same.",
            "remove the operation from the revision, or correct what it asks for",
        ),
        change(text=None, to='Model("python:tests.models:old", dimensions=384)', index='IvfFlat("cosine", lists=5)'),
    ),
    Case(
        "default of the old dimensions",
        told(
            "public.items.embedding has the default (array_fill(0.5, ARRAY[384]))::vector, which does not fit the new "
            "dimensions",
            "inserts that rely on it would fail after cut-over.",
            "drop the default before the upgrade: ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT",
        ),
        before=("ALTER TABLE items ALTER embedding SET DEFAULT array_fill(0.5, ARRAY[384])::vector",),
    ),
    Case(
        "generated column",
        told(
            'column "items.embedding" is generated',
            "PostgreSQL computes its vectors, so there is nothing that a model could fill.",
            "drop the generation expression first: ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION",
        ),
        before=(
            "ALTER TABLE items DROP COLUMN embedding",
            "ALTER TABLE items ADD COLUMN embedding vector(384) "
            "GENERATED ALWAYS AS (array_fill(1, ARRAY[384])::vector) STORED",
        ),
    ),
    Case(
        "expression index",
        told(
            'index "half_idx" on public.items.embedding cannot be carried over: CREATE INDEX half_idx ON public.items '
            "USING hnsw (((embedding)::halfvec(384)) halfvec_cosine_ops)",
            "only valid HNSW and IVFFlat indexes on the column itself can be built again on the new one.",
            'drop it before the upgrade, and create it again afterwards: DROP INDEX "half_idx"',
        ),
        before=("CREATE INDEX half_idx ON items USING hnsw ((embedding::halfvec(384)) halfvec_cosine_ops)",),
    ),
    Case(
        "index on bits, first of two",
        told(
            'index "bit_idx" on public.items.embedding cannot be carried over: CREATE INDEX bit_idx ON public.items '
            "USING hnsw (((binary_quantize(embedding))::bit(384)) bit_hamming_ops)",
            "only valid HNSW and IVFFlat indexes on the column itself can be built again on the new one.",
            'drop it before the upgrade, and create it again afterwards: DROP INDEX "bit_idx"',
        ),
        before=("CREATE INDEX bit_idx ON items USING hnsw ((binary_quantize(embedding)::bit(384)) bit_hamming_ops)",),
    ),
    Case(
        "several indexes, and one wanted",
        told(
            "public.items.embedding has several vector indexes: items_embedding_idx, second",
            "the revision's index= replaces one index, and it is not said which.",
            'write index="same" to keep them all, or drop those that are not needed first',
        ),
        before=("CREATE INDEX second ON items USING hnsw (embedding vector_l2_ops)",),
    ),
    Case(
        "column of a lost ledger",
        told(
            '"items" has a column "migrator_shadow_7" that no unfinished change in the ledger accounts for',
            "it may be the work of a migrator whose ledger was lost.",
            'look at it, then drop it: ALTER TABLE "items" DROP COLUMN "migrator_shadow_7"',
        ),
        before=("ALTER TABLE items ADD COLUMN migrator_shadow_7 vector(768)",),
    ),
    # ---- what hangs on the column ----------------------------------------------------------------------------
    Case(
        "materialised view",
        told(
            "materialised view public.near depends on public.items.embedding and cannot be carried over", *NOT_CARRIED
        ),
        before=("CREATE MATERIALIZED VIEW near AS SELECT id, embedding FROM items",),
    ),
    Case(
        "view with a rule",
        told(
            "view public.near, which has rules, triggers, defaults or column privileges of its own, depends on "
            "public.items.embedding and cannot be carried over",
            *NOT_CARRIED,
        ),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE RULE no_insert AS ON INSERT TO near DO INSTEAD NOTHING",
        ),
    ),
    Case(
        "function with an SQL body",
        told("function first_vector() depends on public.items.embedding and cannot be carried over", *NOT_CARRIED),
        before=(
            "CREATE FUNCTION first_vector() RETURNS vector LANGUAGE sql "
            "BEGIN ATOMIC SELECT embedding FROM items LIMIT 1; END",
        ),
    ),
    Case(
        "policy that reads the column",
        told("policy known on table items depends on public.items.embedding and cannot be carried over", *NOT_CARRIED),
        before=("CREATE POLICY known ON items USING (embedding IS NOT NULL)",),
    ),
    Case(
        "check on the column",
        told(
            "constraint length on table items depends on public.items.embedding and cannot be carried over",
            *NOT_CARRIED,
        ),
        before=("ALTER TABLE items ADD CONSTRAINT length CHECK (vector_dims(embedding) = 384)",),
    ),
    Case(
        "column generated from it",
        told(
            "default value for column norm of table items depends on public.items.embedding and cannot be carried over",
            *NOT_CARRIED,
        ),
        before=("ALTER TABLE items ADD COLUMN norm float8 GENERATED ALWAYS AS (vector_norm(embedding)) STORED",),
    ),
    Case(
        "trigger on updates of the column",
        told(
            "trigger touched on table items depends on public.items.embedding and cannot be carried over", *NOT_CARRIED
        ),
        before=(
            A_TRIGGER_FUNCTION,
            "CREATE TRIGGER touched BEFORE UPDATE OF embedding ON items FOR EACH ROW EXECUTE FUNCTION touch()",
        ),
    ),
    # ---- the table -------------------------------------------------------------------------------------------
    Case(
        "trigger that sorts last",
        told(
            'trigger "~~late" on "items" would run after migrator\'s own',
            "a text that it rewrites would keep a stale vector.",
            'rename it for the time of the upgrade: ALTER TRIGGER "~~late" ON "items" RENAME TO ...',
        ),
        before=(
            A_TRIGGER_FUNCTION,
            'CREATE TRIGGER "~~late" BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch()',
        ),
    ),
    Case(
        "rule",
        told(
            '"items" has rules: keep',
            "a rule may rewrite the updates that fill the shadow column.",
            'drop the rule for the time of the upgrade: DROP RULE ... ON "items"',
        ),
        before=("CREATE RULE keep AS ON DELETE TO items DO ALSO NOTHING",),
    ),
    Case("published table", PUBLISHED, before=("CREATE PUBLICATION news FOR TABLE items",)),
    Case("published schema", PUBLISHED, before=("CREATE PUBLICATION news FOR TABLES IN SCHEMA public",)),
    Case(
        "publication of all tables",
        told(
            "publication news is FOR ALL TABLES",
            "it would ship migrator's own tables and the shadow column to subscribers, which lack them.",
            "name the published tables: DROP PUBLICATION ...; CREATE PUBLICATION ... FOR TABLE ...",
        ),
        before=("CREATE PUBLICATION news FOR ALL TABLES",),
    ),
    Case(
        "partitioned table",
        told('"parts" is a partitioned table, which migrator cannot change yet', *NOT_A_TABLE),
        change("parts"),
        ("CREATE TABLE parts (id bigint, body text, embedding vector(384)) PARTITION BY RANGE (id)",),
    ),
    Case(
        "partition",
        told('"part" is part of an inheritance tree, which migrator cannot change yet', *NOT_A_TABLE),
        change("part"),
        (
            "CREATE TABLE parts (id bigint, body text, embedding vector(384)) PARTITION BY RANGE (id)",
            "CREATE TABLE part PARTITION OF parts DEFAULT",
        ),
    ),
    Case(
        "table with heirs",
        told('"items" is part of an inheritance tree, which migrator cannot change yet', *NOT_A_TABLE),
        before=("CREATE TABLE heirs () INHERITS (items)",),
    ),
    Case(
        "view",
        told('"near" is a view, which migrator cannot change yet', *NOT_A_TABLE),
        change("near"),
        ("CREATE VIEW near AS SELECT * FROM items",),
    ),
    Case(
        "materialised view instead of a table",
        told('"near" is a materialised view, which migrator cannot change yet', *NOT_A_TABLE),
        change("near"),
        ("CREATE MATERIALIZED VIEW near AS SELECT * FROM items",),
    ),
    Case(
        "foreign table",
        told('"far" is a foreign table, which migrator cannot change yet', *NOT_A_TABLE),
        change("far"),
        (
            "CREATE FOREIGN DATA WRAPPER nothing",
            "CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing",
            "CREATE FOREIGN TABLE far (id bigint, body text, embedding vector(384)) SERVER elsewhere",
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


def expect_refusal(project: Project, error: str) -> None:
    before = project.database.whole_dump()
    assert project.upgraded() == Ended(3, "", error)
    assert project.database.whole_dump() == before
