"""What preflight refuses: exit code 3, a message that says what to do, and a database in which nothing changed."""

from __future__ import annotations

import dataclasses
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from migrator import hazards
from migrator.catalog import Server, read_server
from migrator.database import connect
from migrator.preflight.server import server_hazards
from tests.commands import Ended, migrator, process
from tests.database import Database
from tests.memory import MEMORY
from tests.project import RESTORE, Project, change
from tests.tables import items

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
COPY = "copy what is needed into a column of the table, kept there by the application or a trigger, and name that"
NOT_LOCKED = (
    "it cannot be locked against writes, which change texts of rows that are not written themselves.",
    COPY,
)
BY_ITSELF = (
    "a vector is found by its text, and the text would be another one a moment later.",
    "leave that out, or keep its value in a column of the table and name the column",
)
INTO_SCOPE = (
    "a write to them moves rows that are not written themselves into scope or out of it, which nothing would see.",
    COPY,
)
NO_MODEL = (
    "no vector can be computed without it, so nothing was started.",
    "correct the name, or make the model reachable (a hub name needs the network once; a path must hold a saved model)",
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
MADE_AGAIN = (
    "the view is dropped and made again at cut-over, which that would prevent.",
    "drop it before the upgrade, and create it again afterwards",
)
NOT_A_TABLE = (
    "a column cannot be put beside the live one there.",
    "name the table whose rows it shows; the view is carried over with it",
)
PUBLISHED = told(
    '"items" is published by news',
    "a subscriber without the shadow column would stop applying changes.",
    "publish its columns by name, without the shadow column (ALTER PUBLICATION ... SET TABLE ... (column, ...), from "
    "PostgreSQL 15 on), or take it out for the time of the upgrade: ALTER PUBLICATION ... DROP TABLE ...",
)
OUT_OF_SCOPE = (
    "they would have no vector of the new dimension.",
    "widen where=, or give those rows a text",
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
            "this database, or the search path, holds none of that name.",
            'did you mean "items"?',
        ),
        change("itmes"),
    ),
    Case(
        "table of another schema",
        told(
            'there is no table "archived"',
            "this database, or the search path, holds none of that name.",
            'the table is in the schema "archive": write schema="archive" in the revision, and archive.archived on the '
            "command line",
        ),
        change("archived"),
        ("CREATE SCHEMA archive", "CREATE TABLE archive.archived (body text, embedding vector(384))"),
    ),
    Case(
        "no table like it",
        told(
            'there is no table "xyz"',
            "this database, or the search path, holds none of that name.",
            "name one that is there: alembic_version, items",
        ),
        change("xyz"),
    ),
    Case(
        "unknown column",
        told(
            'table "items" has no column "embeding"',
            "the table has none of that name.",
            'did you mean "embedding"?',
        ),
        change("items", "embeding"),
    ),
    Case(
        "column of another type",
        told(
            'column "items.note" is of type text, not vector or halfvec',
            "only vector columns hold embeddings that can be changed.",
            "name a column that is: embedding",
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
            "write a cast if that is what you mean: text='(id)::text'",
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
        told(
            "text='(SELECT max(note) FROM items)' reads public.items, and it is the table itself, whose rows are "
            "filled meanwhile",
            *NOT_LOCKED,
        ),
        change(text='"(SELECT max(note) FROM items)"'),
    ),
    Case(
        "text from a materialised view",
        told(
            "text='(SELECT title FROM topics LIMIT 1)' reads public.topics, and it is a materialised view", *NOT_LOCKED
        ),
        change(text='"(SELECT title FROM topics LIMIT 1)"'),
        ("CREATE MATERIALIZED VIEW topics AS SELECT 'a' AS title",),
    ),
    Case(
        "scope by another table",
        told(
            "where='id IN (SELECT id FROM chosen)' reads tables: chosen",
            *INTO_SCOPE,
        ),
        change(where='"id IN (SELECT id FROM chosen)"'),
        ("CREATE TABLE chosen (id bigint)",),
    ),
    Case(
        "scope by a function that reads another table",
        told(
            "where='is_chosen(id)' reads tables: chosen",
            *INTO_SCOPE,
        ),
        change(where='"is_chosen(id)"'),
        (
            "CREATE TABLE chosen (id bigint)",
            "CREATE FUNCTION is_chosen(asked bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS "
            "'BEGIN RETURN EXISTS (SELECT FROM chosen WHERE id = asked); END'",
        ),
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
        told("text='to_jsonb(items)::text' gives another text once the table has another column", *WHOLE_ROW),
        change(text='"to_jsonb(items)::text"'),
    ),
    Case(
        "whole-row text of an empty table",
        told("text='items::text' gives another text once the table has another column", *WHOLE_ROW),
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
            "public.items.embedding is NOT NULL, and 3 rows of it out of scope or without a text",
            *OUT_OF_SCOPE,
        ),
        change(text='"note"'),
        ("UPDATE items SET note = NULL WHERE id < 3",),
    ),
    Case(
        "NOT NULL, and rows out of scope",
        told(
            "public.items.embedding is NOT NULL, and 15 rows of it out of scope or without a text",
            *OUT_OF_SCOPE,
        ),
        change(where='"id < 5"'),
    ),
    Case(
        "NOT NULL, and rows of which it is not known whether they are in scope",
        told(
            "public.items.embedding is NOT NULL, and 3 rows of it out of scope or without a text",
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
            "model python:tests.models:new gives 768 dimensions, not 512",
            "the column would be made with the wrong length.",
            "say so: dimensions=768 in the revision, --dimensions 768 on the command line",
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
            NO_MODEL[0],
            "let a plug-in of your own call it, and name that: python:PACKAGE.MODULE:FACTORY "
            "(docs/how-to/models.md shows one)",
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
        "old model of other dimensions",
        told(
            "public.items.embedding cannot hold vectors of the model that it is said to hold: model "
            "python:tests.models:tiny gives 8 dimensions, not 384",
            "another model made them, and a rollback would fail for rows written since the upgrade.",
            "name the model that made them, in from_= or --from; where they are the first numbers of longer ones, add "
            "matryoshka=True; where zeros follow shorter ones, padded=True",
        ),
        change(from_='Model("python:tests.models:tiny", dimensions=384)'),
    ),
    Case(
        "too many dimensions for an index",
        told(
            "vector(3072) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
            "the index build at the end would fail after everything was embedded.",
            'write on="halfvec" in the revision\'s index= (--on halfvec): half precision finds the same rows but for a '
            'few, searched by embedding::halfvec(N); or type="halfvec", which halves the column too',
        ),
        change(to='Model("python:tests.models:new", dimensions=3072)'),
    ),
    Case(
        "too many dimensions for any index",
        told(
            "halfvec(5000) cannot be indexed: pgvector's limit for halfvec is 4000 dimensions",
            "the index build at the end would fail after everything was embedded.",
            'write on="bit" in the revision\'s index= (--on bit): searched by binary_quantize(embedding)::bit(N), with '
            "the rows found ranked again by their exact distance; or choose a model of fewer dimensions, or truncate "
            "it (matryoshka=True)",
        ),
        change(to='Model("python:tests.models:new", dimensions=5000)', type='"halfvec"'),
    ),
    Case(
        "nothing to change",
        told(
            "public.items.embedding is already as the revision wants it",
            "model, dimensions, type and index are the same.",
            "remove the operation from the revision, or correct it; another text needs the old one in from_text=",
        ),
        change(text=None, to='Model("python:tests.models:old", dimensions=384)', index='IvfFlat("cosine", lists=5)'),
    ),
    Case(
        "default of the old dimensions",
        told(
            "public.items.embedding has the default (array_fill(0.5, ARRAY[384]))::public.vector, which does not fit "
            "the new dimensions",
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
        "index of a type that is not carried",
        told(
            'index "sparse" on public.items.embedding cannot be carried over: CREATE INDEX sparse ON public.items '
            "USING hnsw (((embedding)::public.sparsevec(384)) public.sparsevec_l2_ops)",
            "what is not valid, over sparse vectors or the replica identity is not built again.",
            'drop it before the upgrade, and create it again afterwards: DROP INDEX "public"."sparse"',
        ),
        before=("CREATE INDEX sparse ON items USING hnsw ((embedding::sparsevec(384)) sparsevec_l2_ops)",),
    ),
    Case(
        "index that cannot hold the new vectors",
        told(
            'index "holds_it" on public.items.embedding cannot be built over vectors of 768 dimensions: index row size '
            '3096 exceeds btree version 4 maximum 2704 for index "migrator_index_1_1"',
            "the index build would fail after everything was embedded.",
            'drop it before the upgrade, and create one that fits afterwards: DROP INDEX "public"."holds_it"',
        ),
        before=("CREATE INDEX holds_it ON items (id) INCLUDE (embedding)",),
    ),
    Case(
        "several indexes, and one wanted",
        told(
            "public.items.embedding has several vector indexes: items_embedding_idx, second",
            "the revision's index= replaces one index, and it is not said which.",
            'write index="same" in the revision, or give no option of the index, to keep them all; or drop those that '
            "are not needed first",
        ),
        before=("CREATE INDEX second ON items USING hnsw (embedding vector_l2_ops)",),
    ),
    Case(
        "column of a lost ledger",
        told(
            '"items" has a column "migrator_shadow_7" that no unfinished change in the ledger accounts for',
            "it may be the work of a migrator whose ledger was lost.",
            'look at it, then drop it: ALTER TABLE "public"."items" DROP COLUMN "migrator_shadow_7"',
        ),
        before=("ALTER TABLE items ADD COLUMN migrator_shadow_7 vector(768)",),
    ),
    # ---- what hangs on the column ----------------------------------------------------------------------------
    Case(
        "materialised view that another view reads",
        told(
            "materialised view public.near (another view reads it) depends on public.items.embedding and cannot be "
            "carried over",
            *NOT_CARRIED,
        ),
        before=(
            "CREATE MATERIALIZED VIEW near AS SELECT id, embedding FROM items",
            "CREATE VIEW nearer AS SELECT id FROM near",
        ),
    ),
    Case(
        "function that gives the table's rows column by column",
        told("function public.all_rows() depends on public.items.embedding and cannot be carried over", *NOT_CARRIED),
        before=("CREATE FUNCTION all_rows() RETURNS SETOF items LANGUAGE sql BEGIN ATOMIC SELECT * FROM items; END",),
    ),
    Case(
        "rule on another table",
        told("a rule on public.log depends on public.items.embedding and cannot be carried over", *NOT_CARRIED),
        before=(
            "CREATE TABLE log (id bigint)",
            "CREATE RULE logged AS ON INSERT TO log DO ALSO UPDATE items SET embedding = embedding WHERE id = NEW.id",
        ),
    ),
    Case(
        "policy that reads a view of the column",
        told("policy known on table public.log depends on view public.near, which reads the column", *MADE_AGAIN),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE TABLE log (id bigint)",
            "CREATE POLICY known ON log USING (id IN (SELECT id FROM near))",
        ),
    ),
    Case(
        "rows that violate a check",
        told(
            'CHECK "long" on "items" is NOT VALID, and violated by 1 row',
            "PostgreSQL refuses every update of such a row, that which fills its shadow column too.",
            'correct those rows, or drop the check: ALTER TABLE "public"."items" DROP CONSTRAINT "long"',
        ),
        before=(
            "UPDATE items SET note = 'short' WHERE id = (SELECT min(id) FROM items)",
            "ALTER TABLE items ADD CONSTRAINT long CHECK (note <> 'short') NOT VALID",
        ),
    ),
    Case(
        "published without a replica identity",
        told(
            '"items" is published by news, and its rows have no replica identity',
            "PostgreSQL refuses every update of such a table, those that fill the shadow column among them.",
            'give it one: a primary key, or ALTER TABLE "public"."items" REPLICA IDENTITY USING INDEX ...',
        ),
        before=("ALTER TABLE items REPLICA IDENTITY NOTHING", "CREATE PUBLICATION news FOR TABLE items (id, body)"),
    ),
    Case(
        "published by a filter on other columns than the key",
        told(
            'PostgreSQL refuses updates of "items", as news publishes it: Column used in the publication WHERE '
            "expression is not part of the replica identity",
            "those that fill the shadow column are among them.",
            "let row filter and list of columns go by the replica identity: ALTER PUBLICATION ... SET TABLE ..., or "
            'ALTER TABLE "public"."items" REPLICA IDENTITY ...',
        ),
        before=("CREATE PUBLICATION news FOR TABLE items (id, body) WHERE (note IS NOT NULL)",),
    ),
    Case(
        "function that returns rows of a view",
        told("function public.all_near() depends on view public.near, which reads the column", *MADE_AGAIN),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE FUNCTION all_near() RETURNS SETOF near LANGUAGE plpgsql AS 'BEGIN RETURN; END'",
        ),
    ),
    Case(
        "function that takes rows of a view of a view",
        told("function public.ids(public.far[]) depends on view public.far, which reads the column", *MADE_AGAIN),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE VIEW far AS SELECT * FROM near",
            "CREATE FUNCTION ids(far[]) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
        ),
    ),
    Case(
        "column of a view's row type",
        told("column seen of table public.log depends on view public.near, which reads the column", *MADE_AGAIN),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE TABLE log (seen near)",
        ),
    ),
    Case(
        "view of a view's row type",
        told("column of_near of view public.typed depends on view public.near, which reads the column", *MADE_AGAIN),
        before=(
            "CREATE VIEW near AS SELECT id, embedding FROM items",
            "CREATE VIEW typed AS SELECT NULL::near AS of_near",
        ),
    ),
    Case(
        "column generated from it",
        told(
            "generated column norm of table public.items depends on public.items.embedding and cannot be carried over",
            *NOT_CARRIED,
        ),
        before=("ALTER TABLE items ADD COLUMN norm float8 GENERATED ALWAYS AS (vector_norm(embedding)) STORED",),
    ),
    Case(
        "trigger that sorts last",
        told(
            'trigger "~~late" on "items" would run after migrator\'s own',
            "a text that it rewrites would keep a stale vector.",
            'rename it for the time of the upgrade: ALTER TRIGGER "~~late" ON "public"."items" RENAME TO ...',
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
            'drop the rule for the time of the upgrade: DROP RULE ... ON "public"."items"',
        ),
        before=("CREATE RULE keep AS ON DELETE TO items DO ALSO NOTHING",),
    ),
    Case("published table", PUBLISHED, before=("CREATE PUBLICATION news FOR TABLE items",)),
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
        "partition",
        told(
            '"part" is a partition of parts',
            "all partitions have the columns of that table, and are upgraded with it.",
            "name parts instead",
        ),
        change("part"),
        (
            "CREATE TABLE parts (id bigint, body text, embedding vector(384)) PARTITION BY RANGE (id)",
            "CREATE TABLE part PARTITION OF parts DEFAULT",
        ),
    ),
    Case(
        "table with heirs",
        told(
            '"items" is inherited by heirs',
            "the rows of such tables are read together, but their columns, indexes and triggers are each table's own.",
            "make it a partitioned table, or part it for good: ALTER TABLE ... NO INHERIT ...",
        ),
        before=("CREATE TABLE heirs () INHERITS (items)",),
    ),
    Case(
        "table of a type",
        told(
            '"typed" is a table of type kind',
            "a column can be put beside the live one only where the table's columns are its own.",
            'ALTER TABLE "public"."typed" NOT OF makes them so; nothing else of it changes',
        ),
        change("typed"),
        (
            "CREATE TYPE kind AS (id bigint, body text, embedding vector(384))",
            "CREATE TABLE typed OF kind",
        ),
    ),
    Case(
        "view",
        told('"near" is a view, which migrator cannot change', *NOT_A_TABLE),
        change("near"),
        ("CREATE VIEW near AS SELECT * FROM items",),
    ),
    Case(
        "materialised view instead of a table",
        told('"near" is a materialised view, which migrator cannot change', *NOT_A_TABLE),
        change("near"),
        ("CREATE MATERIALIZED VIEW near AS SELECT * FROM items",),
    ),
    Case(
        "foreign table",
        told(
            '"far" is a foreign table, which migrator cannot change',
            NOT_A_TABLE[0],
            "upgrade it in the database that keeps its rows",
        ),
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


def expect_refusal(project: Project, error: str, *, code: int = 3) -> None:
    before = project.database.whole_dump()
    assert project.upgraded() == Ended(code, "", error)
    assert project.database.whole_dump() == before


def expect_dry_run_refused(error: str) -> None:
    assert migrator("upgrade", "--dry-run") == Ended(3, "", error)


def a_change(table: str) -> str:
    """EmbeddingChange(...) as a revision holds it."""
    return change(table).replace("op.change_embedding", "EmbeddingChange")


def test_a_dry_run_refuses_the_same(project: Project) -> None:
    items(project.database, 20)
    project.write(change("itmes"))
    before = project.database.whole_dump()
    expect_dry_run_refused(
        told(
            'there is no table "itmes"',
            "this database, or the search path, holds none of that name.",
            'did you mean "items"?',
        )
    )
    assert project.database.whole_dump() == before


def test_change_embeddings_wants_at_least_one(project: Project) -> None:
    items(project.database, 20)
    project.write("op.change_embeddings([])")
    error = told(
        "revision 0002 calls op.change_embeddings without a change",
        "there is nothing to carry out.",
        "give it at least one EmbeddingChange, or leave the call out",
    )
    expect_refusal(project, error)
    expect_dry_run_refused(error)


def test_a_column_is_changed_once(project: Project) -> None:
    items(project.database, 20)
    project.write(f"op.change_embeddings([{a_change('items')}, {a_change('ITEMS')}])")
    error = told(
        "the revision changes public.items.embedding twice",
        "one cut-over takes a column to one model.",
        "leave one of the two changes out, or give it a revision of its own",
    )
    expect_refusal(project, error)


# ---- the server, its roles and its disk ------------------------------------------------------------------------


def test_servers_that_migrator_cannot_work_with(database: Database) -> None:
    with connect(database.address) as connection:
        server = read_server(connection)
    sound = dataclasses.replace(server, pgvector="0.8.5")
    assert server_hazards(sound) == []
    for differs, expected in (
        ({"version": 130_011, "version_text": "13.11"}, hazards.old_postgresql("13.11")),
        ({"pgvector": None}, hazards.no_pgvector(available=True)),
        ({"pgvector": None, "pgvector_available": False}, hazards.no_pgvector(available=False)),
        ({"pgvector": "0.6.2"}, hazards.old_pgvector("0.6.2", "0.7.0")),
        ({"pgvector": "0.8.2"}, hazards.pgvector_with_known_fault("0.8.2")),
        ({"standby": True}, hazards.standby()),
        ({"may_create": False}, hazards.may_not_create_schema("postgres")),
        ({"publications_of_all": ["a", "b"]}, hazards.publication_of_all(["a", "b"])),
        (
            {"may_use_ledger": False, "ledger_owner": "other", "may_create": False},
            hazards.ledger_of_another("other", "postgres"),
        ),
    ):
        assert server_hazards(dataclasses.replace(sound, **differs)) == [expected]
    # A ledger that is there needs no schema to be made.
    assert server_hazards(dataclasses.replace(sound, may_create=False, ledger_owner="postgres")) == []


def test_a_database_without_pgvector(project: Project) -> None:
    project.database.execute("DROP EXTENSION vector")
    project.write(change())
    expect_refusal(
        project,
        told(
            "the extension vector (pgvector) is not in this database",
            "there can be no vector column without it; where it was dropped, all went with it, store and backup too.",
            "CREATE EXTENSION vector; what went with it comes back from a backup of the database",
        ),
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
    expect_refusal(
        project,
        told(
            f'role "{role.name}" may not act as "postgres", the owner of "items"',
            "only the owner may add a column or build an index.",
            f'work as a member of that role: GRANT "postgres" TO "{role.name}"',
        ),
    )


def test_a_role_that_may_not_create_a_schema(project: Project, role: Role) -> None:
    role.owns_items()
    expect_refusal(
        project,
        told(
            f'role "{role.name}" may not create a schema in this database',
            "the ledger, the backup and the embedding store need a schema of their own.",
            f'GRANT CREATE ON DATABASE ... TO "{role.name}"',
        ),
    )


def test_a_role_that_may_not_create_a_temporary_table(project: Project, role: Role) -> None:
    role.owns_items()
    role.may_create()
    project.database.execute(f"REVOKE TEMPORARY ON DATABASE {role.name.rpartition('_')[0]} FROM PUBLIC")
    expect_refusal(
        project,
        told(
            f'role "{role.name}" may not create a temporary table in this database',
            "text and scope are tried on a temporary copy of a few rows before anything is changed.",
            f'GRANT TEMPORARY ON DATABASE ... TO "{role.name}"',
        ),
    )


def test_a_view_of_a_role_that_migrator_may_not_act_as(project: Project, role: Role) -> None:
    role.owns_items()
    role.may_create()
    project.database.execute("CREATE VIEW near AS SELECT id, embedding FROM items")
    expect_refusal(
        project,
        told(
            f'role "{role.name}" may not act as "postgres", who owns or granted view public.near',
            "it could not be given back as it was after cut-over.",
            f'work as a superuser or a member of that role: GRANT "postgres" TO "{role.name}"',
        ),
    )


def test_row_level_security_that_applies(project: Project, role: Role) -> None:
    role.owns_items()
    role.may_create()
    project.database.execute("ALTER TABLE items ENABLE ROW LEVEL SECURITY")
    project.database.execute("ALTER TABLE items FORCE ROW LEVEL SECURITY")
    expect_refusal(
        project,
        told(
            'row-level security on "items" applies to the role that migrator works as',
            "rows that it hides would keep no vector, and the upgrade would look complete.",
            "run migrator as the table's owner without FORCE, as a superuser, or as a role with BYPASSRLS",
        ),
    )


def test_the_ledger_of_another_role(project: Project, role: Role) -> None:
    role.owns_items()
    role.may_create()
    project.database.execute("CREATE SCHEMA migrator")
    error = told(
        f'the schema "migrator" belongs to "postgres", whom role "{role.name}" may not act as',
        "the ledger can neither be read nor written.",
        f'work as that role, or GRANT "postgres" TO "{role.name}"',
    )
    expect_refusal(project, error)
    for command in (("status",), ("verify",), ("abandon",), ("retire", "--yes")):
        assert migrator(*command) == Ended(3, "", error)


def test_too_little_disk(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    items(project.database, 20)
    project.write(change())
    monkeypatch.setattr(Server, "free_disk", lambda _: 100_000)
    before = project.database.whole_dump()
    ended = project.upgraded()
    assert (ended.code, ended.out) == (3, "")
    needed = re.fullmatch(
        r"error: the upgrade needs about (\d+) kB of disk, 100 kB are free\n"
        r"the server would stop for lack of space in the middle of the work.\n"
        r"fix: free or add space where the server's data lies\n",
        ended.err,
    )
    assert needed is not None
    # 20 vectors of 768 numbers, in store, column and index, and as much WAL.
    assert int(needed[1]) * 1000 > 20 * 768 * 4 * 3
    assert project.database.whole_dump() == before


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
    before = project.database.whole_dump()
    assert project.upgraded("0009") == Ended(
        2, "", "error: No such revision or branch '0009'\nfix: there is: 0002, 0001\n"
    )
    assert project.database.whole_dump() == before


def test_a_database_at_a_revision_that_has_no_file(project: Project) -> None:
    project.write(change(), revision="0003", down_revision="0001")
    project.database.execute("UPDATE alembic_version SET version_num = '0002'")
    expect_refusal(
        project,
        told(
            "the database is at revision '0002', which has no file here",
            "what that revision did is not known, so nothing was changed.",
            "bring its file back from version control, or name the right database; there is: 0003, 0001",
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
    before = project.database.whole_dump()
    ended = process("alembic", "upgrade", "0001:0002", "--sql", environment=project.environment())
    # Alembic writes its errors to standard output where that holds the script.
    assert ended.code != 0
    assert "Traceback" not in ended.out + ended.err
    assert (
        "FAILED: a change of embeddings cannot be printed as an SQL script\n"
        "which rows and texts there are decides what is done.\n"
        "fix: migrator upgrade --dry-run shows every statement\n"
    ) in ended.out + ended.err
    assert project.database.whole_dump() == before


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
    error = told(
        "env.py began a transaction before Alembic did",
        "the change commits many times, which such a transaction would prevent.",
        "in env.py write engine.connect() for engine.begin(), and commit what was executed before "
        "context.begin_transaction()",
    )
    expect_refusal(project, error)
    expect_dry_run_refused(error)


# ---- the ledger ------------------------------------------------------------------------------------------------


def test_another_migrator_at_work(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", "embed").code == 0
    before = project.database.whole_dump()
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    with project.database.connect() as other:
        other.execute("SELECT pg_advisory_lock(x'6d696772'::int, x'61746f72'::int)")
        for command in (("upgrade", "--yes"), ("abandon", "--yes"), ("retire", "--yes", "--stores")):
            ended = migrator(*command)
            assert (ended.code, ended.out) == (6, "")
            assert re.fullmatch(
                rf"error: another migrator is at work on this database \(server process {other.info.backend_pid}, "
                rf"connected {time}, idle since {time}\)\n"
                r"it is idle while it calls its model or waits; it is idle for good if its machine is gone\.\n"
                rf"fix: wait for it; if it is gone, run SELECT pg_terminate_backend\({other.info.backend_pid}\), "
                r"then this command again\n",
                ended.err,
            )
        assert f"another migrator: server process {other.info.backend_pid}, " in migrator("status").out
    assert project.database.whole_dump() == before
    assert project.upgraded().code == 0


def test_a_ledger_of_a_newer_migrator(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", "fill").code == 0
    project.database.execute("UPDATE migrator.ledger_version SET version = 2")
    error = told(
        "the ledger in this database is of version 2, this migrator knows 1",
        "a newer migrator worked here.",
        "work with that newer version, or a later one",
    )
    expect_refusal(project, error)
    expect_dry_run_refused(error)
    for command in ("status", "verify", "abandon"):
        assert migrator(command) == Ended(3, "", error)


def test_a_revision_that_was_edited_while_it_was_interrupted(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", "fill").code == 0
    project.write(change(batch_size="5"))
    error = told(
        "revision 0002 was edited since its upgrade was interrupted",
        "what is half done was planned from the former text.",
        "put the former text back and run migrator upgrade, or undo what is half done: migrator abandon",
    )
    expect_refusal(project, error)
    expect_dry_run_refused(error)
    project.write(change())
    assert project.upgraded().code == 0


def test_another_revision_while_one_is_unfinished(project: Project) -> None:
    items(project.database, 20)
    file = project.write(change())
    assert project.upgraded("--stop-after", "fill").code == 0
    file.unlink()
    project.write(change(), revision="0003")
    error = told(
        "the upgrade of revision 0002 is unfinished",
        "one change is carried to its end, or abandoned, before the next begins.",
        "migrator abandon undoes it; to go on with it instead, put its file back where migrator upgrade comes to it "
        "first",
    )
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
    error = told(
        "the upgrade of revision 0003 is unfinished",
        "one change is carried to its end, or abandoned, before the next begins.",
        "migrator upgrade goes on with it; migrator abandon undoes it",
    )
    assert project.downgraded() == Ended(3, "", error)
    assert migrator("retire", "--yes") == Ended(3, "", error)
    assert project.upgraded().code == 0


def test_a_table_that_was_replaced_while_it_was_interrupted(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", "backup").code == 0
    project.database.execute("DROP TABLE items")
    items(project.database, 20)
    expect_refusal(
        project,
        told(
            "the table of public.items.embedding was dropped or replaced since the run was interrupted",
            "what the ledger knows of it no longer holds.",
            "migrator abandon closes the run; then run the command again",
        ),
    )
    assert migrator("abandon", "--yes").code == 0
    assert project.upgraded().code == 0


def test_a_model_that_the_ledger_does_not_know_the_column_by(project: Project) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded().code == 0
    project.write(
        change(
            from_='Model("python:tests.models:fast768", dimensions=768)',
            to='Model("python:tests.models:old", dimensions=384)',
        ),
        revision="0003",
        down_revision="0002",
    )
    expect_refusal(
        project,
        told(
            "the ledger says that public.items.embedding holds vectors of python:tests.models:new, not of "
            "python:tests.models:fast768",
            "a rollback would restore the wrong model.",
            "name python:tests.models:new as the old model, in from_= of the revision or --from; where the ledger has "
            "a wrong name, correct it there: docs/how-to/models.md",
        ),
    )


DRIFTED = 'Model("python:tests.models:drifted", dimensions=768)'


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
    before = project.database.whole_dump()
    monkeypatch.setenv("MIGRATOR_TEST_DRIFT", "1")
    ended = project.upgraded()
    assert (ended.code, ended.out, drift_error(ended)) == (3, "", MODEL_CHANGED)
    assert ended.err.count("\n") == 3
    assert project.database.whole_dump() == before


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
    before = project.database.whole_dump()
    assert project.downgraded() == Ended(3, "", error)
    assert migrator("downgrade", "0001", "--dry-run") == Ended(3, "", error)
    assert project.database.whole_dump() == before


def test_a_downgrade_without_a_ledger(upgraded: Project) -> None:
    upgraded.database.execute("DROP SCHEMA migrator CASCADE")
    expect_downgrade_refused(
        upgraded,
        told(
            "the ledger knows no upgrade of public.items.embedding",
            "there is neither a retired column nor a backup to come back from.",
            "write a revision with op.change_embedding back to the old model",
        ),
    )


def test_a_downgrade_of_what_a_later_revision_changed(upgraded: Project) -> None:
    back = change(
        from_='Model("python:tests.models:new", dimensions=768)', to='Model("python:tests.models:old", dimensions=384)'
    )
    upgraded.write(back, revision="0003", down_revision="0002")
    assert upgraded.upgraded().code == 0
    upgraded.database.execute("UPDATE alembic_version SET version_num = '0002'")
    expect_downgrade_refused(
        upgraded,
        told(
            "public.items.embedding was last changed by revision 0003, not by 0002",
            "upgrades are undone in reverse order.",
            "undo 0003 first: migrator downgrade to the revision before it",
        ),
    )


def test_a_downgrade_without_a_text_for_rows_written_since(project: Project) -> None:
    items(project.database, 20)
    model = "python:tests.models:old"
    project.write(
        change(
            text=None,
            from_=f'Model("{model}", dimensions=384)',
            to=f'Model("{model}", dimensions=128, matryoshka=True)',
        )
    )
    assert project.upgraded().code == 0
    project.database.execute(
        "INSERT INTO items (id, body, embedding) SELECT 1000 + id, body, embedding FROM items WHERE id < 3"
    )
    expect_downgrade_refused(
        project,
        told(
            "the revision names no text for 3 rows of public.items.embedding written since the upgrade",
            "their old vectors cannot be derived from the new ones, and there is no text to embed.",
            'write text="an SQL expression over the row" into the revision that made the change',
        ),
    )
