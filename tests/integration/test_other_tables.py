"""Texts that read other tables: in a window these are locked from fill to cut-over; a run that goes on looks again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import psycopg
import pytest

from migrator.errors import Interrupted, Refused
from tests import models
from tests.models import Hashed
from tests.support.database import Database
from tests.support.running import At, Holding, downgrade, downgrade_until, upgrade, upgrade_until
from tests.support.tables import CHANGE

TEXT = "concat_ws(' ', (SELECT title FROM topics t WHERE t.id = topic_id), body)"
NOTES = replace(CHANGE, table="notes", text=TEXT, index=None)
RETITLED = "UPDATE topics SET title = title || ', again' WHERE id % 2 = 0"
LOCKS = """
SELECT count(*) FROM pg_locks WHERE relation = 'topics'::regclass AND mode = 'ShareLock' AND granted
"""


@pytest.fixture
def notes(database: Database) -> Database:
    """notes(id, topic_id, body, embedding NOT NULL), whose texts begin with the title of the topic."""
    database.execute("CREATE TABLE topics (id int PRIMARY KEY, title text NOT NULL)")
    database.execute("INSERT INTO topics SELECT n, 'title ' || n FROM generate_series(0, 9) AS n")
    database.execute(
        "CREATE TABLE notes (id int PRIMARY KEY, topic_id int NOT NULL REFERENCES topics, body text NOT NULL, "
        "embedding vector(48))"
    )
    database.execute("INSERT INTO notes SELECT n, n % 10, 'text ' || n FROM generate_series(1, 60) AS n")
    embed(database, models.old)
    database.execute("ALTER TABLE notes ALTER COLUMN embedding SET NOT NULL")
    return database


def embed(database: Database, model: Callable[[], Hashed]) -> None:
    """As the application does, all rows anew."""
    with database.connect() as connection:
        for number, text in connection.execute(f"SELECT id, {TEXT} FROM notes".encode()).fetchall():
            vector = str(models.vector(text, model).tolist())
            connection.execute("UPDATE notes SET embedding = %s WHERE id = %s", [vector, number])


def wrong(database: Database, model: Callable[[], Hashed]) -> list[int]:
    """The rows whose vector is not the model's of their present text."""
    rows = database.execute(f"SELECT id, {TEXT}, embedding::real[] FROM notes ORDER BY id")
    return [
        number
        for number, text, found in rows
        if found is None or not np.array_equal(np.array(found, np.float32), models.vector(text, model))
    ]


@pytest.mark.parametrize("phase", ["fill", "index", "verify", "cut-over"])
def test_nobody_writes_to_them_from_fill_to_cut_over(notes: Database, phase: str) -> None:
    def write() -> None:
        with notes.connect() as writer:
            writer.execute("SET lock_timeout = '1ms'")
            assert writer.execute("SELECT count(*) FROM topics").fetchone() == (10,)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                writer.execute(RETITLED.encode())

    # Filled in a range of blocks at a time, of which the locks are there since before the first.
    reporter = At("progress" if phase == "fill" else "started", phase, write)
    upgrade(notes, NOTES, reporter=reporter)
    assert reporter.acted
    assert wrong(notes, models.new) == []


@pytest.mark.parametrize("phase", ["embed", "settle"])
def test_they_are_written_before_and_after(notes: Database, phase: str) -> None:
    reporter = At("started", phase, lambda: notes.execute(LOCKS) == [(0,)] and notes.execute(RETITLED))
    upgrade(notes, NOTES, reporter=reporter)
    assert reporter.acted
    assert notes.execute("SELECT title FROM topics WHERE id = 2") == [("title 2, again",)]
    assert wrong(notes, models.new) == [] if phase == "embed" else wrong(notes, models.new) != []


@pytest.mark.parametrize("phase", ["fill", "index", "verify"])
def test_what_was_written_while_a_run_was_broken_off_is_seen(notes: Database, phase: str) -> None:
    """By a writer of the table too, who had the title of before and has not ended yet."""
    upgrade_until(notes, phase, NOTES)
    with notes.connect() as writer:
        writer.execute("BEGIN")
        writer.execute("INSERT INTO notes SELECT 100, 2, 'text 2', embedding FROM notes WHERE id = 2")
        notes.execute(RETITLED)
        upgrade(notes, NOTES, reporter=Holding("", "", writer, ""))
    assert wrong(notes, models.new) == []


def test_what_was_written_while_a_fill_was_broken_off_is_seen(notes: Database) -> None:
    """Rows that it had filled have the vectors of titles that are no longer there."""

    def break_off() -> None:
        raise psycopg.OperationalError("the server closed the connection unexpectedly")

    with pytest.raises(Interrupted):
        upgrade(notes, NOTES, reporter=At("progress", "fill", break_off))
    notes.execute(RETITLED)
    upgrade(notes, NOTES)
    assert wrong(notes, models.new) == []


def test_a_lock_that_is_lost_keeps_cut_over_from_beginning(notes: Database) -> None:
    def lose() -> None:
        notes.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks "
            "WHERE relation = 'topics'::regclass AND mode = 'ShareLock'"
        )
        notes.execute(RETITLED)

    reporter = At("started", "cut-over", lose)
    with pytest.raises(Interrupted, match="the connection that kept other tables"):
        upgrade(notes, NOTES, reporter=reporter)
    upgrade(notes, NOTES)
    assert wrong(notes, models.new) == []


@pytest.mark.parametrize("stopped", [None, "fill", "verify"])
def test_downgrade_knows_what_their_writes_made_stale(notes: Database, stopped: str | None) -> None:
    upgrade(notes, NOTES)
    notes.execute(RETITLED)
    embed(notes, models.new)
    if stopped is not None:
        downgrade_until(notes, stopped, NOTES)
        notes.execute("UPDATE topics SET title = 'others' WHERE id = 5")
    downgrade(notes, NOTES)
    assert wrong(notes, models.old) == []


def test_a_snapshot_from_before_their_write_is_not_believed(notes: Database) -> None:
    upgrade_until(notes, "embed", NOTES)
    with notes.connect() as writer:
        writer.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        writer.execute("SELECT count(*) FROM topics")
        notes.execute(RETITLED)

        def write() -> None:
            # Its text, as this snapshot has it, is in the store.
            writer.execute("INSERT INTO notes SELECT 100, 2, 'text 2', embedding FROM notes WHERE id = 2")
            writer.execute("COMMIT")

        reporter = At("started", "index", write)
        upgrade(notes, NOTES, reporter=reporter)
    assert reporter.acted
    assert wrong(notes, models.new) == []


COUNTED = """
ALTER TABLE topics ADD COLUMN edits int NOT NULL DEFAULT 0;
CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE topics SET edits = edits + 1 WHERE id = NEW.topic_id;
    RETURN NULL;
END $$;
CREATE TRIGGER counted AFTER INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION counted();
"""


@pytest.mark.parametrize("phase", ["index", "cut-over"])
def test_a_writer_of_the_table_whose_trigger_writes_to_them_is_let_by(notes: Database, phase: str) -> None:
    """He holds what an index build and the cut-over wait for, and waits for the lock himself."""
    notes.execute(COUNTED)
    writer = threading.Thread(target=lambda: notes.execute("UPDATE notes SET body = 'edited' WHERE id = 5"))

    def write() -> None:
        writer.start()
        while not notes.value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            pass

    reporter = At("started", phase, write)
    upgrade(notes, NOTES, reporter=reporter)
    writer.join()
    assert [text for text in reporter.messages if "other tables" in text and "(it has counted)" in text]
    assert [text for text in reporter.messages if "waits for topics; releasing our lock on that table" in text]
    assert notes.execute("SELECT edits FROM topics WHERE id = 5") == [(1,)]
    assert wrong(notes, models.new) == []


def test_what_is_written_to_them_once_verify_has_let_a_writer_by_is_proved_too(notes: Database) -> None:
    """verify fills a row that the writer holds."""
    notes.execute(COUNTED)
    writer = threading.Thread(target=lambda: notes.execute("UPDATE notes SET body = 'newer' WHERE id = 7"))

    def write() -> None:
        notes.execute("SET session_replication_role = replica; UPDATE notes SET body = 'quite new' WHERE id = 7")
        writer.start()
        while not notes.value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            pass

    class Retitling(At):
        def message(self, text: str) -> None:
            super().message(text)
            if "is locked for the text" in text:
                writer.join()
                notes.execute(RETITLED)

    reporter = Retitling("started", "verify", write)
    upgrade(notes, NOTES, reporter=reporter)
    assert reporter.acted
    assert not writer.is_alive()
    assert wrong(notes, models.new) == []


def test_triggers_that_the_fill_fires_and_that_write_to_them_are_refused(notes: Database) -> None:
    notes.execute(COUNTED + "ALTER TABLE notes ENABLE ALWAYS TRIGGER counted")
    before = notes.versions()
    with pytest.raises(Refused) as refused:
        upgrade(notes, NOTES)
    assert refused.value.code == "triggers-write-other-tables"
    assert notes.versions() == before


def test_it_is_refused_online(notes: Database) -> None:
    before = notes.versions()
    with pytest.raises(Refused) as refused:
        upgrade(notes, NOTES, online=True)
    assert refused.value.code == "text-reads-other-tables"
    assert notes.versions() == before
