"""What others do to the table meanwhile: it is neither lost nor reverted, and no wrong vector comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest

from migrator import EmbeddingChange
from migrator.errors import MigratorError, Refused
from migrator.phases import cut_over, settle
from migrator.plan.column import ColumnPlan
from migrator.postgres.sql import Query
from migrator.runtime.context import Work
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import At, abandon, downgrade, upgrade, upgrade_until
from tests.support.tables import CHANGE, OLD, insert, items

COPIED = """
DO $$ DECLARE r items%ROWTYPE; BEGIN
    SELECT * INTO r FROM items WHERE id = 1;
    r.id := 1000; r.body := 'copied';
    INSERT INTO items VALUES (r.*);
END $$
"""


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        ("CREATE OR REPLACE VIEW seen AS SELECT id, embedding FROM items WHERE id > 10", "views"),
        ("REVOKE SELECT ON seen FROM reader", "views"),
        ("COMMENT ON VIEW seen IS 'changed'", "views"),
        ("GRANT SELECT (embedding) ON items TO reader", "attributes of the column"),
        ("COMMENT ON COLUMN items.embedding IS 'changed'", "attributes of the column"),
        ("ALTER TABLE items ALTER embedding SET STORAGE PLAIN", "attributes of the column"),
        ("CREATE INDEX second ON items USING hnsw (embedding vector_l2_ops)", "indexes"),
    ],
)
def test_promise_5_what_others_changed_since_the_plan_is_not_reverted(
    database: Database, statement: str, part: str
) -> None:
    items(database)
    database.execute("DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    database.execute("CREATE VIEW seen AS SELECT id, embedding FROM items")
    database.execute("GRANT SELECT ON seen TO reader")
    upgrade_until(database, "verify")
    database.execute(statement)
    with pytest.raises(MigratorError, match=f"{part} of the table changed since this run was planned"):
        upgrade(database)
    assert database.value("SELECT state FROM migrator.run") == "undone"
    # With index=Hnsw(...) it has to be said which of two indexes is replaced.
    database.execute("DROP INDEX IF EXISTS second")
    upgrade(database)
    assert rows_hold(database, new) == 200


def test_rules_and_publications_that_others_made_since_the_plan(database: Database) -> None:
    """A rule may swallow what is filled, and a subscriber has no shadow column: preflight refuses them."""
    items(database)
    upgrade_until(database, "verify")
    database.execute("CREATE RULE kept AS ON UPDATE TO items WHERE OLD.id < 0 DO INSTEAD NOTHING")
    with pytest.raises(MigratorError, match="rules of the table changed since this run was planned"):
        upgrade(database)
    database.execute("DROP RULE kept ON items")
    for number, published in enumerate(("TABLE items", "ALL TABLES", "TABLES IN SCHEMA public")):
        made = At("started", "cut-over", partial(database.execute, f"CREATE PUBLICATION made_{number} FOR {published}"))
        with pytest.raises(MigratorError, match="publications of the table changed since this run was planned"):
            upgrade(database, reporter=made)
        database.execute(f"DROP PUBLICATION made_{number}")
    upgrade(database)
    assert rows_hold(database, new) == 200


def test_a_backup_that_differs_from_the_table(database: Database) -> None:
    items(database)
    before = database.dump()
    database.execute(
        "CREATE FUNCTION lose() RETURNS event_trigger LANGUAGE plpgsql "
        "AS $$BEGIN IF to_regclass('migrator.backup_1') IS NOT NULL THEN "
        "UPDATE migrator.backup_1 SET migrator_vector = NULL WHERE ctid = '(0,1)'; END IF; END$$; "
        "CREATE EVENT TRIGGER lose ON ddl_command_end WHEN TAG IN ('CREATE TABLE AS') EXECUTE FUNCTION lose()"
    )
    with pytest.raises(
        MigratorError,
        match=r"^the backup of public\.items\.embedding differs from the table: it has 200 rows, 199 vectors, "
        r"checksum -?\d+; the table has 200 rows, 200 vectors, checksum -?\d+\n",
    ):
        upgrade(database)
    database.execute("DROP EVENT TRIGGER lose; DROP FUNCTION lose()")
    assert database.dump() == before


def test_a_row_that_loses_its_vector_before_not_null_is_proved(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted again, and listed."""
    items(database)
    counts = settle._lacks_no_vector
    found: list[bool] = []

    def race(work: Work, column: ColumnPlan) -> bool:
        found.append(counts(work, column))
        if len(found) == 1:
            database.execute("UPDATE items SET embedding = NULL WHERE id = 1")
        return found[-1]

    monkeypatch.setattr(settle, "_lacks_no_vector", race)
    upgrade(database)
    assert found == [True, False]
    assert "migrator_not_null" not in database.dump()
    assert database.value("SELECT rows FROM migrator.failed_row") == 1


TOLD = "CREATE OR REPLACE FUNCTION told(body text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT '{}' || body$$"


def test_a_function_of_the_text_is_replaced_during_the_upgrade(database: Database) -> None:
    items(database)
    database.execute(TOLD.format("first "))
    # The one that is replaced is called in turn, by the text of the other's body.
    database.execute(
        "CREATE FUNCTION said(body text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp "
        "AS 'SELECT told (body)'"
    )
    change = replace(CHANGE, text="said(body)", from_text="body")
    upgrade_until(database, "verify", change)
    database.execute(TOLD.format("second "))
    with pytest.raises(Refused) as refused:
        upgrade(database, change)
    assert refused.value.code == "text-dependencies-changed"
    abandon(database)
    reporter = At("started", "cut-over", lambda: database.execute(TOLD.format("third ")))
    with pytest.raises(MigratorError, match=r"changed since this run was planned: function public\.told\(text\)"):
        upgrade(database, change, reporter=reporter)
    assert database.value("SELECT state FROM migrator.run ORDER BY id DESC LIMIT 1") == "undone"
    upgrade(database, change)
    assert rows_hold(database, new, text="said(body)") == 200


def test_a_function_of_the_text_is_replaced_between_upgrade_and_downgrade(database: Database) -> None:
    items(database)
    database.execute(TOLD.format(""))
    change = replace(CHANGE, text="told(body)")
    upgrade(database, change)
    database.execute(TOLD.format("second "))
    downgrade(database, change)
    assert rows_hold(database, old, text="told(body)") == 200


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("COMMENT ON COLUMN items.embedding IS 'changed'", "attributes of the column"),
        ("ALTER TABLE items ALTER embedding SET COMPRESSION pglz", "attributes of the column"),
        ("CREATE INDEX second ON items USING hnsw (embedding vector_l2_ops)", "indexes"),
        ("CREATE VIEW second AS SELECT embedding FROM items", "views"),
        ("CREATE TRIGGER a BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger()", "triggers"),
        ('ALTER TABLE items DISABLE TRIGGER "~migrator_capture_1"', "the capture trigger"),
    ],
)
def test_promise_5_what_others_change_just_before_the_lock_is_seen_under_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, statement: str, told: str
) -> None:
    items(database)
    upgrade_until(database, "verify")
    lock = cut_over._lock

    def changed_before(columns: Sequence[ColumnPlan]) -> list[Query]:
        database.execute(statement)
        return lock(columns)

    monkeypatch.setattr(cut_over, "_lock", changed_before)
    with pytest.raises(MigratorError, match=told):
        upgrade(database)
    assert rows_hold(database, old) == 200


def test_promise_7_a_row_copied_whole_gets_the_vector_of_its_own_text(database: Database) -> None:
    items(database)
    upgrade_until(database, "fill")
    database.execute(COPIED)
    upgrade(database)
    assert rows_hold(database, new) == 201


def test_promise_3_a_trigger_that_the_fill_fires_may_rewrite_the_text(database: Database) -> None:
    items(database)
    insert(database, [(1_000, "  padded  ")])
    database.execute(
        "CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.body := trim(NEW.body); RETURN NEW; END $$"
    )
    database.execute("CREATE TRIGGER trims BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION trimmed()")
    # So that even a superuser's updates fire it.
    database.execute("ALTER TABLE items ENABLE ALWAYS TRIGGER trims")
    upgrade(database)
    assert database.value("SELECT body FROM items WHERE id = 1000") == "padded"
    assert rows_hold(database, new) == 201


def test_promise_6_a_column_dropped_since_costs_no_old_vector(database: Database) -> None:
    items(database)
    database.execute("ALTER TABLE items ADD COLUMN hits int NOT NULL DEFAULT 0")
    upgrade(database)
    database.execute("ALTER TABLE items DROP COLUMN hits")
    database.execute("UPDATE items SET note = 'touched'")
    assert database.value("SELECT count(migrator_retired_1) FROM items") == 200
    downgrade(database)
    assert rows_hold(database, old) == 200


def test_promise_6_after_halfvec_the_old_vectors_come_back_to_the_bit(database: Database) -> None:
    items(database)
    vectors = "SELECT sha256(string_agg(vector_send(embedding), '' ORDER BY id)) FROM items"
    before = database.value(vectors)
    change = EmbeddingChange("items", "embedding", text=None, from_=OLD, to=OLD, type="halfvec")
    upgrade(database, change)
    database.execute("UPDATE items SET note = 'touched'")
    downgrade(database, change)
    assert database.value(vectors) == before


def test_a_table_made_anew_is_not_taken_for_the_one_that_was_upgraded(database: Database) -> None:
    items(database)
    upgrade(database)
    database.execute("DROP TABLE items")
    items(database)
    with pytest.raises(Refused):
        upgrade(database)
    assert (
        database.value(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'items'::regclass AND attname = 'embedding'"
        )
        == "vector(48)"
    )


def test_an_edit_between_cut_over_and_settle_keeps_not_null_and_its_vector(database: Database) -> None:
    items(database)
    upgrade_until(database, "cut-over")
    database.execute("UPDATE items SET body = 'edited' WHERE id = 3")
    upgrade(database)
    assert rows_hold(database, new) == 200
    assert database.value(
        "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'embedding'"
    )
