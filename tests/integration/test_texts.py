"""What a text may be: columns, JSON, arrays, functions of the row, odd Unicode; up, down and up again in both modes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest

from migrator.errors import Refused
from tests import models
from tests.models import Hashed
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import At, downgrade, upgrade
from tests.support.tables import CHANGE, items

DOCS = replace(CHANGE, table="docs", index=None)
ODD = [
    "plain",
    "per cent % and %s and {braces}",
    "quotes ' \" \\ and $$",
    "two\nlines\tand a tab",
    "e\u0301 combining, \u00e9 composed",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 joined",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "\u00a0\ufeff\u200b nothing to see",
    "\uffff and \U0010ffff",
    "  spaces around  ",
]


def docs(database: Database) -> None:
    """docs(id, title, body, payload, tags, price, day, embedding) and functions of its columns and of its row."""
    database.execute(
        "CREATE TABLE docs (id bigint PRIMARY KEY, title text, body text, payload jsonb, tags text[], price numeric, "
        "day timestamptz, embedding vector(48))"
    )
    with database.connect() as connection:
        for number, text in enumerate([*ODD, *(f"text {number}" for number in range(20))]):
            connection.execute(
                "INSERT INTO docs VALUES (%(id)s, %(title)s, %(body)s, jsonb_build_object('data', %(body)s::text), "
                "ARRAY[%(body)s, 'tag'], %(id)s + 0.50, "
                "'2026-03-29 01:30+00'::timestamptz + %(id)s * interval '1 day')",
                {"id": number, "title": None if number % 3 == 0 else f"title {number}", "body": text},
            )
    for statement in (
        "CREATE FUNCTION doc_text(title text, body text) RETURNS text LANGUAGE sql STABLE AS "
        "$$SELECT coalesce(title || ': ', '') || body$$",
        "CREATE FUNCTION embedding_input(doc docs) RETURNS text LANGUAGE plpgsql IMMUTABLE AS "
        "$$BEGIN /* doc as a whole? no */ RETURN '# ' || coalesce(doc.title, 'doc') || E'\\n\\n' || (doc).body; END$$",
        "CREATE FUNCTION atomic_input(doc docs) RETURNS text LANGUAGE sql STABLE RETURN doc.title || doc.body",
    ):
        database.execute(statement)
    vectorize(database, "concat_ws(' ', title, body)", models.old)


def vectorize(database: Database, text: str, model: Callable[[], Hashed]) -> None:
    """Each row gets the model's vector of its text, as an application would have written it."""
    rows = database.execute(f"SELECT id, {text} FROM docs WHERE {text} IS NOT NULL")
    with database.connect() as connection:
        for number, value in rows:
            vector = str(models.vector(value, model).tolist())
            connection.execute("UPDATE docs SET embedding = %(v)s WHERE id = %(id)s", {"v": vector, "id": number})


def is_of(database: Database, text: str, model: Callable[[], Hashed]) -> bool:
    """Whether every row holds the model's vector of its present text, and NULL where it has none."""
    rows = database.execute(f"SELECT NULLIF(({text})::text, ''), embedding::text FROM docs ORDER BY id")
    return bool(rows) and all(
        (found is None) == (value is None)
        and (found is None or str(models.vector(value, model).tolist()) == _as_written(found))
        for value, found in rows
    )


def _as_written(vector: str) -> str:
    return str(np.array(vector.strip("[]").split(","), dtype=np.float32).tolist())


TEXTS = [
    "body",
    "concat_ws(' ', title, body)",
    "format('%s (%s%%)', body, price)",
    "payload->>'data'",
    "payload #>> '{data}'",
    "array_to_string(tags, ', ')",
    "title || ' ' || body",
    "day::text || ' ' || body",
    "to_char(day, 'YYYY-MM-DD') || body",
    "doc_text(title, body)",
    "embedding_input(docs)",
    "embedding_input(docs.*) || id",
    "atomic_input(docs)",
]


# In either mode the same statements take the text.
@pytest.mark.parametrize(
    ("text", "online"),
    list(zip(TEXTS, cycle([False, True]), strict=False)),
    ids={False: "window", True: "online"}.get,
)
def test_a_text_goes_up_down_and_up(database: Database, text: str, online: bool) -> None:
    docs(database)
    vectorize(database, text, models.old)
    database.execute(f"UPDATE docs SET embedding = NULL WHERE ({text}) IS NULL")
    change = replace(DOCS, text=text)
    before = database.dump()
    written = At("done", "fill", lambda: _write(database, text))
    upgrade(database, change, online=online, reporter=written)
    assert written.acted
    assert is_of(database, text, models.new)
    downgrade(database, change)
    assert database.dump() == before
    assert is_of(database, text, models.old)
    upgrade(database, change, revision="3", online=online)
    assert is_of(database, text, models.new)


def _write(database: Database, text: str) -> None:
    """As an application whose settings are not migrator's, and which keeps the old model's vectors right."""
    with database.connect() as connection:
        for statement in (
            "SET DateStyle = 'German, DMY'",
            "SET TimeZone = 'Asia/Tokyo'",
            "UPDATE docs SET body = body || ' edited', payload = jsonb_build_object('data', body || '!') WHERE id < 4",
            "INSERT INTO docs (id, title, body, payload, tags, price, day) "
            "VALUES (100, 'new', 'new body', '{\"data\": \"new\"}', '{new}', 1.0, '01.02.2026')",
            "DELETE FROM docs WHERE id = 9",
        ):
            connection.execute(statement.encode())
    vectorize(database, text, models.old)


# The last: what the message says of it.
REFUSED: Sequence[tuple[str, str, str]] = [
    ("random()::text || body", "text-changes-by-itself", "by random()"),
    ("body || now()", "text-changes-by-itself", "by now()"),
    ("body || by_chance()", "text-changes-by-itself", "by a function that it calls"),
    ("body || current_database()", "text-follows-surroundings", "the row: current_database()"),
    ("body || pg_typeof(id)", "text-follows-surroundings", "the row: pg_typeof(), regtype"),
    ("kind::text || body", "text-follows-surroundings", "the row: regclass"),
    ("body || current_setting('app.tenant', true)", "settings-not-declared", "does not declare: app.tenant"),
    ("body || current_setting(title, true)", "settings-not-declared", "declare: one whose name is no literal"),
    ("body || of_tenant()", "settings-not-declared", "does not declare: App.Tenant"),
    ("(SELECT max(name) FROM authors) || body", "text-reads-other-tables", "reads other tables: public.authors"),
    ("author(id) || body", "text-reads-other-tables", "reads other tables: public.authors"),
    ("longest() || body", "text-reads-unlockable", "reads public.docs, and it is the table itself"),
    ("longest_by_name() || body", "text-reads-unlockable", "reads public.docs, and it is the table itself"),
    ("first_by_place() || body", "text-reads-unlockable", "reads public.docs, and it is the table itself"),
    ("body || counted()", "text-writes", "cannot execute nextval()"),
    ("unnest(tags)", "text-does-not-parse", "set-returning functions are not allowed"),
    ("string_agg(body, ' ')", "text-does-not-parse", "aggregate functions are not allowed"),
    ("latin || posix", "text-does-not-parse", "its columns have several collations"),
    ("to_jsonb(docs)::text", "whole-row-text", "once the table has another column"),
    ("docs::text", "whole-row-text", "once the table has another column"),
    ("embedding_input(docs) || docs::text", "whole-row-text", "once the table has another column"),
    ("as_json(docs)", "row-function", "as_json() with the row, and it uses doc as a whole"),
    ("passes_on(docs)", "row-function", "passes_on() with the row, and it uses $1 as a whole"),
    ("id", "text-is-not-text", "gives bigint"),
]


@pytest.mark.parametrize(("text", "code", "because"), REFUSED)
def test_an_unsafe_text_is_refused(database: Database, text: str, code: str, because: str) -> None:
    docs(database)
    for statement in (
        "CREATE TABLE authors (id bigint, name text)",
        "INSERT INTO authors SELECT n, 'name ' || n FROM generate_series(0, 9) n",
        "CREATE SEQUENCE calls",
        'ALTER TABLE docs ADD kind regclass, ADD latin text COLLATE "C", ADD posix text COLLATE "POSIX"',
        "CREATE FUNCTION of_tenant() RETURNS text LANGUAGE sql STABLE SET app.of = 'it' AS "
        "$$SELECT concat(current_setting ('App.Tenant', true) /* current_setting('b') */, current_setting('app.of'))$$",
        "CREATE FUNCTION by_chance() RETURNS text LANGUAGE plpgsql STABLE AS $$BEGIN RETURN random()::text; END$$",
        "CREATE FUNCTION author(which bigint) RETURNS text LANGUAGE plpgsql STABLE AS "
        "$$BEGIN RETURN (SELECT name FROM authors WHERE id = which); END$$",
        "CREATE FUNCTION longest() RETURNS text LANGUAGE plpgsql STABLE AS "
        "$$BEGIN RETURN (SELECT body FROM public.docs ORDER BY length(body) DESC LIMIT 1); END$$",
        "CREATE FUNCTION longest_by_name() RETURNS text LANGUAGE sql STABLE AS "
        "$$SELECT body FROM docs ORDER BY length(body) DESC LIMIT 1$$",
        "CREATE FUNCTION first_by_place() RETURNS text LANGUAGE sql STABLE AS "
        "$$SELECT body FROM docs WHERE ctid = '(0,1)'$$",
        "CREATE FUNCTION counted() RETURNS text LANGUAGE plpgsql STABLE AS "
        "$$BEGIN RETURN nextval('calls')::text; END$$",
        "CREATE FUNCTION as_json(doc docs) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT to_jsonb(doc)::text$$",
        "CREATE FUNCTION passes_on(docs) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT embedding_input($1)$$",
    ):
        database.execute(statement)
    before = database.versions()
    with pytest.raises(Refused) as refused:
        upgrade(database, replace(DOCS, text=text), online=True)
    assert refused.value.code == code
    assert because in refused.value.problem
    assert database.versions() == before


@pytest.mark.parametrize("text", ["shown_input(docs)", "concat_ws(' ', atomic_input(docs), shown)"])
def test_generated_columns_beside_a_function_of_the_row(database: Database, text: str) -> None:
    docs(database)
    database.execute("ALTER TABLE docs ADD COLUMN shown text GENERATED ALWAYS AS ('shown ' || tags[1] || body) STORED")
    database.execute("CREATE FUNCTION shown_input(doc docs) RETURNS text LANGUAGE sql AS $$SELECT doc.shown$$ STABLE")
    if database.value("SELECT current_setting('server_version_num')::int >= 180000"):
        database.execute(
            "ALTER TABLE docs ADD COLUMN computed text GENERATED ALWAYS AS (coalesce(price, 0) || body) VIRTUAL"
        )
        text = f"{text} || computed"
    vectorize(database, text, models.old)
    change = replace(DOCS, text=text)
    # Texts that other rows have but for the generated columns.
    writes = [
        "UPDATE docs SET tags = ARRAY['another'] WHERE id = 14",
        "INSERT INTO docs (id, title, body, tags) SELECT 101, title, body, ARRAY['third'] FROM docs WHERE id = 16",
        "UPDATE docs SET price = price + 1 WHERE id = 17",
    ]

    def write() -> None:
        for statement in writes:
            database.execute(statement)
        vectorize(database, text, models.old)

    upgrade(database, change, reporter=At("started", "cut-over", write))
    assert is_of(database, text, models.new)
    database.execute("UPDATE docs SET tags = ARRAY['afterwards'] WHERE id = 20")
    downgrade(database, change)
    assert is_of(database, text, models.old)


def test_a_function_of_the_row_of_a_table_with_an_odd_name(database: Database) -> None:
    docs(database)
    database.execute('ALTER TABLE docs RENAME TO "My ""Docs"')
    change = replace(DOCS, table='"My ""Docs"', text='embedding_input("My ""Docs")')
    before = database.dump()
    upgrade(database, change, online=True)
    downgrade(database, change)
    assert database.dump() == before
    upgrade(database, change, revision="3")
    database.execute('ALTER TABLE "My ""Docs" RENAME TO docs')
    assert is_of(database, "embedding_input(docs)", models.new)


@pytest.mark.parametrize("table", ["b", "s"])
def test_a_text_that_names_a_table_of_one_letter(database: Database, table: str) -> None:
    """Capture was off, so that the downgrade looks the old vectors up in the backup and in the store."""
    items(database, 40)
    database.execute(f"ALTER TABLE items RENAME TO {table}")
    change = replace(CHANGE, table=table, text=f"{table}.body")
    upgrade(database, change)
    database.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL; ALTER TABLE {table} ENABLE TRIGGER ALL")
    downgrade(database, change)
    assert rows_hold(database, models.old, table=table) == 40
