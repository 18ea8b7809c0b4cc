"""All pending revisions are planned by a dry run, and embedded before the window by --stop-after embed."""

from __future__ import annotations

import json

import pytest

from tests.support.commands import migrator
from tests.support.project import RESTORE, Project, change
from tests.support.tables import items

STORED = "SELECT count(*) FROM migrator.store_10e1a76837d8c5f0"


@pytest.fixture
def three(project: Project) -> Project:
    """Three tables of other texts, and a revision for each."""
    database = project.database
    items(database, 20, distinct=20)
    project.write(change())
    for number, table in ((3, "notes"), (4, "users")):
        database.execute(f"CREATE TABLE {table} (LIKE items INCLUDING ALL)")
        database.execute(f"INSERT INTO {table} SELECT id, '{table} ' || id, note, embedding FROM items")
        write(project, number, change(table), RESTORE.replace("items", table))
    return project


def write(project: Project, number: int, upgrade: str, downgrade: str = "pass") -> None:
    revision, down = f"{number:04}", f"{number - 1:04}"
    project.write(upgrade, downgrade, revision=revision, down_revision=down, message=f"the change {number}")


def test_the_texts_of_all_pending_revisions_are_embedded_before_the_window(three: Project) -> None:
    stopped = three.upgraded("--stop-after", "embed")
    assert stopped.code == 0
    assert stopped.err.endswith("stopped after embed\nnext: the same command without --stop-after goes on\n")
    for table in ("items", "notes", "users"):
        assert f"\nembed public.{table}.embedding: 20 texts" in f"\n{stopped.err}"
    assert three.database.value(STORED) == 60
    assert three.revision == "0001"
    # No more than one run has begun; the others find their texts when their turn comes.
    assert three.database.value("SELECT count(*) FROM migrator.run") == 1
    # Once more it embeds only what was written meanwhile.
    three.database.execute("INSERT INTO users SELECT 100, 'written meanwhile', note, embedding FROM items WHERE id = 1")
    assert "embed public.users.embedding: 1 text " in three.upgraded("--stop-after", "embed").err
    up = three.upgraded()
    assert up.code == 0
    assert three.revision == "0004"
    assert [line.partition(" (")[0] for line in up.err.splitlines() if ": 0 texts" in line] == [
        "embed public.items.embedding: 0 texts",
        "embed public.notes.embedding: 0 texts",
        "embed public.users.embedding: 0 texts",
    ]


def test_a_dry_run_plans_all_of_them(three: Project) -> None:
    before = three.database.versions()
    dry = migrator("upgrade", "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    for revision, table in (("0002: items: 48 -> 96", "items"), ("0003: the change 3", "notes")):
        assert f"upgrade {revision}\n  public.{table}.embedding: vector(48) -> vector(96)" in dry.out
        assert f'ALTER TABLE "public"."{table}" ADD COLUMN' in dry.out
    assert "planned when their turn comes" not in dry.out
    assert dry.out.count("besides these: ") == 1
    document = json.loads(migrator("upgrade", "--dry-run", "--json").out)
    assert [each["plan"]["columns"][0]["column"] for each in document["later"]] == [
        "public.notes.embedding",
        "public.users.embedding",
    ]
    assert three.database.versions() == before
    # And while the first is unfinished.
    assert three.upgraded("--stop-after", "embed").code == 0
    assert "upgrade 0004: the change 4\n  public.users.embedding: " in migrator("upgrade", "--dry-run").out


def test_what_cannot_be_planned_yet_is_named_and_the_others_go_on(three: Project) -> None:
    tiny = 'Model("python:tests.models:tiny", dimensions=8)'
    write(three, 5, change("items", from_='Model("python:tests.models:new", dimensions=96)', to=tiny))
    write(three, 6, 'op.execute("CREATE TABLE made AS SELECT * FROM items")', 'op.execute("DROP TABLE made")')
    write(three, 7, change("made", from_=tiny, to='Model("python:tests.models:other", dimensions=48)'))
    write(three, 8, change("notes", from_='Model("python:tests.models:new", dimensions=96)', to=tiny))
    not_yet = {
        "0005": "revision 0002 changes public.items.embedding before it",
        "0007": 'there is no table "made"',
        "0008": "revision 0003 changes public.notes.embedding before it",
    }
    dry = migrator("upgrade", "--dry-run").out
    for revision, why in not_yet.items():
        assert f"\n  {revision}: the change {int(revision)} (it cannot be planned yet: {why})\n" in dry
    assert "\n  0006: the change 6\n" in dry
    stopped = three.upgraded("--stop-after", "embed")
    assert stopped.code == 0
    for revision, why in not_yet.items():
        assert f"revision {revision} is not embedded yet: {why}\n" in stopped.err
    assert three.database.value(STORED) == 60


def test_a_text_that_fails_ahead_of_its_turn_is_tried_again_by_its_own_run(three: Project) -> None:
    """The model refuses it; one row may fail."""
    three.database.execute("UPDATE users SET body = 'poison' WHERE id = 1")
    faulty = 'Model("python:tests.models:choosy", dimensions=96)'
    write(three, 4, change("users", to=faulty, max_failed_rows="1"), RESTORE.replace("items", "users"))
    stopped = three.upgraded("--stop-after", "embed")
    assert stopped.code == 0
    assert "embed public.users.embedding: 19 texts" in stopped.err
    assert three.database.value("SELECT count(*) FROM migrator.failed_row") == 0
    three.database.execute("ALTER TABLE users ALTER embedding DROP NOT NULL")
    up = three.upgraded()
    assert (up.code, three.revision) == (0, "0004"), up.err
    assert three.database.value("SELECT sum(rows) FROM migrator.failed_row") == 1


def test_stopping_before_embed_embeds_nothing_ahead(three: Project) -> None:
    assert three.upgraded("--stop-after", "backup").code == 0
    assert three.database.value("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'store%'") == 0
