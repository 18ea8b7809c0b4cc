"""sql/manual_rollback.sql: the rollback of one column by psql alone, and migrator at work again afterwards."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from migrator import EmbeddingChange, Hnsw
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.errors import Stopped
from migrator.runtime.context import Options
from migrator.runtime.session import at_work
from tests.support.commands import Ended
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.running import retire
from tests.support.tables import CHANGE, NEW, OLD, items

SCRIPT = Path(__file__).parents[2] / "sql" / "manual_rollback.sql"
ITEMS = [VectorColumn("items", "embedding")]
NOTHING_WRITTEN = "no row was written since the upgrade: every old vector is back\n"


def psql(database: Database, *arguments: str) -> Ended:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(
        [database.binaries / "psql", "-X", *arguments, "-f", SCRIPT, database.url],
        capture_output=True,
        text=True,
        env=kept,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def roll_back(database: Database, *more: str, table: str = "items", to: str = "0001") -> Ended:
    return psql(database, "-v", f"table={table}", "-v", "column=embedding", "-v", f"to={to}", *more)


def refused(ended: Ended) -> str:
    """The message and the hint of what stopped the script."""
    assert ended.code == 3, ended
    message = ended.err.partition("ERROR:  ")[2]
    return message.replace("HINT:  ", "").strip()


def at(database: Database, revision: str) -> None:
    database.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)")
    database.execute("TRUNCATE alembic_version")
    database.execute("INSERT INTO alembic_version VALUES (%(revision)s)", {"revision": revision})


def upgrade(database: Database, change: EmbeddingChange = CHANGE, *, online: bool = False) -> None:
    runner.upgrade(database.address, "0002", [change], Options(online=online))
    at(database, "0002")


def vectors(database: Database, where: str = "true") -> dict[int, str | None]:
    return dict(database.execute(f"SELECT id, embedding::text FROM items WHERE {where} ORDER BY id"))


def states(database: Database) -> list[str]:
    return [row[0] for row in database.execute("SELECT state FROM migrator.change ORDER BY id")]


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_without_writes_all_is_as_it_was_and_the_next_upgrade_embeds_nothing(database: Database) -> None:
    items(database)
    database.execute(
        "CREATE FUNCTION dims() RETURNS int LANGUAGE plpgsql AS $$ DECLARE found items.embedding%TYPE; "
        "BEGIN SELECT embedding INTO found FROM items LIMIT 1; RETURN vector_dims(found); END $$"
    )
    schema, rows = database.dump(), vectors(database)
    upgrade(database)
    with psycopg.connect(database.url, autocommit=True) as session:
        # It keeps the function as it compiles it now.
        session.execute("SELECT dims()")
        done = roll_back(database)
        assert session.execute("SELECT dims()").fetchone() == (48,)
    assert (done.code, done.err) == (0, "")
    assert database.execute("SELECT relname FROM pg_class WHERE relname ~ '^(missed|edited)_'") == []
    assert done.out.endswith("under revision 0001\nNOT NULL is set again\n" + NOTHING_WRITTEN)
    assert (database.dump(), vectors(database)) == (schema, rows)
    assert database.value("SELECT version_num FROM alembic_version") == "0001"
    assert states(database) == ["restored"]
    assert database.value("SELECT to_regclass('migrator.rollback_1')") is None

    upgrade(database)
    assert states(database) == ["restored", "live"]
    assert database.value("SELECT texts_embedded FROM migrator.change WHERE id = 2") == 0
    runner.restore(database.address, "0002", ITEMS, Options())
    assert (database.dump(), vectors(database)) == (schema, rows)


def test_rows_written_since_are_listed_with_their_new_vectors(database: Database) -> None:
    database.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor")
    items(database)
    # Which is not the row.
    database.execute("ALTER TABLE items ADD COLUMN items text")
    schema, untouched = database.dump(), vectors(database, "id NOT IN (3, 4, 5)")
    upgrade(database)
    database.execute("UPDATE items SET body = 'another text' WHERE id = 3")
    database.execute("UPDATE items SET note = 'another note' WHERE id = 10")
    database.execute("DELETE FROM items WHERE id IN (4, 5)")
    database.execute(
        "INSERT INTO items (id, body, embedding) SELECT 1000, body, embedding FROM items WHERE body = 'text 7' LIMIT 1"
    )
    new = vectors(database, "id IN (3, 1000)")
    done = roll_back(database)
    assert (done.code, done.err) == (0, "")
    assert "NOT NULL is not set: 2 rows have no vector; give them one, then\n" in done.out
    assert "\n  ALTER TABLE public.items ALTER COLUMN embedding SET NOT NULL\n" in done.out
    assert "2 rows were written since the upgrade began and have no old vector, or one of another text" in done.out
    assert done.out.endswith("in the table migrator.rollback_1\n")

    assert vectors(database, "id NOT IN (3, 1000)") == untouched
    assert vectors(database, "id IN (3, 1000)") == {3: None, 1000: None}
    assert database.dump() == schema.replace("embedding public.vector(48) NOT NULL", "embedding public.vector(48)")
    listed = "SELECT id, new_vector::text FROM migrator.rollback_1 ORDER BY id"
    assert dict(database.execute(listed)) == new
    hashes = "SELECT text_hash = sha256(convert_to(body, 'UTF8')) FROM migrator.rollback_1 JOIN items USING (id)"
    assert database.execute(hashes) == [(True,), (True,)]
    assert not database.value("SELECT has_table_privilege('pg_monitor', 'migrator.rollback_1', 'SELECT')")

    upgrade(database)
    assert database.value("SELECT count(*) FROM items WHERE embedding IS NULL") == 0


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_rows_whose_text_raises_an_error_are_listed_without_a_hash(database: Database) -> None:
    items(database)
    database.execute("ALTER TABLE items ADD COLUMN lang text DEFAULT '1', ALTER embedding DROP NOT NULL")
    upgrade(database, dataclasses.replace(CHANGE, text="body || lang::int", where="10 / lang::int > 0"))
    database.execute("""
        UPDATE items SET lang = 'one' WHERE id = 3;
        UPDATE items SET lang = '0' WHERE id = 4;
        UPDATE items SET body = 'edited' WHERE id = 6
    """)
    done = roll_back(database)
    assert done.code == 0, done.err
    assert "3 rows were written since the upgrade" in done.out
    assert database.execute("SELECT id, text_hash IS NULL FROM migrator.rollback_1 ORDER BY id") == [
        (3, True),
        (4, True),
        (6, False),
    ]


def test_whatever_was_on_column_and_index_is_there_again(database: Database) -> None:
    database.execute('CREATE SCHEMA "Shop\'s"')
    table = '"Shop\'s"."Red items"'
    database.execute(
        f'CREATE TABLE {table} ("the id" int PRIMARY KEY, body text, '
        f'embedding vector(48) CONSTRAINT "has a vector" NOT NULL)'
    )
    items(database)
    database.execute(f"INSERT INTO {table} SELECT id, body, embedding FROM items")
    database.execute(
        f'CREATE INDEX "Red idx" ON {table} USING hnsw (embedding vector_l2_ops) '
        "WITH (m = 8, ef_construction = 32) WHERE body <> 'text 1'"
    )
    database.execute("COMMENT ON INDEX \"Shop's\".\"Red idx\" IS 'it''s red'")
    database.execute(f"COMMENT ON COLUMN {table}.embedding IS '48 numbers'")
    database.execute(f"ALTER TABLE {table} ALTER COLUMN embedding SET STATISTICS 17")
    database.execute(f"GRANT SELECT (embedding) ON {table} TO pg_monitor")
    schema = database.dump()
    change = EmbeddingChange(
        "Red items", "embedding", schema="Shop's", text='body || "the id"', from_=OLD, to=NEW, index=Hnsw("cosine")
    )
    upgrade(database, change)
    assert database.dump() != schema
    done = psql(
        database, "-v", "schema=Shop's", "-v", "table=Red items", "-v", "column=embedding", "-v", "to=base",
        "-v", "memory=32MB",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(NOTHING_WRITTEN)
    assert database.dump() == schema
    assert database.value("SELECT count(*) FROM alembic_version") == 0


def test_an_index_that_was_kept_online_is_renamed_and_not_built_again(database: Database) -> None:
    items(database)
    schema, rows = database.dump(), vectors(database)
    index = "SELECT 'items_embedding_idx'::regclass::oid"
    before = database.value(index)
    upgrade(database, online=True)
    assert database.value(index) != before
    done = roll_back(database)
    assert (done.code, done.err) == (0, "")
    assert (database.dump(), vectors(database)) == (schema, rows)
    assert database.value(index) == before


def test_rows_without_a_vector_before_the_upgrade_are_not_listed(database: Database) -> None:
    items(database)
    database.execute("ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL")
    database.execute("UPDATE items SET embedding = NULL WHERE id = 9")
    schema, rows = database.dump(), vectors(database)
    upgrade(database)
    assert roll_back(database).out.endswith(NOTHING_WRITTEN)
    assert (database.dump(), vectors(database)) == (schema, rows)


def test_without_a_key_a_row_with_the_text_of_one_that_had_no_vector_is_listed(database: Database) -> None:
    items(database)
    database.execute("ALTER TABLE items DROP CONSTRAINT items_pkey; ALTER TABLE items ALTER embedding DROP NOT NULL")
    database.execute("UPDATE items SET embedding = NULL, body = 'alike' WHERE id = 9")
    upgrade(database)
    database.execute("UPDATE items SET body = 'alike' WHERE id = 10")
    assert roll_back(database).code == 0
    assert database.value("SELECT count(*) FROM migrator.rollback_1 WHERE text_hash = sha256('alike')") == 2


def test_rows_whose_text_was_edited_before_cut_over_are_listed(database: Database) -> None:
    items(database)
    with pytest.raises(Stopped):
        runner.upgrade(database.address, "0002", [CHANGE], Options(stop_after="fill"))
    # The application gives the one its vector, and the other none.
    other = "(SELECT embedding FROM items WHERE id = 1)"
    database.execute(f"UPDATE items SET body = 'edited', embedding = {other} WHERE id = 7")
    database.execute("UPDATE items SET body = 'edited too' WHERE id = 8")
    upgrade(database)
    assert roll_back(database).code == 0
    assert database.execute("SELECT id, text_hash = sha256('edited too') FROM migrator.rollback_1") == [(8, True)]
    assert database.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'edited%'") == 0


def test_an_unfinished_downgrade_is_closed(database: Database) -> None:
    items(database)
    schema, rows = database.dump(), vectors(database)
    upgrade(database)
    with pytest.raises(Stopped):
        runner.restore(database.address, "0002", ITEMS, Options(stop_after="index"))
    done = roll_back(database)
    assert (done.code, done.err) == (0, "")
    assert (database.dump(), vectors(database)) == (schema, rows)
    assert states(database) == ["restored", "undone"]
    assert database.execute("SELECT state FROM migrator.run ORDER BY id") == [("done",), ("undone",)]
    assert database.value("SELECT to_regclass('migrator.backup_2')") is None


def test_the_version_stays_until_the_last_column_of_the_revision_is_rolled_back(database: Database) -> None:
    items(database)
    database.execute("CREATE TABLE others (LIKE items INCLUDING ALL)")
    database.execute("INSERT INTO others SELECT * FROM items")
    schema = database.dump()
    both = [CHANGE, dataclasses.replace(CHANGE, table="others")]
    runner.upgrade(database.address, "0002", both, Options())
    at(database, "0002")
    first = roll_back(database)
    assert first.code == 0
    assert "until these columns of the same revision are rolled back too: public.others.embedding" in first.err
    assert database.value("SELECT version_num FROM alembic_version") == "0002"
    second = roll_back(database, table="others")
    assert (second.code, second.err) == (0, "")
    assert database.value("SELECT version_num FROM alembic_version") == "0001"
    # Which of the two tables pg_dump writes first is no matter.
    assert sorted(database.dump().splitlines()) == sorted(schema.splitlines())


def test_a_run_that_was_cut_off_after_the_swap_goes_on(database: Database) -> None:
    items(database)
    schema, rows = database.dump(), vectors(database)
    upgrade(database)
    # A view under the name of the listing: it cannot be made.
    database.execute("CREATE VIEW migrator.rollback_1 AS SELECT 1 AS one")
    assert '"rollback_1" is not a table' in roll_back(database).err
    assert database.value("SELECT version_num FROM alembic_version") == "0001"
    database.execute("DROP VIEW migrator.rollback_1")
    done = roll_back(database)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("an earlier run of this script got past the swap of names; going on from there\n")
    assert (database.dump(), vectors(database)) == (schema, rows)


# ---- what stops it ----------------------------------------------------------------------------------------------


@pytest.fixture
def upgraded(database: Database) -> Database:
    items(database)
    upgrade(database)
    return database


def test_it_says_what_it_has_to_be_told(database: Database) -> None:
    assert refused(psql(database)) == (
        "which column, and back to which revision, is not said\n"
        "psql -v table=TABLE -v column=COLUMN -v to=REVISION, the revision being the one before the upgrade"
    )
    assert refused(roll_back(database)) == (
        "this database has no ledger: migrator upgraded nothing here\nis it the right database?"
    )


def test_a_column_that_no_upgrade_made(upgraded: Database) -> None:
    assert refused(roll_back(upgraded, table="item")) == (
        "the ledger knows no upgrade of public.item.embedding that could be rolled back\n"
        "SELECT table_schema, table_name, column_name, state FROM migrator.change"
    )
    assert roll_back(upgraded).code == 0
    assert "knows no upgrade of public.items.embedding" in refused(roll_back(upgraded))


def test_before_cut_over_there_is_nothing_to_roll_back(database: Database) -> None:
    items(database)
    with pytest.raises(Stopped):
        runner.upgrade(database.address, "0002", [CHANGE], Options(stop_after="fill"))
    assert refused(roll_back(database)) == (
        "the upgrade of public.items.embedding is not past cut-over: the live column is still the old one\n"
        "migrator abandon takes the shadow column and the capture trigger away and builds the old index again"
    )


def test_after_retire_the_old_vectors_are_gone(upgraded: Database) -> None:
    retire(upgraded)
    assert refused(roll_back(upgraded)).startswith(
        "the retired column of public.items.embedding was dropped by migrator retire: the old vectors are gone\n"
    )


def test_another_migrator_at_work(upgraded: Database) -> None:
    with at_work(upgraded.address):
        assert refused(roll_back(upgraded)).startswith("a migrator is at work on this database\n")


def test_without_the_capture_trigger_stale_vectors_are_not_known(upgraded: Database) -> None:
    upgraded.execute('ALTER TABLE items DISABLE TRIGGER "~migrator_capture_1"')
    assert refused(roll_back(upgraded)) == (
        "the capture trigger of public.items.embedding is not there, or disabled, on items: "
        "which old vectors are stale is not known\n"
        "find rows whose text changed by the hashes in migrator.backup_1, set migrator_retired_1 NULL there, "
        "and make the trigger again, ENABLE ALWAYS, before you go on"
    )


def test_old_vectors_that_nothing_marked_as_stale_are_not_believed(upgraded: Database) -> None:
    """As a downgrade does not believe them. With all the reasons that the ledger knows."""
    upgraded.execute("SELECT nextval('migrator.edited_1')")
    upgraded.execute(
        'UPDATE migrator.change SET change = change || \'{"settings": {"app.key": "env:KEY"}}\', '
        "catalog = jsonb_set(catalog, '{table,key}', '[]') || "
        '\'{"read": [{"oid": 1, "schema": "public", "name": "topics"}]}\''
    )
    assert refused(roll_back(upgraded)) == (
        "old vectors of public.items.embedding may be of other texts than their rows: texts were edited before "
        "cut-over, their vectors staying; the text reads other tables; the text needs settings, whose values nobody "
        "wrote down\n"
        "find rows whose text changed by the hashes in migrator.backup_1, set migrator_retired_1 NULL there, and run "
        "this again with -v marks=trusted"
    )
    assert roll_back(upgraded, "-v", "marks=trusted").code == 0


def test_later_revisions_are_undone_first(upgraded: Database) -> None:
    at(upgraded, "0003")
    assert refused(roll_back(upgraded)) == (
        "the database is at revision 0003, the upgrade of public.items.embedding was revision 0002\n"
        "undo the later revisions first, newest first; where the upgrade is called 0003 by now, say so: "
        "-v revision=0003"
    )
    # Whoever may write there may not paint the terminal.
    at(upgraded, "\x1b[2J0003")
    assert refused(roll_back(upgraded)).startswith("the database is at revision ?[2J0003, ")
    assert refused(roll_back(upgraded, to="0002")).startswith("to=0002 is the revision that is to be undone\n")


def test_the_index_alone_was_dropped(database: Database) -> None:
    items(database)
    upgrade(database, dataclasses.replace(CHANGE, to=OLD, index=None))
    assert refused(roll_back(database)) == (
        "the upgrade of public.items.embedding left no retired column: it replaced the index alone, "
        "or somebody dropped the column\n"
        "the index as it was found: CREATE INDEX items_embedding_idx ON public.items USING ivfflat "
        "(embedding public.vector_cosine_ops) WITH (lists='5')"
    )


def test_views_are_named_with_the_statements_that_bring_them_back(database: Database) -> None:
    items(database)
    database.execute("CREATE VIEW near WITH (security_barrier=true) AS SELECT id, embedding FROM items")
    database.execute("GRANT SELECT ON near TO pg_monitor WITH GRANT OPTION")
    database.execute("CREATE VIEW nearer AS SELECT id FROM near WHERE embedding IS NOT NULL")
    database.execute("GRANT SELECT (id) ON nearer TO pg_monitor")
    database.execute("ALTER VIEW near ALTER COLUMN id SET DEFAULT 5")
    database.execute("CREATE RULE nothing AS ON DELETE TO near DO INSTEAD NOTHING")
    database.execute("COMMENT ON VIEW near IS 'by meaning'")
    database.execute("COMMENT ON COLUMN near.id IS 'whose'")
    database.execute("CREATE MATERIALIZED VIEW tally AS SELECT id, embedding FROM items")
    database.execute("CREATE INDEX tally_idx ON tally USING hnsw (embedding vector_l2_ops)")
    schema = database.dump()
    upgrade(database)
    after = database.dump()
    stopped = roll_back(database)
    assert refused(stopped) == (
        "views or other objects depend on the new column; nothing was changed\n"
        "they are named above, with the statements to drop them before and make them again after"
    )
    assert database.dump() == after
    drop, make = stopped.out.partition("-- first part\n")[2].split("-- second part\n")
    assert drop == "DROP VIEW public.nearer;\nDROP VIEW public.near;\nDROP MATERIALIZED VIEW public.tally;\n"
    database.execute(drop)
    assert roll_back(database).code == 0
    database.execute("SET search_path = pg_catalog; " + make)
    assert database.dump() == schema


def test_a_view_that_compares_vectors_comes_back_without_pgvectors_schema_on_the_path(database: Database) -> None:
    items(database, 40)
    database.execute("CREATE SCHEMA ext; ALTER EXTENSION vector SET SCHEMA ext")
    database.execute(
        "SET search_path = public, ext; "
        "CREATE VIEW near AS SELECT id FROM items WHERE nullif(embedding, embedding) IS NULL"
    )
    schema = database.dump()
    upgrade(database)
    drop, make = roll_back(database).out.partition("-- first part\n")[2].split("-- second part\n")
    database.execute(drop)
    assert roll_back(database).code == 0
    database.execute(make)
    assert database.dump() == schema


def test_what_else_depends_on_the_new_column_is_named(upgraded: Database) -> None:
    """In one line: what a name holds after a line break would be a statement to whoever runs what is printed."""
    upgraded.execute(
        'ALTER TABLE items ADD CONSTRAINT "sound\nDROP TABLE items; --" '
        "CHECK (embedding IS NULL OR vector_dims(embedding) > 0)"
    )
    stopped = roll_back(upgraded)
    assert refused(stopped).startswith("views or other objects depend on the new column; nothing was changed\n")
    described = "constraint sound?DROP TABLE items; -- on table public.items\n"
    assert stopped.out.count(f"-- drop or change by hand: {described}") == 1
    assert stopped.out.count(f"-- make again or change back by hand: {described}") == 1


def test_functions_of_the_revision_are_named_as_they_were(database: Database) -> None:
    items(database)
    database.execute("CREATE FUNCTION length() RETURNS int LANGUAGE sql AS 'SELECT 48'")
    functions = (
        "CREATE OR REPLACE FUNCTION length() RETURNS int LANGUAGE sql AS 'SELECT 96'",
        "CREATE FUNCTION other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    )
    upgrade(database, dataclasses.replace(CHANGE, functions=functions))
    ended = roll_back(database)
    assert ended.code == 0, ended
    assert "-- the upgrade changed public.length(); as it was:\nCREATE OR REPLACE FUNCTION public.length()" in ended.out
    assert "-- the upgrade changed public.other(); as it was:\nDROP ROUTINE IF EXISTS public.other();" in ended.out


def test_names_are_looked_up_as_at_the_upgrade(database: Database) -> None:
    items(database)
    database.execute("CREATE SCHEMA helpers")
    database.execute("CREATE FUNCTION helpers.cleaned(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)'")
    address = dataclasses.replace(database.address, search_path="helpers, public")
    runner.upgrade(address, "0002", [dataclasses.replace(CHANGE, text="cleaned(body)")], Options())
    at(database, "0002")
    database.execute("UPDATE items SET body = 'other' WHERE id = 4")
    ended = roll_back(database)
    assert ended.code == 0, ended
    assert database.execute("SELECT id FROM migrator.rollback_1") == [(4,)]


@pytest.mark.parametrize("online", with_more([False], more=[True]), ids=["window", "online"])
def test_broken_off_at_the_lock_a_downgrade_takes_over(database: Database, online: bool) -> None:
    items(database)
    schema, rows = database.dump(), vectors(database)
    upgrade(database, online=online)
    with database.connect() as reader:
        reader.execute("BEGIN; SELECT FROM items LIMIT 1")
        assert "lock timeout" in roll_back(database).err
    runner.restore(database.address, "0002", ITEMS, Options())
    assert (database.dump(), vectors(database)) == (schema, rows)
