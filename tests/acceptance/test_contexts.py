"""env.py that runs several contexts: each tenant of a loop, or each database, is planned, shown and carried out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrator import hazards
from tests.conftest import Server
from tests.support.commands import Ended, migrator
from tests.support.database import Database
from tests.support.project import RESTORE, Project, change, make_project
from tests.support.tables import items

# All tenants one after the other, each with a schema and a version table in it.
TENANTS = """
from alembic import context
from migrator.env import engine

for tenant in ("a", "b"):
    with engine(context.config).connect() as connection:
        connection.exec_driver_sql(f"SET search_path TO {tenant}, public")
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
"""
# Alembic's template multidb, with a transaction a database.
DATABASES = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

for name in ("one", "two"):
    with create_engine(os.environ[f"URL_{name}"], poolclass=pool.NullPool).connect() as connection:
        context.configure(
            connection=connection,
            upgrade_token=f"{name}_upgrades",
            downgrade_token=f"{name}_downgrades",
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations(engine_name=name)
"""
TEMPLATE = '''"""${message}"""
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade(engine_name):
    globals()["upgrade_%s" % engine_name]()


def downgrade(engine_name):
    globals()["downgrade_%s" % engine_name]()

% for name in ("one", "two"):

def upgrade_${name}():
    ${context.get("%s_upgrades" % name, "pass")}


def downgrade_${name}():
    ${context.get("%s_downgrades" % name, "pass")}

% endfor
'''


def column_type(database: Database, table: str = "items") -> str:
    return str(
        database.value(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
            f"WHERE attrelid = '{table}'::regclass AND attname = 'embedding'"
        )
    )


@pytest.fixture
def tenants(project: Project) -> Project:
    """Two, at revision 0001; 0002 changes a column of each."""
    database = project.database
    items(database, 20)
    for name in ("a", "b"):
        database.execute(f"CREATE SCHEMA {name}")
        database.execute(f"CREATE TABLE {name}.items (LIKE items INCLUDING ALL)")
        database.execute(f"INSERT INTO {name}.items SELECT * FROM items")
        database.execute(f"CREATE TABLE {name}.alembic_version AS SELECT * FROM alembic_version")
    database.execute("DROP TABLE items, alembic_version")
    Path("env.py").write_text(TENANTS)
    project.write(change())
    return project


def types(tenants: Project) -> list[str]:
    return [column_type(tenants.database, f"{name}.items") for name in ("a", "b")]


def revisions(tenants: Project) -> list[object]:
    return [tenants.database.value(f"SELECT version_num FROM {name}.alembic_version") for name in ("a", "b")]


def names(tenants: Project) -> list[str]:
    shown = tenants.database.address.shown
    return [f"{shown}, version table {name}.alembic_version" for name in ("a", "b")]


def test_every_tenant_is_shown_and_carried_out(tenants: Project) -> None:
    dry = migrator("upgrade", "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    for name, tenant in zip(names(tenants), ("a", "b"), strict=True):
        assert f"== {name}\nupgrade 0002: items: 48 -> 96\n  {tenant}.items.embedding: vector(48) -> " in dry.out
    documents = json.loads(migrator("upgrade", "--dry-run", "--json").out)["contexts"]
    assert [documents[name]["plan"]["columns"][0]["column"] for name in names(tenants)] == [
        "a.items.embedding",
        "b.items.embedding",
    ]
    up = tenants.upgraded()
    assert (up.code, up.out) == (0, "")
    assert up.err.endswith("".join(f"0002 applied in {name}: items: 48 -> 96\n" for name in names(tenants)))
    assert (types(tenants), revisions(tenants)) == (["vector(96)"] * 2, ["0002"] * 2)
    assert tenants.downgraded().code == 0
    assert (types(tenants), revisions(tenants)) == (["vector(48)"] * 2, ["0001"] * 2)


def test_a_tenant_that_is_done_does_not_hide_the_others(tenants: Project) -> None:
    """As after a loop that broke off, or a tenant that came later."""
    assert tenants.upgraded().code == 0
    database = tenants.database
    database.execute(
        "DROP TABLE b.items; CREATE TABLE b.items (id bigint PRIMARY KEY, body text, embedding vector(48))"
    )
    database.execute("INSERT INTO b.items SELECT 1, 'text 1', array_fill(1, ARRAY[48])::vector")
    database.execute("UPDATE b.alembic_version SET version_num = '0001'")
    assert "nothing to do" not in migrator("upgrade", "--dry-run").out.partition("== ")[2].rpartition("== ")[2]


def test_every_tenant_stops_where_it_is_asked_to(tenants: Project) -> None:
    stopped = tenants.upgraded("--stop-after", "embed")
    assert stopped.code == 0
    assert stopped.err.endswith("stopped after embed\nnext: the same command without --stop-after goes on\n")
    assert types(tenants) == ["vector(48)"] * 2
    status = migrator("status").out
    assert status.count("unfinished: upgrade of revision 0002") == 2
    assert [status.index(f"== {name}") for name in names(tenants)] == sorted(
        status.index(f"== {name}") for name in names(tenants)
    )
    assert tenants.upgraded().code == 0
    assert types(tenants) == ["vector(96)"] * 2


def test_other_commands_go_through_every_tenant(tenants: Project) -> None:
    assert tenants.upgraded("--stop-after", "fill").code == 0
    assert migrator("abandon", "--yes").out == (
        "the upgrade of revision 0002 is undone; the embedding store is kept\n" * 2
    )
    assert tenants.upgraded().code == 0
    assert migrator("current").out == "\n\n".join(f"== {name}\n0002 (head)" for name in names(tenants)) + "\n"
    proofs = json.loads(migrator("verify", "--json").out)["contexts"]
    assert [list(proofs[name]) for name in names(tenants)] == [["a.items.embedding"], ["b.items.embedding"]]
    found = json.loads(migrator("status", "--json").out)["contexts"]
    assert [[each["column"] for each in found[name]["columns"]] for name in names(tenants)] == [
        ["a.items.embedding"],
        ["b.items.embedding"],
    ]
    assert migrator("backfill").out == (
        "a.items.embedding: 0 rows filled, 0 rows renewed, 0 rows failed\n"
        "b.items.embedding: 0 rows filled, 0 rows renewed, 0 rows failed\n"
    )
    dropped = migrator("retire", "--yes").out
    assert re.findall(r"^dropped  (\w)\.items", dropped, re.MULTILINE) == ["a", "b"]


def test_where_one_tenant_fails_the_ones_before_it_stay_recorded(tenants: Project) -> None:
    tenants.database.execute("ALTER TABLE b.items ALTER body DROP NOT NULL, ADD CHECK (vector_dims(embedding) = 48)")
    tenants.database.execute("CREATE VIEW b.seen AS SELECT * FROM b.items WITH CHECK OPTION")
    tenants.database.execute("CREATE RULE r AS ON UPDATE TO b.items DO INSTEAD NOTHING")
    assert tenants.upgraded().code == 3
    assert revisions(tenants) == ["0002", "0001"]
    tenants.database.execute("DROP RULE r ON b.items")


# ---- several databases -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Databases:
    """env.py goes through both; the table is in the second alone."""

    project: Project
    one: Database
    two: Database


@pytest.fixture
def databases(
    server: Server, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Databases]:
    with server.database() as two:
        project = make_project(database, tmp_path, monkeypatch)
        for name, each in (("one", database), ("two", two)):
            url = each.url.replace("postgresql://", "postgresql+psycopg://")
            monkeypatch.setenv(f"URL_{name}", url)
        monkeypatch.delenv("DATABASE_URL")
        two.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        two.execute("INSERT INTO alembic_version VALUES ('0001')")
        Path("env.py").write_text(DATABASES)
        Path("script.py.mako").write_text(TEMPLATE)
        first = Path("versions/0001.py")
        first.write_text(first.read_text().replace("grade()", "grade(engine_name)"))
        items(two, 20)
        yield Databases(project, database, two)


def revision() -> Ended:
    return migrator(
        *("revision", "-m", "to the new model", "--table", "items", "--column", "embedding", "--text", "body"),
        *("--to", "python:tests.models:new", "--from", "python:tests.models:old", "--rev-id", "0002"),
    )


def test_a_revision_is_written_into_the_function_of_its_database(databases: Databases) -> None:
    ended = revision()
    assert ended.code == 0, ended.err
    source = Path(ended.out.strip()).read_text()
    assert "def upgrade_one():\n    pass\n" in source
    assert "def upgrade_two():\n    op.change_embedding(\n" in source
    assert f"def downgrade_two():\n    {RESTORE}\n" in source
    assert migrator("upgrade", "--yes").code == 0
    assert column_type(databases.two) == "vector(96)"
    assert [each.value("SELECT version_num FROM alembic_version") for each in (databases.one, databases.two)] == [
        "0002",
        "0002",
    ]
    assert migrator("downgrade", "0001", "--yes").code == 0
    assert column_type(databases.two) == "vector(48)"


@pytest.mark.usefixtures("databases")
def test_a_template_without_a_place_for_it_is_refused_and_leaves_no_file() -> None:
    Path("script.py.mako").write_text(TEMPLATE.replace('context.get("%s_upgrades" % name, "pass")', '"pass"'))
    refusal = hazards.revisions.template_without_place("script.py.mako", ["two_upgrades", "two_downgrades"]).refusal()
    assert revision() == Ended(3, "", f"error: {refusal}\n")
    assert [each.name for each in Path("versions").glob("*.py")] == ["0001.py"]


@pytest.mark.parametrize("command", ["upgrade", "status"])
def test_a_url_for_one_of_several_databases_is_refused(databases: Databases, command: str) -> None:
    names = [each.address.shown for each in (databases.one, databases.two)]
    refusal = hazards.revisions.several_databases(names, "--database-url").refusal()
    assert migrator("--database-url", databases.one.url, command) == Ended(3, "", f"error: {refusal}\n")


def test_doctor_looks_into_each_database(databases: Databases) -> None:
    found = migrator("doctor").out
    assert all(f"{each.address.shown}: " in found for each in (databases.one, databases.two))
    assert "items.embedding" in migrator("doctor", "items").out


def test_an_env_that_connects_to_nothing_is_refused(project: Project) -> None:
    Path("env.py").write_text("from alembic import context\n")
    ended = Ended(3, "", f"error: {hazards.revisions.no_context().refusal()}\n")
    assert project.upgraded() == ended
    assert migrator("status") == ended
