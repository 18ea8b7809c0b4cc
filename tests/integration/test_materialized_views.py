"""Materialized views are built again beside the old ones, swapped at cut-over, and come back as they were."""

from __future__ import annotations

import dataclasses

import pytest

from migrator.change import VectorColumn
from migrator.cli.render_plan import Planned, plan_as_text
from migrator.commands import runner
from migrator.errors import MigratorError, Refused
from migrator.postgres.address import Address
from migrator.runtime.context import Options
from tests.integration.test_dependents import prepare
from tests.support.database import Database
from tests.support.proofs import checksum
from tests.support.running import REVISION, At, abandon, downgrade, upgrade, upgrade_until
from tests.support.tables import CHANGE, OLD

NEAR = """
DO $$
BEGIN
    IF to_regrole('test_administrator') IS NULL THEN
        CREATE ROLE test_administrator SUPERUSER;
    END IF;
END $$;
CREATE MATERIALIZED VIEW "near %" WITH (fillfactor = 70) AS SELECT id, body, embedding FROM items WHERE id < 150;
CREATE UNIQUE INDEX "near id %" ON "near %" (id) INCLUDE (body);
CREATE INDEX near_embedding ON "near %" USING hnsw (embedding vector_cosine_ops) WITH (m = 8) WHERE id > 3;
CREATE INDEX near_length ON "near %" (vector_norm(embedding));
ALTER INDEX near_length ALTER COLUMN 1 SET STATISTICS 30;
COMMENT ON INDEX near_embedding IS 'it''s 100%';
ALTER MATERIALIZED VIEW "near %" CLUSTER ON "near id %";
ALTER MATERIALIZED VIEW "near %" ALTER COLUMN body SET STATISTICS 20;
ALTER MATERIALIZED VIEW "near %" ALTER COLUMN id SET (n_distinct = 100);
ALTER MATERIALIZED VIEW "near %" ALTER COLUMN embedding SET STORAGE PLAIN;
ALTER MATERIALIZED VIEW "near %" ALTER COLUMN body SET COMPRESSION pglz;
COMMENT ON MATERIALIZED VIEW "near %" IS 'it''s 100%';
COMMENT ON COLUMN "near %".embedding IS 'its vector';
GRANT SELECT ON "near %" TO test_reader WITH GRANT OPTION;
GRANT SELECT (id) ON "near %" TO PUBLIC;
ALTER MATERIALIZED VIEW "near %" OWNER TO test_administrator;
CREATE MATERIALIZED VIEW empty AS SELECT max(vector_norm(embedding)) FROM items WITH NO DATA;
CREATE MATERIALIZED VIEW counted AS SELECT count(embedding) AS n FROM items;
CREATE FUNCTION first_near() RETURNS bigint STABLE RETURN (SELECT min(id) FROM "near %");
CREATE VIEW plain AS SELECT id, embedding FROM items;
"""
NO_TWIN = "SELECT count(*) FROM pg_class WHERE relname ~ '^migrator_view'"
# Rows of the view whose vectors are those of the table.
SAME = 'SELECT count(*) FROM "near %" JOIN items USING (id, body) WHERE "near %".embedding = items.embedding'


@pytest.mark.parametrize(
    ("database", "online"),
    [(18, False), (18, True), (16, False)],
    indirect=["database"],
    ids=["window", "online", "PostgreSQL 16"],
)
def test_they_go_up_and_down_twice(database: Database, online: bool) -> None:
    prepare(database, NEAR)
    schema, rows = database.dump(), checksum(database, "id, body, note, embedding")
    change = dataclasses.replace(CHANGE, index="same")
    views = [part for part in schema.split(";\n") if "near" in part or "MATERIALIZED" in part]
    assert len(views) > 15
    for _ in range(2):
        upgrade(database, change, online=online)
        assert [part for part in database.dump().split(";\n") if "near" in part or "MATERIALIZED" in part] == views
        assert database.value(SAME) == 150
        assert database.value('SELECT vector_dims(embedding) FROM "near %" LIMIT 1') == 96
        assert database.value("SELECT n FROM counted") == 200
        assert database.value("SELECT first_near()") == 0
        assert database.value("SELECT relispopulated FROM pg_class WHERE relname = 'empty'") is False
        assert database.value(NO_TWIN) == 0
        downgrade(database, change)
        assert database.dump() == schema
        assert checksum(database, "id, body, note, embedding") == rows
        assert database.value(SAME) == 150


def test_rows_written_since_it_was_filled_are_in_the_one_that_can_be_refreshed(database: Database) -> None:
    prepare(database, NEAR)
    written = At("done", "verify", lambda: database.execute("DELETE FROM items WHERE id IN (5, 6)"))
    upgrade(database, reporter=written)
    assert written.acted
    assert database.value('SELECT count(*) FROM "near %"') == 148
    # Without an index that tells rows apart it is as of its fill.
    assert database.value("SELECT n FROM counted") == 200


@pytest.mark.parametrize("phase", ["fill", "index", "verify"])
def test_an_abandoned_upgrade_leaves_none(database: Database, phase: str) -> None:
    prepare(database, NEAR)
    schema = database.dump()
    upgrade_until(database, phase)
    assert database.value(NO_TWIN) == (0 if phase == "fill" else 6)
    abandon(database)
    assert database.dump() == schema
    upgrade(database)
    assert database.value(SAME) == 150


def test_a_half_built_one_is_gone_on_with(database: Database) -> None:
    prepare(database, NEAR)
    upgrade_until(database, "index")
    (first,), (second,), _ = database.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relname ~ '^migrator_view' AND relkind = 'm' ORDER BY relname"
    )
    database.execute(f"DROP MATERIALIZED VIEW {first}")
    database.execute(f"REFRESH MATERIALIZED VIEW {second} WITH NO DATA")
    database.execute("DELETE FROM migrator.phase WHERE phase = 'index'")
    upgrade(database)
    assert database.value(SAME) == 150


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (
            "CREATE VIEW seen AS SELECT embedding FROM items; CREATE MATERIALIZED VIEW near AS SELECT * FROM seen",
            "it reads another view of the column",
        ),
        (
            "CREATE MATERIALIZED VIEW near AS SELECT embedding FROM items; CREATE VIEW seen AS SELECT * FROM near",
            "another view reads it",
        ),
        (
            "CREATE MATERIALIZED VIEW near AS SELECT embedding FROM items; "
            "ALTER MATERIALIZED VIEW near OWNER TO test_owner",
            "its owner test_owner may not read every column of the table",
        ),
        (
            "CREATE MATERIALIZED VIEW near AS SELECT embedding::halfvec(48) AS it FROM items",
            "its query says 48 dimensions",
        ),
        (
            "CREATE MATERIALIZED VIEW near AS SELECT embedding FROM items; CREATE INDEX cast_ ON near "
            "USING hnsw ((embedding::halfvec(48)) halfvec_l2_ops)",
            "its index cast_ says 48 dimensions",
        ),
    ],
)
def test_one_that_cannot_be_carried_over_is_refused(database: Database, script: str, why: str) -> None:
    prepare(database, script)
    schema = database.dump()
    with pytest.raises(Refused, match=rf"materialized view public\.near \({why}\)"):
        upgrade(database)
    assert database.dump() == schema


DERIVED = dataclasses.replace(CHANGE, text=None, to=OLD, type="halfvec", index="same")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (
            "CREATE MATERIALIZED VIEW near AS SELECT vector_norm(i.embedding) FROM items i",
            r"materialized view public\.near cannot be made .*: function public\.vector_norm\(.*halfvec\)",
        ),
        (
            "CREATE MATERIALIZED VIEW near AS SELECT id, embedding FROM items; "
            "CREATE INDEX of_norm ON near (vector_norm(embedding))",
            r"index of_norm of materialized view public\.near cannot be made .*vector_norm",
        ),
    ],
    ids=["query", "index"],
)
def test_one_without_a_meaning_for_the_new_type_is_refused(database: Database, script: str, why: str) -> None:
    prepare(database, script)
    schema = database.dump()
    with pytest.raises(Refused, match=why):
        upgrade(database, DERIVED)
    assert database.dump() == schema


def test_its_room_on_disk_is_estimated(database: Database) -> None:
    prepare(database, "CREATE MATERIALIZED VIEW near AS SELECT items.*, others FROM items, items AS others")
    plan = runner.plan_upgrade(database.address, REVISION, [CHANGE], Options())
    (estimate,) = plan.estimates
    assert estimate.disk.views == 2 * database.value("SELECT pg_total_relation_size('near')")
    assert ", materialized views " in plan_as_text([Planned("2", "", plan)], "upgrade", "migrator upgrade")


def as_keeper(database: Database) -> Address:
    """The owner of items, who is no superuser, and may act as the owner of the view near."""
    role = f"{database.value('SELECT current_database()')}_keeper"
    prepare(database, "CREATE MATERIALIZED VIEW near AS SELECT id, embedding FROM items")
    for statement in (
        "CREATE UNIQUE INDEX near_id ON near (id)",
        f"CREATE ROLE {role} LOGIN",
        f"CREATE ROLE {role}_reader",
        f"GRANT {role}_reader TO {role}",
        f"GRANT ALL ON SCHEMA public TO {role}",
        f"GRANT CREATE ON DATABASE {role.removesuffix('_keeper')} TO {role}",
        f"ALTER TABLE items OWNER TO {role}",
        f"GRANT SELECT ON items TO {role}_reader",
        f"ALTER MATERIALIZED VIEW near OWNER TO {role}_reader",
    ):
        database.execute(statement)
    return database.as_role(role).address


def test_a_role_that_is_no_superuser_carries_one_of_another_role(database: Database) -> None:
    address = as_keeper(database)
    role = address.parameters["user"]
    # Not on the search path, where nobody else may create.
    database.execute(
        f"CREATE SCHEMA views; GRANT ALL ON SCHEMA views TO {role}, {role}_reader; "
        "ALTER MATERIALIZED VIEW near SET SCHEMA views"
    )
    schema = database.dump()
    runner.upgrade(address, REVISION, [CHANGE], Options())
    assert database.value("SELECT vector_dims(embedding) FROM views.near LIMIT 1") == 96
    runner.restore(address, REVISION, [VectorColumn("items", "embedding")], Options())
    assert database.dump() == schema


def test_one_whose_owner_may_not_have_another_is_refused(database: Database) -> None:
    address = as_keeper(database)
    with pytest.raises(Refused, match=r"and its owner \w+_reader must be allowed to create in public"):
        runner.upgrade(address, REVISION, [CHANGE], Options())


def test_one_that_others_changed_meanwhile_is_not_swapped(database: Database) -> None:
    prepare(database, NEAR)
    changed = At("done", "verify", lambda: database.execute('CREATE INDEX later ON "near %" (body)'))
    with pytest.raises(MigratorError, match="views of the table changed"):
        upgrade(database, reporter=changed)
    assert database.value(NO_TWIN) == 0
    assert database.value('SELECT vector_dims(embedding) FROM "near %" LIMIT 1') == 48
