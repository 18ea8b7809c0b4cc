"""Which trigger functions insert a row with all its columns."""

from __future__ import annotations

import pytest

from migrator.preflight.row_copies import copying


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
