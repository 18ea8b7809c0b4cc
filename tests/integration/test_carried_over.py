"""Promise 5: what hangs on a column is there after the upgrade, and as it was after the downgrade."""

from __future__ import annotations

import dataclasses

import pytest

from migrator.errors import MigratorError
from tests.models import new, other
from tests.support.database import Database
from tests.support.proofs import checksum, rows_hold
from tests.support.running import At, downgrade, upgrade
from tests.support.tables import CHANGE, OTHER, items

# Roles belong to the server, which other tests use too. The grantor is older than the owner he has his right from. The
# owner is another superuser than the one at work, who would not touch the table of anybody else.
ROLES = """
DO $$
DECLARE role_ text;
BEGIN
    FOREACH role_ IN ARRAY ARRAY['test_reader', 'test_grantor', 'test_superowner'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_) THEN
            EXECUTE 'CREATE ROLE ' || role_;
        END IF;
    END LOOP;
    ALTER ROLE test_superowner SUPERUSER;
END $$
"""
COLUMN = """
ALTER TABLE items OWNER TO test_superowner;
ALTER TABLE items ALTER COLUMN embedding SET STATISTICS 50;
ALTER TABLE items ALTER COLUMN embedding SET (n_distinct = -0.5, n_distinct_inherited = 3);
COMMENT ON COLUMN items.embedding IS 'it''s 100%s {new} $1 "vector"';
COMMENT ON INDEX items_embedding_idx IS '50% done';
GRANT SELECT ON items TO test_grantor;
SET ROLE test_superowner;
GRANT SELECT (embedding) ON items TO test_grantor WITH GRANT OPTION;
GRANT UPDATE (embedding), REFERENCES (embedding) ON items TO PUBLIC;
SET ROLE test_grantor;
GRANT SELECT (embedding) ON items TO test_reader;
"""
ALTER_OWNER = "ALTER TABLE items OWNER TO test_superowner; GRANT SELECT ON items TO test_grantor;"
VIEWS = """
CREATE SCHEMA "Other %";
CREATE VIEW plain AS SELECT * FROM items;
CREATE VIEW "Other %"."Near est" WITH (security_barrier, security_invoker = true) AS
    SELECT id, embedding <=> embedding AS distance, '100%' AS "per cent" FROM plain WHERE note LIKE '%1%';
CREATE VIEW counted AS SELECT count(*) AS n FROM "Other %"."Near est" JOIN items USING (id);
CREATE VIEW written WITH (check_option = cascaded) AS SELECT id, body, embedding FROM items WHERE id > 0;
CREATE VIEW elsewhere AS SELECT id FROM items;
CREATE VIEW whole_rows AS SELECT written AS of_written, ARRAY[written] AS list FROM written;
ALTER VIEW plain OWNER TO test_superowner;
GRANT CREATE, USAGE ON SCHEMA "Other %" TO test_superowner;
ALTER VIEW "Other %"."Near est" OWNER TO test_superowner;
COMMENT ON VIEW counted IS 'it''s counted';
COMMENT ON COLUMN "Other %"."Near est"."per cent" IS 'of {all}';
REVOKE INSERT, UPDATE ON written FROM postgres;
SET ROLE test_superowner;
GRANT SELECT, INSERT ON plain TO test_grantor WITH GRANT OPTION;
GRANT SELECT ON "Other %"."Near est" TO PUBLIC;
SET ROLE test_grantor;
GRANT SELECT ON plain TO test_reader;
"""
ALL_VIEWS = ("plain", '"Other %"."Near est"', "counted", "written", "elsewhere", "whole_rows")


def prepare(database: Database, *scripts: str) -> None:
    items(database)
    for script in (ROLES, *scripts):
        database.execute(script)


def column(database: Database) -> list[tuple[object, ...]]:
    """What the catalog says of the live column beside its type and place."""
    return database.execute(
        "SELECT attnotnull, attstorage, attstattarget, attoptions, attacl::text, pg_get_expr(d.adbin, d.adrelid), "
        "col_description(attrelid, attnum), obj_description(to_regclass('items_embedding_idx'), 'pg_class') "
        "FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
        "WHERE attrelid = 'items'::regclass AND attname = 'embedding'"
    )


def views(database: Database) -> str:
    """All views as pg_dump writes them."""
    return database.dump(*(f"--table={view}" for view in ALL_VIEWS))


def test_promise_5_attributes_and_privileges_of_the_column(database: Database) -> None:
    prepare(database, COLUMN)
    schema, before = database.dump(), column(database)
    upgrade(database, dataclasses.replace(CHANGE, index="same"))
    assert column(database) == before
    downgrade(database)
    assert database.dump() == schema


SINCE = """
SET ROLE test_superowner;
COMMENT ON COLUMN items.embedding IS 'said since';
ALTER TABLE items ALTER COLUMN embedding SET STATISTICS -1;
ALTER TABLE items ALTER COLUMN embedding RESET (n_distinct);
ALTER TABLE items ALTER COLUMN embedding SET (n_distinct_inherited = 4);
REVOKE UPDATE (embedding) ON items FROM PUBLIC;
REVOKE SELECT (embedding) ON items FROM test_grantor CASCADE;
GRANT INSERT (embedding) ON items TO test_grantor WITH GRANT OPTION;
SET ROLE test_grantor;
GRANT INSERT (embedding) ON items TO test_reader;
"""
NOTHING_LEFT = """
SET ROLE test_superowner;
COMMENT ON COLUMN items.embedding IS NULL;
ALTER TABLE items ALTER COLUMN embedding RESET (n_distinct, n_distinct_inherited);
REVOKE ALL (embedding) ON items FROM test_grantor, PUBLIC CASCADE;
"""


@pytest.mark.parametrize("prepared", [COLUMN, ALTER_OWNER], ids=["all set before", "nothing set before"])
@pytest.mark.parametrize("since", [SINCE, NOTHING_LEFT], ids=["changed", "taken away"])
def test_promise_6_what_was_set_on_the_live_column_since_stays_after_a_downgrade(
    database: Database, prepared: str, since: str
) -> None:
    prepare(database, prepared)
    change = dataclasses.replace(CHANGE, index="same")
    upgrade(database, change)
    database.execute(since)
    now = column(database)
    downgrade(database, change)
    assert column(database) == now


@pytest.mark.parametrize("storage", ["PLAIN", "EXTERNAL", "EXTENDED", "MAIN"])
def test_promise_5_storage(database: Database, storage: str) -> None:
    prepare(database)
    database.execute(f"ALTER TABLE items ALTER COLUMN embedding SET STORAGE {storage}")
    schema, before = database.dump(), column(database)
    upgrade(database)
    assert column(database) == before
    downgrade(database)
    assert database.dump() == schema


def test_promise_5_a_default_of_the_same_dimensions(database: Database) -> None:
    prepare(database)
    database.execute("ALTER TABLE items ALTER COLUMN embedding SET DEFAULT array_fill(0.5::real, ARRAY[48])::vector")
    schema, before = database.dump(), column(database)
    change = dataclasses.replace(CHANGE, to=OTHER)
    upgrade(database, change)
    assert column(database) == before
    assert rows_hold(database, other) == 200
    database.execute("INSERT INTO items (id, body) VALUES (1000, 'by default')")
    assert database.value("SELECT vector_norm(embedding) > 3 FROM items WHERE id = 1000")
    downgrade(database, change)
    assert database.dump() == schema


def test_promise_5_views_with_owner_privileges_options_and_comments(database: Database) -> None:
    prepare(database, COLUMN, VIEWS)
    schema, before = database.dump(), views(database)
    assert before.count("CREATE VIEW") == len(ALL_VIEWS)
    upgrade(database)
    assert views(database) == before
    assert database.value("SELECT vector_dims(embedding) FROM plain LIMIT 1") == 96
    downgrade(database)
    assert database.dump() == schema


@pytest.mark.parametrize("grantee", ["PUBLIC", "test_reader"])
def test_promise_5_default_privileges_do_not_open_views(database: Database, grantee: str) -> None:
    prepare(database, COLUMN, VIEWS)
    database.execute(f"ALTER DEFAULT PRIVILEGES GRANT SELECT, UPDATE ON TABLES TO {grantee}")
    schema, before = database.dump(), views(database)
    upgrade(database)
    assert views(database) == before
    downgrade(database)
    assert database.dump() == schema


def test_promise_5_predicate_and_included_columns_of_the_index(database: Database) -> None:
    prepare(database)
    database.execute("DROP INDEX items_embedding_idx")
    database.execute(
        "CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops) WITH (m = 6) "
        "WHERE note LIKE '%1%' AND id > 3"
    )
    schema = database.dump()
    definition = "SELECT pg_get_indexdef('items_embedding_idx'::regclass)"
    before = database.value(definition)
    upgrade(database, dataclasses.replace(CHANGE, index="same"))
    assert database.value(definition) == before
    downgrade(database)
    assert database.dump() == schema


def test_names_that_need_quotes(database: Database) -> None:
    items(database)
    table, live, text = '"It\'s {a} %s "" Table"', '"em{bed} % ding"', '"bo %(dy)s {0}"'
    database.execute(f"ALTER TABLE items RENAME COLUMN body TO {text}")
    database.execute(f"ALTER TABLE items RENAME COLUMN embedding TO {live}")
    database.execute(f"ALTER TABLE items RENAME TO {table}")
    database.execute('ALTER INDEX items_embedding_idx RENAME TO "in {d} % ex"')
    schema, rows = database.dump(), checksum(database, "t", table=f"{table} AS t")
    text = f"{text} || ' 50%' || '{{}}'"
    change = dataclasses.replace(CHANGE, table=table, column="em{bed} % ding", text=text, where="note LIKE '%note%'")
    upgrade(database, change)
    assert rows_hold(database, new, table=table, column=live, text=text) == 200
    downgrade(database, change)
    assert database.dump() == schema
    assert checksum(database, "t", table=f"{table} AS t") == rows


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("ALTER TABLE items ADD COLUMN extra int", "columns"),
        ("CREATE VIEW sudden AS SELECT embedding FROM items", "views"),
        (
            "CREATE TRIGGER sudden BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION "
            "suppress_redundant_updates_trigger()",
            "triggers",
        ),
        ("ALTER TABLE items ADD CONSTRAINT sudden CHECK (embedding IS NOT NULL)", "dependents"),
    ],
)
def test_promise_5_what_others_changed_meanwhile_stops_the_cut_over(
    database: Database, statement: str, what: str
) -> None:
    items(database)
    database.execute(statement)
    changed = database.dump()
    database.execute("DROP TABLE items CASCADE")
    items(database)
    rows = checksum(database, "id, body, note, embedding")
    reporter = At("started", "cut-over", lambda: database.execute(statement))
    with pytest.raises(MigratorError, match=f"{what} of the table changed") as caught:
        upgrade(database, reporter=reporter)
    assert caught.value.exit_code == 1
    assert database.dump() == changed
    assert checksum(database, "id, body, note, embedding") == rows


def test_promise_5_cut_over_happens_wholly_or_not_at_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger's word is the transaction's last statement."""
    prepare(database, COLUMN, VIEWS)
    schema = database.dump()

    def fail(*_: object) -> None:
        raise RuntimeError("at the last moment")

    reporter = At("started", "cut-over", lambda: monkeypatch.setattr("migrator.ledger.ledger.Ledger.set_state", fail))
    with pytest.raises(RuntimeError, match="at the last moment"):
        upgrade(database, reporter=reporter)
    assert reporter.acted
    assert database.dump() == schema
