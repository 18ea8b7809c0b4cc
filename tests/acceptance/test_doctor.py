"""`migrator doctor`: what ails a database or a column, each with its remedy, and nothing changed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from migrator import Hnsw, Model
from migrator.catalog import read_server
from migrator.doctor import Finding
from migrator.postgres.connection import connect
from migrator.preflight.server import known_faults
from tests.support.commands import Ended, migrator
from tests.support.database import Database
from tests.support.ledger import record
from tests.support.running import upgrade
from tests.support.tables import CHANGE, NEW, OLD, items

# What the ledger says after an upgrade that left items.embedding under the old model.
HELD = dataclasses.replace(CHANGE, to=OLD)
SUBJECT = "public.items.embedding"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIGRATOR_DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", database.url)
    assert migrator("init").code == 0


def findings(*arguments: str) -> list[Finding]:
    """What doctor says, as data."""
    ended = migrator("doctor", *arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    return [Finding(**finding) for finding in json.loads(ended.out)["findings"]]


def about(subject: str, found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(each.level, each.fact, each.remedy) for each in found if each.subject == subject]


# ---- the database --------------------------------------------------------------------------------------------


HNSW_INSTEAD = (
    "DROP INDEX items_embedding_idx; CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_cosine_ops)"
)


def test_a_sound_database(database: Database) -> None:
    items(database)
    database.execute(HNSW_INSTEAD)
    before = database.versions()
    ended = migrator("doctor")
    server, disk, column = ended.out.splitlines()
    pgvector = database.value("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    postgresql = database.value("SELECT current_setting('server_version')")
    assert server == f"ok       server: PostgreSQL {postgresql}, pgvector {pgvector}"
    assert disk.startswith("ok       disk: ")
    assert disk.endswith(" free where the server's data lies")
    assert column == (
        "ok       public.items.embedding: vector(48), about 200 rows, items_embedding_idx (hnsw), "
        "a model that the ledger does not know"
    )
    assert (ended.code, ended.err) == (0, "next: migrator doctor TABLE.COLUMN looks into a column\n")
    assert database.versions() == before


def test_a_fault_of_pgvector_in_indexes_that_are_there(database: Database) -> None:
    items(database)
    with connect(database.address) as connection:
        server = read_server(connection)
    expected = [("warning", each.problem, each.remedy) for each in known_faults(server, ["ivfflat"])]
    assert about("server", findings())[1:] == expected
    # This one has the fault.
    assert (server.pgvector, len(expected)) == ("0.8.5", 1)


def test_a_database_without_pgvector(database: Database) -> None:
    database.execute("DROP EXTENSION vector")
    assert about("server", findings())[1:] == [
        (
            "error",
            "the extension vector (pgvector) is not in this database",
            "CREATE EXTENSION vector; or is this the wrong database?",
        )
    ]


def test_a_database_without_a_vector_column() -> None:
    assert about("columns", findings()) == [("ok", "there is no vector column", "")]


def test_a_publication_of_all_tables(database: Database) -> None:
    database.execute("CREATE PUBLICATION everything FOR ALL TABLES")
    assert about("server", findings())[1:] == [
        (
            "error",
            "publication everything is FOR ALL TABLES",
            "name the published tables: DROP PUBLICATION ...; CREATE PUBLICATION ... FOR TABLE ...",
        )
    ]


@pytest.fixture
def guest(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A role without privileges, which the commands work as."""
    database.execute("CREATE ROLE guest LOGIN")
    monkeypatch.setenv("DATABASE_URL", database.url.replace("postgres:@", "guest:@"))
    yield "guest"
    database.execute("DROP OWNED BY guest")
    database.execute("DROP ROLE guest")


@pytest.mark.usefixtures("guest")
def test_a_role_that_may_not_make_a_schema_or_read_the_ledger(database: Database) -> None:
    items(database, rows=5)
    database.execute(HNSW_INSTEAD)
    found = findings()
    assert about("server", found)[1:] == [
        (
            "error",
            'role "guest" may not create a schema in this database',
            'GRANT CREATE ON DATABASE ... TO "guest"',
        )
    ]
    assert about("disk", found) == [("ok", "what the server has free cannot be seen from here", "")]
    record(database, CHANGE)
    ((_, fact, _),) = about("server", findings())[1:]
    assert fact == 'the schema "migrator" belongs to "postgres", and role "guest" is at work'


@pytest.mark.usefixtures("guest")
def test_a_role_that_may_not_read_the_table(database: Database) -> None:
    items(database, rows=5)
    assert migrator("doctor", "items.embedding") == Ended(
        3,
        "",
        "error: the database refuses: permission denied for table items\n"
        "the role at work lacks a privilege, and nothing was changed by the statement that was refused.\n"
        "fix: GRANT it, or connect as the owner of the table\n",
    )


@pytest.mark.parametrize("state", ["unfinished", "live"])
def test_an_unfinished_run(database: Database, state: str) -> None:
    """One past cut-over cannot be abandoned any more."""
    items(database, rows=5)
    record(database, CHANGE, run="unfinished", state=state)
    abandoned = "; migrator abandon undoes it and keeps the store" if state == "unfinished" else ""
    assert about("ledger", findings()) == [
        (
            "warning",
            "the upgrade of revision 0001 is unfinished",
            f"migrator upgrade 0001, as before, goes on{abandoned}",
        )
    ]


def test_the_ledgers_model_is_named(database: Database) -> None:
    items(database, rows=5)
    record(database, HELD)
    found = findings()
    ((level, fact, _),) = about(SUBJECT, found)
    assert level == "ok"
    assert fact.endswith(", python:tests.models:old")
    assert about(OLD.name, found) == [("ok", "at hand", "")]


def test_the_ledgers_model_is_named_under_the_present_name_of_the_table(database: Database) -> None:
    items(database)
    upgrade(database)
    database.execute("ALTER TABLE items RENAME TO things")
    ((level, fact, _),) = about("public.things.embedding", findings())
    assert (level, fact.endswith(f", {NEW.name}")) == ("ok", True)


def test_models_that_the_ledger_names_are_looked_at_once_each(database: Database) -> None:
    """The one that the column holds, and the one that a downgrade would ask."""
    items(database, rows=5)
    gone = Model("python:tests.models:gone", dimensions=96)
    hub = Model("sentence-transformers:nobody/nothing", dimensions=48)
    record(database, dataclasses.replace(CHANGE, from_=hub, to=gone))
    found = findings()
    ((level, fact, _),) = about(gone.name, found)
    assert (level, fact) == (
        "error",
        "model python:tests.models:gone cannot be loaded: module tests.models has no function 'gone'",
    )
    ((level, _, _),) = about(hub.name, found)
    assert level == "error"


def test_an_invalid_index(database: Database) -> None:
    items(database, rows=5)
    break_index(database, "items_embedding_idx")
    assert about("public.items_embedding_idx", findings()) == [
        (
            "error",
            "the index on items is invalid: it slows writes down and answers no query",
            "REINDEX INDEX CONCURRENTLY public.items_embedding_idx; or drop it where it is not needed",
        )
    ]


def break_index(database: Database, index: str) -> None:
    """As a CREATE INDEX CONCURRENTLY that failed leaves it."""
    database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %(index)s::regclass", {"index": index})


def test_a_column_whose_type_has_no_dimensions(database: Database) -> None:
    database.execute("CREATE TABLE notes (id int, embedding vector)")
    assert about("public.notes.embedding", findings()) == [
        (
            "ok",
            "vector, never analysed, no vector index, a model that the ledger does not know; "
            "vectors of several dimensions fit in: migrator doctor public.notes.embedding looks which are there",
            "",
        )
    ]
    database.execute('ALTER TABLE notes RENAME TO "a; b"')
    ((_, fact, _),) = about("public.a; b.embedding", findings())
    assert fact.endswith("migrator doctor 'public.a; b.embedding' looks which are there")


def test_migrators_own_columns_are_not_looked_at(database: Database) -> None:
    database.execute("CREATE TABLE notes (id int, migrator_retired_1 vector(3))")
    record_schema = "CREATE SCHEMA migrator; CREATE TABLE migrator.store_x (v vector(3))"
    database.execute(record_schema)
    assert about("columns", findings()) == [("ok", "there is no vector column", "")]


# ---- a column ------------------------------------------------------------------------------------------------


def column(database: Database, type_: str, *vectors: str | None, index: str = "") -> None:
    """notes(id, body, v), one row a vector; the body of row n is "text n"."""
    database.execute(f"CREATE TABLE notes (id int, body text, v {type_})")
    for number, vector in enumerate(vectors):
        row = {"id": number, "body": f"text {number}", "v": vector}
        database.execute("INSERT INTO notes VALUES (%(id)s, %(body)s, %(v)s)", row)
    if index:
        database.execute(f"CREATE INDEX notes_idx ON notes USING {index}")


def in_column() -> list[tuple[str, str, str]]:
    return [(each.level, each.fact, each.remedy) for each in findings("notes.v")]


def test_a_sound_column(database: Database) -> None:
    items(database, distinct=200)
    record(database, HELD)
    before = database.versions()
    ended = migrator("doctor", "public.items.embedding")
    assert ended == Ended(
        0,
        "ok       public.items.embedding: vector(48), 200 rows\n"
        "ok       public.items.embedding: every row has a vector\n"
        "ok       public.items.embedding: all vectors have length 1\n"
        "ok       public.items.embedding: no vector repeats another\n"
        "ok       items_embedding_idx: ivfflat, cosine, lists=5, valid\n"
        "ok       python:tests.models:old: loads, and gives 48 dimensions\n",
        "",
    )
    assert database.versions() == before


def test_an_empty_column(database: Database) -> None:
    column(database, "halfvec(3)")
    assert in_column() == [
        ("ok", "halfvec(3), 0 rows", ""),
        ("ok", "every row has a vector", ""),
        ("ok", "no vector index: every search reads the whole table", ""),
    ]


def test_rows_without_vector(database: Database) -> None:
    column(database, "vector(2)", "[1,0]", None, None)
    assert in_column()[1] == (
        "warning",
        "2 rows without a vector, which no search by vector finds",
        "the next upgrade gives one to every row that has a text",
    )


def test_rows_without_vector_where_the_text_is_known(database: Database) -> None:
    model = Model("python:tests.models:tiny", dimensions=2)
    column(database, "vector(2)", "[1,0]", None, None, "[0,1]")
    record(database, dataclasses.replace(CHANGE, table="notes", column="v", to=model))
    assert in_column()[1] == (
        "warning",
        "2 rows with a text (body) and no vector, which no search by vector finds",
        "migrator backfill embeds them",
    )
    database.execute("UPDATE notes SET body = NULL WHERE v IS NULL")
    assert in_column()[1] == ("ok", "2 rows without a vector, and without a text in scope", "")


def test_vectors_of_several_dimensions(database: Database) -> None:
    column(database, "vector", "[1,0]", "[0,1]", "[1,0,0]", None)
    assert (
        "warning",
        "vectors of several dimensions stand in it: 2 of 2, 1 of 3; no condition is known that tells them apart",
        "tell the models apart by a condition: one revision with where= for each of them",
    ) in in_column()
    database.execute("CREATE INDEX notes_idx ON notes USING hnsw ((v::vector(3)) vector_l2_ops) WHERE id = 2")
    assert [each for each in in_column() if "dimensions: " in each[1]] == [
        ("ok", "2 vectors of 2 dimensions: those that are left", ""),
        ("ok", "1 vector of 3 dimensions: id = 2", ""),
    ]
    database.execute("DROP INDEX notes_idx")
    database.execute("ALTER TABLE notes ADD model text; UPDATE notes SET model = (id = 2)::text; ANALYZE notes")
    database.execute("INSERT INTO notes SELECT id, body, v, model FROM notes, generate_series(1, 20); ANALYZE notes")
    assert [each for each in in_column() if "dimensions: " in each[1]] == [
        ("ok", "42 vectors of 2 dimensions: model = 'false'", ""),
        ("ok", "21 vectors of 3 dimensions: model = 'true'", ""),
    ]
    # As many again are beyond the condition.
    for dimensions, number in ((2, 0), (3, 2)):
        keyed = f"hnsw ((v::vector({dimensions})) vector_l2_ops) WHERE id = {number}"
        database.execute(f"CREATE INDEX ON notes USING {keyed}")
    assert [each for each in in_column() if "dimensions: " in each[1]] == [
        ("ok", "42 vectors of 2 dimensions: 21 where id = 0; 21 those that are left", ""),
        ("ok", "21 vectors of 3 dimensions: id = 2", ""),
    ]
    database.execute("DELETE FROM notes WHERE id = 2")
    assert ("ok", "all vectors have 2 dimensions", "") in in_column()
    database.execute("DELETE FROM notes")
    assert ("ok", "there is no vector", "") in in_column()


@pytest.mark.parametrize("type_", ["vector(2)", "halfvec(2)"])
def test_zero_vectors(database: Database, type_: str) -> None:
    column(database, type_, "[0,0]", "[1,0]", "[0,0]")
    update = 'UPDATE "public"."notes" SET "v" = NULL WHERE vector_norm("v"::vector) = 0'
    assert in_column()[2] == (
        "error",
        "2 vectors of zeros alone: no search by cosine distance finds such a row",
        f"set them NULL, and the next upgrade embeds them: {update}",
    )
    database.execute(update)
    assert database.value("SELECT count(*) FROM notes WHERE v IS NULL") == 2


def test_vectors_of_length_1_beside_others(database: Database) -> None:
    column(database, "vector(2)", "[1,0]", "[0,1.0009]", "[0,0.9991]", "[0,1.002]")
    assert in_column()[2] == (
        "warning",
        "3 vectors of length 1 and 1 of another: they may be of several models",
        "find out what wrote the fewer ones; an upgrade embeds all rows with one model",
    )


def test_unnormalized_vectors_matter_to_inner_products_alone(database: Database) -> None:
    column(database, "vector(2)", "[2,0]", "[0,3]", index="hnsw (v vector_cosine_ops)")
    assert in_column()[2] == ("ok", "no vectors have length 1", "")
    database.execute("CREATE INDEX ON notes USING hnsw (v vector_ip_ops)")
    assert in_column()[2] == (
        "warning",
        "no vector has length 1, and an index searches by inner product, which prefers long vectors",
        'search by cosine distance: index=Hnsw(distance="cosine") in a revision; or normalize=True',
    )


def test_vectors_that_repeat(database: Database) -> None:
    column(database, "vector(2)", "[1,0]", "[1,0]", "[1,0]", "[0,1]")
    assert in_column()[3] == ("ok", "2 of 4 vectors repeat another, as they should where texts are equal", "")


def test_vectors_that_repeat_where_the_text_is_known(database: Database) -> None:
    model = Model("python:tests.models:tiny", dimensions=2)
    column(database, "vector(2)", "[1,0]", "[1,0]", "[1,0]", "[0,1]")
    record(database, dataclasses.replace(CHANGE, table="notes", column="v", from_=model, to=model))
    assert in_column()[3] == (
        "warning",
        "2 of 4 vectors repeat another: 4 different texts have 2 different vectors",
        "look whether those texts differ only beyond what the model reads, or were all embedded by one mistake",
    )
    database.execute("UPDATE notes SET body = 'the same' WHERE id < 3")
    assert in_column()[3] == ("ok", "2 of 4 vectors repeat another: their texts do too", "")


def test_indexes_of_a_column(database: Database) -> None:
    predicate = "id > 0 AND body LIKE '%t%'"
    column(database, "vector(2)", "[1,0]", "[0,1]", None, index=f"hnsw (v vector_l2_ops) WHERE {predicate}")
    found = findings("notes.v")
    ((level, fact, _),) = about("notes_idx", found)
    assert level == "ok"
    assert fact.startswith("hnsw, l2, valid; outside of ")
    assert fact.endswith(": 1 row with a vector")
    break_index(database, "notes_idx")
    ((level, fact, remedy),) = about('"public"."notes_idx"', findings("notes.v"))
    assert (level, fact) == ("error", "the index is invalid: it slows writes down and answers no query")
    assert remedy.startswith('REINDEX INDEX CONCURRENTLY "public"."notes_idx";')


def test_rows_that_row_security_hides(database: Database, guest: str) -> None:
    column(database, "vector(2)", "[1,0]", "[0,1]")
    database.execute("ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
    database.execute(f"GRANT SELECT ON notes TO {guest}")
    levels = [(level, fact) for level, fact, _ in in_column()]
    assert levels[0] == ("ok", "vector(2)")
    assert levels[1] == (
        "error",
        'row-level security on "notes" applies to the role that migrator works as',
    )


def test_rows_whose_text_was_edited_since(database: Database) -> None:
    """doctor and status name backfill, and find nothing after it. Another index alone changes nothing of that."""
    items(database)
    upgrade(database)
    upgrade(database, dataclasses.replace(CHANGE, from_=NEW, index=Hnsw("cosine", m=8)), revision="3")
    every = ("ok", "every vector is of its row's present text", "")
    assert every in about(SUBJECT, findings("items"))
    database.execute("UPDATE items SET body = 'edited' WHERE id < 3")
    database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL; UPDATE items SET embedding = NULL WHERE id = 3")
    found = about(SUBJECT, findings("items"))
    assert found[1:3] == [
        (
            "warning",
            "1 row with a text (body) and no vector, which no search by vector finds",
            "migrator backfill embeds them",
        ),
        (
            "warning",
            "3 rows with the vector of another text: theirs was edited since",
            "migrator backfill gives them the vector of their text",
        ),
    ]
    status = migrator("status").out
    assert "\n  1 row in scope with a text and no vector\n" in status
    assert "\n  next: migrator backfill\n" in status
    assert migrator("backfill").out == f"{SUBJECT}: 1 row filled, 3 rows renewed, 0 rows failed\n"
    assert every in about(SUBJECT, findings("items"))
    assert "next: " not in migrator("status").out


def test_a_text_that_can_no_longer_be_read(database: Database) -> None:
    items(database, rows=5)
    record(database, CHANGE)
    database.execute("ALTER TABLE items RENAME body TO content")
    assert about(SUBJECT, findings("items"))[1] == (
        "error",
        'the text that its last upgrade embedded (body) cannot be read: column "body" does not exist',
        "bring back what it names; a downgrade reads it too",
    )


def test_a_partitioned_table(database: Database) -> None:
    """Rows and indexes are those of all partitions together, and partitions without an index are named."""
    database.execute(
        "CREATE TABLE notes (id int, v vector(2)) PARTITION BY RANGE (id);"
        "CREATE TABLE notes_1 PARTITION OF notes FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE notes_2 PARTITION OF notes FOR VALUES FROM (10) TO (20);"
        "INSERT INTO notes SELECT n, '[1,0]' FROM generate_series(0, 14) n; ANALYZE notes_1, notes_2;"
        "CREATE INDEX on_1 ON notes_1 USING hnsw (v vector_l2_ops)"
    )
    about_notes = [each for each in findings() if each.subject.startswith("public.notes")]
    assert about_notes == [
        Finding(
            "ok",
            "public.notes.v",
            "vector(2), about 15 rows in 2 partitions, no vector index, a model that the ledger does not know",
        )
    ]
    assert (
        "warning",
        "no vector index on 1 of 2 partitions (public.notes_2), which every search reads whole",
        "CREATE INDEX CONCURRENTLY on each of them",
    ) in in_column()
    database.execute("CREATE INDEX of_all ON ONLY notes USING hnsw (v vector_l2_ops)")
    database.execute("ALTER INDEX of_all ATTACH PARTITION on_1")
    ((level, fact, remedy),) = about('"public"."of_all"', findings("notes.v"))
    assert (level, fact) == ("error", "the index is invalid: it lacks 1 of 2 partitions (public.notes_2)")
    assert remedy.endswith('then ALTER INDEX "public"."of_all" ATTACH PARTITION ...')
    ((level, fact, _),) = about("public.of_all", findings())
    assert fact == "the index on notes is invalid: not every partition has one that is attached to it"
    break_index(database, "on_1")
    ((level, fact, _),) = about('"public"."on_1"', findings("notes.v"))
    assert (level, fact.partition(",")[0]) == ("error", "on partition public.notes_1")


def test_a_column_need_not_be_named_where_there_is_one(database: Database) -> None:
    column(database, "vector(2)", "[1,0]")
    assert findings("notes") == findings("public.notes") == findings("public.notes.v") == findings("notes.v")
    remedy = "fix: name one: migrator doctor [SCHEMA.]TABLE.COLUMN; without a name it lists all of the database\n"
    database.execute("ALTER TABLE notes ADD w halfvec(3)")
    several = f"error: public.notes has several vector columns: v, w\n{remedy}"
    assert migrator("doctor", "notes") == Ended(2, "", several)
    database.execute("CREATE TABLE plain ()")
    assert migrator("doctor", "plain") == Ended(2, "", f"error: public.plain has no vector column\n{remedy}")
    assert migrator("doctor", "public.nowhere").err.startswith('error: there is no table "public"\n')


def test_a_model_that_no_longer_loads(database: Database) -> None:
    items(database, rows=5)
    record(database, dataclasses.replace(HELD, to=Model("python:tests.models:gone", dimensions=48)))
    ((level, fact, _),) = about("python:tests.models:gone", findings("items.embedding"))
    assert level == "error"
    assert fact == ("model python:tests.models:gone cannot be loaded: module tests.models has no function 'gone'")


# ---- the command ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vectors", "code_at_error", "code_at_warning"),
    [(("[1,0]",), 0, 0), (("[1,0]", None), 0, 1), (("[1,0]", "[0,0]"), 1, 1)],
)
def test_the_exit_code_follows_the_worst_finding_where_asked(
    database: Database, vectors: tuple[str | None, ...], code_at_error: int, code_at_warning: int
) -> None:
    column(database, "vector(2)", *vectors)
    assert migrator("doctor", "notes.v").code == 0
    assert migrator("doctor", "notes.v", "--fail-on", "error").code == code_at_error
    assert migrator("doctor", "notes.v", "--fail-on", "warning").code == code_at_warning


def test_a_remedy_stands_below_its_finding(database: Database) -> None:
    column(database, "vector(2)", None)
    assert migrator("doctor", "notes.v").out.splitlines()[1:3] == [
        "warning  public.notes.v: 1 row without a vector, which no search by vector finds",
        "         fix: the next upgrade gives one to every row that has a text",
    ]


def test_a_column_is_named_with_its_table(database: Database) -> None:
    assert migrator("doctor", "a.b.c.embedding") == Ended(
        2,
        "",
        "error: a.b.c.embedding is not of the form [SCHEMA.]TABLE[.COLUMN]\n"
        "fix: write it so; a name that holds a dot stands in quotes, as in SQL\n",
    )
    database.execute('CREATE TABLE "a.b" ("c.d" vector(2))')
    assert about("public.a.b.c.d", findings('public."a.b"."c.d"'))[0] == ("ok", "vector(2), 0 rows", "")


def test_a_column_that_is_not_there_or_no_vector_is_refused(database: Database) -> None:
    items(database, rows=5)
    assert migrator("doctor", "items.embeding").err.endswith('fix: did you mean "embedding"?\n')
    ended = migrator("doctor", "items.body")
    assert ended.code == 3
    assert ended.err.startswith('error: column "items.body" is of type text, not vector or halfvec\n')


def test_nothing_can_be_written(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever doctor looks at, it looks in a transaction that the server keeps read only."""
    monkeypatch.setattr("migrator.doctor.examine_database", lambda connection: connection.execute("CREATE TABLE t ()"))
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        migrator("doctor")
    assert database.value("SELECT to_regclass('t')") is None
