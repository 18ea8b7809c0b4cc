"""Plain inheritance, up and down: what is each table's own, and child tables that come and go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrator import Hnsw
from migrator.errors import MigratorError, Refused
from migrator.phases import statements
from migrator.runtime.context import Options
from tests.conftest import Server
from tests.integration.test_manual_rollback import at, roll_back
from tests.integration.test_partitions import MODES, abandon_both_ways
from tests.integration.test_statements import compare, compare_locks, plan_of
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import REVISION, At, downgrade, retire, upgrade
from tests.support.statements import log_statements, unseen, written
from tests.support.tables import CHANGE, OLD, copy_in

# Without an index on the table itself, as where all rows are in child tables.
CARRIED = replace(CHANGE, index="same")
TABLES = ("items", "old_items", "own_items", "archive.items")


@pytest.fixture
def children(database: Database) -> Database:
    """old_items inherits; own_items declares the column itself, as archive.items, its child, does. 25 rows each."""
    for statement in (
        "CREATE TABLE items (id bigint PRIMARY KEY, body text NOT NULL, title text, embedding vector(48) NOT NULL)",
        "CREATE TABLE old_items (note text) INHERITS (items)",
        "CREATE TABLE own_items (embedding vector(48) NOT NULL) INHERITS (items)",
        "CREATE SCHEMA archive",
        "CREATE TABLE archive.items (embedding vector(48)) INHERITS (own_items)",
    ):
        database.execute(statement)
    vectors = old().embed_queries([f"text {number}" for number in range(25)])
    rows = [(number, f"text {number}", vector) for number, vector in enumerate(vectors)]
    for table in TABLES:
        copy_in(database, table, ["id", "body", "embedding"], rows)
        database.execute(f"CREATE INDEX ON {table} USING hnsw (embedding vector_cosine_ops)")
    return database


def test_promise_1_an_abandoned_upgrade_and_downgrade(children: Database) -> None:
    abandon_both_ways(children, CARRIED)


def test_an_index_for_each_of_them(children: Database) -> None:
    """That a revision asks for where there is none, and which it replaces; and a revision of the index alone."""
    children.execute("DROP INDEX items_embedding_idx, old_items_embedding_idx, own_items_embedding_idx")
    children.execute("DROP INDEX archive.items_embedding_idx")
    schema = children.dump()
    found = (
        "SELECT schemaname || '.' || tablename, indexdef ~ 'm=.6' FROM pg_indexes WHERE indexdef ~ 'hnsw' ORDER BY 1"
    )
    asked = replace(CHANGE, to=OLD, text=None, index=Hnsw("cosine", m=6))
    upgrade(children, asked)
    everywhere = [
        ("archive.items", True),
        ("public.items", True),
        ("public.old_items", True),
        ("public.own_items", True),
    ]
    assert children.execute(found) == everywhere
    again = replace(asked, index=Hnsw("cosine", m=8))
    upgrade(children, again, revision="3")
    assert children.execute(found) == [(table, False) for table, _ in everywhere]
    downgrade(children, again, revision="3")
    assert children.execute(found) == everywhere
    downgrade(children, asked)
    assert children.dump() == schema


def test_after_retire_the_backup_gives_the_old_vectors(children: Database) -> None:
    schema = children.dump()
    upgrade(children, CARRIED)
    # A child table of the child table that says the column itself, called otherwise by now.
    children.execute("ALTER TABLE own_items RENAME TO owned_items")
    # One that came since, with columns of its own.
    children.execute("CREATE TABLE new_items (LIKE items); ALTER TABLE new_items INHERIT items")
    retire(children, keep_backups=True)
    assert "migrator" not in children.dump()
    children.execute("DROP TABLE new_items; ALTER TABLE owned_items RENAME TO own_items")
    assert children.dump() == schema.replace("vector(48)", "vector(96)")
    restore_a_dump(children)
    downgrade(children)
    assert children.dump() == schema
    assert rows_hold(children, old) == 100


def restore_a_dump(children: Database) -> None:
    """What that does to the oids that the ledger has: a child table may have that of another."""
    old, own = (children.value(f"SELECT '{table}'::regclass::oid::text") for table in ("old_items", "own_items"))
    swapped = f"replace(replace(replace(catalog::text, '{old}', '@'), '{own}', '{old}'), '@', '{own}')::jsonb"
    children.execute(f"UPDATE migrator.change SET catalog = jsonb_set({swapped}, '{{table,oid}}', '1')")


# What is made of single child tables, what undoes it, and what is said of it.
# It says what else this transaction writes to.
GUARD = """
CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_SCHEMA = 'archive' THEN
        RAISE EXCEPTION 'no update: %', (
            SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
            WHERE l.pid = pg_backend_pid() AND l.mode = 'RowExclusiveLock' AND c.relkind = 'r');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION guard();
CREATE TRIGGER guard_kept BEFORE UPDATE ON archive.items FOR EACH ROW EXECUTE FUNCTION guard();
ALTER TABLE items ENABLE ALWAYS TRIGGER guard;
ALTER TABLE archive.items ENABLE ALWAYS TRIGGER guard_kept
"""
REFUSED = (
    (
        "CREATE TABLE history (entry old_items)",
        "DROP TABLE history",
        'column entry of table public.history holds rows of "old_items"',
    ),
    (
        "CREATE RULE kept AS ON UPDATE TO old_items DO INSTEAD NOTHING",
        "DROP RULE kept ON old_items",
        '"old_items" has rules: kept',
    ),
    (
        'CREATE TRIGGER "~~late" BEFORE UPDATE ON old_items FOR EACH ROW '
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        'DROP TRIGGER "~~late" ON old_items',
        'trigger "~~late" on "old_items" would run after',
    ),
    (
        GUARD,
        "DROP FUNCTION guard CASCADE",
        r"nothing: no update: archive\.items; it is guard_kept\n(?s:.*)"
        'ALTER TABLE "archive"."items" DISABLE TRIGGER "guard_kept" for',
    ),
    ("CREATE TEMPORARY TABLE passing () INHERITS (items)", "DROP TABLE passing", "are temporary: pg_temp_"),
    (
        "CREATE TABLE loud (title text, heard text GENERATED ALWAYS AS (upper(body)) STORED) INHERITS (items)",
        "DROP TABLE loud",
        'column "heard" of public.loud is generated from another expression',
    ),
    (
        "CREATE PUBLICATION news FOR TABLE items",
        "DROP PUBLICATION news",
        '"items" is published by news',
    ),
    ("ALTER TABLE items ALTER CONSTRAINT items_embedding_not_null NO INHERIT", "", "is NO INHERIT"),
)


def test_what_is_refused(children: Database) -> None:
    children.execute("ALTER TABLE items ADD heard text GENERATED ALWAYS AS (body) STORED")
    before = children.dump()
    with children.connect() as session:
        for statement, undone, problem in REFUSED:
            assert children.dump() == before
            session.execute(statement.encode())
            with pytest.raises(Refused, match=problem) as refused:
                upgrade(children, replace(CARRIED, text="heard"))
            assert "ADD TABLE" not in str(refused.value)
            session.execute(undone.encode())


@MODES
def test_children_that_come_and_go_meanwhile(children: Database, online: bool) -> None:
    """One that comes has no capture, one that goes apart would keep migrator's columns: both end the run."""
    # From then on it says all columns itself, and not only the vector.
    children.execute("ALTER TABLE own_items NO INHERIT items")
    schema_apart = children.dump()
    children.execute("ALTER TABLE own_items INHERIT items")
    schema = children.dump()
    made = At("done", "verify", lambda: children.execute("CREATE TABLE new_items () INHERITS (items)"))
    with pytest.raises(MigratorError, match=r"child tables \(public.new_items\) of the table changed since"):
        upgrade(children, CARRIED, reporter=made)
    children.execute("DROP TABLE new_items")
    assert children.dump() == schema
    apart = At("done", "verify", lambda: children.execute("ALTER TABLE own_items NO INHERIT items"))
    with pytest.raises(MigratorError, match=r"child tables were detached .*: public.own_items, archive.items"):
        upgrade(children, CARRIED, reporter=apart)
    assert children.dump() == schema_apart
    children.execute("ALTER TABLE own_items INHERIT items")
    # NOT NULL is its own from then on, and of one that returned so are its columns, migrator's among them.
    returned = "ALTER TABLE old_items NO INHERIT items; ALTER TABLE old_items INHERIT items"
    returned = "ALTER TABLE old_items ALTER COLUMN embedding SET NOT NULL" if online else returned
    with pytest.raises(MigratorError, match=r"the column in public.old_items .* changed since"):
        upgrade(children, CARRIED, reporter=At("done", "verify", lambda: children.execute(returned)), online=online)
    assert "migrator" not in children.dump()
    gone = At("done", "embed" if online else "fill", lambda: children.execute("DROP TABLE archive.items"))
    upgrade(children, CARRIED, reporter=gone, online=online)
    assert rows_hold(children, new) == 75


def test_rows_of_an_child_that_came_since_the_upgrade(children: Database) -> None:
    """Capture did not see them, so a downgrade compares every row."""
    upgrade(children, CARRIED)
    children.execute("CREATE TABLE new_items () INHERITS (items)")
    children.execute("INSERT INTO new_items SELECT * FROM ONLY items WHERE id < 5")
    children.execute("UPDATE new_items SET body = 'edited ' || id")
    downgrade(children)
    assert rows_hold(children, old) == 105


@MODES
def test_the_manual_rollback_brings_all_of_them_back(children: Database, online: bool) -> None:
    schema = children.dump()
    upgrade(children, CARRIED, online=online)
    restore_a_dump(children)
    at(children, REVISION)
    # One that came since, and one that was parted meanwhile, which keeps what is migrator's.
    children.execute("CREATE TABLE new_items () INHERITS (items)")
    assert "is not there, or disabled, on new_items: which" in roll_back(children).err
    children.execute(
        "DROP TABLE new_items; ALTER TABLE old_items NO INHERIT items" if online else "DROP TABLE new_items"
    )
    # After a dump and restore it is not known that the capture trigger saw every write.
    assert "may have changed unseen since the upgrade" in roll_back(children).err
    ended = roll_back(children, "-v", "marks=trusted")
    assert (ended.code, ended.err) == (0, "")
    if online:
        assert rows_hold(children, old) == 75
        return
    children.execute("DROP TABLE alembic_version")
    assert children.dump() == schema
    assert rows_hold(children, old) == 100


def test_what_a_run_online_sends_is_what_its_plan_lists(server: Server, children: Database, tmp_path: Path) -> None:
    children.execute("ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL")
    children.execute("ALTER TABLE own_items ALTER COLUMN embedding DROP NOT NULL")
    log_statements(children)
    compare(server, children, tmp_path, "upgrade", (CARRIED,), online=True)
    unseen(children, "DELETE FROM items WHERE id >= 5000; UPDATE items SET body = 'edited' WHERE id = 10")
    compare(server, children, tmp_path, "downgrade", (CARRIED,))


def test_a_statement_takes_the_lock_that_the_plan_says(
    children: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(children, "upgrade", (CARRIED,), [], Options())
    # That of a table tells no rows of the others apart.
    assert plan.columns[0].catalog.table.key == []
    filling = [written(each.query) for each in statements(plan) if each.phase == "fill"]
    updates = [each for each in filling if each.startswith("UPDATE")]
    # Each by itself, and not again with the table above it.
    assert [each for each in updates if "UPDATE ONLY" not in each] == []
    assert len(updates) == len(TABLES)
    compare_locks(children, tmp_path, monkeypatch, (CARRIED,))
