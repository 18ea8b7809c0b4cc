"""A dry run lists what the run sends: compared, for each kind of change, with what the server was sent."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from migrator import EmbeddingChange, Hnsw, Verify
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.phases import statements
from migrator.plan.plan import Plan
from migrator.runtime.context import Options
from tests.conftest import Server
from tests.support.database import Database
from tests.support.running import REVISION, upgrade_until
from tests.support.statements import LOCKS, Sent, counts, log_statements, unseen, watch_locks, written
from tests.support.tables import CHANGE, OLD, OTHER, items

# What migrator may look at or change here that is not its own.
TABLES = ("items", "others", "seen", "joined", "tallies", "near")
# Written since embed, fill, verify and cut-over, so that each later phase has rows to fill.
LATE = {
    (event, phase): f"INSERT INTO items (id, body, title) VALUES ({number}, 'late {number}', 'title {number}')"
    for number, (event, phase) in enumerate(
        (("done", "embed"), ("done", "fill"), ("done", "verify"), ("done", "cut-over")), 5000
    )
}

TITLE = dataclasses.replace(CHANGE, column="title_embedding", text="title", index=None)
OTHERS = dataclasses.replace(CHANGE, table="others")
QUESTIONS = Verify(queries="questions.jsonl", max_regression=1.0)
CHANGES = {
    "embed": (dataclasses.replace(CHANGE, priority="id > 150", verify=QUESTIONS),),
    "scope": (dataclasses.replace(CHANGE, to=OTHER, where="id >= 20"),),
    "derive": (dataclasses.replace(CHANGE, text=None, to=OLD, type="halfvec", index="same"),),
    "index": (dataclasses.replace(CHANGE, text=None, to=OLD, index=Hnsw("cosine", m=8)),),
    "several": (CHANGE, TITLE, OTHERS),
}


@pytest.fixture
def tables(database: Database, tmp_path: Path) -> Database:
    """Rows without a vector and without a text, views over one and over two tables, grants, comments, a default."""
    (tmp_path / "questions.jsonl").write_text('{"query": "text 3", "relevant": ["3"]}\n')
    items(database)
    reader = f"{database.value('SELECT current_database()')}_reader"
    for statement in (
        "CREATE TABLE others AS TABLE items",
        "ALTER TABLE items ADD COLUMN title text, ADD COLUMN title_embedding vector(48)",
        "ALTER TABLE items ALTER COLUMN body DROP NOT NULL, ALTER COLUMN embedding DROP NOT NULL",
        "UPDATE items SET title = 'title ' || id, title_embedding = embedding",
        "UPDATE items SET embedding = NULL, title_embedding = NULL WHERE id IN (30, 31)",
        "UPDATE items SET body = NULL WHERE id = 32",
        "COMMENT ON COLUMN items.embedding IS '100% of ''old'''",
        "COMMENT ON INDEX items_embedding_idx IS 'old'",
        "ALTER TABLE items ALTER COLUMN embedding SET STATISTICS 50",
        "ALTER TABLE others ALTER COLUMN embedding SET NOT NULL",
        f"CREATE ROLE {reader}",
        f"GRANT SELECT (embedding), UPDATE (embedding) ON items TO {reader}",
        "CREATE VIEW seen AS SELECT id, embedding, title_embedding FROM items",
        "CREATE VIEW joined AS SELECT id, seen.embedding, others.embedding AS other FROM seen JOIN others USING (id)",
        f"GRANT SELECT ON joined TO {reader}",
        "ALTER TABLE items ADD CONSTRAINT long CHECK (vector_dims(embedding) = 48)",
        "ALTER TABLE items ADD CONSTRAINT either CHECK (embedding IS NOT NULL OR title_embedding IS NULL OR id > 0)",
        "CREATE POLICY whole ON items USING (embedding IS NOT NULL AND vector_dims(title_embedding) = 48)",
        "CREATE POLICY of_items ON others USING (id IN (SELECT items.id FROM items WHERE items.embedding IS NULL))",
        "CREATE TRIGGER same BEFORE UPDATE OF embedding ON items FOR EACH ROW WHEN (new.embedding <> new.embedding) "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE STATISTICS told ON id, embedding FROM items",
        "CREATE PUBLICATION news FOR TABLE items (id, body, embedding)",
        "CREATE FUNCTION first_of() RETURNS vector RETURN (SELECT embedding FROM joined ORDER BY id LIMIT 1)",
        "CREATE RULE nothing AS ON DELETE TO joined DO INSTEAD NOTHING",
        "COMMENT ON VIEW joined IS 'joined'",
        "CREATE MATERIALIZED VIEW tallies AS SELECT count(items.embedding) AS n, count(title_embedding) AS titles, "
        "count(others.embedding) AS other FROM items JOIN others USING (id)",
        "CREATE MATERIALIZED VIEW near AS SELECT id, title_embedding, embedding FROM items",
        "CREATE UNIQUE INDEX near_id ON near (id)",
        f"GRANT SELECT ON near TO {reader}",
        "ANALYZE",
    ):
        database.execute(statement)
    log_statements(database)
    return database


def compare(
    server: Server,
    database: Database,
    project: Path,
    direction: str,
    changes: tuple[EmbeddingChange, ...],
    *,
    online: bool = False,
) -> None:
    """Plans and carries out: what was sent is listed in its phase, and what is listed without a condition was sent."""
    options = Options(project=project, online=online)
    columns = [VectorColumn(change.table, change.column) for change in changes]
    dry = Sent(server.log)
    plan = plan_of(database, direction, changes, columns, options)
    (looked,) = dry.by_phase().values()
    sent = Sent(server.log, {moment: late(database, statement) for moment, statement in LATE.items()})
    options = dataclasses.replace(options, reporter=sent)
    carry_out(database, direction, changes, columns, options)
    listed: dict[str, set[str]] = {phase: set() for phase in sent.by_phase()}
    always: dict[str, set[str]] = {phase: set() for phase in sent.by_phase()}
    for statement in statements(plan):
        listed[statement.phase].add(written(statement.query))
        if not statement.only_if:
            always[statement.phase].add(written(statement.query))
    # Preflight looks and tries as the dry run did, which is proved to change nothing.
    listed["preflight"].update(looked)
    for phase, found in sent.by_phase().items():
        assert [each for each in found if counts(each, TABLES) and each not in listed[phase]] == [], phase
        assert always[phase] - set(found) == set(), phase


def plan_of(
    database: Database,
    direction: str,
    changes: tuple[EmbeddingChange, ...],
    columns: list[VectorColumn],
    options: Options,
) -> Plan:
    if direction == "upgrade":
        return runner.plan_upgrade(database.address, REVISION, changes, options)
    return runner.plan_restore(database.address, REVISION, columns, options)


def carry_out(
    database: Database,
    direction: str,
    changes: tuple[EmbeddingChange, ...],
    columns: list[VectorColumn],
    options: Options,
) -> None:
    if direction == "upgrade":
        runner.upgrade(database.address, REVISION, changes, options)
    else:
        runner.restore(database.address, REVISION, columns, options)


def late(database: Database, statement: str) -> Callable[[], None]:
    return lambda: unseen(database, statement)


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_what_a_run_sends_is_what_its_plan_lists(
    server: Server, tables: Database, tmp_path: Path, changes: tuple[EmbeddingChange, ...]
) -> None:
    compare(server, tables, tmp_path, "upgrade", changes)
    unseen(tables, "DELETE FROM items WHERE id >= 5000; UPDATE items SET body = 'edited' WHERE id = 40")
    compare(server, tables, tmp_path, "downgrade", changes)


def test_what_a_run_online_sends_is_what_its_plan_lists(server: Server, tables: Database, tmp_path: Path) -> None:
    """The downgrade builds no index, for the old one is still there."""
    compare(server, tables, tmp_path, "upgrade", (CHANGE,), online=True)
    unseen(tables, "DELETE FROM items WHERE id >= 5000; UPDATE items SET body = 'edited' WHERE id = 40")
    compare(server, tables, tmp_path, "downgrade", (CHANGE,))


@pytest.mark.parametrize("phase", ["backup", "embed", "fill", "index", "verify", "cut-over"])
def test_what_is_sent_after_an_interruption_is_what_the_plan_lists(
    server: Server, tables: Database, tmp_path: Path, phase: str
) -> None:
    """Phase by phase, those that are done again among them."""
    upgrade_until(tables, phase, CHANGE)
    plan = runner.plan_upgrade(tables.address, REVISION, [CHANGE], Options(project=tmp_path))
    sent = Sent(server.log, {moment: late(tables, statement) for moment, statement in LATE.items()})
    runner.upgrade(tables.address, REVISION, [CHANGE], Options(reporter=sent, project=tmp_path))
    found = {name: each for name, each in sent.by_phase().items() if name != "preflight"}
    assert list(found) == list(dict.fromkeys(statement.phase for statement in statements(plan)))
    for name, each in found.items():
        listed = {written(statement.query) for statement in statements(plan) if statement.phase == name}
        assert [text for text in each if counts(text, TABLES) and text not in listed] == [], name


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_statement_takes_the_lock_that_the_plan_says(
    tables: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: tuple[EmbeddingChange, ...]
) -> None:
    """No stronger one, unless it is held already; and that one, where the statement is sent without a condition."""
    compare_locks(tables, tmp_path, monkeypatch, changes)


def compare_locks(
    tables: Database, project: Path, monkeypatch: pytest.MonkeyPatch, changes: tuple[EmbeddingChange, ...]
) -> None:
    """Up and down."""
    options = Options(project=project)
    columns = [VectorColumn(change.table, change.column) for change in changes]
    for direction in ("upgrade", "downgrade"):
        plan = plan_of(tables, direction, changes, columns, options)
        with monkeypatch.context() as patch:
            seen = watch_locks(tables, patch)
            carry_out(tables, direction, changes, columns, options)
        for statement in statements(plan):
            said, text = LOCKS.index(statement.lock), written(statement.query)
            held = [(LOCKS.index(before), LOCKS.index(after)) for before, after in seen[text]]
            assert all(after <= max(said, before) for before, after in held), text
            if not statement.only_if and "CONCURRENTLY" not in text:
                assert any(after >= said for _, after in held), text
