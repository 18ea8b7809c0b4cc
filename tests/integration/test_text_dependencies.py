"""Texts that change although no row is written: it is seen before cut-over and on a downgrade."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.errors import MigratorError, Refused
from migrator.runtime.context import Options
from tests.integration.test_manual_rollback import psql, refused, roll_back
from tests.integration.test_manual_rollback import upgrade as upgrade_and_record
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import REVISION, At, abandon, downgrade, retire, upgrade, upgrade_until
from tests.support.tables import CHANGE, NEW, OLD, copy_in

ROWS = 60
TEXT = "concat_ws(' ', body, note, mood, size, title)"
MADE_OF = replace(CHANGE, text=TEXT)
TABLE = (
    "CREATE TYPE mood AS ENUM ('glad', 'sad')",
    "CREATE TYPE size AS (width int, height int)",
    "CREATE TABLE items (id bigint PRIMARY KEY, body text NOT NULL, note text, mood mood, size size, "
    "title text GENERATED ALWAYS AS (upper(body)) STORED, embedding vector(48) NOT NULL)",
)
RENAMED = "ALTER TYPE mood RENAME VALUE 'glad' TO 'merry'"
GROWN = "ALTER TYPE size ADD ATTRIBUTE depth int"
REWRITTEN = "ALTER TABLE items ALTER note TYPE text USING note || '!'"
NEW_EXPRESSION = "ALTER TABLE items ALTER title SET EXPRESSION AS (lower(body))"
ANOTHER_COLUMN = "ALTER TABLE items DROP note, ADD note text DEFAULT 'other'"


def made_of(database: Database) -> None:
    """items, whose texts are made of columns of several types."""
    database.execute("; ".join(TABLE))
    texts = [(n, f"text {n}", f"note {n}", f"text {n} note {n} glad (1,2) TEXT {n}") for n in range(ROWS)]
    vectors = old().embed_queries([text for *_, text in texts])
    rows = [(*row[:3], vector) for row, vector in zip(texts, vectors, strict=True)]
    copy_in(database, "items", ["id", "body", "note", "embedding"], rows)
    database.execute("UPDATE items SET mood = 'glad', size = (1, 2)")
    database.execute("CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_cosine_ops)")


@pytest.mark.parametrize(
    ("statement", "changed"),
    [(RENAMED, r"label public\.mood 'glad'"), (GROWN, r"type public\.size")],
)
def test_what_a_text_is_made_of_changes_before_cut_over(database: Database, statement: str, changed: str) -> None:
    made_of(database)
    with pytest.raises(MigratorError, match=changed):
        upgrade(database, MADE_OF, reporter=At("started", "cut-over", lambda: database.execute(statement)))
    assert database.value("SELECT state FROM migrator.run") == "undone"
    upgrade(database, MADE_OF)
    assert rows_hold(database, new, text=TEXT) == ROWS


@pytest.mark.parametrize("statement", [RENAMED, GROWN, REWRITTEN, NEW_EXPRESSION, ANOTHER_COLUMN])
def test_what_a_text_is_made_of_changes_between_upgrade_and_downgrade(database: Database, statement: str) -> None:
    made_of(database)
    upgrade(database, MADE_OF)
    database.execute(statement)
    downgrade(database, MADE_OF)
    assert rows_hold(database, old, text=TEXT) == ROWS


@pytest.mark.parametrize("phase", ["fill", "cut-over"])
def test_a_table_is_rewritten_with_other_texts_during_the_upgrade(database: Database, phase: str) -> None:
    """Its rows are compared with the store, and the run goes on."""
    made_of(database)
    reporter = At("done" if phase == "fill" else "started", phase, lambda: database.execute(REWRITTEN))
    upgrade(database, MADE_OF, reporter=reporter)
    assert rows_hold(database, new, text=TEXT) == ROWS


def test_what_a_text_is_made_of_changes_while_the_run_is_interrupted(database: Database) -> None:
    made_of(database)
    upgrade_until(database, "verify", MADE_OF)
    database.execute(RENAMED)
    with pytest.raises(MigratorError, match=r"label public\.mood 'glad'"):
        upgrade(database, MADE_OF)
    abandon(database)
    upgrade(database, MADE_OF)
    assert rows_hold(database, new, text=TEXT) == ROWS


def test_a_label_that_comes_changes_no_text(database: Database) -> None:
    made_of(database)
    added = "ALTER TYPE mood ADD VALUE 'angry' BEFORE 'glad'"
    upgrade(database, MADE_OF, reporter=At("started", "cut-over", lambda: database.execute(added)))
    assert rows_hold(database, new, text=TEXT) == ROWS
    columns = [VectorColumn("items", "embedding")]
    plan = runner.plan_restore(database.address, REVISION, columns, Options())
    assert [column.marks_some for column in plan.columns] == [False]


PARTS = (
    "CREATE TABLE items (id bigint, body text NOT NULL, note text, embedding vector(48), PRIMARY KEY (id)) "
    "PARTITION BY RANGE (id)",
    "CREATE TABLE low PARTITION OF items FOR VALUES FROM (0) TO (30)",
    "CREATE TABLE high PARTITION OF items FOR VALUES FROM (30) TO (60)",
)
APART = (
    "ALTER TABLE items DETACH PARTITION low; UPDATE low SET body = body || ' edited'; "
    "ALTER TABLE items ATTACH PARTITION low FOR VALUES FROM (0) TO (30)"
)
# Filled elsewhere, with what migrator has put beside the texts of another partition.
ELSEWHERE = (
    "CREATE TABLE further (LIKE items INCLUDING ALL); "
    "INSERT INTO further SELECT * FROM low; UPDATE further SET id = id + 60, body = body || ' elsewhere'; "
    "ALTER TABLE items ATTACH PARTITION further FOR VALUES FROM (60) TO (100)"
)


def in_parts(database: Database) -> None:
    database.execute("; ".join(PARTS))
    texts = [f"text {n}" for n in range(ROWS)]
    vectors = old().embed_queries(texts)
    rows = [(n, text, "note", vector) for n, (text, vector) in enumerate(zip(texts, vectors, strict=True))]
    copy_in(database, "items", ["id", "body", "note", "embedding"], rows)
    database.execute("CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_cosine_ops)")


@pytest.mark.parametrize(
    ("database", "statement", "rows"), [(18, APART, ROWS), (16, ELSEWHERE, 90)], indirect=["database"]
)
def test_a_partition_is_written_while_it_is_none_before_cut_over(database: Database, statement: str, rows: int) -> None:
    in_parts(database)
    upgrade(database, reporter=At("started", "cut-over", lambda: database.execute(statement)))
    assert rows_hold(database, new) == rows


@pytest.mark.parametrize(
    ("database", "statement", "rows"), [(16, APART, ROWS), (18, ELSEWHERE, 90)], indirect=["database"]
)
def test_a_partition_is_written_while_it_is_none_after_cut_over(database: Database, statement: str, rows: int) -> None:
    in_parts(database)
    upgrade(database)
    database.execute(statement)
    downgrade(database)
    assert rows_hold(database, old) == rows


def test_capture_is_disabled_for_a_moment(database: Database) -> None:
    """Its state is as it was; that it was another one shows."""
    in_parts(database)
    upgrade(database)
    trigger = 'TRIGGER "~migrator_capture_1"'
    database.execute(f"ALTER TABLE items DISABLE {trigger}")
    database.execute("UPDATE items SET body = 'unseen' WHERE id = 1")
    database.execute(f"ALTER TABLE items ENABLE ALWAYS {trigger}")
    downgrade(database)
    assert rows_hold(database, old) == ROWS


@pytest.mark.parametrize("database", [16], indirect=True)
def test_the_manual_rollback_stops_where_marks_cannot_be_believed(database: Database) -> None:
    made_of(database)
    upgrade_and_record(database, MADE_OF)
    database.execute(f"{RENAMED}; {REWRITTEN}")
    assert refused(roll_back(database)) == (
        "texts of public.items.embedding may have changed unseen since the upgrade, because these are no longer what "
        "they were: label public.mood 'glad', table public.items\n"
        "find rows whose text changed by the hashes in migrator.backup_1, set migrator_retired_1 NULL there, and run "
        "this again with -v marks=trusted"
    )
    database.execute("UPDATE items SET migrator_retired_1 = NULL")
    done = psql(database, *["-v", "table=items", "-v", "column=embedding", "-v", "to=0001", "-v", "marks=trusted"])
    assert (done.code, done.err) == (0, "")


def test_a_setting_that_a_text_needs_has_another_value_on_the_downgrade(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts(database)
    tenant = "coalesce(current_setting('app.tenant', true), '')"
    change = replace(CHANGE, text=f"body || {tenant}", from_text="body", settings={"app.tenant": "env:OF_TENANT"})
    monkeypatch.setenv("OF_TENANT", "a")
    upgrade(database, change)
    assert rows_hold(database, new, text="body || 'a'") == ROWS
    back = replace(change, text="body", from_text=change.text, from_=NEW, to=OLD)
    upgrade(database, back, revision="3")
    assert rows_hold(database, old) == ROWS
    monkeypatch.setenv("OF_TENANT", "b")
    downgrade(database, back, revision="3")
    assert rows_hold(database, new, text="body || 'b'") == ROWS


def test_a_setting_that_a_text_needs_has_another_value_when_the_run_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts(database)
    tenant = "coalesce(current_setting('app.tenant', true), '')"
    change = replace(CHANGE, text=f"body || {tenant}", from_text="body", settings={"app.tenant": "env:OF_TENANT"})
    monkeypatch.setenv("OF_TENANT", "a")
    upgrade_until(database, "verify", change)
    monkeypatch.setenv("OF_TENANT", "b")
    upgrade(database, change)
    assert rows_hold(database, new, text="body || 'b'") == ROWS


def test_a_backup_is_not_brought_up_to_date_by_old_vectors_of_other_texts(database: Database) -> None:
    made_of(database)
    upgrade(database, MADE_OF)
    database.execute(RENAMED)
    retire(database, keep_backups=True)
    downgrade(database, MADE_OF)
    assert rows_hold(database, old, text=TEXT) == ROWS


def test_a_trigger_changes_rows_after_capture_has_seen_them(database: Database) -> None:
    in_parts(database)
    upgrade(database)
    database.execute(
        "CREATE FUNCTION edit() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.body := 'edited'; RETURN NEW; END$$; "
        "CREATE TRIGGER \"~~late\" BEFORE UPDATE ON items FOR EACH ROW WHEN (NEW.note = 'late') EXECUTE FUNCTION edit()"
    )
    database.execute("UPDATE items SET note = 'late' WHERE id < 5")
    with pytest.raises(Refused, match='trigger "~~late" on "items" would run after migrator\'s own'):
        downgrade(database)
    database.execute('ALTER TRIGGER "~~late" ON items RENAME TO early')
    downgrade(database)
    assert rows_hold(database, old) == ROWS
