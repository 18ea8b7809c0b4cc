"""Which trigger functions insert a row with all its columns, send it, or keep its vector."""

from __future__ import annotations

import pytest

from migrator.preflight.trigger_functions import copying, keeps_vector, naming, notifies_row


@pytest.mark.parametrize(
    "source",
    [
        "BEGIN INSERT INTO history SELECT OLD.*; RETURN NEW; END",
        "BEGIN INSERT INTO history VALUES (now(), new . *); RETURN NULL; END",
        "BEGIN insert into history select nextval('n'), (OLD).*, lower(TG_OP); RETURN NULL; END",
        "BEGIN EXECUTE format('INSERT INTO %I SELECT ($1).*', TG_ARGV[0]) USING OLD; RETURN NULL; END",
        "BEGIN INSERT INTO history (SELECT NEW.*); RETURN NULL; END",
        "BEGIN INSERT INTO history SELECT * FROM gone; RETURN NULL; END",
        "BEGIN INSERT INTO history SELECT now(), g.* FROM gone AS g; RETURN NULL; END",
    ],
)
def test_a_row_is_inserted_whole(source: str) -> None:
    assert copying(source, ["gone"]) is not None


@pytest.mark.parametrize(
    "source",
    [
        "BEGIN INSERT INTO history SELECT OLD.id, OLD.body; RETURN NEW; END",
        "BEGIN INSERT INTO log VALUES (to_jsonb(NEW.*)), (row_to_json( old.* )); RETURN NULL; END",
        "BEGIN INSERT INTO log SELECT 1 WHERE NEW.* IS DISTINCT FROM OLD.*; RETURN NULL; END",
        "BEGIN INSERT INTO log SELECT hstore(NEW.*) - hstore(OLD.*); RETURN NULL; END",
        "BEGIN INSERT INTO log SELECT count(*) FROM gone; RETURN NULL; END",
        "BEGIN INSERT INTO log SELECT id FROM gone; RETURN NULL; END",
        "BEGIN IF NEW.* IS DISTINCT FROM OLD.* THEN INSERT INTO log VALUES (1); END IF; RETURN NEW; END",
        "BEGIN /* INSERT INTO history SELECT OLD.*; */ RETURN NEW; -- INSERT INTO history SELECT OLD.*\nEND",
        "BEGIN INSERT INTO history SELECT (jsonb_populate_record(NULL::history, to_jsonb(OLD))).*; RETURN NULL; END",
    ],
)
def test_only_some_columns_are_or_the_row_as_one_value(source: str) -> None:
    assert copying(source, ["gone"]) is None


@pytest.mark.parametrize(
    ("source", "sends"),
    [
        ("BEGIN PERFORM pg_notify('items', row_to_json(NEW)::text); RETURN NEW; END", True),
        ("BEGIN told := json_build_object('row', to_jsonb(old)); PERFORM pg_notify('items', told::text); END", True),
        ("BEGIN PERFORM pg_notify('items', (to_jsonb(NEW.*) - 'embedding')::text); RETURN NEW; END", True),
        ("BEGIN PERFORM pg_notify('items', NEW.id::text); RETURN NEW; END", False),
        ("BEGIN PERFORM pg_notify('items', row_to_json(NEW.id)::text); RETURN NEW; END", False),
        ("BEGIN PERFORM pg_notify('items', left(row_to_json(NEW)::text, 7999)); RETURN NEW; END", False),
        ("BEGIN INSERT INTO log VALUES (to_jsonb(NEW)); RETURN NEW; END", False),
        ("BEGIN -- pg_notify('items', row_to_json(NEW)::text)\nRETURN NEW; END", False),
        (
            "DECLARE data json; notification json; BEGIN IF TG_OP = 'DELETE' THEN data = row_to_json(OLD); ELSE "
            "data = row_to_json(NEW); END IF; notification = json_build_object('table', TG_TABLE_NAME, 'data', data); "
            "PERFORM pg_notify('events', notification::text); RETURN NULL; END",
            True,
        ),
        ("DECLARE told text := row_to_json(NEW); BEGIN PERFORM pg_notify('items', told); END", True),
        (
            "BEGIN CASE TG_OP WHEN 'INSERT' THEN told := to_jsonb(NEW); END CASE; PERFORM pg_notify('i', told); END",
            True,
        ),
        ("BEGIN SELECT to_jsonb(NEW), 1 INTO told, n FROM owners; PERFORM pg_notify('i', told::text); END", True),
        ("BEGIN SELECT INTO told to_jsonb(NEW); PERFORM pg_notify('i', told::text); END", True),
        ("BEGIN INSERT INTO audit VALUES (to_jsonb(NEW)); PERFORM pg_notify('items', NEW.id::text); END", False),
        ("BEGIN data := to_jsonb(NEW); PERFORM pg_notify('data', NEW.data); INSERT INTO log VALUES (data); END", False),
        ("BEGIN data := to_jsonb(NEW); PERFORM pg_notify('items', data ->> 'id'); END", False),
        ("BEGIN PERFORM pg_notify('items', to_jsonb(NEW) ->> 'id'), keep(to_jsonb(NEW)); END", False),
    ],
)
def test_a_row_is_sent_whole(source: str, sends: bool) -> None:
    assert notifies_row(source) == sends


@pytest.mark.parametrize(
    ("source", "arguments", "keeps"),
    [
        ("INSERT INTO history (id, embedding) VALUES (OLD.id, OLD.embedding);", "", True),
        ('IF true THEN INSERT INTO "history" ("embedding") VALUES (NEW."embedding"); END IF;', "", True),
        ("INSERT INTO history SELECT g.id, g.embedding FROM gone g;", "", True),
        ("PERFORM FROM history WHERE embedding <=> (NEW).embedding < 0.1;", "", True),
        ("INSERT INTO history SELECT (jsonb_populate_record(NULL::history, to_jsonb(OLD))).*;", "", True),
        ("EXECUTE 'INSERT INTO ' || TG_ARGV[0] || common USING OLD;", "public.history true ", True),
        ("EXECUTE 'INSERT INTO ' || TG_ARGV[0] || common USING OLD;", "history_of_it ", False),
        ("UPDATE history SET embedding = NULL WHERE id = NEW.id;", "", False),
        ("INSERT INTO history (id) VALUES (NEW.id); NEW.embedding := NULL;", "", False),
        ("INSERT INTO history SELECT NEW.id, NEW.embedding_model, to_jsonb(OLD);", "", False),
        ("-- INSERT INTO history SELECT NEW.embedding\nNULL;", "", False),
        ("IF NEW.embedding IS NOT NULL THEN INSERT INTO history (id) VALUES (NEW.id); END IF;", "", False),
        ("FOR v IN SELECT NEW.embedding LOOP UPDATE history SET at = now(); END LOOP;", "", False),
        ("CASE WHEN NEW.embedding IS NULL THEN NULL; ELSE DELETE FROM history; END CASE;", "", False),
        ("RAISE NOTICE 'history %', NEW.embedding;", "", False),
        ("RAISE NOTICE 'it''s in history --', NEW.embedding; EXECUTE sent;", "", False),
        ("INSERT INTO history VALUES (CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE 1 END, OLD.embedding);", "", True),
        (
            "MERGE INTO history h USING kept USING (id) WHEN MATCHED THEN UPDATE SET embedding = NEW.embedding;",
            "",
            True,
        ),
        ("EXECUTE 'BEGIN; INSERT INTO history VALUES ($1)' USING NEW.embedding;", "", True),
        ("told := format('INSERT INTO history VALUES (%L)', NEW.embedding); EXECUTE told;", "", True),
        ("PERFORM E'it\\'s'; INSERT INTO history SELECT NEW.embedding, '';", "", True),
    ],
)
def test_a_vector_is_kept_in_another_table(source: str, arguments: str, *, keeps: bool) -> None:
    history = naming("public", "history", bare=True)
    assert keeps_vector(source, ["gone"], arguments, "embedding", history, same=True) is keeps


@pytest.mark.parametrize(
    ("source", "arguments", "bare", "same", "keeps"),
    [
        ("INSERT INTO history VALUES (NEW.embedding);", "", True, False, True),
        ("INSERT INTO history VALUES (NEW.embedding);", "", False, False, False),
        ('INSERT INTO "old" . "history" VALUES (NEW.embedding);', "", False, False, True),
        ("INSERT INTO very_old.history VALUES (NEW.embedding);", "", False, False, False),
        ("INSERT INTO old.history_of_it VALUES (NEW.embedding);", "", False, False, False),
        # Where the column there is called otherwise, what goes by the names of columns does not reach it.
        ("INSERT INTO history SELECT (jsonb_populate_record(NULL::history, to_jsonb(OLD))).*;", "", True, False, False),
        ("EXECUTE 'INSERT INTO ' || TG_ARGV[0] || common USING OLD;", "old.history ", False, False, False),
        ("EXECUTE 'INSERT INTO ' || TG_ARGV[0] || common USING OLD;", "old.history ", False, True, True),
        ("EXECUTE 'INSERT INTO ' || TG_ARGV[0] || common USING OLD;", "history ", False, True, False),
    ],
)
def test_the_other_table_is_the_one_that_is_named(
    source: str, arguments: str, *, bare: bool, same: bool, keeps: bool
) -> None:
    history = naming("old", "history", bare=bare)
    assert keeps_vector(source, ["gone"], arguments, "embedding", history, same=same) is keeps
