"""What stands in the ledger means the same under any search path: definitions, text and scope."""

from __future__ import annotations

import dataclasses

import pytest

from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.commands.backfill import backfill
from migrator.errors import Stopped
from migrator.postgres.address import Address
from migrator.runtime.context import Options
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import BATCH, REVISION
from tests.support.tables import CHANGE, insert, items

# Two of everything that is found by the search path.
TWICE = """
CREATE SCHEMA one;
CREATE SCHEMA two;
CREATE TABLE one.kept AS SELECT 1 AS id;
CREATE TABLE two.kept AS SELECT 2 AS id;
CREATE FUNCTION one.cleaned(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)';
CREATE FUNCTION two.cleaned(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT reverse($1)';
CREATE FUNCTION two.upper(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT reverse($1)';
SET search_path = one, public;
CREATE VIEW public.seen AS
    SELECT i.id, cleaned(i.body) AS body, upper(i.note) AS note, i.embedding FROM items i JOIN kept USING (id);
DROP INDEX items_embedding_idx;
CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_cosine_ops) WHERE cleaned(body) <> '';
"""
CLEANED = dataclasses.replace(CHANGE, text="cleaned(body)", where="cleaned(body) <> 'TEXT 7'", index="same")
OPTIONS = Options(batch_size=BATCH)
ONE, TWO = "one, public", "two, pg_catalog, public"


def under(database: Database, path: str) -> Address:
    return dataclasses.replace(database.address, search_path=path)


def prepare(database: Database) -> str:
    """Returns the schema as it is then."""
    items(database)
    database.execute("ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL")
    database.execute(TWICE)
    return database.dump()


def same_views(database: Database, schema: str) -> bool:
    views = [part for part in schema.split(";") if "CREATE VIEW" in part]
    return len(views) == 1 and views[0] in database.dump()


@pytest.mark.parametrize("stop", ["embed", "fill", "verify", "cut-over"])
def test_a_run_goes_on_under_the_search_path_that_it_was_planned_with(database: Database, stop: str) -> None:
    schema = prepare(database)
    with pytest.raises(Stopped):
        runner.upgrade(under(database, ONE), REVISION, [CLEANED], Options(stop_after=stop, batch_size=BATCH))
    database.execute("INSERT INTO items (id, body) SELECT n, 'later ' || n FROM generate_series(1000, 1009) AS n")
    runner.upgrade(under(database, TWO), REVISION, [CLEANED], OPTIONS)
    assert rows_hold(database, new, text="upper(body)", where="body <> 'text 7'") == 208
    assert same_views(database, schema)
    assert database.execute("SELECT id, body, note FROM seen") == [(1, "TEXT 1", "NOTE 1")]


def test_a_downgrade_works_under_the_search_path_of_the_upgrade(database: Database) -> None:
    schema = prepare(database)
    runner.upgrade(under(database, ONE), REVISION, [CLEANED], OPTIONS)
    insert(database, [(number, f"later {number}") for number in range(1000, 1010)], model=new())
    runner.restore(under(database, TWO), REVISION, [VectorColumn("items", "embedding")], OPTIONS)
    assert database.dump() == schema
    assert rows_hold(database, old, where="id < 1000") == 200
    assert rows_hold(database, old, text="upper(body)", where="id >= 1000") == 10


def test_backfill_works_under_the_search_path_of_the_upgrade(database: Database) -> None:
    prepare(database)
    runner.upgrade(under(database, ONE), REVISION, [CLEANED], OPTIONS)
    database.execute("UPDATE items SET embedding = NULL WHERE id < 10")
    filled = backfill(under(database, TWO), Options())
    assert filled["public.items.embedding"]["rows filled"] == 9
    assert rows_hold(database, new, text="upper(body)", where="body <> 'text 7'") == 198
