"""What compares vectors without an operator's name is made again, though pgvector's schema is not on the path."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import EmbeddingChange
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.commands.abandon import abandon
from migrator.commands.verify import verify_live
from migrator.doctor.column import examine_column
from migrator.errors import Refused, Stopped
from migrator.postgres.address import Address
from migrator.postgres.connection import connect
from migrator.report import Silent
from migrator.runtime.context import Options
from tests.support.database import Database
from tests.support.running import BATCH, REVISION
from tests.support.tables import CHANGE, items

TOUCH = """CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"""
# By kind. PostgreSQL prints none of these comparisons with an operator, and so with no schema.
COMPARING = {
    "view": "CREATE VIEW app.seen AS SELECT id, nullif(embedding, embedding) AS n, "
    "CASE embedding WHEN embedding THEN 1 END AS c FROM app.items WHERE embedding IS DISTINCT FROM NULL::ext.vector",
    "view of a view": "CREATE VIEW app.near AS SELECT id, embedding FROM app.items; "
    "CREATE VIEW app.seen AS SELECT * FROM app.near JOIN app.near AS n USING (id, embedding)",
    "function": "CREATE FUNCTION app.seen() RETURNS bigint STABLE BEGIN ATOMIC "
    "SELECT count(*) FROM app.items WHERE nullif(embedding, embedding) IS NULL; END",
    "check": "ALTER TABLE app.items ADD CONSTRAINT seen CHECK (embedding IS NOT DISTINCT FROM embedding)",
    "check not valid": "ALTER TABLE app.items ADD CONSTRAINT seen CHECK (nullif(embedding, embedding) IS NULL) "
    "NOT VALID",
    "policy": "CREATE POLICY seen ON app.items USING (CASE embedding WHEN embedding THEN true END)",
    "policy of another table": "CREATE TABLE app.notes (id bigint); CREATE POLICY seen ON app.notes "
    "USING (EXISTS (SELECT FROM app.items i WHERE i.embedding IS NOT DISTINCT FROM i.embedding))",
    "trigger": TOUCH + "CREATE TRIGGER seen AFTER UPDATE ON app.items FOR EACH ROW "
    "WHEN (old.embedding IS DISTINCT FROM new.embedding) EXECUTE FUNCTION app.touch()",
    "rule": "CREATE VIEW app.near AS SELECT id, embedding FROM app.items; CREATE RULE seen AS ON UPDATE TO app.near "
    "WHERE old.embedding IS DISTINCT FROM new.embedding DO INSTEAD NOTHING",
    "trigger of a view": TOUCH + "CREATE VIEW app.near AS SELECT id, embedding FROM app.items; "
    "CREATE TRIGGER seen INSTEAD OF UPDATE ON app.near FOR EACH ROW EXECUTE FUNCTION app.touch()",
    "materialized view": "CREATE MATERIALIZED VIEW app.seen AS SELECT id, embedding FROM app.items "
    "WHERE embedding IS DISTINCT FROM NULL::ext.vector",
    "statistics": "CREATE STATISTICS app.seen ON id, (embedding IS NOT DISTINCT FROM embedding) FROM app.items",
    "index": "CREATE INDEX seen ON app.items (id) WHERE embedding IS DISTINCT FROM NULL::ext.vector",
    "vector index": "DROP INDEX app.items_embedding_idx; CREATE INDEX items_embedding_idx ON app.items "
    "USING hnsw (embedding ext.vector_cosine_ops) WHERE CASE embedding WHEN embedding THEN true END",
    "index of an expression": "CREATE INDEX seen ON app.items ((embedding IS NOT DISTINCT FROM embedding))",
}


def elsewhere(database: Database, script: str) -> Address:
    """The table in one schema, pgvector in another. Returns the address of an application that knows the first only."""
    items(database, 40)
    database.execute("CREATE SCHEMA app; CREATE SCHEMA ext; ALTER EXTENSION vector SET SCHEMA ext")
    database.execute("ALTER TABLE items SET SCHEMA app")
    database.execute(f"SET search_path = app, ext; {script}")
    return dataclasses.replace(database.address, search_path="app")


def up_and_down(address: Address, change: EmbeddingChange) -> None:
    runner.upgrade(address, REVISION, [change], Options(batch_size=BATCH))
    runner.restore(address, REVISION, [VectorColumn("items", "embedding")], Options(batch_size=BATCH))


@pytest.mark.parametrize("script", COMPARING.values(), ids=COMPARING)
def test_what_compares_vectors_goes_up_and_down(database: Database, script: str) -> None:
    address = elsewhere(database, script)
    schema = database.dump()
    up_and_down(address, dataclasses.replace(CHANGE, index="same"))
    assert database.dump() == schema


def test_an_abandoned_run_and_the_looks_at_a_column_find_what_compares(database: Database) -> None:
    address = elsewhere(database, COMPARING["vector index"])
    schema, change = database.dump(), dataclasses.replace(CHANGE, index="same")
    with pytest.raises(Stopped):
        runner.upgrade(address, REVISION, [change], Options(stop_after="verify", batch_size=BATCH))
    abandon(address, Silent())
    assert database.dump() == schema
    runner.upgrade(address, REVISION, [change], Options(batch_size=BATCH))
    (proofs,) = verify_live(address, Options()).values()
    assert not [proof for proof in proofs if proof.failed]
    with connect(address) as connection:
        found = examine_column(connection, None, "items", "embedding").found
    assert "outside of" in next(each.fact for each in found if each.subject == "items_embedding_idx")


# An operator in a schema that neither the upgrade's path nor pgvector's schema has.
JSON = """CREATE SCHEMA other; CREATE FUNCTION other.same(json, json) RETURNS bool LANGUAGE sql IMMUTABLE
AS 'SELECT $1::text = $2::text'; CREATE OPERATOR other.= (LEFTARG = json, RIGHTARG = json, FUNCTION = other.same);
SET search_path = app, ext, other;"""
OTHER = "id >= 0 AND embedding IS NOT NULL AND to_json(note) IS DISTINCT FROM '1'::json"
REFUSED = {
    "view": (f"CREATE VIEW app.seen AS SELECT id FROM app.items WHERE {OTHER}", "view app.seen reads"),
    "function": (
        f"CREATE FUNCTION app.seen() RETURNS bigint STABLE RETURN (SELECT min(id) FROM app.items WHERE {OTHER})",
        r"function app\.seen\(\) reads",
    ),
    "rule": (
        "CREATE VIEW app.near AS SELECT id, note, embedding FROM app.items; CREATE RULE seen AS ON DELETE TO app.near "
        "WHERE to_json(old.note) IS NOT DISTINCT FROM '1'::json DO INSTEAD NOTHING",
        "view app.near reads",
    ),
    "check": (
        f"ALTER TABLE app.items ADD CONSTRAINT seen CHECK ({OTHER})",
        "constraint seen on table app.items",
    ),
    "policy of another table": (
        "CREATE TABLE app.notes (id bigint); CREATE POLICY seen ON app.notes "
        f"USING (EXISTS (SELECT FROM app.items WHERE {OTHER}))",
        "policy seen on table app.notes",
    ),
    "statistics": (
        f"CREATE STATISTICS app.seen ON id, ({OTHER}) FROM app.items",
        "statistics object app.seen",
    ),
    "row comparison, which PostgreSQL prints as it cannot read it": (
        "CREATE VIEW app.seen AS SELECT id FROM app.items WHERE (embedding, id) > (embedding, 1::bigint)",
        "view app.seen reads",
    ),
}


@pytest.mark.parametrize(("script", "named"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_made_again_is_refused_by_name(database: Database, script: str, named: str) -> None:
    address = elsewhere(database, JSON + script)
    before = database.versions()
    with pytest.raises(Refused, match=rf"(?s){named} .*cannot be made again.*operator does not exist"):
        runner.plan_upgrade(address, REVISION, [CHANGE], Options())
    assert database.versions() == before


@pytest.mark.parametrize("script", [REFUSED["view"][0], REFUSED["check"][0]], ids=["view", "check"])
def test_with_the_operators_schema_on_the_path_it_can(database: Database, script: str) -> None:
    address = elsewhere(database, JSON + script)
    assert runner.plan_upgrade(dataclasses.replace(address, search_path="app, other"), REVISION, [CHANGE], Options())


NORM = "vector_norm(embedding) > 0"


@pytest.mark.parametrize(
    ("script", "named"),
    [
        (f"CREATE VIEW seen AS SELECT id FROM items WHERE {NORM}", "view public.seen"),
        (
            "CREATE VIEW near AS SELECT id, embedding FROM items; "
            f"CREATE VIEW seen AS SELECT id FROM near WHERE {NORM}",
            "view public.seen",
        ),
        (
            f"CREATE FUNCTION seen() RETURNS bigint STABLE RETURN (SELECT min(id) FROM items WHERE {NORM})",
            r"function public\.seen\(\)",
        ),
        (
            "CREATE VIEW near AS SELECT id, embedding FROM items; CREATE RULE seen AS ON DELETE TO near "
            f"WHERE {NORM.replace('embedding', 'old.embedding')} DO INSTEAD NOTHING",
            "view public.near",
        ),
        (f"CREATE STATISTICS seen ON id, ({NORM}) FROM items", "statistics object public.seen"),
        (
            "CREATE TABLE notes (id bigint); CREATE POLICY seen ON notes "
            f"USING (EXISTS (SELECT FROM items WHERE {NORM}))",
            "policy seen on table public.notes",
        ),
    ],
    ids=["view", "view of a view", "function", "rule", "statistics", "policy of another table"],
)
def test_what_has_no_meaning_for_the_new_type_is_refused_by_name(database: Database, script: str, named: str) -> None:
    items(database, 40)
    database.execute(script)
    before = database.versions()
    change = dataclasses.replace(CHANGE, type="halfvec", index="same")
    with pytest.raises(Refused, match=rf"(?s){named} .*cannot be made again.*function public.vector_norm"):
        runner.plan_upgrade(database.address, REVISION, [change], Options())
    assert database.versions() == before


WHOLE_ROW = """
CREATE FUNCTION fits(item items) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT item.id >= 0';
CREATE POLICY fits ON items USING (fits(items) AND embedding IS NOT NULL);
CREATE VIEW seen AS SELECT id, embedding FROM items WHERE fits(items);
"""


def test_what_takes_the_row_as_a_whole_goes_up_and_down(database: Database) -> None:
    items(database, 40)
    database.execute(WHOLE_ROW)
    schema = database.dump()
    up_and_down(database.address, dataclasses.replace(CHANGE, index="same"))
    assert database.dump() == schema


def test_a_view_whose_owner_may_not_create_in_its_schema_is_refused(database: Database) -> None:
    """As ALTER VIEW ... OWNER TO would be at cut-over."""
    items(database, 40)
    (called,) = database.execute("SELECT current_database()")[0]
    with database.connect() as connection:
        for role in ("test_views", "test_makes"):
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
                connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        connection.execute(
            f"""CREATE SCHEMA views; GRANT USAGE ON SCHEMA views TO test_views; GRANT ALL ON SCHEMA views TO test_makes;
            CREATE VIEW views.seen AS SELECT id, embedding FROM items; ALTER VIEW views.seen OWNER TO test_views;
            GRANT test_views TO test_makes; GRANT SELECT ON items TO test_views;
            GRANT CREATE, TEMPORARY ON DATABASE {called} TO test_makes; ALTER TABLE items OWNER TO test_makes;
            GRANT CREATE ON SCHEMA public TO test_makes""".encode()
        )
    address = database.as_role("test_makes").address
    with pytest.raises(Refused, match=r"view views\.seen .*cannot be made again: permission denied for schema views"):
        runner.plan_upgrade(address, REVISION, [CHANGE], Options())
    database.execute("GRANT CREATE ON SCHEMA views TO test_views")
    assert runner.plan_upgrade(address, REVISION, [CHANGE], Options())


def test_nobody_is_waited_for_and_nobody_waits(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer's transaction is open, and another one's statement would be refused if it had to wait."""
    monkeypatch.setattr("migrator.postgres.connection.PATIENT", "100ms")
    address = elsewhere(database, COMPARING["view"] + ";" + COMPARING["check"] + ";" + COMPARING["policy"])
    with database.connect() as writer:
        writer.execute("BEGIN; UPDATE app.items SET note = 'open' WHERE id = 1")
        assert runner.plan_upgrade(address, REVISION, [CHANGE], Options())
        writer.execute("ROLLBACK")
