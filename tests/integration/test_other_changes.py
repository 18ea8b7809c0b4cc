"""Changes other than to another model; scopes; odd names and search paths; several columns in one cut-over."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.rows import TupleRow

from migrator import EmbeddingChange, Hnsw, IvfFlat, Model, Verify
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.embedding.probes import PROBES
from migrator.errors import MigratorError, Refused, Stopped, VerificationFailed
from migrator.postgres.address import Address
from migrator.postgres.connection import connect
from migrator.preflight.old_model import SAMPLED_ROWS
from migrator.runtime.context import Options
from tests.models import EmbedLog, Hashed, Vectors, new, old, vector
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.running import retire
from tests.support.tables import CHANGE, OLD, insert, items

# Another model of 48 dimensions: `new`, truncated.
OTHER = Model("python:tests.models:new", dimensions=48, matryoshka=True)
ITEMS = VectorColumn("items", "embedding")


def up(database: Database, *changes: EmbeddingChange, stop_after: str | None = None) -> None:
    """As far as the phase stop_after, or all the way."""
    try:
        runner.upgrade(database.address, "2", changes, Options(stop_after=stop_after))
    except Stopped:
        assert stop_after is not None
    else:
        assert stop_after is None


def down(database: Database, *columns: VectorColumn) -> None:
    runner.restore(database.address, "2", columns or [ITEMS], Options())


def vectors(database: Database, table: str = "items", column: str = "embedding") -> dict[int, Vectors | None]:
    """By id; None where there is none."""
    rows = database.execute(f"SELECT id, {column}::text FROM {table} ORDER BY id")
    return {
        number: None if found is None else np.array(found[1:-1].split(","), dtype=np.float32) for number, found in rows
    }


def agree(found: dict[int, Vectors | None], expected: dict[int, Vectors | None], *, to: float = 1e-6) -> bool:
    """Whether both hold the same rows, and vectors that differ in no number by more than `to`."""
    return found.keys() == expected.keys() and all(
        (one is None) == (other is None)
        and (one is None or other is None or (one.shape == other.shape and bool(np.abs(one - other).max() <= to)))
        for one, other in ((found[number], expected[number]) for number in found)
    )


def by_text(database: Database, factory: type[Hashed] | object = old) -> dict[int, Vectors | None]:
    """What the vectors of items ought to be under a model."""
    assert callable(factory)
    return {number: vector(body, factory) for number, body in database.execute("SELECT id, body FROM items")}


def write_meanwhile(database: Database, *, model: Hashed | None = None) -> None:
    """An insert, an update of text and vector, an update of something else, and a delete, as applications do."""
    insert(database, [(1000, "written meanwhile")], model=model)
    database.execute("DELETE FROM items WHERE id IN (1, 3)")
    insert(database, [(1, "another text")], model=model)
    database.execute("UPDATE items SET note = 'touched' WHERE id = 2")


# ---- the type --------------------------------------------------------------------------------------------------

TO_HALF = dataclasses.replace(CHANGE, text=None, to=OLD, type="halfvec", index="same")


def test_vector_to_halfvec_and_back_calls_no_model(database: Database, embed_log: EmbedLog) -> None:
    items(database)
    dump, before = database.dump(), vectors(database)
    up(database, TO_HALF)
    assert database.value("SELECT DISTINCT pg_typeof(embedding)::text FROM items") == "halfvec"
    assert index_definition(database) == (
        "CREATE INDEX items_embedding_idx ON public.items USING ivfflat (embedding halfvec_cosine_ops) WITH (lists='5')"
    )
    assert agree(vectors(database), before, to=1e-3)
    down(database)
    # From the retired column, where no bit was lost.
    assert agree(vectors(database), before, to=0)
    assert database.dump() == dump
    assert embed_log.calls() == []


def test_vector_to_halfvec_with_writes_before_cut_over(database: Database, embed_log: EmbedLog) -> None:
    items(database)
    up(database, TO_HALF, stop_after="fill")
    write_meanwhile(database)
    up(database, TO_HALF)
    assert agree(vectors(database), by_text(database), to=1e-3)
    assert embed_log.calls() == []


def test_vector_to_halfvec_with_writes_before_the_downgrade(database: Database, embed_log: EmbedLog) -> None:
    items(database)
    dump = database.dump()
    up(database, TO_HALF)
    write_meanwhile(database)
    down(database)
    assert agree(vectors(database), by_text(database), to=1e-3)
    assert database.dump() == dump
    assert embed_log.calls() == []


def test_halfvec_to_vector_and_back(database: Database, embed_log: EmbedLog) -> None:
    items(database)
    database.execute("DROP INDEX items_embedding_idx")
    database.execute("ALTER TABLE items ALTER embedding TYPE halfvec(48)")
    database.execute("CREATE INDEX near ON items USING hnsw (embedding halfvec_l2_ops) WITH (m = 8)")
    dump, before = database.dump(), vectors(database)
    up(database, dataclasses.replace(TO_HALF, type="vector"))
    assert index_definition(database) == (
        "CREATE INDEX near ON public.items USING hnsw (embedding vector_l2_ops) WITH (m='8')"
    )
    assert agree(vectors(database), before)
    down(database)
    assert agree(vectors(database), before, to=0)
    assert database.dump() == dump
    assert embed_log.calls() == []


# ---- the index -------------------------------------------------------------------------------------------------


def index_definition(database: Database) -> str | None:
    rows = database.execute("SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%(embedding%'")
    return str(rows[0][0]) if rows else None


@pytest.mark.parametrize(
    ("index", "definition"),
    [
        (
            Hnsw("cosine", m=8, ef_construction=32),
            "CREATE INDEX items_embedding_idx ON public.items USING hnsw (embedding vector_cosine_ops) "
            "WITH (m='8', ef_construction='32')",
        ),
        (
            IvfFlat("cosine", lists=3),
            "CREATE INDEX items_embedding_idx ON public.items USING ivfflat (embedding vector_cosine_ops) "
            "WITH (lists='3')",
        ),
        (
            IvfFlat("l2", lists=5),
            "CREATE INDEX items_embedding_idx ON public.items USING ivfflat (embedding) WITH (lists='5')",
        ),
        (
            Hnsw("l1"),
            "CREATE INDEX items_embedding_idx ON public.items USING hnsw (embedding vector_l1_ops) "
            "WITH (m='16', ef_construction='64')",
        ),
        (None, None),
    ],
    ids=["kind", "parameters", "distance", "kind-and-distance", "none"],
)
def test_another_index_and_back(
    database: Database, embed_log: EmbedLog, index: Hnsw | IvfFlat | None, definition: str | None
) -> None:
    items(database)
    dump, before = database.dump(), database.execute("SELECT * FROM items ORDER BY id")
    up(database, dataclasses.replace(CHANGE, text=None, to=OLD, index=index))
    assert index_definition(database) == definition
    assert database.execute("SELECT * FROM items ORDER BY id") == before
    write_meanwhile(database)
    written = database.execute("SELECT * FROM items ORDER BY id")
    down(database)
    assert database.execute("SELECT * FROM items ORDER BY id") == written
    assert database.dump() == dump
    assert embed_log.calls() == []


# ---- the query prompt ------------------------------------------------------------------------------------------


def test_promise_2_another_query_prompt_embeds_no_document(
    database: Database, embed_log: EmbedLog, tmp_path: Path
) -> None:
    """The column stays as it is. Where there are questions, they are asked with the old prompt and with the new one."""
    items(database)
    dump, before = database.dump(), database.execute("SELECT *, xmin, ctid FROM items ORDER BY id")
    (tmp_path / "q.jsonl").write_text('{"query": "text 7", "relevant": ["text 7"]}', "utf-8")
    prompted = dataclasses.replace(OLD, query_prompt="query: ")
    change = dataclasses.replace(CHANGE, to=prompted, index="same", verify=Verify(queries="q.jsonl", relevant="body"))
    with pytest.raises(VerificationFailed, match=r"old model .* MRR 1\.000, .*; new model .* MRR 0\.500, "):
        runner.upgrade(database.address, "2", [change], Options(project=tmp_path))
    assert set(embed_log.calls()) == {len(PROBES)}
    up(database, dataclasses.replace(change, verify=Verify()))
    assert database.value("SELECT declared ->> 'query_prompt' FROM migrator.registry") == "query: "
    assert database.execute("SELECT *, xmin, ctid FROM items ORDER BY id") == before
    down(database)
    assert database.value("SELECT declared ->> 'query_prompt' FROM migrator.registry") is None
    assert database.dump() == dump
    assert embed_log.calls() == []


# ---- truncation ------------------------------------------------------------------------------------------------

WIDE = Model("python:tests.models:new", dimensions=96)
SHORT = Model("python:tests.models:new", dimensions=32, matryoshka=True)
TRUNCATE = EmbeddingChange("items", "embedding", text="body", from_=WIDE, to=SHORT, index="same")


def wide_items(database: Database) -> None:
    """items under the model of 96 dimensions."""
    items(database, 0)
    database.execute("ALTER TABLE items ALTER embedding TYPE vector(96)")
    insert(database, [(number, f"text {number % 150}") for number in range(200)], model=new())
    database.execute("REINDEX INDEX items_embedding_idx")


def truncated(found: dict[int, Vectors | None]) -> dict[int, Vectors | None]:
    """The first 32 numbers, scaled to length 1."""
    cut = {number: None if each is None else each[:32] for number, each in found.items()}
    return {number: None if each is None else each / np.linalg.norm(each) for number, each in cut.items()}


def test_truncation_and_back_calls_no_model(database: Database, embed_log: EmbedLog) -> None:
    wide_items(database)
    dump, before = database.dump(), vectors(database)
    up(database, TRUNCATE)
    assert agree(vectors(database), truncated(before))
    down(database)
    assert agree(vectors(database), before, to=0)
    assert database.dump() == dump
    assert embed_log.calls() == []


def test_truncation_with_writes_before_cut_over(database: Database, embed_log: EmbedLog) -> None:
    wide_items(database)
    up(database, TRUNCATE, stop_after="fill")
    write_meanwhile(database, model=new())
    up(database, TRUNCATE)
    assert agree(vectors(database), truncated(by_text(database, new)))
    assert embed_log.calls() == []


class Truncated(Hashed):
    """What an application writes after the truncation."""

    def _embed(self, texts: Sequence[str]) -> Vectors:
        cut = super()._embed(texts)[:, :32]
        found: Vectors = cut / np.linalg.norm(cut, axis=1, keepdims=True)
        return found


def test_truncation_with_writes_before_the_downgrade(database: Database, embed_log: EmbedLog) -> None:
    """What was cut off cannot be derived: the rows written since are embedded, and no others."""
    wide_items(database)
    dump = database.dump()
    up(database, TRUNCATE)
    write_meanwhile(database, model=Truncated(96, seed=96))
    assert embed_log.calls() == []
    Hashed.embedded = 0
    down(database)
    assert agree(vectors(database), by_text(database, new))
    assert database.dump() == dump
    assert database.value("SELECT sum(texts_embedded) FROM migrator.change") == 2


# ---- scope -----------------------------------------------------------------------------------------------------


def scoped_items(database: Database) -> None:
    """items of which odd ones are notes and even ones articles; the vector may be missing."""
    items(database, 40, distinct=40)
    database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL")
    database.execute("UPDATE items SET note = CASE WHEN id % 2 = 0 THEN 'article' END")


def test_rows_out_of_scope_have_no_vector_of_another_length(database: Database) -> None:
    scoped_items(database)
    dump, before = database.dump(), vectors(database)
    up(database, dataclasses.replace(CHANGE, where="note = 'article'"))
    expected = {number: each if number % 2 == 0 else None for number, each in by_text(database, new).items()}
    assert agree(vectors(database), expected)
    down(database)
    assert agree(vectors(database), before, to=0)
    assert database.dump() == dump


def test_rows_out_of_scope_keep_a_vector_of_the_same_length(database: Database) -> None:
    scoped_items(database)
    database.execute("UPDATE items SET embedding = NULL WHERE id = 5")
    database.execute("ALTER TABLE items ADD CONSTRAINT other CHECK (true)")
    change = dataclasses.replace(CHANGE, where="note = 'article'", to=OTHER)
    dump, before = database.dump(), vectors(database)
    up(database, change, stop_after="fill")
    database.execute("UPDATE items SET note = 'article' WHERE id = 1")
    database.execute("UPDATE items SET note = NULL WHERE id = 2")
    database.execute(
        "UPDATE items SET embedding = %(other)s WHERE id = 3", {"other": str(vector("mine", old).tolist())}
    )
    up(database, change)
    expected = dict(before)
    for number in [1, *range(0, 40, 2)]:
        cut = vector(f"text {number}", new)[:48]
        expected[number] = cut / np.linalg.norm(cut)
    # The one that left the scope holds what the application had there, as the one that it wrote does.
    expected |= {2: before[2], 3: vector("mine", old)}
    assert agree(vectors(database), expected)
    down(database)
    assert agree(vectors(database), {**before, 3: vector("mine", old)})
    assert database.dump() == dump


def test_rows_out_of_scope_keep_their_vector_in_a_column_without_dimensions(database: Database) -> None:
    scoped_items(database)
    database.execute("DROP INDEX items_embedding_idx")
    database.execute("ALTER TABLE items ALTER embedding TYPE vector")
    change = dataclasses.replace(CHANGE, where="note = 'article'", index=None)
    dump, before = database.dump(), vectors(database)
    up(database, change)
    articles = {number: vector(f"text {number}", new) for number in range(0, 40, 2)}
    assert agree(vectors(database), {**before, **articles})
    assert "    embedding public.vector\n" in database.dump()
    down(database)
    assert agree(vectors(database), before, to=0)
    assert database.dump() == dump


def test_rows_that_are_priority_are_embedded_first(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    items(database, 40, distinct=40)
    given: list[str] = []
    embed = Hashed.embed_documents

    def watched(self: Hashed, texts: Sequence[str]) -> Vectors:
        given.extend(texts)
        return embed(self, texts)

    monkeypatch.setattr(Hashed, "embed_documents", watched)
    up(database, dataclasses.replace(CHANGE, priority="id >= 35", batch_size=2))
    # After the rows by which the old model is tried.
    embedded = [text for text in given if text.startswith("text ")][SAMPLED_ROWS:]
    assert set(embedded[:5]) == {f"text {number}" for number in range(35, 40)}
    # Each once, and then verify's sample.
    assert len(set(embedded[:40])) == 40


# ---- names -----------------------------------------------------------------------------------------------------

LONG = "n" * 63
NAMES = [
    ("public", "Order", "Select"),
    ("public", "user", "default"),
    ("My Schema", "a.b", 'say "hi"'),
    ("100%", "50%s of %(all)s", "%"),
    ("it's", "o'clock", "vector's"),
    ("s" * 63, LONG, LONG[:-1] + "x"),
    ("naïve", "Größe", "größe"),
]


def quoted(*names: str) -> str:
    return ".".join('"' + each.replace('"', '""') + '"' for each in names)


@pytest.mark.parametrize(
    ("schema", "table", "column"),
    with_more(NAMES[3:], more=NAMES[:3]),
    ids=["percent", "quote", "long", "umlaut", "case", "reserved", "dots"],
)
def test_names_that_need_quotes(database: Database, schema: str, table: str, column: str) -> None:
    items(database, 20)
    database.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
    database.execute(f"ALTER TABLE items SET SCHEMA {quoted(schema)}")
    database.execute(f"ALTER TABLE {quoted(schema)}.items RENAME TO {quoted(table)}")
    for old_name, new_name in (("embedding", column), ("body", f"%s {column}"[:63]), ("note", "Note")):
        database.execute(f"ALTER TABLE {quoted(schema, table)} RENAME {old_name} TO {quoted(new_name)}")
    view = quoted(schema, "The View")
    database.execute(f"CREATE VIEW {view} AS SELECT id, {quoted(column)} AS near FROM {quoted(schema, table)}")
    index = quoted(f"{column} Idx"[:63])
    database.execute(f"ALTER INDEX {quoted(schema)}.items_embedding_idx RENAME TO {index}")
    change = dataclasses.replace(
        CHANGE,
        schema=schema,
        table=table,
        column=column,
        text=f"{quoted(f'%s {column}'[:63])} || ' 100%'",
        where="\"Note\" LIKE '%note%'",
    )
    dump = database.dump()
    up(database, change, stop_after="fill")
    database.execute(f"UPDATE {quoted(schema, table)} SET {quoted(f'%s {column}'[:63])} = 'meanwhile' WHERE id = 3")
    up(database, change)
    found = vectors(database, quoted(schema, table), quoted(column))
    texts = {number: f"text {number} 100%" for number in range(20)} | {3: "meanwhile 100%"}
    assert agree(found, {number: vector(text, new) for number, text in texts.items()})
    down(database, VectorColumn(table, column, schema))
    assert database.dump() == dump


@pytest.mark.parametrize("written", ["items", "ITEMS", '"items"'])
def test_a_table_as_a_person_writes_it(database: Database, written: str) -> None:
    items(database, 20)
    dump = database.dump()
    up(database, dataclasses.replace(CHANGE, table=written))
    assert agree(vectors(database), by_text(database, new))
    down(database, VectorColumn(written, "embedding"))
    assert database.dump() == dump


def test_an_index_gets_a_name_that_fits(database: Database) -> None:
    items(database, 20)
    database.execute("DROP INDEX items_embedding_idx")
    database.execute(f"ALTER TABLE items RENAME TO {LONG}")
    dump = database.dump()
    up(database, dataclasses.replace(CHANGE, table=LONG))
    (name,) = database.execute("SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%hnsw%'")[0]
    assert name.startswith("nnnn")
    assert len(name) == 63
    down(database, VectorColumn(LONG, "embedding"))
    assert database.dump() == dump


# ---- schemas and search paths ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ['"$user", public', "app, ext", "ext", "", '"My Path", app'])
def test_the_extension_in_another_schema(database: Database, path: str) -> None:
    items(database, 20)
    for schema in ("ext", "app", '"My Path"'):
        database.execute(f"CREATE SCHEMA {schema}")
    database.execute("ALTER EXTENSION vector SET SCHEMA ext")
    database.execute("ALTER TABLE items SET SCHEMA app")
    # What the search path finds instead, where it is followed where it must not be.
    database.execute('CREATE TABLE "My Path".items (id bigint)')
    address = dataclasses.replace(database.address, search_path=path)
    change = dataclasses.replace(CHANGE, schema="app")
    dump = database.dump()
    runner.upgrade(address, "2", [change], Options())
    # The trigger works whatever the application's search path is.
    database.execute("UPDATE app.items SET body = 'text 1' WHERE id = 2")
    assert database.value("SELECT ext.vector_dims(embedding) FROM app.items WHERE id = 2") == 96
    assert database.value("SELECT migrator_retired_1 IS NULL FROM app.items WHERE id = 2")
    runner.restore(address, "2", [VectorColumn("items", "embedding", "app")], Options())
    found = vectors(database, "app.items")
    assert agree(found, {number: vector(f"text {1 if number == 2 else number}", old) for number in range(20)})
    assert database.dump() == dump


def test_a_function_of_the_search_path_in_the_text(database: Database) -> None:
    """The trigger finds it too, whatever the application's search path is."""
    items(database, 20)
    database.execute("CREATE SCHEMA helpers")
    database.execute("CREATE FUNCTION helpers.cleaned(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)'")
    address = dataclasses.replace(database.address, search_path="helpers, public")
    change = dataclasses.replace(CHANGE, text="cleaned(body)")
    runner.upgrade(address, "2", [change], Options(stop_after=None))
    database.execute("UPDATE items SET body = 'other' WHERE id = 4")
    assert [number for number, each in vectors(database, column="migrator_retired_1").items() if each is None] == [4]
    assert agree(
        {number: each for number, each in vectors(database).items() if number != 4},
        {number: vector(f"TEXT {number}", new) for number in range(20) if number != 4},
    )


# ---- several columns in one cut-over -------------------------------------------------------------------------------


def two_tables(database: Database) -> list[EmbeddingChange]:
    """items with two vector columns, and others with one; changes of all three."""
    items(database, 40)
    database.execute("ALTER TABLE items ADD COLUMN note_embedding vector(48)")
    database.execute("UPDATE items SET note_embedding = embedding")
    database.execute("CREATE TABLE others AS SELECT id, 'other ' || body AS body, embedding FROM items")
    database.execute("CREATE INDEX others_near ON others USING hnsw (embedding vector_l2_ops)")
    # One view reads all three columns, and is read by another, which reads one of them itself.
    database.execute(
        "CREATE VIEW a_near AS SELECT i.id, i.embedding, i.note_embedding, o.embedding AS other "
        "FROM items i JOIN others o USING (id)"
    )
    database.execute("CREATE VIEW a_far AS SELECT n.id, n.other, i.embedding FROM a_near n JOIN items i ON i.id = n.id")
    return [
        CHANGE,
        dataclasses.replace(CHANGE, column="note_embedding", text="note", index=None),
        dataclasses.replace(CHANGE, table="others", index="same"),
    ]


THREE = [ITEMS, VectorColumn("items", "note_embedding"), VectorColumn("others", "embedding")]


def test_several_columns_in_one_cut_over_and_back(database: Database) -> None:
    changes = two_tables(database)
    dump = database.dump()
    before = [vectors(database, each.table, each.column) for each in THREE]
    up(database, *changes)
    assert agree(vectors(database), {number: vector(f"text {number}", new) for number in range(40)})
    assert agree(
        vectors(database, column="note_embedding"), {number: vector(f"note {number}", new) for number in range(40)}
    )
    assert agree(vectors(database, "others"), {number: vector(f"other text {number}", new) for number in range(40)})
    down(database, *THREE)
    assert database.dump() == dump
    assert all(
        agree(vectors(database, each.table, each.column), found, to=0)
        for each, found in zip(THREE, before, strict=True)
    )


def test_several_columns_with_writes_meanwhile(database: Database) -> None:
    changes = two_tables(database)
    dump = database.dump()
    up(database, *changes, stop_after="fill")
    database.execute("UPDATE items SET body = 'one', note = 'two' WHERE id = 7")
    database.execute("UPDATE others SET body = 'three' WHERE id = 7")
    up(database, *changes)
    for each, text in zip(THREE, ("one", "two", "three"), strict=True):
        assert agree({7: vectors(database, each.table, each.column)[7]}, {7: vector(text, new)})
    database.execute("UPDATE items SET body = 'four', note = 'five' WHERE id = 8")
    database.execute("UPDATE others SET body = 'six' WHERE id = 8")
    down(database, *THREE)
    for each, text in zip(THREE, ("four", "five", "six"), strict=True):
        assert agree({8: vectors(database, each.table, each.column)[8]}, {8: vector(text, old)})
    assert database.dump() == dump


@pytest.mark.parametrize("read", ["others", "others_all"])
def test_neither_text_reads_a_table_that_is_changed_with_it(database: Database, read: str) -> None:
    """It would be locked against the fill: of the old text at the downgrade, when it is late to say so."""
    items(database, 10)
    database.execute("CREATE TABLE others (LIKE items) PARTITION BY RANGE (id)")
    database.execute("CREATE TABLE others_all PARTITION OF others DEFAULT")
    database.execute("INSERT INTO others TABLE items")
    text, others = f"(SELECT max(body) FROM {read})", dataclasses.replace(CHANGE, table="others")
    for argument, change in (
        ("text", dataclasses.replace(CHANGE, text=text)),
        ("from_text", dataclasses.replace(CHANGE, from_text=text)),
    ):
        with pytest.raises(Refused, match=f"^{argument}=.* and the same revision changes it") as refused:
            up(database, change, others)
        assert refused.value.code == "text-reads-unlockable"


def test_when_the_second_cannot_be_cut_over_neither_is(database: Database) -> None:
    changes = two_tables(database)
    before = [vectors(database, each.table, each.column) for each in THREE]
    up(database, *changes, stop_after="verify")
    database.execute("ALTER TABLE others ADD COLUMN added text DEFAULT 'x'")
    added = "public.others.embedding: columns of the table changed since this run was planned"
    with pytest.raises(MigratorError, match=added):
        up(database, *changes)
    database.execute("ALTER TABLE others DROP COLUMN added")
    assert all(
        agree(vectors(database, each.table, each.column), found, to=0)
        for each, found in zip(THREE, before, strict=True)
    )
    assert {row[0] for row in database.execute("SELECT state FROM migrator.change")} == {"undone"}


def test_when_the_second_fails_everything_is_as_it_was(database: Database) -> None:
    changes = two_tables(database)
    dump = database.dump()
    changes[2] = dataclasses.replace(changes[2], to=Model("python:tests.models:wrong_shape", dimensions=8))
    with pytest.raises(MigratorError, match="gave an array of shape"):
        up(database, *changes)
    assert database.dump() == dump


def test_when_the_downgrade_of_the_second_fails_neither_is_changed(database: Database) -> None:
    changes = two_tables(database)
    up(database, *changes)
    dump = database.dump()
    now = [vectors(database, each.table, each.column) for each in THREE]
    database.execute("UPDATE others SET body = 'written since' WHERE id = 5")
    expected = dict(now[2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.models.old", lambda: Hashed(383, seed=48))
        with pytest.raises(MigratorError, match="gives 383 dimensions, not 48"):
            down(database, *THREE)
    assert database.dump() == dump
    assert agree(vectors(database), now[0], to=0)
    assert agree(vectors(database, "others"), expected, to=0)
    down(database, *THREE)
    assert agree({5: vectors(database, "others")[5]}, {5: vector("written since", old)})


def test_retired_rows_and_columns_of_all_are_dropped_together(database: Database) -> None:
    changes = two_tables(database)
    up(database, *changes)
    retire(database, stores=True)
    assert "migrator" not in database.dump()


def test_a_table_without_rows(database: Database, embed_log: EmbedLog) -> None:
    items(database, 0)
    dump = database.dump()
    up(database, CHANGE)
    assert index_definition(database) is not None
    down(database)
    assert database.dump() == dump
    assert embed_log.calls() == []


def test_a_role_that_the_address_names_is_taken(database: Database) -> None:
    """As env.py may have taken one by SET ROLE: what is made belongs to it."""
    items(database, 20)
    role = f"{database.value('SELECT current_database()')}_owner"
    for statement in (
        f"CREATE ROLE {role}",
        f"CREATE ROLE {role}_login LOGIN IN ROLE {role}",
        f"GRANT ALL ON SCHEMA public TO {role}",
        f"GRANT CREATE ON DATABASE {role.removesuffix('_owner')} TO {role}",
        f"ALTER TABLE items OWNER TO {role}",
    ):
        database.execute(statement)
    dump = database.dump()
    address = Address(database.as_role(f"{role}_login").address.parameters, role=role)
    runner.upgrade(address, "2", [CHANGE], Options())
    owners = database.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'migrator'")
    assert owners == [(role,)]
    database.execute(f"CREATE ROLE {role}_reader")
    for table in ("backup_1", "change", "registry"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute(f"SET ROLE {role}_reader; TABLE migrator.{table}")
    runner.restore(address, "2", [ITEMS], Options())
    assert database.dump() == dump


def test_a_connection_that_cannot_be_made_ready_is_closed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[psycopg.Connection[TupleRow]] = []
    real = psycopg.connect

    def connected(*arguments: Any, **named: Any) -> psycopg.Connection[TupleRow]:
        made.append(real(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(psycopg, "connect", connected)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match='role "nobody_at_all" does not exist'):
        connect(Address(database.address.parameters, role="nobody_at_all"))
    assert [each.closed for each in made] == [True]
