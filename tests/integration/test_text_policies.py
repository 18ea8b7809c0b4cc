"""Rows without a text and rows out of scope, as the revision says; texts that are too long; encrypted texts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from migrator import EmbeddingChange, Hnsw, Model
from migrator.commands import runner
from migrator.commands.backfill import backfill
from migrator.commands.status import UnreadableColumn, read_status
from migrator.errors import MigratorError, Refused
from migrator.ledger import text_settings
from migrator.runtime.context import Options
from tests import models
from tests.conftest import Server
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import REVISION, At, downgrade, migrated, upgrade
from tests.support.statements import log_statements
from tests.support.tables import CHANGE, OTHER, items

NOTES = replace(CHANGE, table="notes", index=None)
# To another model of the same length, so that rows can keep what they hold.
SAME = replace(NOTES, to=OTHER)
KEY, VARIABLE = "a key's \\ own value", "TEST_NOTES_KEY"
SECRET = "what nobody may read"


def notes(database: Database, *texts: str | None) -> None:
    """notes(id, body, kind, embedding), each with the old model's vector of its text."""
    database.execute("CREATE TABLE notes (id bigint PRIMARY KEY, body text, kind text, embedding vector(48))")
    for number, text in enumerate(texts):
        vector = str(models.vector(text or "", models.old).tolist())
        row = {"id": number, "text": text, "kind": "even" if number % 2 == 0 else "odd", "vector": vector}
        database.execute("INSERT INTO notes VALUES (%(id)s, %(text)s, %(kind)s, %(vector)s)", row)


def held(database: Database, text: str = "body") -> list[str | None]:
    """Of each row the model whose vector of its text it holds, None where it holds none."""
    return [
        None if vector is None else _model(value or "", json.loads(vector))
        for value, vector in database.execute(f"SELECT {text}, embedding::text FROM notes ORDER BY id")
    ]


def _model(text: str, vector: list[float]) -> str:
    found = [
        factory.__name__
        for factory in (models.old, models.new, models.other)
        if np.array_equal(models.vector(text, factory), np.array(vector, dtype=np.float32))
    ]
    return " ".join(found)


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
def test_rows_without_a_text_end_without_a_vector(database: Database, online: bool) -> None:
    notes(database, "one", None, "", " ")
    writer = At("done", "fill", lambda: database.execute("INSERT INTO notes VALUES (4, '', 'late')"))
    upgrade(database, NOTES, online=online, reporter=writer)
    assert held(database) == ["new", None, None, "new", None]
    downgrade(database, NOTES)
    assert held(database) == ["old", "old", "old", "old", None]


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
def test_rows_without_a_text_keep_what_they_hold_where_the_revision_says_so(database: Database, online: bool) -> None:
    notes(database, "one", None, "", "two")
    change = replace(SAME, empty="skip")
    writer = At("done", "fill", lambda: database.execute("UPDATE notes SET kind = 'other', body = nullif(body, 'two')"))
    upgrade(database, change, online=online, reporter=writer)
    kept = held(database)
    assert kept[:3] == ["other", "old", "old"]
    # It lost its text meanwhile, and keeps the vector it had.
    assert database.value("SELECT embedding IS NOT NULL FROM notes WHERE id = 3")
    downgrade(database, change)
    assert held(database)[:3] == ["old", "old", "old"]
    upgrade(database, change, revision="3", online=online)
    assert held(database) == kept


def test_vectors_of_other_dimensions_cannot_be_kept(database: Database) -> None:
    notes(database, "one", None)
    _refused(database, replace(NOTES, empty="skip"), "cannot-keep")
    _refused(database, replace(NOTES, where="kind = 'even'", outside="keep"), "cannot-keep")


def test_rows_without_a_text_are_refused_where_the_revision_says_so(database: Database) -> None:
    notes(database, "one", None, "")
    refused = _refused(database, replace(NOTES, empty="refuse"), "rows-without-text")
    assert refused.problem.startswith("public.notes.embedding has 2 rows in scope without a text")
    database.execute("DELETE FROM notes WHERE id > 0")
    upgrade(database, replace(NOTES, empty="refuse"))
    assert held(database) == ["new"]


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
def test_rows_out_of_scope_end_without_a_vector_where_the_revision_says_so(database: Database, online: bool) -> None:
    notes(database, "one", "two", "three")
    scoped = replace(SAME, where="kind = 'even'")
    upgrade(database, replace(scoped, outside="null"), online=online)
    assert held(database) == ["other", None, "other"]
    downgrade(database, scoped)
    assert held(database) == ["old", "old", "old"]
    upgrade(database, replace(scoped, outside="keep"), revision="3", online=online)
    assert held(database) == ["other", "old", "other"]


def test_not_null_stands_against_rows_that_would_end_without_a_vector(database: Database) -> None:
    notes(database, "one", "", "three")
    database.execute("ALTER TABLE notes ALTER embedding SET NOT NULL")
    _refused(database, SAME, "not-null-out-of-scope")
    _refused(database, replace(SAME, where="kind = 'even'", outside="null"), "not-null-out-of-scope")
    upgrade(database, replace(SAME, empty="skip"))
    assert held(database) == ["other", "old", "other"]


def _refused(database: Database, change: EmbeddingChange, code: str, *, strict: bool = False) -> Refused:
    before = database.versions()
    with pytest.raises(Refused) as refused:
        runner.upgrade(database.address, REVISION, [change], Options(strict=strict))
    assert refused.value.code == code
    assert database.versions() == before
    return refused.value


def test_texts_longer_than_the_model_reads_are_refused_by_strict(database: Database) -> None:
    notes(database, "short", "word " * 17, "word " * 16, "word " * 17)
    change = replace(NOTES, to=Model("python:tests.models:told", dimensions=8))
    refused = _refused(database, change, "texts-cut-short", strict=True)
    assert refused.problem.startswith("public.notes.embedding has 2 rows whose text")
    runner.upgrade(database.address, REVISION, [change], Options())
    assert database.value("SELECT count(embedding) FROM notes") == 4


def test_strict_needs_a_model_that_counts(database: Database) -> None:
    notes(database, "short")
    change = replace(NOTES, to=Model("python:tests.models:terse", dimensions=8))
    _refused(database, change, "lengths-unknown", strict=True)


# ---- encrypted texts -------------------------------------------------------------------------------------------

# Stands for pgcrypto, which the test server lacks: each byte is changed by the key.
CIPHER = """
CREATE FUNCTION sealed(given text, key text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(set_byte('\\x00', 0, get_byte(convert_to(given, 'UTF8'), n)
                                          # get_byte(convert_to(key, 'UTF8'), n % length(convert_to(key, 'UTF8')))), ''
                      ORDER BY n)
    FROM generate_series(0, length(convert_to(given, 'UTF8')) - 1) AS n
$$;
CREATE FUNCTION opened(given bytea) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE key bytea := convert_to(current_setting('app.key'{missing_ok}), 'UTF8');
BEGIN
    RETURN convert_from((SELECT string_agg(set_byte('\\x00', 0, get_byte(given, n) # get_byte(key, n % length(key))), ''
                                           ORDER BY n)
                         FROM generate_series(0, length(given) - 1) AS n), 'UTF8');
END $$;
"""
SEALED = replace(NOTES, text="opened(body)", settings={"app.key": f"env:{VARIABLE}"})


def sealed_notes(database: Database, *, missing_ok: bool, count: int = 12) -> None:
    """notes as above, its texts encrypted. missing_ok: without the key the text is NULL, and no error."""
    notes(database, *(f"{SECRET} {number}" for number in range(count)))
    with database.connect() as connection:
        for statement in CIPHER.replace("{missing_ok}", ", true" if missing_ok else "").split(";\nCREATE"):
            connection.execute(
                (statement if statement.lstrip().startswith("CREATE") else f"CREATE{statement}").encode()
            )
        connection.execute(f"ALTER TABLE notes ALTER body TYPE bytea USING sealed(body, $${KEY}$$)".encode())


def held_sealed(database: Database) -> list[str | None]:
    with database.connect() as connection:
        connection.execute("SELECT set_config('app.key', %(key)s, false)", {"key": KEY})
        rows = connection.execute("SELECT opened(body), embedding::text FROM notes ORDER BY id").fetchall()
    return [None if vector is None else _model(text, json.loads(vector)) for text, vector in rows]


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
@pytest.mark.parametrize("missing_ok", [False, True], ids=["error", "null"])
def test_encrypted_texts_are_read_by_a_key_that_goes_nowhere(
    database: Database, server: Server, monkeypatch: pytest.MonkeyPatch, online: bool, missing_ok: bool
) -> None:
    sealed_notes(database, missing_ok=missing_ok)
    monkeypatch.setenv(VARIABLE, KEY)
    log_statements(database)
    start = server.log.stat().st_size
    writer = At("done", "fill", lambda: _edit(database, "one"))
    upgrade(database, SEALED, online=online, reporter=writer)
    assert held_sealed(database) == ["new"] * 12
    told = [str(each) for each in (*writer.told, *writer.messages)]
    _edit(database, "two")
    downgrade(database, SEALED)
    # An edit without the old model's vector came between up and down, and its former vector does not come back.
    assert set(held_sealed(database)) == {"old"}
    upgrade(database, SEALED, revision="3", online=online)
    assert held_sealed(database) == ["new"] * 12
    log = server.log.read_bytes()[start:].decode()
    mine = "\n".join(line for line in log.splitlines() if "app.key" not in line)
    for where in (database.whole_dump(), mine, *told):
        assert SECRET not in where
    for where in (database.whole_dump().replace(f"$${KEY}$$", ""), *told):
        assert KEY not in where


def _edit(database: Database, word: str) -> None:
    """As an application that sends what it encrypted itself, in a session that has no key."""
    key = KEY.encode()
    text = f"{SECRET} {word}".encode()
    body = bytes(each ^ key[n % len(key)] for n, each in enumerate(text))
    database.execute("UPDATE notes SET body = %(body)s WHERE id < 3", {"body": body})


@pytest.mark.parametrize(
    ("text", "from_text"),
    [
        ("concat_ws(' ', title, opened(body))", None),
        ("title", "opened(body)"),
        ("concat_ws(' ', title, opened(body))", "opened(body)"),
    ],
)
def test_a_key_that_sessions_lack_or_have_otherwise(
    database: Database, monkeypatch: pytest.MonkeyPatch, text: str, from_text: str | None
) -> None:
    """Without the right key the function gives NULL and concat_ws a text all the same: not that of the row."""
    monkeypatch.setenv(VARIABLE, KEY)
    notes(database, *(f"text {number}" for number in range(8)))
    database.execute(
        "CREATE FUNCTION opened(given bytea) RETURNS text LANGUAGE sql STABLE AS "
        f"$f$SELECT CASE current_setting('app.key', true) WHEN $${KEY}$$ THEN convert_from(given, 'UTF8') END$f$"
    )
    database.execute("ALTER TABLE notes ALTER body TYPE bytea USING convert_to(body, 'UTF8'), ADD title text")
    database.execute("UPDATE notes SET title = 'title ' || id")
    plain = "convert_from(body, 'UTF8')"
    before = (from_text or text).replace("opened(body)", plain)
    for number, old_text in database.execute(f"SELECT id, {before} FROM notes"):
        vector = str(models.vector(old_text, models.old).tolist())
        database.execute("UPDATE notes SET embedding = %(v)s WHERE id = %(id)s", {"v": vector, "id": number})
    change = replace(NOTES, text=text, from_text=from_text, settings={"app.key": f"env:{VARIABLE}"})

    def write(word: str) -> None:
        with database.connect() as connection:
            changed = f"body = convert_to('{word} ' || id, 'UTF8')"
            connection.execute(f"UPDATE notes SET {changed} WHERE id = 3".encode())
            connection.execute("SET app.key = 'another'")
            connection.execute(f"UPDATE notes SET {changed} WHERE id = 4".encode())
            connection.execute("UPDATE notes SET id = id WHERE id = 5")

    upgrade(database, change, reporter=At("started", "cut-over", lambda: write("during")))
    assert rows_hold(database, models.new, table="notes", text=text.replace("opened(body)", plain)) == 8
    write("after")
    downgrade(database, change)
    assert rows_hold(database, models.old, table="notes", text=before) == 8


def test_without_its_setting_a_text_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed_notes(database, missing_ok=False)
    monkeypatch.delenv(VARIABLE, raising=False)
    refused = _refused(database, SEALED, "setting-not-there")
    assert VARIABLE in refused.problem
    monkeypatch.setenv(VARIABLE, KEY)
    upgrade(database, SEALED)
    (known,) = migrated(database)
    assert known.coverage == "every row in scope that has a text has a vector"
    monkeypatch.delenv(VARIABLE)
    (unknown,) = read_status(database.address).columns
    assert isinstance(unknown, UnreadableColumn)
    assert unknown.unreadable == f"the setting app.key of its text is not at hand (env:{VARIABLE})"
    with pytest.raises(Refused) as back:
        downgrade(database, SEALED)
    assert back.value.code == "setting-not-there"


def test_a_setting_is_at_hand_beneath_a_revision_of_the_index_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which needs none itself, and the next revision down does."""
    sealed_notes(database, missing_ok=False)
    monkeypatch.setenv(VARIABLE, KEY)
    upgrade(database, SEALED)
    index = EmbeddingChange("notes", "embedding", None, from_=SEALED.to, to=SEALED.to, index=Hnsw(distance="l2"))
    upgrade(database, index, revision="3")
    database.execute("UPDATE notes SET embedding = NULL WHERE id < 3")
    backfill(database.address, Options(At("never", "", lambda: None)))
    assert held_sealed(database) == ["new"] * 12
    downgrade(database, index, revision="3")
    _edit(database, "since")
    downgrade(database, SEALED)
    assert set(held_sealed(database)) == {"old"}


def test_a_setting_of_another_table_is_not_needed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """To take one column back at night."""
    sealed_notes(database, missing_ok=False)
    monkeypatch.setenv(VARIABLE, KEY)
    upgrade(database, SEALED)
    items(database, 5)
    upgrade(database, CHANGE, revision="3")
    monkeypatch.delenv(VARIABLE)
    downgrade(database, CHANGE, revision="3")
    assert rows_hold(database, models.old) == 5


def test_an_error_that_quotes_a_secret_text_is_not_shown(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed_notes(database, missing_ok=False)
    database.execute(
        "CREATE FUNCTION quoting(given bytea) RETURNS text LANGUAGE plpgsql STABLE AS "
        "$$BEGIN RAISE EXCEPTION 'bad text: %%', opened(given); END$$",
        {},
    )
    monkeypatch.setenv(VARIABLE, KEY)
    with pytest.raises(MigratorError) as refused:
        upgrade(database, replace(SEALED, text="quoting(body)"))
    assert SECRET not in str(refused.value)
    assert "error P0001" in str(refused.value)


def test_an_address_does_not_show_its_settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    address = text_settings.for_changes(database.address, [SEALED])
    assert address.settings == {"app.key": KEY}
    assert KEY not in repr(address)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (NOTES, ": 2 in scope without a text"),
        (replace(NOTES, where="kind = 'odd'"), "3 out of scope, 1 in scope without a text"),
        (replace(NOTES, where="kind = 'odd'", outside="null"), ": 1 in scope without a text"),
        (replace(SAME, empty="skip"), None),
    ],
)
def test_vectors_that_are_given_up_are_counted(database: Database, change: EmbeddingChange, told: str | None) -> None:
    notes(database, "one", None, "", "two", "three")
    reporter = At("", "", lambda: None)
    upgrade(database, change, reporter=reporter)
    found = [message for message in reporter.messages if "would lose their vector" in message]
    assert [told in message for message in found if told] == [True] * (told is not None)
    assert bool(found) == (told is not None)


def test_a_text_that_no_row_has_is_refused(database: Database) -> None:
    """As a mistyped key of JSON."""
    notes(database, "one", "two")
    before = database.versions()
    with pytest.raises(Refused) as refused:
        upgrade(database, replace(NOTES, text="to_jsonb(body)->>'bdy'"))
    assert refused.value.code == "no-row-has-text"
    assert database.versions() == before
