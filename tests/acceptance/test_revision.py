"""`migrator revision`: a file that says what is to be, with what was not said read from the database."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from migrator import EmbeddingChange, Model, hazards
from migrator.commands import runner
from migrator.ledger.rows import as_json
from migrator.runtime.context import Options
from tests.support.commands import Ended, migrator
from tests.support.database import Database
from tests.support.ledger import record
from tests.support.tables import CHANGE, OLD, OTHER, items

# items(body, embedding vector(48)) has an IVFFlat index of 5 lists, for cosine distance.
COLUMN = ("--table", "items", "--column", "embedding", "--text", "body")
TO_NEW = ("--to", "python:tests.models:new")
FROM_OLD = ("--from", "python:tests.models:old")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    """A scaffolded project in the current directory, and the table items."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIGRATOR_DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", database.url)
    items(database, rows=20)
    assert migrator("init").code == 0


def revision(*arguments: str) -> Ended:
    return migrator("revision", "-m", "to the new model", *arguments)


def operation(ended: Ended) -> str:
    """The body of upgrade() in the file that was written."""
    assert ended.code == 0, ended.err
    tree = ast.parse(Path(ended.out.strip()).read_text("utf-8"))
    (upgrade,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"]
    return ast.unparse(ast.Module(upgrade.body, type_ignores=[]))


# ---- the file ------------------------------------------------------------------------------------------------


def test_the_file_is_a_whole_revision(database: Database) -> None:
    before = database.versions()
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert ended.err == (
        "  from   48 dimensions: the column is vector(48)\n"
        "  index  IvfFlat(distance='cosine', lists=5): as items_embedding_idx is now\n"
        "  to     96 dimensions: as the model says\n"
        "  type   vector: as the column is now\n"
        "next: migrator upgrade --dry-run\n"
    )
    (file,) = Path("versions").glob("*.py")
    assert ended.out == f"{file}\n"
    identifier = file.name.partition("_")[0]
    source = file.read_text("utf-8")
    assert source.startswith(f'"""to the new model\n\nRevision ID: {identifier}\nRevises: \nCreate Date: ')
    assert (
        source.partition('"""\n\n')[2]
        == f"""\
from alembic import op
from migrator import IvfFlat, Model

revision = '{identifier}'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.change_embedding(
        "items",
        "embedding",
        text="body",
        from_=Model("python:tests.models:old", dimensions=48),
        to=Model("python:tests.models:new", dimensions=96),
        index=IvfFlat(distance="cosine", lists=5),
    )


def downgrade() -> None:
    op.restore_embedding("items", "embedding")
"""
    )
    assert migrator("heads").out == f"{identifier} (head)\n"
    assert database.versions() == before


def test_it_follows_the_head() -> None:
    first = Path(revision(*COLUMN, *TO_NEW, *FROM_OLD).out.strip()).name.partition("_")[0]
    second = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert f"down_revision = '{first}'\n" in Path(second.out.strip()).read_text("utf-8")


def test_what_is_said_is_written_and_not_inferred() -> None:
    ended = revision(
        *("--table", "public.items", "--column", "embedding", "--text", "body || ' ' || note"),
        *("--to", "sentence-transformers:no/such-model", "--dimensions", "3072", "--type", "halfvec"),
        *("--from", "python:tests.models:old", "--where", "note IS NOT NULL", "--distance", "l2"),
        *("--index", "hnsw", "--m", "24", "--ef-construction", "100", "--on", "bit", "--outside", "null"),
        *(
            "--from-text",
            "note",
            "--empty",
            "refuse",
            "--settings",
            "app.key=env:APP_KEY",
            "--settings",
            "app.salt=env:SALT",
        ),
    )
    assert operation(ended) == ast.unparse(
        ast.parse(
            """op.change_embedding("items", "embedding", schema="public", text="body || ' ' || note",
            from_text="note", settings={"app.key": "env:APP_KEY", "app.salt": "env:SALT"}, empty="refuse",
            where="note IS NOT NULL", outside="null", from_=Model("python:tests.models:old", dimensions=48),
            to=Model("sentence-transformers:no/such-model", dimensions=3072), type="halfvec",
            index=Hnsw(distance="l2", m=24, ef_construction=100, on="bit"))"""
        )
    )
    assert "restore_embedding('items', 'embedding', schema='public')" in ast.unparse(
        ast.parse(Path(ended.out.strip()).read_text("utf-8"))
    )


# ---- models --------------------------------------------------------------------------------------------------


def test_the_old_model_is_the_ledgers_with_all_that_belongs_to_it(database: Database) -> None:
    held = Model("python:tests.models:old", dimensions=48, prompt="passage: ")
    record(database, EmbeddingChange("items", "embedding", text="body", from_=held, to=held))
    ended = revision(*COLUMN, *TO_NEW)
    assert "from_=Model('python:tests.models:old', dimensions=48, prompt='passage: ')" in operation(ended)
    assert "  from   python:tests.models:old, 48 dimensions: the ledger's word for the column\n" in ended.err


def test_the_old_text_is_the_ledgers(database: Database) -> None:
    """And where it is left out all the same, preflight warns of it."""
    record(database, EmbeddingChange("items", "embedding", text="body", from_=OTHER, to=OLD))
    note = ("--table", "items", "--column", "embedding", "--text", "note")
    ended = revision(*note, *TO_NEW)
    assert "text='note', from_text='body', " in operation(ended)
    assert "  from_text  body: what the present vectors were made of, by the ledger\n" in ended.err
    assert "from_text=" not in operation(revision(*COLUMN, *TO_NEW))
    said = revision(*note, *TO_NEW, "--from-text", "note")
    assert "from_text='note'" in operation(said)
    assert "  from_text  " not in said.err
    plan = runner.plan_upgrade(database.address, "2", [replace(CHANGE, text="note")], Options())
    codes = [hazard.code for hazard in plan.hazards]
    assert "other-text-in-column" in codes
    # A column that was given another name since is not proposed.
    database.execute("ALTER TABLE items RENAME body TO content")
    assert "from_text=" not in operation(revision(*note, *TO_NEW))


def test_without_a_ledger_the_old_model_has_to_be_said() -> None:
    assert revision(*COLUMN, *TO_NEW) == Ended(
        2,
        "",
        "error: which model public.items.embedding holds now is not known: the ledger does not name it\n"
        "the revision has to say it, for the way back.\n"
        "fix: name it: --from PROVIDER:NAME, such as "
        "--from sentence-transformers:sentence-transformers/all-MiniLM-L6-v2\n",
    )
    assert not list(Path("versions").iterdir())


def test_a_ledger_of_several_scopes_names_them(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx; ALTER TABLE items ALTER embedding TYPE vector")
    record(database, replace(CHANGE, where="id < 10", to=OLD, index=None))
    second = as_json(replace(CHANGE, where="id >= 10", to=OTHER, index=None))
    database.execute(
        "INSERT INTO migrator.change (id, run_id, table_schema, table_name, column_name, change, catalog, state) "
        "SELECT 2, run_id, table_schema, table_name, column_name, %(second)s, catalog, state FROM migrator.change",
        {"second": second},
    )
    assert revision(*COLUMN, *TO_NEW) == Ended(
        2,
        "",
        "error: which model public.items.embedding holds now is not known: the ledger names one a scope: "
        "python:tests.models:other where id >= 10, python:tests.models:old where id < 10\n"
        "the revision has to say it, for the way back.\n"
        "fix: say which rows by one of these conditions: --where SQL; or name the model: --from PROVIDER:NAME\n",
    )
    written = operation(revision(*COLUMN, *TO_NEW, "--where", "id < 10"))
    assert "from_=Model('python:tests.models:old', dimensions=48)" in written


def test_a_column_without_dimensions_has_those_of_its_model(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx")
    database.execute("ALTER TABLE items ALTER COLUMN embedding TYPE vector")
    database.execute("TRUNCATE items")
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert "from_=Model('python:tests.models:old', dimensions=48)" in operation(ended)
    assert "  from   48 dimensions: as the model says; the column's type has none\n" in ended.err


def test_the_model_that_stays_is_not_loaded() -> None:
    """An index or a type can be changed where the model cannot be had."""
    model = "python:no.such.module:model"
    ended = revision(*COLUMN, "--to", model, "--from", model, "--index", "hnsw")
    assert "to=Model('python:no.such.module:model', dimensions=48)" in operation(ended)
    assert "  to     python:no.such.module:model, 48 dimensions: the model stays\n" in ended.err


def test_fewer_dimensions_of_the_same_model_are_a_truncation() -> None:
    ended = revision(*COLUMN, "--to", "python:tests.models:old", *FROM_OLD, "--dimensions", "32")
    assert "to=Model('python:tests.models:old', dimensions=32, matryoshka=True)" in operation(ended)
    assert "  to     matryoshka=True: the first 32 of 48 numbers\n" in ended.err


def test_a_column_that_is_padded_with_zeros_is_seen_to_be(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx")
    database.execute(
        "ALTER TABLE items ALTER embedding TYPE vector(128) "
        "USING (embedding::real[] || array_fill(0::real, ARRAY[80]))::vector(128)"
    )
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert "from_=Model('python:tests.models:old', dimensions=128, padded=True)" in operation(ended)
    assert "to=Model('python:tests.models:new', dimensions=96)" in operation(ended)
    assert "  from   padded=True: its vectors end in 80 zeros\n" in ended.err
    stays = "as the model says; --dimensions 128 pads them with zeros, as the present ones are"
    assert f"  to     96 dimensions: {stays}\n" in ended.err
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD, "--dimensions", "128")
    assert "to=Model('python:tests.models:new', dimensions=128, padded=True)" in operation(ended)
    ended = revision(*COLUMN, "--to", "python:tests.models:old", *FROM_OLD, "--dimensions", "48")
    assert "to=Model('python:tests.models:old', dimensions=48)" in operation(ended)


def test_a_model_that_cannot_be_loaded_ends_the_command() -> None:
    ended = revision(*COLUMN, "--to", "python:tests.models:none", *FROM_OLD)
    assert revision(*COLUMN, "--to", "python:tests.models:none", *FROM_OLD, "--dimensions", "96") == ended
    assert ended.code == 3
    assert ended.err.startswith(
        "error: model python:tests.models:none cannot be loaded: module tests.models has no function 'none'\n"
    )
    assert not list(Path("versions").iterdir())


# ---- index ---------------------------------------------------------------------------------------------------


def index_of(*arguments: str) -> tuple[str, str]:
    """The index as it is written, and what is said about it."""
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD, *arguments)
    call = ast.parse(operation(ended)).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    written = [ast.unparse(keyword.value) for keyword in call.value.keywords if keyword.arg == "index"]
    said = [line for line in ended.err.splitlines() if line.startswith("  index")]
    return written[0] if written else "", said[0] if said else ""


def test_one_option_changes_the_present_index_in_that_alone() -> None:
    index = "IvfFlat(distance='cosine', lists=9)"
    assert index_of("--lists", "9") == (index, f"  index  {index}: what was not said as in items_embedding_idx")


def test_another_kind_of_index_keeps_the_distance(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx")
    database.execute("CREATE INDEX on_it ON items USING ivfflat (embedding vector_l2_ops)")
    index = "Hnsw(distance='l2', m=24, ef_construction=64)"
    assert index_of("--index", "hnsw", "--m", "24") == (index, f"  index  {index}: what was not said as in on_it")


def test_options_bound_to_each_other_change_together() -> None:
    index = "Hnsw(distance='ip', m=64, ef_construction=128)"
    options = ("--index", "hnsw", "--distance", "ip", "--m", "64", "--ef-construction", "128")
    assert index_of(*options)[0] == index


def test_no_index_can_be_asked_for() -> None:
    assert index_of("--index", "none") == ("None", "")


def test_a_column_without_index_gets_one_only_if_asked(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx")
    assert index_of() == ("", "  index  none: the column has none now; --index hnsw makes one")
    index = "Hnsw(distance='l1', m=16, ef_construction=64)"
    assert index_of("--distance", "l1") == (index, f"  index  {index}: what was not said by default")
    assert index_of("--lists", "7")[0] == "IvfFlat(distance='cosine', lists=7)"


def test_several_indexes_stay_unless_one_is_to_replace_them(database: Database) -> None:
    database.execute("CREATE INDEX second ON items USING hnsw (embedding vector_l2_ops)")
    assert index_of() == ("", "  index  items_embedding_idx, second: as they are now")
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD, "--m", "8")
    assert ended.code == 3
    assert ended.err.startswith(
        "error: public.items.embedding has several vector indexes: items_embedding_idx, second\n"
    )


@pytest.mark.parametrize(
    ("options", "misfit"),
    [
        (("--m", "8"), "--m does not go with --index ivfflat"),
        (("--index", "hnsw", "--lists", "8"), "--lists does not go with --index hnsw"),
        (("--index", "none", "--distance", "l2"), "--distance does not go with --index none"),
        (("--index", "none", "--on", "bit"), "--on does not go with --index none"),
        (("--ef-construction", "9", "--m", "4"), "--m and --ef-construction do not go with --index ivfflat"),
    ],
)
def test_options_that_do_not_go_together_are_named(options: tuple[str, ...], misfit: str) -> None:
    assert revision(*COLUMN, *TO_NEW, *FROM_OLD, *options) == Ended(
        2,
        "",
        f"error: {misfit}\nfix: leave it out, or choose the index it belongs to: --index hnsw or --index ivfflat\n",
    )


# ---- functions -----------------------------------------------------------------------------------------------


FUNCTION = """
CREATE FUNCTION {name}(query vector(48)) RETURNS SETOF bigint LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN QUERY SELECT id FROM {table} ORDER BY embedding::vector( 48 ) <=> query; END $$
"""


def test_a_function_that_casts_to_the_old_dimensions_is_written_anew(database: Database) -> None:
    database.execute(FUNCTION.format(name="near", table="items"))
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert (
        "functions=['CREATE OR REPLACE FUNCTION public.near(query public.vector)\\n RETURNS SETOF bigint\\n"
        " LANGUAGE plpgsql\\n STABLE\\nAS $function$\\nBEGIN RETURN QUERY SELECT id FROM items"
        " ORDER BY embedding::vector( 96 ) <=> query; END $function$']"
    ) in operation(ended)
    made = "  functions  public.near(public.vector): made anew with vector(96) for vector(48)\n"
    assert made in ended.err
    assert warnings(ended) == []
    # The number said in another way is left to a person.
    checked = "CREATE OR REPLACE " + FUNCTION.format(name="near", table="items").strip().removeprefix("CREATE ")
    database.execute(checked.replace("BEGIN RETURN", "BEGIN ASSERT vector_dims(query) = 48; RETURN"))
    look = ["warning: functions find public.items.embedding by its name: public.near(public.vector) (says 48)"]
    assert warnings(revision(*COLUMN, *TO_NEW, *FROM_OLD))[1:] == look
    # A function of another type of vector is another function, and an index alone changes no vector.
    by_name = [
        "warning: functions that find public.items.embedding by its name cast to 48 dimensions: "
        "public.near(public.vector) (not written anew: with another type its arguments may have to change too)"
    ]
    assert warnings(revision(*COLUMN, *TO_NEW, *FROM_OLD, "--type", "halfvec"))[-1:] == by_name
    assert warnings(revision(*COLUMN, "--to", "python:tests.models:old", *FROM_OLD, "--index", "none"))[1:] == []


def test_a_function_beside_a_view_of_the_tables_name_is_written_anew(database: Database) -> None:
    """As Supabase has it: the view's column is the table's own."""
    database.execute("CREATE SCHEMA api; CREATE VIEW api.items AS SELECT * FROM public.items")
    database.execute(FUNCTION.format(name="near", table="items"))
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert "ORDER BY embedding::vector( 96 ) <=> query" in operation(ended)
    assert warnings(ended) == []


def test_a_function_that_may_mean_another_column_is_named(database: Database) -> None:
    database.execute("CREATE TABLE others (id bigint, embedding vector(48))")
    database.execute(FUNCTION.format(name="near", table="items NATURAL JOIN others"))
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert "functions=" not in operation(ended)
    assert warnings(ended) == [
        "warning: functions that find public.items.embedding by its name cast to 48 dimensions: "
        "public.near(public.vector) (perhaps of public.others.embedding, which it names too)"
    ]


# ---- what preflight would refuse -----------------------------------------------------------------------------


def refused(*arguments: str) -> str:
    """The first line of what a refusal says; no file was written."""
    ended = revision(*arguments)
    assert (ended.code, ended.out, list(Path("versions").glob("*.py"))) == (3, "", [])
    return ended.err.splitlines()[0].removeprefix("error: ")


ON_ITEMS = ("--table", "items", "--column", "embedding")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--text", "bodi"), "text='bodi' is not an SQL expression over the row: column \"bodi\" does not exist"),
        (("--text", "id"), "text='id' gives bigint, not text"),
        (
            ("--text", "body", "--where", "id"),
            "where='id' is not an SQL condition over the row: argument of WHERE must be type boolean, not type bigint",
        ),
        (
            ("--text", "body", "--where", "note <> 'embedding' AND vector_dims(Items.Embedding) = 48"),
            "where=\"note <> 'embedding' AND vector_dims(Items.Embedding) = 48\" reads the column that changes, "
            "public.items.embedding",
        ),
    ],
)
def test_what_preflight_would_refuse_is_refused_now(arguments: tuple[str, ...], problem: str) -> None:
    assert refused(*ON_ITEMS, *arguments, *TO_NEW, *FROM_OLD) == problem


def test_a_scope_of_other_tables_is_refused_before_indexes_are_told_by_it(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx; ALTER TABLE items ALTER embedding TYPE vector")
    database.execute("CREATE INDEX ON items USING hnsw ((embedding::vector(48)) vector_l2_ops)")
    database.execute("CREATE TABLE chosen (id bigint)")
    where = "id IN (SELECT id FROM chosen)"
    assert refused(*COLUMN, *TO_NEW, *FROM_OLD, "--where", where) == f"where='{where}' reads tables: chosen"


def test_a_text_is_looked_at_before_a_model_is_loaded() -> None:
    assert refused(*ON_ITEMS, "--text", "bodi", "--to", "python:tests.models:none", *FROM_OLD).startswith("text='bodi'")


def test_a_table_that_cannot_be_changed_is_refused_now(database: Database) -> None:
    database.execute("CREATE VIEW near AS SELECT body, embedding FROM items")
    near = ("--table", "near", "--column", "embedding", "--text", "no_column")
    assert refused(*near, *TO_NEW) == '"near" is a view, which migrator cannot change'


def test_a_model_that_the_ledger_contradicts_is_refused_now(database: Database) -> None:
    held = Model("python:tests.models:old", dimensions=48)
    record(database, EmbeddingChange("items", "embedding", text="body", from_=held, to=held))
    assert refused(*COLUMN, *TO_NEW, "--from", "python:tests.models:other").startswith(
        "the ledger says that public.items.embedding holds vectors of python:tests.models:old, not of"
    )


def test_nothing_to_change_is_refused_now() -> None:
    options = ("--index", "ivfflat", "--lists", "5")
    assert refused(*COLUMN, "--to", "python:tests.models:old", *FROM_OLD, *options) == (
        "public.items.embedding is already as the revision wants it"
    )


def warnings(ended: Ended) -> list[str]:
    """What is warned of, without what it means."""
    assert ended.code == 0, ended.err
    return [line for line in ended.err.splitlines() if line.startswith("warning: ")]


def test_models_that_are_not_to_be_had_are_warned_of_where_dimensions_are_given() -> None:
    ended = revision(
        *COLUMN, "--to", "openai:text-embedding-3-small", "--dimensions", "96", "--from", "python:tests.models:oldest"
    )
    assert warnings(ended) == [
        "warning: cannot load the model that from_= names for public.items.embedding: model "
        "python:tests.models:oldest cannot be loaded: module tests.models has no function 'oldest'",
        "warning: the new model is not available here: model openai:text-embedding-3-small cannot be loaded: "
        "this version of migrator has no provider 'openai' yet",
    ]
    assert "\n  fix: correct --to, or make the model loadable where the upgrade will run; a service" in ended.err
    assert warnings(revision(*COLUMN, *TO_NEW, *FROM_OLD, "--dimensions", "96"))[1:] == []


def test_an_old_model_of_other_dimensions_is_warned_of() -> None:
    assert warnings(revision(*COLUMN, *TO_NEW, "--from", "python:tests.models:tiny")) == [
        "warning: public.items.embedding cannot hold vectors of the model that it is said to hold: model "
        "python:tests.models:tiny gives 8 dimensions, not 48"
    ]


def test_revisions_that_are_not_applied_are_named_and_may_make_it_right(database: Database) -> None:
    first = Path(revision(*COLUMN, *TO_NEW, *FROM_OLD).out.strip())
    unapplied = f"warning: there are revisions that this database has not seen yet: {first}"
    again = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert warnings(again) == [unapplied]
    assert (
        "  fix: where it is to take the place of one, delete that file and the new one, and run the same" in again.err
    )
    Path(again.out.strip()).unlink()
    ended = revision(*ON_ITEMS, "--text", "summary", *TO_NEW, *FROM_OLD)
    assert warnings(ended) == [
        unapplied,
        "warning: as the database is now, preflight would refuse the revision: text='summary' is not an SQL expression "
        'over the row: column "summary" does not exist',
    ]
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
    written = Path(ended.out.strip()).name.partition("_")[0]
    database.execute("INSERT INTO alembic_version VALUES (%(revision)s)", {"revision": written})
    assert warnings(revision(*COLUMN, *TO_NEW, *FROM_OLD)) == []


# ---- mistakes ------------------------------------------------------------------------------------------------


def test_the_nearest_table_and_column_are_named() -> None:
    ended = revision("--table", "item", "--column", "embedding", "--text", "body", *TO_NEW)
    assert (ended.code, ended.err.splitlines()[0], ended.err.splitlines()[-1]) == (
        3,
        'error: there is no table "item"',
        'fix: did you mean "items"?',
    )
    ended = revision("--table", "items", "--column", "embeding", "--text", "body", *TO_NEW)
    assert (ended.code, ended.err.splitlines()[0], ended.err.splitlines()[-1]) == (
        3,
        'error: table "items" has no column "embeding"',
        'fix: did you mean "embedding"?',
    )


def test_a_name_may_be_quoted_as_in_sql(database: Database) -> None:
    database.execute('CREATE SCHEMA "my.app"')
    database.execute('CREATE TABLE "my.app"."Docs" (body text, embedding vector(48))')
    ended = revision(*("--table", '"my.app"."Docs"', "--column", "embedding", "--text", "body"), *TO_NEW, *FROM_OLD)
    assert operation(ended).startswith("op.change_embedding('Docs', 'embedding', schema='my.app', text='body'")


def test_a_setting_names_a_variable_and_its_value_is_not_shown() -> None:
    assert revision(*COLUMN, *TO_NEW, *FROM_OLD, "--settings", "app.key=secret") == Ended(
        2,
        "",
        "error: --settings does not name a variable of the environment\n"
        "a value in a revision would stand in its history for good.\n"
        "fix: write --settings NAME=env:VARIABLE, such as --settings app.key=env:APP_KEY\n",
    )


def test_a_name_of_too_many_parts_is_refused() -> None:
    ended = revision("--table", "a.b.c", "--column", "embedding", "--text", "body", *TO_NEW)
    assert ended == Ended(
        2,
        "",
        "error: a.b.c is not of the form [SCHEMA.]TABLE\n"
        "fix: write it so; a name that holds a dot stands in quotes, as in SQL\n",
    )


def test_two_heads_end_the_command_before_anything_is_asked_of_the_model() -> None:
    for name in ("a1", "b1"):
        Path("versions", f"{name}.py").write_text(f"revision = {name!r}\ndown_revision = None\n", "utf-8")
    ended = revision(*COLUMN, "--to", "python:tests.models:none", *FROM_OLD)
    assert ended.code == 3
    assert ended.err.startswith("error: there is more than one head: a1, b1\n")


# ---- many dimensions, and none -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "written", "said"),
    [
        (
            "wide",
            "IvfFlat(distance='cosine', lists=5, on='halfvec')",
            "on halfvec, half precision: pgvector indexes vector up to 2,000 dimensions",
        ),
        (
            "widest",
            "IvfFlat(distance='cosine', lists=5, on='bit')",
            "on bit, the sign of each number, candidates to be ranked again: pgvector indexes vector up to 2,000 "
            "dimensions",
        ),
    ],
)
def test_more_dimensions_than_a_column_is_indexed_with(model: str, written: str, said: str) -> None:
    ended = revision(*COLUMN, "--to", f"python:tests.models:{model}", *FROM_OLD)
    call = ast.parse(operation(ended)).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert [ast.unparse(keyword.value) for keyword in call.value.keywords if keyword.arg == "index"] == [written]
    assert f"  index  {said}" in ended.err.splitlines()
    assert migrator("upgrade", "--yes").code == 0


CHUNKS = """
ALTER TABLE items ALTER embedding TYPE vector;
ALTER TABLE items ADD COLUMN collection_id int NOT NULL DEFAULT 1;
INSERT INTO items (id, body, embedding, collection_id) VALUES (1000, 'of another model', '[1,2,3]', 2);
"""


SEVERAL = (
    "error: vectors of several dimensions are in the scope of public.items.embedding: 20 of 48, 1 of 3\n"
    "one revision changes the vectors of one model.\n"
    "fix: "
)


def test_the_rows_of_a_column_without_dimensions_say_the_scope(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx")
    database.execute(CHUNKS)
    database.execute("ANALYZE items")
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert "where='collection_id = 1'" in operation(ended)
    assert ended.err.startswith(
        "  where  collection_id = 1: its vectors, and no others, have the model's 48 dimensions\n"
        "  from   48 dimensions: as the vectors in scope are; the column's type has none\n"
    )
    said = revision(*COLUMN, *TO_NEW, *FROM_OLD, "--where", "id = 1000")
    assert "from_=Model('python:tests.models:old', dimensions=3)" in operation(said)


def test_a_scope_without_rows_is_warned_of(database: Database) -> None:
    asked = (*COLUMN, *TO_NEW, *FROM_OLD, "--where", "id = -1")
    hazard = hazards.rows.scope_without_rows("public.items.embedding", "id = -1", 20)
    # Without which preflight would refuse such rows.
    database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL")
    assert warnings(revision(*asked)) == [f"warning: {hazard.problem}"]
    assert hazard.told("hazard") in migrator("upgrade", "--dry-run").out
    database.execute("UPDATE items SET embedding = NULL")
    assert hazard.problem not in migrator("upgrade", "--dry-run").out
    database.execute("DROP INDEX items_embedding_idx; ALTER TABLE items ALTER embedding TYPE vector")
    database.execute("UPDATE items SET embedding = '[1,2,3]'")
    assert warnings(revision(*asked))[1:] == [f"warning: {hazard.problem}"]
    database.execute("TRUNCATE items")
    assert warnings(revision(*asked))[1:] == []


def test_which_rows_are_meant_is_asked_where_they_do_not_say_it(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx")
    database.execute(CHUNKS)
    options = (*COLUMN, *TO_NEW, *FROM_OLD)
    remedy = "tell the model's rows apart by a condition: where= in the revision, --where on the command line"
    # By their statistics, which are not there yet, the columns of few values are known.
    assert revision(*options) == Ended(2, "", f"{SEVERAL}{remedy}\n")
    database.execute("UPDATE items SET collection_id = 5 WHERE id % 4 = 0 AND id < 1000")
    database.execute("ANALYZE items")
    asked = '--where "collection_id = 1" (15 of 48), --where "collection_id = 5" (5 of 48)'
    assert revision(*options) == Ended(2, "", f"{SEVERAL}say which rows: {asked}\n")
    database.execute('ALTER TABLE items ADD COLUMN "order" text')
    database.execute("""UPDATE items SET "order" = 'it''s' WHERE id < 1000""")
    database.execute("ANALYZE items")
    asked += """, --where "\\"order\\" = 'it''s'" (20 of 48)"""
    assert revision(*options) == Ended(2, "", f"{SEVERAL}say which rows: {asked}\n")
    database.execute('ALTER TABLE items DROP COLUMN "order"')
    # A model that is not available does not say its dimensions.
    ended = revision(*COLUMN, *TO_NEW, "--from", "python:no.such.module:model")
    assert ended.err.endswith('(5 of 48), --where "collection_id = 2" (1 of 3)\n')


def test_the_index_on_the_models_dimensions_says_the_scope(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx")
    database.execute(CHUNKS)
    made = "CREATE INDEX of_{0} ON items USING hnsw ((embedding::vector({1})) vector_l2_ops) WHERE collection_id = {0}"
    database.execute(made.format(1, 48))
    database.execute(made.format(2, 3))
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert "where='(collection_id = 1)'" in operation(ended)
    assert "  where  (collection_id = 1): the scope of of_1, the only index on 48 dimensions\n" in ended.err


def test_the_only_index_says_the_scope(database: Database) -> None:
    database.execute("DROP INDEX items_embedding_idx")
    database.execute(CHUNKS)
    database.execute(
        "CREATE INDEX of_1 ON items USING hnsw ((embedding::vector(48)) vector_l2_ops) WHERE collection_id = 1"
    )
    ended = revision(*COLUMN, *TO_NEW, *FROM_OLD)
    assert "where='(collection_id = 1)'" in operation(ended)
    assert "index=Hnsw(distance='l2', m=16, ef_construction=64)" in operation(ended)
    assert "  where  (collection_id = 1): the scope of of_1, the only vector index" in ended.err.splitlines()


def test_of_indexes_with_scopes_the_one_that_holds_vectors_says_it(database: Database) -> None:
    """At equal dimensions: another model's vectors may be gone, or have as many numbers."""
    database.execute("DROP INDEX items_embedding_idx")
    database.execute(CHUNKS)
    database.execute("DELETE FROM items WHERE id = 1000")
    made = "CREATE INDEX of_{0} ON items USING hnsw ((embedding::vector({1})) vector_l2_ops) WHERE collection_id = {0}"
    for number, dimensions in ((1, 48), (2, 48), (3, 3)):
        database.execute(made.format(number, dimensions))
    options = (*COLUMN, *TO_NEW, *FROM_OLD)
    ended = revision(*options)
    assert "where='(collection_id = 1)'" in operation(ended)
    shown = "  where  (collection_id = 1): the scope of of_1, the only one of several that holds vectors"
    assert shown in ended.err.splitlines()
    database.execute("UPDATE items SET collection_id = 2 WHERE id % 4 = 0")
    assert revision(*options) == Ended(
        2,
        "",
        "error: which vectors of public.items.embedding are of python:tests.models:old is not known: its vector "
        "indexes have several scopes, and all vectors have 48 dimensions\n"
        "one revision changes the vectors of one model.\n"
        'fix: say which rows: --where "(collection_id = 1)" (15 of 48), --where "(collection_id = 2)" (5 of 48); or '
        "--where true, where all are of that model\n",
    )


@pytest.mark.parametrize("condition", ["note IS NULL", "embedding IS NOT NULL"])
def test_an_index_that_tells_no_models_apart_says_no_scope(database: Database, condition: str) -> None:
    """Rows beyond it would keep vectors of the old model, or get none."""
    database.execute("DROP INDEX items_embedding_idx; ALTER TABLE items ALTER embedding TYPE vector")
    database.execute(f"CREATE INDEX ON items USING hnsw ((embedding::vector(48)) vector_l2_ops) WHERE {condition}")
    written = operation(revision(*COLUMN, *TO_NEW, *FROM_OLD))
    assert "where=" not in written
    assert "from_=Model('python:tests.models:old', dimensions=48)" in written
