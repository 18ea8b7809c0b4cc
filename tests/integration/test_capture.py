"""Promise 3: writes between fill and cut-over. Every row ends with the new model's vector of its present text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from migrator import EmbeddingChange
from migrator.embedding.models import Models
from migrator.errors import MigratorError
from migrator.ledger.plans import planned
from migrator.proofs.vectors import coverage
from migrator.rows import remaining
from migrator.runtime.context import Options, Session, Work
from migrator.runtime.session import open_ledger
from tests.models import EmbedLog, Hashed, Vectors, new, old, other
from tests.support.database import Database
from tests.support.proofs import checksum, nulls, rows_hold
from tests.support.running import OLD_MODEL, PROBES, SAMPLE, At, Holding, batches, downgrade, upgrade, upgrade_until
from tests.support.tables import CHANGE, OTHER, insert, items

SHADOW = "migrator_shadow_1"
# From here on the capture trigger is there.
STOPS = ["fill", "index", "verify"]

NOT_NULL = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'embedding'"

Write = Callable[[Database], object]


def inserted(database: Database) -> None:
    """One text is in the store, four are not."""
    insert(database, [(1000, "text 3"), *((1001 + number, f"later {number}") for number in range(4))])


def copied(database: Database) -> None:
    statement = "COPY items (id, body, embedding) FROM STDIN"
    with database.connect() as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for number in range(5):
            copy.write_row((1000 + number, f"copied {number}", str([1.0] * 48)))


def edited(database: Database) -> None:
    """Some to a text that the store holds, the others not."""
    database.execute("UPDATE items SET body = CASE WHEN id < 5 THEN 'text 149' ELSE 'edited ' || id END WHERE id < 10")


def edited_back(database: Database) -> None:
    database.execute("UPDATE items SET body = 'for a moment' WHERE id < 10")
    database.execute("UPDATE items SET body = 'text ' || id WHERE id < 10")


def edited_beside_the_text(database: Database) -> None:
    database.execute("UPDATE items SET note = 'changed' WHERE id < 50")


def upserted(database: Database) -> None:
    database.execute(
        "INSERT INTO items (id, body, embedding) SELECT id + 195, 'upserted ' || id, embedding FROM items "
        "WHERE id < 10 ON CONFLICT (id) DO UPDATE SET body = excluded.body || ' over ' || items.body"
    )


def merged(database: Database) -> None:
    database.execute(
        "MERGE INTO items USING (SELECT id + 195 AS id, embedding FROM items WHERE id < 10) AS source "
        "ON items.id = source.id WHEN MATCHED THEN UPDATE SET body = 'merged' WHEN NOT MATCHED THEN "
        "INSERT (id, body, embedding) VALUES (source.id, 'merged too', source.embedding)"
    )


def replicated(database: Database) -> None:
    """As logical replication and bulk loads write: ordinary triggers stay quiet."""
    database.execute("SET session_replication_role = replica; UPDATE items SET body = 'replica ' || id WHERE id < 10")


def in_a_transaction(database: Database) -> None:
    database.execute(
        "BEGIN; UPDATE items SET body = 'a' WHERE id = 1; SAVEPOINT s; UPDATE items SET body = 'b' WHERE id < 9; "
        "ROLLBACK TO s; UPDATE items SET body = 'c' WHERE id = 2; DELETE FROM items WHERE id = 3; "
        "INSERT INTO items SELECT 3, 'd', 'again', embedding FROM items WHERE id = 4; COMMIT"
    )


def key_changed(database: Database) -> None:
    database.execute(
        "UPDATE items SET id = -id, body = CASE WHEN id > 5 THEN 'moved ' || id ELSE body END WHERE id < 10"
    )


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize(
    "write",
    [inserted, edited, in_a_transaction],
    ids=lambda write: write.__name__,
)
def test_promise_3_writes_between_phases(database: Database, write: Write, stop: str) -> None:
    items(database)
    upgrade_until(database, stop)
    write(database)
    before = checksum(database)
    upgrade(database)
    rows_hold(database, new)
    assert checksum(database) == before


@pytest.mark.parametrize(
    "write",
    [copied, edited_back, edited_beside_the_text, upserted, merged, replicated, key_changed],
    ids=lambda write: write.__name__,
)
def test_promise_3_ways_to_write(database: Database, write: Write) -> None:
    items(database)
    upgrade_until(database, "index")
    write(database)
    before = checksum(database)
    upgrade(database)
    rows_hold(database, new)
    assert checksum(database) == before


@pytest.mark.parametrize("phase", ["embed", "fill", "index", "verify", "cut-over"])
def test_promise_3_writes_while_a_phase_begins(database: Database, phase: str) -> None:
    items(database)

    def write() -> None:
        inserted(database)
        edited(database)
        database.execute("DELETE FROM items WHERE id BETWEEN 60 AND 80")

    reporter = At("started", phase, write)
    upgrade(database, reporter=reporter)
    assert reporter.acted
    assert rows_hold(database, new) == 184


@pytest.mark.parametrize("phase", ["embed", "fill"])
def test_promise_3_writes_in_the_middle_of_a_phase(database: Database, phase: str) -> None:
    items(database)

    def write() -> None:
        inserted(database)
        edited(database)

    reporter = At("progress", phase, write)
    upgrade(database, reporter=reporter)
    assert reporter.acted
    assert rows_hold(database, new) == 205


def test_promise_3_many_rows_written_since_fill_are_embedded_before_verification(database: Database) -> None:
    """More than cut-over leaves to settle."""
    items(database)
    upgrade_until(database, "fill")
    insert(database, [(1000 + number, f"later {number}") for number in range(remaining.BOUND + 20)])
    upgrade(database)
    assert rows_hold(database, new) == 320


def test_coverage_is_proved_but_for_what_cut_over_fills(database: Database) -> None:
    """What comes after the rest was filled, while the proofs are taken."""
    items(database)
    upgrade_until(database, "verify")
    insert(database, [(1000, "later"), (1001, "later still")])
    with database.connect() as connection:
        ledger = open_ledger(connection, database.address)
        session = Session(connection, database.address, ledger, Models(ledger), Options())
        proof = coverage(session, planned(ledger, ledger.change(1)), SHADOW)
    whole = "every row in scope that has a text has a vector"
    assert proof.told == f"proved  coverage: {whole}, but for 2 rows written meanwhile, which cut-over fills"


# Holds up the swap, and not the fill before it.
READ = "SELECT FROM items"
LATE = "INSERT INTO items (id, body, embedding) SELECT id + 1000, 'late ' || id, embedding FROM items WHERE id < "


def test_promise_3_rows_that_come_between_the_last_fill_and_cut_over_are_settled(database: Database) -> None:
    items(database)
    before = database.dump()
    with database.connect() as writer:
        reporter = Holding("started", "cut-over", writer, READ, last=LATE + "100")
        upgrade(database, reporter=reporter)
    assert rows_hold(database, new) == 300
    assert ("done", "cut-over", "public.items.embedding", "100 writes to settle") in reporter.told
    downgrade(database)
    assert rows_hold(database, old, where="id < 1000") == 200
    assert database.dump() == before


def test_promise_4_cut_over_does_not_begin_with_many_rows_left(database: Database) -> None:
    """They are filled first."""
    items(database)
    with database.connect() as writer:
        reporter = Holding("started", "cut-over", writer, READ, last=LATE + "101")
        upgrade(database, reporter=reporter)
    told = "public.items.embedding: more than 100 rows were written without a vector: they are filled first"
    assert told in reporter.messages
    assert ("done", "cut-over", "public.items.embedding", "0 writes to settle") in reporter.told
    assert rows_hold(database, new) == 301


def test_promise_4_a_transaction_that_is_under_way_at_the_last_fill_leaves_nothing_to_settle(
    database: Database,
) -> None:
    items(database)
    with database.connect() as writer:
        reporter = Holding("started", "cut-over", writer, LATE + "101")
        upgrade(database, reporter=reporter)
    assert ("done", "cut-over", "public.items.embedding", "0 writes to settle") in reporter.told
    assert ("done", "settle", "public.items.embedding", "0 rows") in reporter.told
    assert rows_hold(database, new) == 301


@pytest.mark.parametrize("stop", STOPS)
def test_promise_3_an_expression_that_raises_never_fails_the_applications_write(database: Database, stop: str) -> None:
    """Not even by an index. The upgrade waits until the row is mended."""
    items(database)
    change = dataclasses.replace(CHANGE, text="body || 100 / position('e' IN note)", where="(note || '.')::text > ''")
    upgrade_until(database, stop, change)
    database.execute("UPDATE items SET note = 'x' WHERE id = 3")
    database.execute("INSERT INTO items SELECT 1000, 'later', 'y', embedding FROM items WHERE id = 4")
    assert nulls(database, column=SHADOW) == [3, 1000]
    assert database.value("SELECT last_value FROM migrator.missed_1") == 2
    database.execute("UPDATE items SET note = 'mended'")
    upgrade(database, change)
    assert rows_hold(database, new, text=change.text or "") == 201


def test_promise_3_writes_go_on_where_the_count_of_misses_is_gone(database: Database) -> None:
    items(database)
    before = database.dump()
    upgrade_until(database, "verify")
    database.execute("DROP SEQUENCE migrator.missed_1")
    inserted(database)
    assert nulls(database, column=SHADOW) == [1001, 1002, 1003, 1004]
    database.execute("DELETE FROM items WHERE id >= 1000")
    with pytest.raises(MigratorError, match="missed_1"):
        upgrade(database)
    assert database.dump() == before


def test_promise_3_texts_known_to_the_store_cost_nothing(database: Database, embed_log: EmbedLog) -> None:
    items(database)
    upgrade_until(database, "fill")
    embed_log.calls()
    database.execute("UPDATE items SET body = 'text ' || 149 - id WHERE id < 50")
    assert nulls(database, column=SHADOW) == []
    upgrade(database)
    assert embed_log.calls() == [PROBES, SAMPLE]
    rows_hold(database, new)


def test_promise_3_a_text_that_a_trigger_rewrites(database: Database) -> None:
    items(database)
    database.execute(
        "CREATE FUNCTION rewrite() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN NEW.body := upper(NEW.body) || coalesce(NEW.note, ''); RETURN NEW; END$$; "
        "CREATE TRIGGER zzz_rewrite BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION rewrite()"
    )
    upgrade_until(database, "fill")
    edited(database)
    edited_beside_the_text(database)
    inserted(database)
    before = checksum(database)
    upgrade(database)
    assert rows_hold(database, new) == 205
    assert checksum(database) == before
    assert database.value("SELECT body FROM items WHERE id = 1") == "TEXT 149NOTE 1changed"


@pytest.mark.parametrize("kind", ["STORED", "VIRTUAL"])
def test_promise_3_a_text_of_generated_columns(database: Database, kind: str) -> None:
    items(database)
    database.execute(
        f"ALTER TABLE items ADD COLUMN whole text GENERATED ALWAYS AS (body || ': ' || coalesce(note, '')) {kind}"
    )
    change = dataclasses.replace(CHANGE, text="coalesce(items.whole, '') || '.'")
    upgrade_until(database, "fill", change)
    inserted(database)
    edited(database)
    edited_beside_the_text(database)
    upgrade(database, change)
    assert rows_hold(database, new, text=change.text or "") == 205


def test_promise_3_a_text_that_is_not_immutable(database: Database) -> None:
    """concat_ws is stable, so no index can hold the rows that are left; writers print dates in their own way."""
    items(database)
    database.execute("ALTER TABLE items ADD COLUMN at timestamptz DEFAULT '2024-05-01 12:00:00+00'")
    change = dataclasses.replace(CHANGE, text="concat_ws(' ', body, at, note)")
    upgrade_until(database, "fill", change)
    database.execute(
        "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; "
        "UPDATE items SET at = at + interval '1 day' WHERE id < 10; "
        "UPDATE items SET body = 'text 149', note = 'note 149' WHERE id BETWEEN 20 AND 29"
    )
    # The trigger prints dates as the store was filled, so it finds what the store holds.
    assert nulls(database, column=SHADOW) == list(range(10))
    upgrade(database, change)
    database.execute(
        "ALTER TABLE items ADD COLUMN whole text; SET TimeZone = 'UTC'; "
        "UPDATE items SET whole = concat_ws(' ', body, at, note)"
    )
    assert rows_hold(database, new, text="whole") == 200
    assert database.value("SELECT whole FROM items WHERE id = 1") == "text 1 2024-05-02 12:00:00+00 note 1"


def test_promise_3_rows_that_come_into_scope_and_leave_it(database: Database) -> None:
    """Out of scope a row holds nothing, for its old vector does not fit."""
    items(database)
    database.execute("ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL")
    change = dataclasses.replace(CHANGE, where="note <> 'out'")
    database.execute("UPDATE items SET note = 'out' WHERE id < 20")
    upgrade_until(database, "index", change)
    database.execute("UPDATE items SET note = 'in' WHERE id < 10")
    database.execute("UPDATE items SET note = 'out' WHERE id BETWEEN 100 AND 109")
    upgrade(database, change)
    assert rows_hold(database, new, where="note <> 'out'") == 180
    assert nulls(database) == [*range(10, 20), *range(100, 110)]


def test_promise_7_a_row_that_comes_into_scope_does_not_keep_the_old_models_vector(database: Database) -> None:
    """Of equal dimensions the old vector fits, so rows out of scope keep it."""
    items(database)
    change = dataclasses.replace(CHANGE, to=OTHER, where="note <> 'out'")
    database.execute("UPDATE items SET note = 'out' WHERE id < 20")
    upgrade_until(database, "index", change)
    database.execute("UPDATE items SET note = 'in' WHERE id < 10")
    database.execute("UPDATE items SET note = 'out' WHERE id BETWEEN 100 AND 109")
    upgrade(database, change)
    assert rows_hold(database, other, where="note <> 'out'") == 180
    assert rows_hold(database, old, where="note = 'out'") == 20


def test_promise_7_a_row_that_loses_its_text_does_not_keep_the_old_models_vector(database: Database) -> None:
    items(database)
    database.execute("ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL, ALTER COLUMN body DROP NOT NULL")
    change = dataclasses.replace(CHANGE, to=OTHER, where="note <> 'out'")
    upgrade_until(database, "index", change)
    database.execute("UPDATE items SET body = NULL WHERE id < 10")
    upgrade(database, change)
    assert nulls(database) == list(range(10))
    assert rows_hold(database, other, where="id >= 10") == 190


def test_promise_3_vectors_derived_from_the_live_ones_follow_them(database: Database) -> None:
    items(database)
    change = EmbeddingChange("items", "embedding", text=None, from_=CHANGE.from_, to=CHANGE.from_, type="halfvec")
    upgrade_until(database, "index", change)
    inserted(database)
    with database.connect() as connection:
        vector = str(old().embed_queries(["edited"])[0].tolist())
        connection.execute("UPDATE items SET body = 'edited', embedding = %s WHERE id < 10", (vector,))
    upgrade(database, change)
    assert database.value("SELECT count(*) FROM items WHERE embedding = migrator_retired_1::halfvec(48)") == 205


def test_promise_3_an_error_in_the_trigger_never_fails_the_applications_write(database: Database) -> None:
    items(database)
    upgrade_until(database, "fill")
    store = database.value("SELECT relname FROM pg_class WHERE relname LIKE 'store\\_%' AND relkind = 'r'")
    database.execute(f"ALTER TABLE migrator.{store} RENAME TO gone")
    edited(database)
    inserted(database)
    assert nulls(database, column=SHADOW) == [*range(10), *range(1000, 1005)]
    database.execute(f"ALTER TABLE migrator.gone RENAME TO {store}")
    upgrade(database)
    assert rows_hold(database, new) == 205


def test_promise_3_an_unprivileged_application_writes(database: Database) -> None:
    """It may neither read the store nor see the schema migrator."""
    items(database)
    database.execute(
        "DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'test_application') THEN "
        "CREATE ROLE test_application; END IF; END$$; GRANT SELECT, INSERT, UPDATE ON items TO test_application"
    )
    upgrade_until(database, "fill")
    database.execute("SET ROLE test_application; UPDATE items SET body = 'text 1' WHERE id < 10")
    assert nulls(database, column=SHADOW) == []
    upgrade(database)
    rows_hold(database, new)


@pytest.mark.parametrize("phase", ["fill", "cut-over"])
def test_promise_4_what_a_writer_holds_is_asked_for_again_and_again(database: Database, phase: str) -> None:
    """Whom it waits for is told, and nobody else who is at work in the database."""
    items(database)
    database.execute("CREATE TABLE others ()")
    with database.connect() as writer, database.connect() as bystander:
        bystander.execute("BEGIN; LOCK TABLE others")
        reporter = Holding("started", phase, writer, "UPDATE items SET body = 'held' WHERE id = 7")
        upgrade(database, reporter=reporter)
        pid = writer.info.backend_pid
    waited = [text for text in reporter.messages if text.startswith("waiting for")]
    assert len(waited) == 1
    awaited = "a lock on the table" if phase == "fill" else "writes to the table to end"
    assert waited[0].startswith(
        f'waiting for {awaited}, held by process {pid} (role "postgres", no application name), in a transaction since '
    )
    assert waited[0].endswith(": BEGIN; UPDATE items SET body = 'held' WHERE id = 7")
    assert waited[0].count("process") == 1
    assert rows_hold(database, new) == 200


@pytest.mark.parametrize("statement", ["DISABLE TRIGGER", "ENABLE TRIGGER", "DROP"])
def test_promise_3_a_trigger_that_others_tampered_with_stops_the_cut_over(database: Database, statement: str) -> None:
    items(database)
    before = database.dump()
    upgrade_until(database, "verify")
    trigger = '"~migrator_capture_1"'
    database.execute(
        f"DROP TRIGGER {trigger} ON items" if statement == "DROP" else f"ALTER TABLE items {statement} {trigger}"
    )
    with pytest.raises(MigratorError, match="capture trigger") as caught:
        upgrade(database)
    assert caught.value.exit_code == 1
    assert database.dump() == before


def test_promise_4_no_transaction_is_open_while_a_model_is_called(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    items(database)
    open_transactions = []
    embed = Hashed.embed_documents

    def look_and_embed(self: Hashed, texts: Sequence[str]) -> Vectors:
        open_transactions.append(
            database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'migrator' "
                "AND datname = current_database() AND xact_start IS NOT NULL"
            )
        )
        return embed(self, texts)

    monkeypatch.setattr(Hashed, "embed_documents", look_and_embed)
    upgrade(database)
    insert(database, [(1000, "later")], model=new())
    edited(database)
    downgrade(database)
    # The new model: probes, texts, sample; on the way back the old one: the same, of one text.
    assert len(open_transactions) == len(OLD_MODEL) + 1 + len(batches(150)) + 1 + 3
    assert set(open_transactions) == {0}


@pytest.mark.parametrize("column", ["migrator_retired_1", "embedding"])
def test_no_write_fails_because_a_column_was_dropped_by_hand(database: Database, column: str) -> None:
    items(database)
    upgrade(database)
    database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL")
    database.execute(f"ALTER TABLE items DROP COLUMN {column}")
    database.execute("INSERT INTO items (id, body) VALUES (1000, 'later')")
    database.execute("UPDATE items SET body = 'edited' WHERE id = 1")
    assert database.execute("SELECT id, body FROM items WHERE id IN (1, 1000) ORDER BY 1") == [
        (1, "edited"),
        (1000, "later"),
    ]


def test_no_write_fails_because_the_shadow_column_was_dropped_by_hand(database: Database) -> None:
    items(database)
    upgrade_until(database, "fill")
    database.execute("ALTER TABLE items DROP COLUMN migrator_shadow_1")
    insert(database, [(1000, "later")])
    database.execute("UPDATE items SET body = 'edited' WHERE id = 1")
    assert database.value("SELECT count(*) FROM items WHERE body IN ('edited', 'later')") == 2


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize(
    "write",
    ["UPDATE items SET body = 'never seen' WHERE id = 7", "INSERT INTO items (id, body) VALUES (1000, 'never seen')"],
    ids=["update", "insert"],
)
def test_promise_3_settle_waits_for_whoever_writes_since_cut_over(
    database: Database, write: str, nullable: bool
) -> None:
    """They waited at the lock, perhaps, and commit only after settle has begun."""
    items(database)
    if nullable:
        database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL")
    writer = database.connect()

    class Committing(At):
        def message(self, text: str) -> None:
            super().message(text)
            if text.startswith("waiting for writes to the table to end"):
                writer.execute("COMMIT")

    reporter = Committing("done", "cut-over", lambda: writer.execute("BEGIN; " + write))
    upgrade(database, reporter=reporter)
    writer.close()
    rows_hold(database, new)
    assert database.value("SELECT count(*) FROM items WHERE body = 'never seen'") == 1
    assert database.value(NOT_NULL) is not nullable


def test_a_row_without_a_vector_while_not_null_is_being_set(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application writes one, with no text, after the rows without a vector were counted."""
    items(database)
    database.execute("ALTER TABLE items ALTER body DROP NOT NULL")
    upgrade_until(database, "cut-over")
    send_together = Work.send_together

    def late(*arguments: Any) -> None:
        monkeypatch.setattr(Work, "send_together", send_together)
        database.execute("INSERT INTO items (id) VALUES (1000)")
        send_together(*arguments)

    monkeypatch.setattr(Work, "send_together", late)
    upgrade(database)
    assert nulls(database) == [1000]
    assert database.value(NOT_NULL) is False
    assert database.value("SELECT count(*) FROM pg_constraint WHERE conname LIKE 'migrator%'") == 0


@pytest.mark.parametrize("phase", ["index", "cut-over"])
def test_promise_6_a_text_edited_before_cut_over_without_its_vector_is_known_by_the_downgrade(
    database: Database, phase: str
) -> None:
    """As where a worker embeds later: since cut-over it writes the new model's vectors alone."""
    items(database)
    edit = "UPDATE items SET body = 'edited ' || id WHERE id < 5"
    upgrade(database, reporter=At("started", phase, lambda: database.execute(edit)))
    database.execute("UPDATE items SET embedding = embedding WHERE id < 5")
    downgrade(database)
    assert rows_hold(database, old) == 200


@pytest.mark.parametrize(
    "edit",
    [
        "ALTER TABLE items ALTER body TYPE text USING 'rewritten ' || body",
        "ALTER TABLE items DISABLE TRIGGER \"~migrator_capture_1\"; UPDATE items SET body = 'edited' WHERE id < 5; "
        'ALTER TABLE items ENABLE ALWAYS TRIGGER "~migrator_capture_1"',
    ],
)
def test_promise_6_a_text_edited_unseen_before_cut_over_is_known_by_the_downgrade(
    database: Database, edit: str
) -> None:
    items(database)
    upgrade(database, reporter=At("done", "fill", lambda: database.execute(edit)))
    assert rows_hold(database, new) == 200
    downgrade(database)
    assert rows_hold(database, old) == 200
