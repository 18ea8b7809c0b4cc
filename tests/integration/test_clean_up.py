"""Promise 1: a run that fails, or is abandoned, leaves tables, indexes and privileges as it found them."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrator import EmbeddingChange, Hnsw, Model
from migrator.change import Verify
from migrator.commands import undo
from migrator.errors import Interrupted, MigratorError, Refused, VerificationFailed
from migrator.postgres.locks import send_together
from tests.models import EmbedLog, Hashed, Vectors, new, old
from tests.support.database import Database
from tests.support.proofs import checksum, rows_hold
from tests.support.running import (
    BATCH,
    OLD_MODEL,
    PROBES,
    SAMPLE,
    At,
    abandon,
    batches,
    downgrade,
    downgrade_until,
    upgrade,
    upgrade_until,
)
from tests.support.tables import CHANGE, insert, items

TEXTS = 150
BEFORE_CUT_OVER = ("backup", "embed", "fill", "index", "verify")


class Found:
    """A table as it was before an upgrade."""

    def __init__(self, database: Database) -> None:
        items(database)
        database.execute("COMMENT ON INDEX items_embedding_idx IS '5% done'; CREATE VIEW seen AS SELECT * FROM items")
        self._database = database
        self._schema = database.dump()
        self._rows = checksum(database, "id, body, note, embedding")

    def is_as_it_was(self, *, stores: int = 1) -> None:
        """But for the embedding stores."""
        assert self._database.dump() == self._schema
        assert checksum(self._database, "id, body, note, embedding") == self._rows
        kept = "SELECT count(*) FROM pg_class WHERE relname LIKE %(kind)s AND relkind = 'r'"
        assert self._database.value(kept, {"kind": "store\\_%"}) == stores
        assert self._database.value(kept, {"kind": "backup\\_%"}) == 0
        assert self._database.value("SELECT count(*) FROM pg_proc WHERE proname LIKE 'capture\\_%'") == 0


def ledger_says(database: Database) -> tuple[str, str]:
    """State of the last run and of its change."""
    (found,) = database.execute(
        "SELECT r.state, c.state FROM migrator.run r JOIN migrator.change c ON c.run_id = r.id "
        "ORDER BY r.id DESC LIMIT 1"
    )
    return found[0], found[1]


@pytest.mark.parametrize("phase", BEFORE_CUT_OVER)
def test_promise_1_abandoned_after_each_phase(database: Database, embed_log: EmbedLog, phase: str) -> None:
    """The store is kept, and the next upgrade pays for nothing again."""
    found = Found(database)
    upgrade_until(database, phase)
    paid = phase != "backup"
    assert abandon(database) == "the upgrade of revision 2 is undone; the embedding store is kept"
    found.is_as_it_was(stores=int(paid))
    assert ledger_says(database) == ("undone", "undone")
    embed_log.calls()
    upgrade(database)
    new_model = [PROBES, SAMPLE] if paid else [PROBES, *batches(TEXTS), SAMPLE]
    assert embed_log.calls() == [*OLD_MODEL, *new_model]
    assert rows_hold(database, new) == 200
    downgrade(database)
    assert database.dump() == found._schema


def test_nothing_is_begun_by_preflight_alone(database: Database) -> None:
    items(database)
    before = database.versions()
    upgrade_until(database, "preflight")
    assert abandon(database) == "nothing is unfinished"
    assert database.versions() == before


@pytest.mark.parametrize("phase", BEFORE_CUT_OVER)
def test_promise_1_a_downgrade_abandoned_after_each_phase(database: Database, phase: str) -> None:
    """The upgraded column stays live, stale vectors go on being marked, and the next downgrade works."""
    found = Found(database)
    upgrade(database)
    insert(database, [(1000, "later")], model=new())
    before = database.dump(), checksum(database, "id, body, note, embedding")
    function = "SELECT prosrc FROM pg_proc WHERE proname = 'capture_1'"
    capture = database.value(function)
    downgrade_until(database, phase)
    assert abandon(database) == "the downgrade of revision 2 is undone; the embedding store is kept"
    assert (database.dump(), checksum(database, "id, body, note, embedding")) == before
    assert database.value(function) == capture
    database.execute("UPDATE items SET body = 'edited' WHERE id = 1")
    insert(database, [(1001, "later still")], model=new())
    downgrade(database)
    assert rows_hold(database, old) == 202
    assert database.dump() == found._schema


@pytest.mark.parametrize("phase", ["cut-over", "settle"])
def test_what_is_past_cut_over_cannot_be_abandoned(database: Database, phase: str) -> None:
    items(database)
    if phase == "cut-over":
        upgrade_until(database, phase)
    else:
        with pytest.raises(Interrupted):
            upgrade(database, reporter=At("done", phase, interrupt))
    with pytest.raises(MigratorError, match="past cut-over") as caught:
        abandon(database)
    assert caught.value.exit_code == 1
    upgrade(database)
    assert rows_hold(database, new) == 200


def interrupt() -> None:
    raise KeyboardInterrupt


def test_promise_2_a_model_that_fails_in_the_middle(
    database: Database, embed_log: EmbedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it gave before is kept, and is not paid for when it works again."""
    found = Found(database)
    embed = Hashed.embed_documents
    calls = itertools.count(1)

    def embed_or_fail(self: Hashed, texts: Sequence[str]) -> Vectors:
        if next(calls) == 6:
            raise ConnectionError("key sk-secret is not valid")
        return embed(self, texts)

    with monkeypatch.context() as patched:
        patched.setattr(Hashed, "embed_documents", embed_or_fail)
        with pytest.raises(MigratorError, match="failed: ConnectionError at") as caught:
            upgrade(database)
    assert caught.value.exit_code == 1
    assert "sk-secret" not in str(caught.value)
    found.is_as_it_was()
    assert embed_log.calls() == [*OLD_MODEL, PROBES, BATCH, BATCH]
    upgrade(database)
    assert embed_log.calls() == [*OLD_MODEL, PROBES, *batches(TEXTS - 2 * BATCH), SAMPLE]
    assert rows_hold(database, new) == 200


@pytest.mark.parametrize("factory", ["broken", "nan", "zero", "wrong_shape", "does_not_load", "incomplete"])
def test_promise_1_a_model_that_never_works_changes_nothing(database: Database, factory: str) -> None:
    items(database)
    before = database.versions()
    change = dataclasses.replace(CHANGE, to=Model(f"python:tests.models:{factory}", dimensions=8))
    with pytest.raises(MigratorError) as caught:
        upgrade(database, change)
    assert caught.value.exit_code in (1, 3)
    assert "sk-secret" not in str(caught.value)
    assert database.versions() == before


def test_promise_7_a_model_that_gives_other_vectors_under_the_same_name(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its probe texts tell before the run goes on; what was done is kept for the right model, or for abandon."""
    found = Found(database)
    change = dataclasses.replace(CHANGE, to=Model("python:tests.models:drifted", dimensions=96))
    upgrade_until(database, "fill", change)
    half_done = database.whole_dump()
    monkeypatch.setenv("MIGRATOR_TEST_DRIFT", "1")
    with pytest.raises(Refused, match="no longer gives the vectors it gave before") as caught:
        upgrade(database, change)
    assert caught.value.exit_code == 3
    assert database.whole_dump() == half_done
    abandon(database)
    found.is_as_it_was()
    monkeypatch.delenv("MIGRATOR_TEST_DRIFT")
    upgrade(database, change)
    assert rows_hold(database, new) == 200


def fails_verification(database: Database, change: EmbeddingChange, *proofs: str, project: Path = Path()) -> None:
    """Asserts that verification fails for these proofs alone, and that everything is put back."""
    found = Found(database)
    with pytest.raises(VerificationFailed) as caught:
        upgrade(database, change, project=project)
    assert caught.value.exit_code == 4
    failed = caught.value.problem.splitlines()[1:]
    assert [line.split(": ")[1] for line in failed] == [*proofs]
    found.is_as_it_was()
    assert ledger_says(database) == ("undone", "undone")


def test_an_index_of_little_recall_fails_verification(database: Database, embed_log: EmbedLog) -> None:
    """Another index in the revision, and nothing is paid again."""
    verify = Verify(min_index_recall=1.0, ef_search=1)
    change = dataclasses.replace(CHANGE, index=Hnsw("cosine", m=2, ef_construction=4), verify=verify)
    fails_verification(database, change, "recall of items_embedding_idx")
    embed_log.calls()
    upgrade(database)
    assert embed_log.calls() == [*OLD_MODEL, PROBES, SAMPLE]
    assert rows_hold(database, new) == 200


def test_a_model_that_gives_every_text_the_same_vector_fails_verification(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def same(self: Hashed, texts: Sequence[str]) -> Vectors:
        return self._embed(["the same"] * len(texts))

    monkeypatch.setattr(Hashed, "embed_documents", same)
    fails_verification(database, dataclasses.replace(CHANGE, index=None), "duplicates")


def test_a_model_that_gives_another_vector_each_time_fails_verification(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a batch whose vectors come back in another order; probes alone do not tell."""
    embed = Hashed.embed_documents

    def reverse(self: Hashed, texts: Sequence[str]) -> Vectors:
        vectors = embed(self, texts)
        return vectors if len(texts) == PROBES else vectors[::-1].copy()

    monkeypatch.setattr(Hashed, "embed_documents", reverse)
    fails_verification(database, CHANGE, "sample", "embedding store")


def test_worse_retrieval_fails_verification(database: Database, tmp_path: Path) -> None:
    """Relevant is what the old model finds; the new one finds other rows, but for the text itself."""
    texts = [f"text {number}" for number in range(TEXTS)]
    vectors = old().embed_queries(texts)
    nearest = (-(vectors @ vectors.T)).argsort(axis=1)[:, :5]
    lines = [
        json.dumps({"query": texts[number], "relevant": [texts[other] for other in nearest[number]]})
        for number in range(0, TEXTS, 10)
    ]
    (tmp_path / "queries.jsonl").write_text("\n".join(lines), "utf-8")
    verify = Verify(queries="queries.jsonl", relevant="body", max_regression=0.1)
    change = dataclasses.replace(CHANGE, to=Model("python:tests.models:fast768", dimensions=768), verify=verify)
    fails_verification(database, change, "retrieval", project=tmp_path)
    upgrade(database, dataclasses.replace(CHANGE, verify=verify), project=tmp_path)
    assert rows_hold(database, new) == 200


def test_promise_1_what_was_written_during_a_run_that_failed_stays(database: Database) -> None:
    items(database)
    schema = database.dump()
    change = dataclasses.replace(CHANGE, verify=Verify(min_index_recall=1.0, ef_search=1))
    change = dataclasses.replace(change, index=Hnsw("cosine", m=2, ef_construction=4))
    upgrade_until(database, "index", change)
    insert(database, [(1000, "later")])
    database.execute("DELETE FROM items WHERE id < 10")
    before = checksum(database, "id, body, note, embedding")
    with pytest.raises(VerificationFailed):
        upgrade(database, change)
    assert database.dump() == schema
    assert checksum(database, "id, body, note, embedding") == before


def test_promise_1_clean_up_that_is_interrupted_itself(database: Database) -> None:
    """A connection lost while everything is put back: migrator abandon does the rest."""
    found = Found(database)
    change = dataclasses.replace(CHANGE, verify=Verify(min_index_recall=1.0, ef_search=1))
    change = dataclasses.replace(change, index=Hnsw("cosine", m=2, ef_construction=4))

    class Terminating(At):
        def message(self, text: str) -> None:
            if text.endswith("putting everything back"):
                database.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    "WHERE application_name = 'migrator' AND datname = current_database()"
                )

    with pytest.raises(MigratorError, match="putting everything back failed") as caught:
        upgrade(database, change, reporter=Terminating("never", "", interrupt))
    assert caught.value.exit_code == 1
    assert caught.value.remedy == "migrator abandon"
    assert ledger_says(database) == ("unfinished", "unfinished")
    abandon(database)
    found.is_as_it_was()


def test_a_statement_that_the_database_refuses(database: Database) -> None:
    items(database)
    database.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'not in office hours'; END$$; "
        "CREATE TRIGGER refuse BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.id > 100) EXECUTE FUNCTION refuse(); "
        "ALTER TABLE items ENABLE ALWAYS TRIGGER refuse"
    )
    before = database.dump()
    with pytest.raises(MigratorError) as caught:
        upgrade(database)
    assert caught.value.problem == (
        "the database refused a statement: not in office hours (PL/pgSQL function refuse() line 1 at RAISE)"
    )
    assert caught.value.exit_code == 1
    assert isinstance(caught.value.__cause__, psycopg.errors.RaiseException)
    assert database.dump() == before


def test_a_trigger_that_skips_updates_keeps_no_row_without_a_vector_unseen(database: Database) -> None:
    items(database)
    database.execute(
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$; "
        "CREATE TRIGGER skip BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.id < 3) EXECUTE FUNCTION skip(); "
        "ALTER TABLE items ENABLE ALWAYS TRIGGER skip"
    )
    before = database.dump()
    with pytest.raises(MigratorError) as caught:
        upgrade(database)
    assert caught.value.problem == (
        "3 rows of public.items.embedding cannot be filled: a trigger undoes or skips their update"
    )
    assert caught.value.meaning.startswith("one of those that fire: skip. ")
    # The trigger fires always, and this superuser may already keep the others quiet.
    assert caught.value.remedy == (
        "--quiet-triggers disables them in each transaction that fills rows; or "
        'ALTER TABLE "public"."items" DISABLE TRIGGER ... for the time of the upgrade'
    )
    assert caught.value.exit_code == 1
    assert database.dump() == before


@pytest.mark.parametrize("again", [abandon, upgrade])
def test_a_clean_up_that_is_cut_off_after_the_index_was_built(
    database: Database, monkeypatch: pytest.MonkeyPatch, again: Callable[[Database], object]
) -> None:
    """Its comment is still to be set; an upgrade begins anew."""
    found = Found(database)
    upgrade_until(database, "verify")
    sent = 0

    def twice(*arguments: Any, **named: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == 2:
            raise KeyboardInterrupt
        send_together(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(undo, "send_together", twice)
        with pytest.raises(KeyboardInterrupt):
            abandon(database)
    again(database)
    if again is abandon:
        found.is_as_it_was(stores=1)
    else:
        assert rows_hold(database, new) == 200
        downgrade(database)
        assert database.dump() == found._schema
