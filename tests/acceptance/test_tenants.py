"""Histories that share a database: the same revisions and the same names of tables, in schemas of their own."""

from __future__ import annotations

import json

import pytest

from tests.integration.test_manual_rollback import psql
from tests.models import new, old
from tests.support.ledger import as_version_1
from tests.support.marks import with_more
from tests.support.project import Project, change
from tests.support.tables import items
from tests.support.tenants import Tenants, make_tenants


@pytest.fixture
def tenants(project: Project, monkeypatch: pytest.MonkeyPatch) -> Tenants:
    return make_tenants(project, monkeypatch, "a", "b")


@pytest.mark.parametrize(
    ("stop", "first"),
    with_more(
        [("fill", "a"), ("cut-over", "b")], more=[("embed", "a"), ("embed", "b"), ("fill", "b"), ("cut-over", "a")]
    ),
)
def test_an_unfinished_run_is_that_of_its_tenant_alone(tenants: Tenants, stop: str, first: str) -> None:
    before = tenants.database.dump()
    tenants.done("a", "upgrade", "--stop-after", stop, "--yes")
    tenants.done("b", "upgrade", "--yes")
    assert tenants.holds("b", new)
    assert (tenants.revision("a"), tenants.revision("b")) == ("0001", "0002")
    assert tenants.holds("a", new if stop == "cut-over" else old)
    tenants.done("a", "upgrade", "--yes")
    assert tenants.holds("a", new)
    assert tenants.revision("a") == "0002"
    second = "b" if first == "a" else "a"
    tenants.done(first, "downgrade", "0001", "--stop-after", stop, "--yes")
    tenants.done(second, "downgrade", "0001", "--yes")
    assert tenants.holds(second, old)
    assert (tenants.revision(first), tenants.revision(second)) == ("0002", "0001")
    tenants.done(first, "downgrade", "0001", "--yes")
    assert tenants.holds(first, old)
    assert tenants.revision(first) == "0001"
    assert tenants.database.dump() == before


def test_what_is_shown_and_undone_is_of_one_tenant(tenants: Tenants) -> None:
    tenants.done("a", "upgrade", "--stop-after", "fill", "--yes")
    assert "a.items" not in tenants.done("b", "status").out
    assert tenants.done("b", "abandon", "--yes").out == "nothing is unfinished\n"
    tenants.done("b", "upgrade", "--yes")
    seen = json.loads(tenants.done("b", "status", "--json").out)
    assert seen["unfinished"] is None
    assert [each["column"] for each in seen["columns"]] == ["b.items.embedding"]
    assert list(json.loads(tenants.done("b", "verify", "--json").out)) == ["b.items.embedding"]
    assert "b.items.embedding" in tenants.done("b", "backfill").out
    found = json.loads(tenants.done("a", "status", "--json").out)
    assert found["unfinished"]["columns"] == ["a.items.embedding"]
    assert (found["columns"], found["kept"]) == ([], [])
    # A store that the other's unfinished run fills is not dropped beneath it.
    dropped = tenants.done("b", "retire", "--stores", "--yes").out
    assert dropped == (
        "dropped  b.items.embedding: column migrator_retired_2 (python:tests.models:old, 48) and table "
        "migrator.backup_2\n"
    )
    tenants.done("a", "abandon", "--yes")
    assert tenants.holds("a", old)
    tenants.done("b", "downgrade", "0001", "--yes")
    assert tenants.holds("b", old)


def test_doctor_shows_the_unfinished_runs_of_all(tenants: Tenants) -> None:
    for tenant in ("a", "b"):
        tenants.done(tenant, "upgrade", "--stop-after", "embed", "--yes")
    found = json.loads(tenants.done("b", "doctor", "--json").out)["findings"]
    assert [each["fact"] for each in found if each["subject"] == "ledger"] == [
        "the upgrade of revision 0002 in a.alembic_version is unfinished",
        "the upgrade of revision 0002 in b.alembic_version is unfinished",
    ]


def test_a_revision_that_means_another_table_by_now_does_not_carry_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = make_tenants(project, monkeypatch, "a", "b", options='{"version_table_schema": "a"}')
    for up in (True, False):
        command = ("upgrade",) if up else ("downgrade", "0001")
        tenants.done("a", *command, "--stop-after", "fill", "--yes")
        unchanged = tenants.database.versions()
        for more in ("--yes", "--dry-run"):
            assert tenants.done("b", *command, more, code=3).err == (
                f"error: the unfinished {command[0]} of revision 0002 works on a.items.embedding, and the revision "
                "now means b.items\n"
                "the revision names its table without a schema, and search_path is not what it was when the run "
                "began.\n"
                "fix: run the same command with the search_path of the run (a, public); or undo the run: migrator "
                "abandon\n"
            )
        assert tenants.database.versions() == unchanged
        tenants.done("a", *command, "--yes")
        assert tenants.holds("a", new if up else old)
    tenants.done("a", "upgrade", "--yes")
    refused = tenants.done("b", "downgrade", "0001", "--yes", code=3)
    assert refused.err == (
        "error: revision 0002 changed a.items.embedding, and now means b.items.embedding, which it did not change\n"
        "the revision names its table without a schema, and search_path is not what it was at the upgrade.\n"
        "fix: run the same command with the search_path of the upgrade: a, public\n"
    )
    assert tenants.holds("b", old)


def test_two_histories_that_name_one_table_do_not_work_on_it_at_once(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = make_tenants(project, monkeypatch, "a", "b")
    tenants.database.execute("DROP TABLE b.items; ALTER TABLE a.items SET SCHEMA public")
    tenants.done("a", "upgrade", "--stop-after", "fill", "--yes")
    assert tenants.done("b", "upgrade", "--yes", code=3).err == (
        "error: the upgrade of revision 0002 in the history of a.alembic_version is unfinished, and works on "
        "public.items.embedding\n"
        "two histories of revisions in this database name the same table, and one run works on it at a time.\n"
        "fix: with the configuration of that history, finish it: migrator upgrade 0002; or undo it: migrator abandon\n"
    )
    tenants.done("a", "upgrade", "--yes")
    tenants.database.execute("UPDATE b.alembic_version SET version_num = '0002'")
    assert tenants.done("b", "downgrade", "0001", "--yes", code=3).err.startswith(
        "error: public.items.embedding was last changed by revision 0002 in the history of a.alembic_version\n"
    )
    tenants.done("a", "downgrade", "0001", "--yes")


def test_version_tables_side_by_side_are_two_histories(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two services whose tables are found by the search path, in one schema."""
    options = '{"version_table": os.environ["PATH_OF_TENANT"][20] + "_version", "version_table_schema": "public"}'
    tenants = make_tenants(project, monkeypatch, "a", "b", options=options)
    for name in ("a", "b"):
        tenants.database.execute(f"CREATE TABLE {name}_version AS TABLE {name}.alembic_version")
    tenants.done("a", "upgrade", "--stop-after", "embed", "--yes")
    tenants.done("b", "upgrade", "--yes")
    assert tenants.holds("b", new)
    # Neither a new name nor a new schema makes another history of it.
    tenants.database.execute("ALTER SCHEMA a RENAME TO c; ALTER TABLE a_version RENAME TO c_version")
    assert json.loads(tenants.done("c", "status", "--json").out)["unfinished"]["columns"] == ["a.items.embedding"]
    assert tenants.done("c", "abandon", "--yes", code=3).err.startswith(
        'error: the table of a.items.embedding was renamed by others; it is "c"."items" now\n'
    )
    tenants.database.execute("ALTER SCHEMA c RENAME TO a")
    tenants.done("c", "abandon", "--yes")
    assert tenants.done("a", "abandon", "--yes").out == "nothing is unfinished\n"


def test_the_schema_of_the_user_is_found_as_the_server_finds_it(project: Project) -> None:
    """By search_path's "$user", which means nothing until there is a schema of the role's name."""
    database = project.database
    items(database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", "fill").code == 0
    role = database.value("SELECT current_user")
    database.execute(f"CREATE SCHEMA {role} CREATE TABLE items (id int, body text, embedding public.vector(48))")
    refused = project.upgraded()
    assert (refused.code, refused.err.splitlines()[0]) == (
        3,
        "error: the unfinished upgrade of revision 0002 works on public.items.embedding, and the revision now means "
        f"{role}.items",
    )
    database.execute(f"DROP SCHEMA {role} CASCADE")
    assert project.upgraded().code == 0
    database.execute(f"CREATE SCHEMA {role} CREATE TABLE items (id int, body text, embedding public.vector(48))")
    assert project.downgraded().err.startswith("error: revision 0002 changed public.items.embedding, and now means ")
    database.execute(f"DROP SCHEMA {role} CASCADE")
    assert project.downgraded().code == 0


def test_a_run_of_which_an_early_ledger_does_not_say_whose_it_is_belongs_to_its_tables(tenants: Tenants) -> None:
    tenants.done("a", "upgrade", "--stop-after", "fill", "--yes")
    as_version_1(tenants.database)
    tenants.done("b", "upgrade", "--yes")
    assert (tenants.holds("a", old), tenants.holds("b", new)) == (True, True)
    assert tenants.revision("a") == "0001"
    tenants.done("a", "upgrade", "--yes")
    assert tenants.holds("a", new)
    as_version_1(tenants.database)
    tenants.done("b", "downgrade", "0001", "--yes")
    assert (tenants.holds("a", new), tenants.holds("b", old)) == (True, True)
    assert (tenants.revision("a"), tenants.revision("b")) == ("0002", "0001")


def test_a_manual_rollback_sets_back_the_version_table_of_its_history(tenants: Tenants) -> None:
    tenants.done("a", "upgrade", "--yes")
    tenants.done("b", "upgrade", "--stop-after", "fill", "--yes")
    ended = psql(tenants.database, "-v", "schema=a", "-v", "table=items", "-v", "column=embedding", "-v", "to=0001")
    assert ended.code == 0, ended.err
    assert tenants.holds("a", old)
    assert (tenants.revision("a"), tenants.revision("b")) == ("0001", "0001")
    tenants.done("b", "upgrade", "--yes")
    assert tenants.holds("b", new)
