"""migrator within Alembic: plain `alembic` does the same work, autogenerate leaves it alone; and the other commands."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import AddColumnOp, DropColumnOp, ModifyTableOps, UpgradeOps
from alembic.runtime.migration import MigrationContext
from pgvector.sqlalchemy import VECTOR

from migrator import EmbeddingChange, Hnsw, IvfFlat, Model, hazards
from migrator.change import VectorColumn
from migrator.operations.ops import ChangeEmbeddingOp, RestoreEmbeddingOp
from migrator.postgres.address import sqlalchemy_url
from tests.support.commands import Ended, migrator, process
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.project import RESTORE, Project, change
from tests.support.tables import CHANGE, NEW, OLD, items

STORE = "migrator.store_10e1a76837d8c5f0"


def column_type(database: Database) -> str:
    return str(
        database.value(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'items'::regclass AND attname = 'embedding'"
        )
    )


@pytest.fixture
def pending(project: Project) -> Project:
    """items, and a revision that changes it."""
    items(project.database, 20)
    project.write(change())
    return project


# ---- plain alembic -----------------------------------------------------------------------------------------------


def test_alembic_itself_upgrades_and_downgrades(pending: Project) -> None:
    database, environment = pending.database, pending.environment()
    before, rows = database.dump(), database.execute("SELECT * FROM items ORDER BY id")
    up = process("alembic", "upgrade", "head", environment=environment)
    assert (up.code, up.out) == (0, "")
    assert (pending.revision, column_type(database)) == ("0002", "vector(96)")
    # What it does is told, in lines, as by migrator.
    assert "cut-over public.items.embedding: 0 writes to settle" in up.err
    # So are hazards, as in a dry run.
    assert "hazard: from fill on, SELECT * and column-less" in up.err
    assert "\n  fix: name the columns in the application, and reconnect it after cut-over\n" in up.err
    down = process("alembic", "downgrade", "-1", environment=environment)
    assert (down.code, down.out) == (0, "")
    assert (pending.revision, column_type(database)) == ("0001", "vector(48)")
    assert database.dump() == before
    assert database.execute("SELECT * FROM items ORDER BY id") == rows


def test_alembic_itself_tells_a_refusal_without_a_traceback(project: Project) -> None:
    items(project.database, 20)
    project.write(change("itmes"))
    before = project.database.versions()
    ended = process("alembic", "upgrade", "head", environment=project.environment())
    assert ended.code != 0
    assert "Traceback" not in ended.out + ended.err
    assert (
        'FAILED: there is no table "itmes"\n'
        "this database, or the search path, holds none of that name.\n"
        'fix: did you mean "items"?\n'
    ) in ended.out + ended.err
    assert project.database.versions() == before


def test_alembic_itself_tells_a_wrong_url_without_a_traceback(project: Project) -> None:
    environment = project.environment() | {"DATABASE_URL": "embedded:nowhere"}
    ended = process("alembic", "current", environment=environment)
    assert (ended.code, "Traceback" in ended.out + ended.err) == (255, False)
    assert f"FAILED: there is no database in {Path('nowhere').absolute()}\nfix: correct the" in ended.out + ended.err


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (
            change(to='Model("pyton:tests.models:new", dimensions=96)'),
            "model 'pyton:tests.models:new' does not name a provider\n"
            "fix: write it as sentence-transformers:NAME or python:PACKAGE.MODULE:FACTORY\n",
        ),
        (
            change(type='"bit"'),
            "there is no type='bit'\nfix: write one of vector, halfvec in the revision\n",
        ),
        (
            change(index='Hnsw(distance="cosin")'),
            "there is no distance='cosin'\nfix: write one of cosine, l2, ip, l1 in the revision\n",
        ),
    ],
    ids=["model", "change", "index"],
)
def test_alembic_itself_tells_a_mistake_in_a_revision_without_a_traceback(
    project: Project, operation: str, told: str
) -> None:
    project.write(operation)
    ended = process("alembic", "upgrade", "head", environment=project.environment())
    assert ended.code != 0
    assert "Traceback" not in ended.out + ended.err
    assert f"FAILED: {told}" in ended.out + ended.err
    assert project.upgraded() == Ended(3, "", f"error: {told}")


def test_alembic_goes_on_where_migrator_stopped(pending: Project) -> None:
    assert pending.upgraded("--stop-after", "fill").code == 0
    ended = process("alembic", "upgrade", "head", environment=pending.environment())
    assert ended.code == 0
    assert "going on with the upgrade of revision 0002" in ended.err
    assert (pending.revision, column_type(pending.database)) == ("0002", "vector(96)")


# ---- autogenerate ------------------------------------------------------------------------------------------------


def metadata(dimensions: int, *more: sa.Column[Any]) -> sa.MetaData:
    """items as the application's models describe it."""
    found = sa.MetaData()
    sa.Table(
        "items",
        found,
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("embedding", VECTOR(dimensions), nullable=False),
        *more,
        sa.Index("items_embedding_idx", "embedding"),
    )
    return found


def proposed(database: Database, models: sa.MetaData) -> list[Any]:
    """What `alembic revision --autogenerate` would write, schemas included."""
    engine = sa.create_engine(sqlalchemy_url(database.url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_schemas": True})
        upgrade_ops = produce_migrations(context, models).upgrade_ops
    assert upgrade_ops is not None
    return [part for each in upgrade_ops.ops for part in (each.ops if isinstance(each, ModifyTableOps) else [each])]


@pytest.mark.parametrize("phase", ["backup", "fill", "index", None], ids=lambda phase: phase or "done")
def test_autogenerate_proposes_no_drop_of_what_migrator_made(pending: Project, phase: str | None) -> None:
    stop = ("--stop-after", phase) if phase else ()
    assert pending.upgraded(*stop).code == 0
    if phase in ("fill", "index"):
        # The live column's own is gone for that time.
        pending.database.execute("CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops)")
    assert pending.database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'migrator'") > 5
    assert proposed(pending.database, metadata(48 if phase else 96)) == []


def test_autogenerate_still_proposes_everything_else(pending: Project) -> None:
    assert pending.upgraded().code == 0
    pending.database.execute("ALTER TABLE items ADD COLUMN unknown text")
    pending.database.execute("CREATE TABLE forgotten (id bigint)")
    found = proposed(pending.database, metadata(96, sa.Column("wanted", sa.Text)))
    assert sorted(type(each).__name__ for each in found) == ["AddColumnOp", "DropColumnOp", "DropTableOp"]
    assert [each.column.name for each in found if isinstance(each, AddColumnOp)] == ["wanted"]
    assert [each.column_name for each in found if isinstance(each, DropColumnOp)] == ["unknown"]


def test_reverse_of_the_operations() -> None:
    other = EmbeddingChange("users", "face", text="name", from_=OLD, to=NEW, schema="app")
    operation = ChangeEmbeddingOp([CHANGE, other])
    back = operation.reverse()
    assert back.columns == (VectorColumn("items", "embedding"), VectorColumn("users", "face", "app"))
    assert back.reverse().changes == (CHANGE, other)
    with pytest.raises(ValueError, match="does not say what it undoes"):
        RestoreEmbeddingOp(back.columns).reverse()


def test_alembic_renders_the_operations_as_python_that_means_the_same() -> None:
    other = EmbeddingChange("users", "face", text="name", from_=OLD, to=NEW, schema="app", index=IvfFlat(lists=7))
    for changes in ([CHANGE], [CHANGE, other]):
        operation = ChangeEmbeddingOp(changes)
        rendered = render_python_code(UpgradeOps([operation, operation.reverse()]))
        calls: list[Any] = []
        names = {each.__name__: each for each in (EmbeddingChange, Hnsw, IvfFlat, Model)}
        source = "\n".join(line.removeprefix("    ") for line in rendered.splitlines())
        exec(source, {**names, "op": Recorded(calls)})
        assert calls == [*changes, *((each.table, each.column, each.schema) for each in changes)]


class Recorded:
    """Stands for alembic.op: what the calls were given."""

    def __init__(self, calls: list[Any]) -> None:
        self._calls = calls

    def change_embedding(self, table: str, column: str, **arguments: Any) -> None:
        self._calls.append(EmbeddingChange(table, column, **arguments))

    def change_embeddings(self, changes: list[EmbeddingChange]) -> None:
        self._calls.extend(changes)

    def restore_embedding(self, table: str, column: str, schema: str | None = None) -> None:
        self._calls.append((table, column, schema))


# ---- dry runs, questions, several revisions ------------------------------------------------------------------------


def test_a_dry_run_plans_the_first_revision_and_names_the_others(pending: Project) -> None:
    pending.write("pass", revision="0003", down_revision="0002", message="something ordinary")
    back = change(from_='Model("python:tests.models:new", dimensions=96)', to='Model("python:nowhere:x", dimensions=8)')
    pending.write(back, revision="0004", down_revision="0003", message="items: 96 -> 8")
    before = pending.database.versions()
    ended = migrator("upgrade", "--dry-run")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(
        "upgrade 0002: items: 48 -> 96\n"
        "  public.items.embedding: vector(48) -> vector(96), python:tests.models:old -> python:tests.models:new\n"
    )
    assert (
        "\n\nthen, planned when their turn comes:\n  0003: something ordinary\n  0004: items: 96 -> 8 "
        "(it cannot be planned yet: revision 0002 changes public.items.embedding before it)\n\nin short: "
    ) in ended.out
    assert ended.out.endswith(
        "; 1 hazard, above the statements\n"
        "nothing was changed\n"
        "next: migrator upgrade --stop-after embed --yes    before the window\n"
        "      migrator upgrade --yes                       in the window\n"
    )
    document = json.loads(migrator("upgrade", "--dry-run", "--json").out)
    assert [each["revision"] for each in document["revisions"]] == ["0002", "0003", "0004"]
    assert document["plan"]["revision"] == "0002"
    assert document["later"] == [
        {"revision": "0003", "plan": None, "not_yet": None},
        {
            "revision": "0004",
            "plan": None,
            "not_yet": "it cannot be planned yet: revision 0002 changes public.items.embedding before it",
        },
    ]
    assert pending.database.versions() == before


def test_a_dry_run_says_what_to_type_next(pending: Project) -> None:
    """With the revision and the configuration that it was asked for, and no --stop-after for what is done."""
    for option, target in (([], []), (["-c", "other.ini"], ["0002"])):
        Path("other.ini").write_bytes(Path("alembic.ini").read_bytes())
        command = " ".join(["migrator", *option, "upgrade", *target])
        assert migrator(*option, "upgrade", *target, "--dry-run").out.endswith(
            "\nnothing was changed\n"
            f"next: {command} --stop-after embed --yes    before the window\n"
            f"      {command} --yes                       in the window\n"
        )
    limits = ("--max-rate", "100", "--standby-url", "postgresql://me:secret@there/x", "--max-replica-lag", "2")
    assert migrator("upgrade", "--stop-after", "embed", *limits, "--dry-run").out.endswith(
        "\nnext: migrator upgrade --stop-after embed --max-rate 100 --standby-url postgresql://me:***@there/x "
        "--max-replica-lag 2 --yes\n"
    )
    assert pending.upgraded("--stop-after", "embed").code == 0
    assert migrator("upgrade", "--dry-run").out.endswith("\n\nnothing was changed\nnext: migrator upgrade --yes\n")
    assert pending.upgraded().code == 0
    assert migrator("downgrade", "-1", "--dry-run").out.endswith(
        "; no hazard\nnothing was changed\nnext: migrator downgrade -1 --yes\n"
    )
    assert (
        "then, planned when their turn comes:\n"
        "  0001: the tables, as they are (an ordinary revision: its own downgrade(), which may drop tables)\n"
    ) in migrator("downgrade", "base", "--dry-run").out


@pytest.mark.usefixtures("pending")
def test_what_decides_stands_first_in_a_dry_run_and_in_short_at_its_end() -> None:
    out = migrator("upgrade", "--dry-run").out
    order = ("  window  ", "hazard: ", "carried over on ", "statements, the lock", "\nsettle  ", "besides these: ")
    assert sorted(order, key=out.index) == list(order)
    assert re.search(
        r"\n\nin short: embedding about \d+ s, window about \d+ s, disk [\d.]+ [kM]B; 1 hazard, above", out
    )
    # What verify and cut-over fill once more is written out once, by ranges in fill and by places in verify.
    assert out.replace("UPDATE migrator.ledger_version", "").count("    UPDATE ") == 9
    assert out.count('    UPDATE "public"."items" SET "migrator_shadow_1" = ') == 7
    assert out.count(" ... as in fill\n") == 6


def test_a_dry_run_online_speaks_of_no_window_and_of_rows_without_a_vector(pending: Project) -> None:
    assert "no vector yet" not in migrator("upgrade", "--dry-run").out
    pending.database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL, ALTER body DROP NOT NULL")
    pending.database.execute("UPDATE items SET embedding = NULL WHERE id < 5")
    pending.database.execute("UPDATE items SET body = NULL WHERE id < 2")
    figures = migrator("upgrade", "--online", "--dry-run").out.rpartition("  rows in scope ")[2]
    assert "\n  no vector yet    3 of them, which get one, for they have a text\n" in figures
    assert (
        "  online           about 0 s from fill to settle, while writes go on\n  rollback         about 0 s\n"
        in figures
    )
    assert figures.endswith("nothing was changed\nnext: migrator upgrade --online --yes\n")
    assert "window" not in figures


@pytest.mark.usefixtures("pending")
def test_a_dry_run_in_json_has_every_statement_in_order_and_by_column() -> None:
    plan = json.loads(migrator("upgrade", "--dry-run", "--json").out)["plan"]
    statements = plan["statements"]
    assert statements == plan["columns"][0]["statements"]
    assert list(dict.fromkeys(each["phase"] for each in statements)) == [
        "preflight", "backup", "embed", "fill", "index", "verify", "cut-over", "settle"
    ]  # fmt: skip
    assert statements[-1].keys() == {"phase", "columns", "sql", "lock", "lasts", "only_if"}
    assert {
        "phase": "index",
        "columns": ["public.items.embedding"],
        "sql": 'ANALYZE "public"."items"',
        "lock": "SHARE UPDATE EXCLUSIVE",
        "lasts": "a sample of the rows is read; reads and writes go on",
        "only_if": None,
    } in statements
    assert plan["besides"].startswith("besides these: ")


def test_several_pending_revisions_are_carried_out_in_order(pending: Project) -> None:
    pending.write(
        'op.execute("ALTER TABLE items ADD COLUMN added text")',
        'op.execute("ALTER TABLE items DROP COLUMN added")',
        revision="0003",
        down_revision="0002",
    )
    back = change(
        from_='Model("python:tests.models:new", dimensions=96)', to='Model("python:tests.models:tiny", dimensions=8)'
    )
    pending.write(back, revision="0004", down_revision="0003")
    before, rows = pending.database.dump(), pending.database.execute("SELECT * FROM items ORDER BY id")
    assert pending.upgraded("--online", "--stop-after", "embed").code == 0
    assert pending.upgraded().code == 0
    assert (pending.revision, column_type(pending.database)) == ("0004", "vector(8)")
    # Who goes on with an upgrade that was begun online has the next one online too.
    assert pending.database.execute("SELECT online FROM migrator.change") == [(True,), (True,)]
    assert pending.downgraded().code == 0
    assert (pending.revision, column_type(pending.database)) == ("0001", "vector(48)")
    assert pending.database.dump() == before
    assert pending.database.execute("SELECT * FROM items ORDER BY id") == rows


def test_a_later_revision_that_is_refused_leaves_the_earlier_ones_done(pending: Project) -> None:
    pending.write(change("itmes"), revision="0003", down_revision="0002")
    ended = pending.upgraded()
    assert ended.code == 3
    assert ended.err.endswith('fix: did you mean "items"?\n')
    assert (pending.revision, column_type(pending.database)) == ("0002", "vector(96)")


@pytest.mark.parametrize(
    "phase", with_more(["preflight", "fill", "cut-over"], more=["backup", "embed", "index", "verify"])
)
def test_an_upgrade_stops_after_a_phase_and_goes_on(pending: Project, phase: str) -> None:
    before = pending.database.dump()
    stopped = pending.upgraded("--stop-after", phase)
    assert (stopped.code, stopped.out) == (0, "")
    assert f"stopped after {phase}\n" in stopped.err
    assert pending.revision == "0001"
    assert column_type(pending.database) == ("vector(96)" if phase == "cut-over" else "vector(48)")
    dry = migrator("upgrade", "--dry-run")
    assert dry.code == 0
    assert ("unfinished; done so far: preflight, " in dry.out) == (phase != "preflight")
    assert pending.upgraded().code == 0
    assert (pending.revision, column_type(pending.database)) == ("0002", "vector(96)")
    assert pending.downgraded().code == 0
    assert pending.database.dump() == before


@pytest.mark.parametrize(("command", "to"), [("upgrade", "head"), ("downgrade", "0001")])
def test_without_a_terminal_nobody_can_be_asked(pending: Project, command: str, to: str) -> None:
    if command == "downgrade":
        assert pending.upgraded().code == 0
    before = pending.database.versions()
    assert migrator(command, to) == Ended(
        2,
        "",
        f"error: standard input is not a terminal, so migrator cannot ask whether the {command} may begin\n"
        "nothing was changed.\n"
        f"fix: migrator {command} {to} --dry-run shows what it would do; --yes begins without asking\n",
    )
    assert pending.database.versions() == before


def test_what_is_wrong_is_told_before_a_question_nobody_can_answer(
    pending: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert migrator("-c", "nowhere.ini", "upgrade").err.startswith("error: there is no Alembic configuration")
    monkeypatch.setenv("DATABASE_URL", "mysql://there/items")
    assert migrator("upgrade").err.startswith("error: the database URL names mysql,")
    monkeypatch.setenv("DATABASE_URL", pending.database.url)
    pending.write(change(), revision="0002b")
    assert migrator("upgrade").err.startswith("error: there is more than one head")


@pytest.mark.usefixtures("pending")
def test_where_nothing_is_to_be_done_nobody_is_asked() -> None:
    nothing = Ended(0, "", "nothing to do: the database is where the command would take it\n")
    assert migrator("downgrade", "0001") == nothing
    assert migrator("abandon") == Ended(0, "nothing is unfinished\n", "")
    assert migrator("retire") == Ended(0, "there is nothing to retire\n", "")


def answer(project: Project, what: str, *command: str) -> Ended:
    """A command with a terminal, on which a person answers."""
    person, terminal = pty.openpty()
    os.write(person, f"{what}\n".encode())
    done = subprocess.run(
        [Path(sys.executable).with_name("migrator"), *command],
        stdin=terminal,
        capture_output=True,
        text=True,
        env=project.environment(),
    )
    os.close(terminal)
    os.close(person)
    return Ended(done.returncode, done.stdout, done.stderr)


def test_at_a_terminal_a_person_is_asked(pending: Project) -> None:
    before = pending.database.versions()
    no = answer(pending, "n", "upgrade")
    assert (no.code, no.out) == (5, "")
    assert no.err.startswith("upgrade 0002: items: 48 -> 96\n")
    assert "  rows in scope    20 of 20\n" in no.err
    assert no.err.rstrip().endswith("go on? [y/N]: nothing was changed")
    assert pending.database.versions() == before
    assert answer(pending, "y", "upgrade").code == 0
    assert (pending.revision, column_type(pending.database)) == ("0002", "vector(96)")


@pytest.mark.parametrize(
    ("stop", "asked"),
    [
        (["--stop-after", "fill"], [("\x04", "upgrade"), ("n", "abandon")]),
        ([], [("n", "downgrade", "0001"), ("n", "retire")]),
    ],
    ids=["unfinished", "done"],
)
def test_what_is_not_agreed_to_is_not_done(pending: Project, stop: list[str], asked: list[tuple[str, ...]]) -> None:
    """Nor does it end as if it were: another command may wait for it. Input that ends is no yes either."""
    assert pending.upgraded(*stop).code == 0
    before = pending.database.versions()
    for what, *command in asked:
        ended = answer(pending, what, *command)
        assert (ended.code, ended.out) == (5, "")
        assert re.search(r"go on\? \[y/N\]:\s+nothing was changed\n$", ended.err)
        assert pending.database.versions() == before


def test_agreed_to_at_a_terminal(pending: Project) -> None:
    assert pending.upgraded("--stop-after", "fill").code == 0
    ended = answer(pending, "y", "abandon")
    assert (ended.code, ended.out) == (0, "the upgrade of revision 0002 is undone; the embedding store is kept\n")
    assert ended.err.startswith(
        "about to be undone: the upgrade of revision 0002, of which is done: preflight, backup, embed, fill; "
        "the embedding store is kept\n"
    )


def test_what_was_applied_and_undone_is_named(pending: Project) -> None:
    """Ordinary revisions say nothing of themselves."""
    pending.write("pass", "pass", revision="0003", down_revision="0002", message="something ordinary")
    pending.write("pass", "pass", revision="0004", down_revision="0003", message="and more")
    assert pending.upgraded().err.endswith(
        "0002 applied: items: 48 -> 96\n0003 applied: something ordinary\n0004 applied: and more\n"
    )
    assert pending.downgraded("0002") == Ended(0, "", "0004 undone: and more\n0003 undone: something ordinary\n")
    pending.write('op.execute("SELECT nothing")', "pass", revision="0004", down_revision="0003", message="and more")
    failed = pending.upgraded()
    assert (failed.code, "applied" in failed.err) == (1, False)


@pytest.mark.parametrize(("command", "steps", "way"), [("downgrade", "-5", "behind"), ("upgrade", "+5", "ahead of")])
@pytest.mark.usefixtures("pending")
def test_more_steps_than_there_are(command: str, steps: str, way: str) -> None:
    for ended in (migrator(command, steps, "--yes"), migrator(command, steps, "--dry-run")):
        assert ended == Ended(
            2,
            "",
            f"error: the database has fewer than 5 revisions {way} it; nothing was changed\n"
            "fix: migrator history -i shows where it is; base is before the first, head the last\n",
        )


@pytest.mark.usefixtures("pending")
def test_a_downgrade_to_where_the_database_is_not_yet() -> None:
    assert migrator("downgrade", "0002", "--yes") == Ended(
        2,
        "",
        "error: revision 0002 is not behind where the database is; nothing was changed\n"
        "fix: migrator history -i shows where it is; base is before the first, head the last\n",
    )


@pytest.mark.parametrize("mode", ["--yes", "--dry-run"])
def test_one_step_back_too_many_is_refused(pending: Project, mode: str) -> None:
    assert pending.upgraded().code == 0
    assert pending.downgraded("-1").code == 0
    before = pending.database.versions()
    ended = migrator("downgrade", "-1", mode)
    assert ended == Ended(
        3,
        "",
        "error: -1 from here undoes revision 0001, in which migrator has no part\n"
        "its downgrade() may drop tables and what is in them; no upgrade of vectors is undone by it.\n"
        "fix: if that is meant, name the target revision: migrator downgrade base\n",
    )
    assert pending.database.versions() == before


def test_an_upgrade_when_nothing_is_pending(pending: Project) -> None:
    assert pending.upgraded().code == 0
    before = pending.database.versions()
    assert pending.upgraded().code == 0
    assert migrator("upgrade", "--dry-run") == Ended(
        0, "nothing to do: the database is where the command would take it\n", ""
    )
    assert pending.database.versions() == before


def test_an_empty_table_loads_no_model(project: Project) -> None:
    """As in the tests of applications, which run every revision on an empty database."""
    items(project.database, 0)
    before = project.database.dump()
    project.write(change(to='Model("python:nowhere:new", dimensions=96)', verify='Verify(queries="q.jsonl")'))
    Path("q.jsonl").write_text('{"query": "a", "relevant": ["1"]}\n')
    assert migrator("upgrade", "--dry-run").code == 0
    assert project.upgraded().code == 0
    assert (project.revision, column_type(project.database)) == ("0002", "vector(96)")
    assert migrator("verify").code == 0
    assert project.downgraded().code == 0
    assert project.database.dump() == before


# ---- status, verify, retire, abandon -------------------------------------------------------------------------------


def without_time(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, \d+\.\d s", "WHEN", text)


def without_size(text: str) -> str:
    return re.sub(r"\d+ kB", "N kB", text)


def header(project: Project) -> str:
    address = project.database.address
    return f"database  {address.shown}\n"


def test_status_before_anything(pending: Project) -> None:
    assert migrator("status") == Ended(0, header(pending) + "\nno column has been migrated here yet\n", "")
    assert json.loads(migrator("status", "--json").out) == {
        "database": pending.database.address.shown,
        "at_work": None,
        "waits_for": None,
        "lock_held_by": None,
        "unfinished": None,
        "columns": [],
        "kept": [],
        "gaps": [],
        "stores": [],
    }


def test_status_of_what_is_unfinished(pending: Project) -> None:
    assert pending.upgraded("--stop-after", "embed").code == 0
    ended = migrator("status")
    assert (ended.code, ended.err) == (0, "")
    assert without_time(without_size(ended.out)) == (
        f"{header(pending)}\n"
        "unfinished: upgrade of revision 0002, public.items.embedding\n"
        "  preflight  done         WHEN\n"
        "  backup     done         WHEN\n"
        "  embed      done         WHEN\n"
        "  texts embedded so far: 20\n"
        "  go on: migrator upgrade 0002   undo: migrator abandon\n"
        f"embedding store {STORE}, N kB\n"
    )
    unfinished = json.loads(migrator("status", "--json").out)["unfinished"]
    assert (unfinished["revision"], unfinished["direction"], unfinished["columns"], unfinished["texts_embedded"]) == (
        "0002",
        "upgrade",
        ["public.items.embedding"],
        20,
    )
    assert [(phase["phase"], phase["done"]) for phase in unfinished["phases"]] == [
        ("preflight", True),
        ("backup", True),
        ("embed", True),
    ]


def test_status_past_cut_over_names_no_way_to_undo(pending: Project) -> None:
    assert pending.upgraded("--stop-after", "cut-over").code == 0
    assert "\n  go on: migrator upgrade 0002\n" in migrator("status").out
    assert json.loads(migrator("status", "--json").out)["unfinished"]["past_cut_over"] is True


def test_status_tells_what_was_interrupted_from_what_runs(pending: Project) -> None:
    assert pending.upgraded("--stop-after", "embed").code == 0
    pending.database.execute("INSERT INTO migrator.phase (run_id, phase) SELECT id, 'fill' FROM migrator.run")
    ended = migrator("status")
    assert re.search(r"^  fill       interrupted  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", ended.out, re.MULTILINE)
    last = json.loads(migrator("status", "--json").out)["unfinished"]["phases"][-1]
    assert (last["state"], last["seconds"]) == ("interrupted", None)
    with pending.database.connect() as other:
        other.execute("SELECT pg_advisory_lock(x'6d696772'::int, x'61746f72'::int)")
        ended = migrator("status")
        other_migrator = f'another migrator: server process {other.info.backend_pid}, role "postgres", connected '
        assert f"at work   {other_migrator}" in ended.out
        assert "  fill       running      WHEN\n" in without_time(ended.out)
        last = json.loads(migrator("status", "--json").out)["unfinished"]["phases"][-1]
        assert last["state"] == "running"


def test_status_and_verify_say_the_same_of_coverage(pending: Project) -> None:
    assert pending.upgraded().code == 0
    pending.database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL, ALTER body DROP NOT NULL")
    pending.database.execute("INSERT INTO items (id, body) VALUES (100, NULL)")
    whole = "every row in scope that has a text has a vector"
    textless = "1 row in scope with neither text nor vector"
    assert f"  20 of 21 rows in scope have a vector\n  {textless}\n  {whole}\n" in migrator("status").out
    assert f"  proved  coverage: {whole}\n" in migrator("verify").out
    pending.database.execute("INSERT INTO items (id, body) VALUES (101, 'b'), (102, 'c')")
    gaps = "2 rows in scope with a text and no vector"
    assert f"  20 of 23 rows in scope have a vector\n  {textless}\n  {gaps}\n" in migrator("status").out
    assert f"  FAILED  coverage: {gaps}\n" in migrator("verify").out


def test_status_of_what_is_done(pending: Project) -> None:
    assert pending.upgraded().code == 0
    pending.database.execute("ALTER TABLE items ALTER embedding DROP NOT NULL")
    pending.database.execute("INSERT INTO items (id, body) VALUES (100, 'without a vector')")
    fresh = "every row's text is one that migrator embedded; migrator verify compares the vectors too"
    ended = migrator("status")
    assert (ended.code, ended.err) == (0, "")
    assert without_size(ended.out) == (
        f"{header(pending)}\n"
        "public.items.embedding\n"
        "  vector(96), python:tests.models:new\n"
        "  20 of 21 rows in scope have a vector\n"
        "  1 row in scope with a text and no vector\n"
        f"  {fresh}\n"
        "  next: migrator backfill\n"
        "\n"
        "kept for a rollback, until migrator retire:\n"
        "  public.items.embedding: column migrator_retired_1 (python:tests.models:old, 48) and table "
        "migrator.backup_1\n"
        f"embedding store {STORE}, N kB\n"
    )
    document = json.loads(migrator("status", "--json").out)
    assert document["columns"] == [
        {
            "column": "public.items.embedding",
            "model": "python:tests.models:new",
            "dimensions": 96,
            "type": "vector(96)",
            "where": None,
            "failed_rows": 0,
            "rows": 21,
            "in_scope": 21,
            "with_vector": 20,
            "without_text": 0,
            "rows_left": 1,
            "coverage": "1 row in scope with a text and no vector",
            "not_embedded": 0,
            "freshness": fresh,
            "not_evaluated": 0,
            "next": "migrator backfill",
        }
    ]


def test_status_of_a_table_that_is_gone(pending: Project) -> None:
    assert pending.upgraded().code == 0
    pending.database.execute("DROP TABLE items")
    ended = migrator("status")
    assert (ended.code, ended.err) == (0, "")
    assert (
        "public.items.embedding\n  vector(96), python:tests.models:new\n  cannot be read: table or column" in ended.out
    )


def test_verify_proves_the_live_column(pending: Project) -> None:
    nothing = "no upgrade is done here yet, so there is nothing to prove\nnext: migrator upgrade"
    assert migrator("verify") == Ended(0, "", f"{nothing} --dry-run\n")
    missing = "until it goes on there is no vector index on public.items.embedding: searches are exact, "
    assert missing not in pending.upgraded("--stop-after", "embed").err
    assert f"stopped after fill\n{missing}" in pending.upgraded("--stop-after", "fill").err
    assert migrator("verify") == Ended(0, "", f"{nothing} 0002\n")
    assert pending.upgraded().code == 0
    ended = migrator("verify")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "public.items.embedding"
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "  proved  coverage",
        "  proved  vectors",
        "  proved  duplicates",
        "  proved  sample",
        "  proved  index items_embedding_idx",
        "  proved  recall of items_embedding_idx",
        "  proved  freshness",
    ]
    proofs = json.loads(migrator("verify", "--json").out)["public.items.embedding"]
    assert [(each["proof"], each["passed"]) for each in proofs][:2] == [("coverage", True), ("vectors", True)]


def test_verify_finds_what_was_damaged(pending: Project) -> None:
    assert pending.upgraded().code == 0
    pending.database.execute("UPDATE items SET embedding = (SELECT embedding FROM items WHERE id = 1)")
    pending.database.execute("DROP INDEX items_embedding_idx")
    ended = migrator("verify")
    assert ended.code == 4
    assert "  FAILED  duplicates: 1 different vectors for 20 different texts\n" in ended.out
    assert "  FAILED  index items_embedding_idx: not there, or not valid and ready\n" in ended.out
    assert ended.err == (
        "error: verification failed: public.items.embedding: duplicates, public.items.embedding: sample, "
        "public.items.embedding: index items_embedding_idx, public.items.embedding: freshness\n"
        "the column is live and holds what is described above.\n"
        "fix: migrator backfill gives rows without a vector, or with that of another text, theirs; "
        "migrator doctor TABLE.COLUMN looks closer; migrator downgrade -1 goes back\n"
    )
    failed = migrator("verify", "--json")
    assert failed.code == 4
    assert not all(each["passed"] for each in json.loads(failed.out)["public.items.embedding"])
    pending.database.execute("ALTER TABLE items RENAME COLUMN body TO words")
    assert migrator("verify").err.endswith(
        "\nfix: give back what text and scope name: ALTER TABLE ... RENAME COLUMN ... TO ...; migrator doctor "
        "TABLE.COLUMN looks closer\n"
    )


def test_verify_names_stale_rows_and_shows_no_text(pending: Project) -> None:
    assert pending.upgraded().code == 0
    pending.database.execute("UPDATE items SET body = 'confidential ' || id WHERE id BETWEEN 3 AND 9")
    ended = migrator("verify")
    assert ended.code == 4
    (line,) = [line for line in ended.out.splitlines() if "sample: " in line]
    assert re.fullmatch(
        r"  FAILED  sample: 7 of 20 rows do not hold the model's vector of their present text: "
        r"(id=[3-9], ){5}\.\.\.; the farthest has a cosine of -?0\.\d{4} to it",
        line,
    )
    assert "confidential" not in ended.out + ended.err
    # After a downgrade no store holds the vectors, and backfill cannot find the wrong ones.
    assert pending.downgraded().code == 0
    pending.database.execute("UPDATE items SET embedding = (SELECT embedding FROM items WHERE id = 1)")
    assert migrator("verify").err.endswith(
        "\nfix: after a downgrade migrator backfill embeds only rows without a vector: set wrong vectors NULL "
        "(UPDATE ... SET ... = NULL WHERE ..., where need be after ALTER COLUMN ... DROP NOT NULL), then run it; "
        "migrator doctor TABLE.COLUMN looks closer\n"
    )
    assert (
        "cannot tell whether 20 vectors are of their rows' present text: no store holds them"
        in migrator("doctor", "items").out
    )


def test_verify_names_no_row_by_a_key_that_is_its_text(project: Project) -> None:
    items(project.database, 20, distinct=20)
    project.database.execute("ALTER TABLE items DROP CONSTRAINT items_pkey, ADD PRIMARY KEY (body)")
    project.write(change())
    assert project.upgraded().code == 0
    project.database.execute("UPDATE items SET body = 'confidential ' || id WHERE id = 3")
    ended = migrator("verify")
    assert "1 of 20 rows do not hold the model's vector of their present text; the farthest" in ended.out
    assert "confidential" not in ended.out + ended.err


def test_retire_drops_the_store_of_one_model_alone(pending: Project) -> None:
    model = "python:tests.models:new"
    assert pending.upgraded().code == 0
    asked = migrator("retire", "--store", model)
    assert asked.code == 2
    assert f"about to be dropped:\n  embedding store {STORE} of {model}, " in asked.err
    both = migrator("retire", "--stores", "--store", model)
    alone = "error: --store drops one embedding store and nothing else\nfix: give it alone\n"
    assert both == Ended(2, "", alone)
    dropped = f"dropped  embedding store {STORE} of {model}\n"
    assert migrator("retire", "--store", model, "--yes") == Ended(0, dropped, "")
    assert "migrator.backup_1" in migrator("status").out
    none = f"error: there is no embedding store of {model}\nfix: name the model of one that is there: none\n"
    assert migrator("retire", "--store", model, "--yes") == Ended(2, "", none)


def test_retire_drops_what_is_kept(pending: Project) -> None:
    assert migrator("retire") == Ended(0, "there is nothing to retire\n", "")
    assert pending.upgraded().code == 0
    before = pending.database.versions()
    kept = "public.items.embedding: column migrator_retired_1 (python:tests.models:old, 48) and table migrator.backup_1"
    assert migrator("retire") == Ended(
        2,
        "",
        "error: standard input is not a terminal, so migrator cannot ask whether it may be dropped\n"
        f"nothing was changed.\nabout to be dropped:\n  {kept}\nfix: migrator retire --yes\n",
    )
    assert pending.database.versions() == before
    assert migrator("retire", "--yes") == Ended(0, f"dropped  {kept}\n", "")
    assert "migrator" not in pending.database.dump()
    assert migrator("retire", "--yes") == Ended(0, "there is nothing to retire\n", "")
    assert migrator("retire", "--yes", "--stores") == Ended(0, f"dropped  embedding store {STORE}\n", "")
    assert migrator("verify").code == 0


def test_abandon_undoes_what_is_unfinished(pending: Project) -> None:
    before = pending.database.dump()
    assert migrator("abandon") == Ended(0, "nothing is unfinished\n", "")
    assert pending.upgraded("--stop-after", "index").code == 0
    unfinished = pending.database.versions()
    assert migrator("abandon") == Ended(
        2,
        "",
        "error: standard input is not a terminal, so migrator cannot ask whether it may be undone\n"
        "nothing was changed.\nfix: migrator abandon --yes\n",
    )
    assert pending.database.versions() == unfinished
    assert migrator("abandon", "--yes") == Ended(
        0,
        "the upgrade of revision 0002 is undone; the embedding store is kept\n",
        "public.items.embedding: putting everything back\n",
    )
    assert pending.database.dump() == before
    assert pending.revision == "0001"
    assert migrator("abandon") == Ended(0, "nothing is unfinished\n", "")
    # And again from the start, with nothing to embed.
    assert "embed public.items.embedding: 0 texts" in pending.upgraded().err


def test_abandon_comes_too_late_after_cut_over(pending: Project) -> None:
    assert pending.upgraded("--stop-after", "cut-over").code == 0
    before = pending.database.versions()
    assert migrator("abandon") == Ended(
        1,
        "",
        "error: the upgrade of revision 0002 is past cut-over\n"
        "what is left is to settle it; nothing can be abandoned any more.\n"
        "fix: finish it: migrator upgrade 0002; then go back, if you want to: migrator downgrade -1\n",
    )
    assert pending.database.versions() == before
    # No other command advises it, each says how to finish, and that works in whichever mode it is typed.
    said = "0002", "upgrade", "migrator upgrade 0002"
    assert migrator("retire", "--yes").err == f"error: {hazards.runs.unfinished_other(*said, '', True).refusal()}\n"
    pending.write(change(batch_size="5"))
    assert pending.upgraded().err == f"error: {hazards.runs.unfinished_differs('0002', True).refusal()}\n"
    pending.write(change())
    pending.database.execute("UPDATE alembic_version SET version_num = '0002'")
    assert pending.upgraded().err == f"error: {hazards.runs.unfinished_other(*said, 'record', True).refusal()}\n"
    pending.database.execute("UPDATE alembic_version SET version_num = '0001'")
    assert pending.upgraded("--online").code == 0


def test_several_restores_in_a_downgrade_are_one_cut_over(project: Project) -> None:
    """By the command line: each restore_embedding stands in the revision's downgrade() by itself."""
    items(project.database, 20)
    project.database.execute("CREATE TABLE others AS SELECT id, body, embedding FROM items")
    before = project.database.dump()
    both = ", ".join(change(table).replace("op.change_embedding", "EmbeddingChange") for table in ("items", "others"))
    project.write(f"op.change_embeddings([{both}])", f"{RESTORE}\n{RESTORE.replace('items', 'others')}")
    assert project.upgraded().code == 0
    ended = project.downgraded()
    assert ended.code == 0
    assert ended.err.count("cut-over") == 2
    assert "cut-over public.items.embedding, public.others.embedding: started\n" in ended.err
    assert project.database.dump() == before
