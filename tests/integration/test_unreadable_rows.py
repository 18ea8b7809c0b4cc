"""Rows whose text or scope raises an error: set aside by their key with the reason, and in nobody's way."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import hazards
from migrator.commands.backfill import backfill
from migrator.commands.verify import verify_live
from migrator.doctor import examine_column
from migrator.errors import Refused
from migrator.postgres.connection import connect
from migrator.runtime.context import Options
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import nulls, rows_hold
from tests.support.running import At, downgrade, migrated, retire, upgrade
from tests.support.tables import CHANGE, items

SUBJECT = "public.items.embedding"
JSON = "(payload::jsonb)->>'t'"
GOOD = "'{\"t\": \"' || body || '\"}'"
# Of each kind: the text, a payload for which it can be evaluated, one for which it cannot, and the reason.
KINDS = {
    "json with a null character": (
        "(payload::json)->>'t'",
        GOOD,
        r"""'{"t": "\u0000"}'""",
        "unsupported Unicode escape sequence",
    ),
    "no json": (JSON, GOOD, "'no json'", "invalid input syntax for type json"),
    "no number": ("body || nullif(payload::int, 0)", "'7'", "'seven'", 'invalid input syntax for type integer: "..."'),
    "division by zero": ("body || 10 / payload::int", "'5'", "'0'", "division by zero"),
    "out of range": ("body || payload::int2", "'5'", "'70000'", 'value "..." is out of range for type smallint'),
    "not UTF-8": (
        "body || convert_from(payload::bytea, 'UTF8')",
        r"'\x61'",
        r"'\xff'",
        'invalid byte sequence for encoding "..."',
    ),
    "a domain's CHECK": (
        "body || payload::positive",
        "'5'",
        "'-5'",
        'value for domain positive violates check constraint "..."',
    ),
    "a function's own error": (
        "checked(body, payload)",
        "'fine'",
        "'bad'",
        "error P0001, raised by a function that it calls",
    ),
}


def documents(database: Database, good: str, bad: str, *, rows: int = 200) -> None:
    """items with a payload; that of rows 7 and 8 is bad."""
    items(database, rows)
    database.execute("CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    database.execute("""
        CREATE FUNCTION checked(body text, payload text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
        $$BEGIN IF payload = 'bad' THEN RAISE EXCEPTION 'secret of %', body; END IF; RETURN body || payload; END$$
    """)
    database.execute("ALTER TABLE items ADD COLUMN payload text")
    database.execute(f"UPDATE items SET payload = {good}")
    database.execute(f"UPDATE items SET payload = {bad} WHERE id IN (7, 8)")


def failed(database: Database) -> list[tuple[int, str]]:
    return database.execute("SELECT rows, reason FROM migrator.failed_row ORDER BY reason")


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_rows_that_cannot_be_evaluated_are_set_aside_by_their_key(database: Database) -> None:
    """Of each kind one row that can, and one that cannot."""
    documents(database, "'none'", "'none'")
    database.execute("ALTER TABLE items ADD COLUMN kind int")
    for number, (_, good, bad, _) in enumerate(KINDS.values()):
        database.execute(f"UPDATE items SET kind = {number}, payload = {good} WHERE id = {100 + number}")
        database.execute(f"UPDATE items SET kind = {number}, payload = {bad} WHERE id = {number}")
    cases = " ".join(f"WHEN {number} THEN {text}" for number, (text, _, _, _) in enumerate(KINDS.values()))
    text = f"CASE kind {cases} ELSE body END"
    schema = database.dump()
    change = dataclasses.replace(CHANGE, text=text, max_failed_rows=len(KINDS))
    upgrade(database, change)
    assert rows_hold(database, new, text=text, where=f"id >= {len(KINDS)}") == 200 - len(KINDS)
    assert nulls(database) == list(range(len(KINDS)))
    reasons = [reason for _, _, _, reason in KINDS.values()]
    assert sorted(failed(database)) == sorted(
        (1, f"row id={number}: its text or scope cannot be evaluated: {reason}")
        for number, reason in enumerate(reasons)
    )
    downgrade(database, change)
    assert rows_hold(database, old) == 200
    assert database.dump() == schema


def test_more_than_the_revision_allows_are_refused_by_their_keys(database: Database) -> None:
    _, good, bad, reason = KINDS["no json"]
    documents(database, good, bad)
    schema = database.dump()
    with pytest.raises(Refused) as refused:
        upgrade(database, dataclasses.replace(CHANGE, text=JSON, max_failed_rows=1))
    first = [f"id=7: {reason}", f"id=8: {reason}"]
    assert str(refused.value) == str(hazards.rows.rows_not_evaluated(SUBJECT, 2, first, 1).refusal())
    assert database.dump() == schema
    assert database.value("SELECT to_regnamespace('migrator')") is None


@pytest.mark.parametrize("key", ["a scope that raises", "no key"])
def test_a_scope_that_raises_and_a_table_without_a_key(database: Database, key: str) -> None:
    documents(database, "'5'", "'x'")
    if key == "no key":
        database.execute("ALTER TABLE items DROP CONSTRAINT items_pkey, ALTER id DROP NOT NULL")
    change = dataclasses.replace(CHANGE, where="payload::int = 5", max_failed_rows=2)
    upgrade(database, change)
    assert nulls(database) == [7, 8]
    places = database.execute("SELECT ctid::text FROM items WHERE id IN (7, 8)")
    called = {place for (place,) in places}
    reasons = [reason for _, reason in failed(database)]
    assert len(reasons) == 2
    if key == "no key":
        assert all(any(f"row at {place} of items: " in reason for place in called) for reason in reasons)
    downgrade(database, change)
    assert rows_hold(database, old) == 200


def write_bad_rows(database: Database, *, vector: str = "NULL") -> None:
    database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL")
    database.execute(f"INSERT INTO items (id, body, payload, embedding) VALUES (1000, 'late', 'no json', {vector})")
    database.execute("UPDATE items SET payload = 'no json either' WHERE id = 9")


def readable_again(database: Database) -> None:
    database.execute(f"UPDATE items SET payload = {GOOD} WHERE id IN (9, 1000)")


def test_written_after_the_upgrade_they_are_in_nobodys_way(database: Database) -> None:
    documents(database, GOOD, GOOD)
    change = dataclasses.replace(CHANGE, text=JSON)
    upgrade(database, change)
    write_bad_rows(database)
    proofs = verify_live(database.address, Options())[SUBJECT]
    assert [each.name for each in proofs if each.failed] == []
    (column,) = migrated(database)
    assert (column.rows_left, column.not_evaluated) == (0, 2)
    with connect(database.address) as connection:
        found = examine_column(connection, None, "items", "embedding").found
    reasons = "id=9: invalid input syntax for type json, id=1000: invalid input syntax for type json"
    assert [each.fact for each in found if "cannot be evaluated" in each.fact] == [
        f"the text or scope of 2 rows cannot be evaluated: {reasons}"
    ]
    counts = {"rows filled": 0, "rows renewed": 0, "rows failed": 1}
    assert backfill(database.address, Options()) == {SUBJECT: counts}
    assert [reason[:12] for _, reason in failed(database)] == ["row id=1000:"]
    readable_again(database)
    counts = {"rows filled": 1, "rows renewed": 0, "rows failed": 0}
    assert backfill(database.address, Options()) == {SUBJECT: counts}
    assert failed(database) == []
    assert rows_hold(database, new) == 201


@pytest.mark.parametrize("source", ["retired column", "backup", "model"])
def test_promise_6_a_downgrade_over_rows_that_cannot_be_evaluated(database: Database, source: str) -> None:
    documents(database, GOOD, GOOD)
    change = dataclasses.replace(CHANGE, text=JSON)
    upgrade(database, change)
    write_bad_rows(database)
    if source != "retired column":
        retire(database, keep_backups=source == "backup")
    downgrade(database, change)
    assert rows_hold(database, old, where="id NOT IN (9, 1000)") == 199
    assert nulls(database) == [9, 1000]
    assert [reason.partition(":")[0] for _, reason in failed(database)] == ["row id=1000", "row id=9"]
    readable_again(database)
    assert backfill(database.address, Options())[SUBJECT]["rows filled"] == 2
    assert rows_hold(database, old) == 201


@pytest.mark.parametrize("moment", ["fill", "verify", "cut-over"])
def test_written_during_an_upgrade_they_do_not_undo_it(database: Database, moment: str) -> None:
    documents(database, GOOD, GOOD)
    change = dataclasses.replace(CHANGE, text=JSON)
    database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL")
    upgrade(database, change, reporter=At("done", moment, lambda: write_bad_rows(database)), online=True)
    assert rows_hold(database, new, where="id NOT IN (9, 1000)") == 199
    # After cut-over a row keeps its vector when its text is edited.
    found = [1000] if moment == "cut-over" else [9, 1000]
    assert nulls(database) == found
    assert [reason.partition(":")[0] for _, reason in failed(database)] == sorted(f"row id={key}" for key in found)


def test_beside_them_a_text_is_evaluated_by_the_collations_of_its_columns(database: Database) -> None:
    """upper() leaves letters beyond ASCII alone under "C"."""
    documents(database, "'5'", "'5'", rows=40)
    database.execute('ALTER TABLE items ALTER note TYPE text COLLATE "C", ALTER embedding DROP NOT NULL')
    text = "upper(body) || length(note) || payload::int"
    change = dataclasses.replace(CHANGE, text=text)
    upgrade(database, change)
    database.execute("UPDATE items SET body = 'é ' || body, embedding = NULL WHERE id < 9")
    database.execute("UPDATE items SET payload = 'no number', embedding = NULL WHERE id = 9")
    backfill(database.address, Options())
    assert rows_hold(database, new, text=text, where="id <> 9") == 39
