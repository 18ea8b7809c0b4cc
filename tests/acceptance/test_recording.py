"""Between migrator and Alembic's version table: what Alembic cannot record is found beforehand, and no gap is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import context
from sqlalchemy.engine import make_url

from migrator import hazards
from migrator.commands import runner
from tests.support.commands import Ended, migrator, process
from tests.support.database import Database
from tests.support.project import Project, change
from tests.support.tables import items

LONG = "0003_" + "x" * 35
# Alembic's own template: one transaction for all revisions.
ONE_TRANSACTION = """
from alembic import context
from migrator.env import engine

with engine(context.config).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def refused(hazard: hazards.Hazard) -> Ended:
    return Ended(3, "", f"error: {hazard.refusal()}\n")


@pytest.fixture
def pending(project: Project) -> Project:
    """items, and a revision that changes it."""
    items(project.database, 20)
    project.write(change())
    return project


def column_type(database: Database) -> object:
    return database.value(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 'items'::regclass AND attname = 'embedding'"
    )


# ---- tried beforehand --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_a_revision_whose_id_does_not_fit_is_refused_before_any_of_them(pending: Project) -> None:
    pending.write("pass", "pass", revision=LONG, down_revision="0002")
    before = pending.database.versions()
    ended = refused(hazards.revisions.version_id_too_long("public.alembic_version", LONG))
    assert pending.upgraded() == ended
    assert migrator("upgrade", "--dry-run") == ended
    assert pending.database.versions() == before
    assert pending.upgraded("0002").code == 0


def test_alembic_itself_is_refused_what_it_could_not_record(project: Project) -> None:
    items(project.database, 20)
    project.write(change(), revision=LONG, down_revision="0001")
    before = project.database.versions()
    ended = process("alembic", "upgrade", "head", environment=project.environment())
    assert ended.code != 0
    assert (
        f"FAILED: {hazards.revisions.version_id_too_long('public.alembic_version', LONG).refusal()}\n"
        in ended.out + ended.err
    )
    assert project.database.versions() == before


def test_an_ordinary_revision_may_make_room_for_a_longer_id(project: Project) -> None:
    items(project.database, 20)
    project.write('op.execute("ALTER TABLE alembic_version ALTER version_num TYPE varchar(64)")', "pass")
    project.write(change(), revision=LONG, down_revision="0002")
    assert project.upgraded().code == 0
    assert project.revision == LONG


def test_a_version_table_that_may_only_be_read(pending: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # Roles belong to the server, which other tests share.
    role = f"{pending.database.value('SELECT current_database()')}_reader"
    pending.database.execute(f"CREATE ROLE {role} LOGIN")
    pending.database.execute(f"GRANT ALL ON SCHEMA public TO {role}")
    pending.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
    pending.database.execute(f"ALTER TABLE items OWNER TO {role}")
    url = make_url(pending.database.url).set(username=role)
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    before = pending.database.versions()
    reason = "permission denied for table alembic_version"
    ended = refused(hazards.revisions.version_table_not_granted("public.alembic_version", role, reason))
    assert pending.upgraded() == ended
    assert migrator("upgrade", "--dry-run") == ended
    assert pending.database.versions() == before


def test_transactions_that_are_read_only_by_default(pending: Project) -> None:
    name = str(pending.database.value("SELECT current_database()"))
    pending.database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    ended = refused(hazards.revisions.version_table_read_only("public.alembic_version", "database", "postgres", name))
    assert pending.upgraded() == ended
    assert migrator("upgrade", "--dry-run") == ended


def test_the_session_that_records_may_be_idle_for_as_long_as_the_work_takes(
    pending: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = pending.database.value("SELECT current_database()")
    pending.database.execute(f"ALTER DATABASE {name} SET idle_session_timeout = '7min'")
    found: list[object] = []

    def look(*_: object) -> None:
        session = context.get_context().connection
        assert session is not None
        found.append(session.exec_driver_sql("SHOW idle_session_timeout").scalar())

    monkeypatch.setattr(runner, "upgrade", look)
    after = 'op.execute("CREATE TABLE after AS SELECT current_setting($$idle_session_timeout$$)")'
    pending.write(after, "pass", revision="0003", down_revision="0002")
    assert pending.upgraded().code == 0
    assert (found, pending.database.value("TABLE after")) == (["0"], "7min")


def test_a_search_path_without_a_schema(pending: Project) -> None:
    name = pending.database.value("SELECT current_database()")
    pending.database.execute(f"ALTER DATABASE {name} SET search_path = ''")
    ended = refused(hazards.revisions.version_table_nowhere("alembic_version"))
    assert pending.upgraded() == ended
    for command in (("upgrade", "--dry-run"), ("status",), ("abandon",), ("verify",), ("retire",)):
        assert migrator(*command) == ended


@pytest.mark.parametrize("deferred", ["", "DEFERRABLE INITIALLY DEFERRED"], ids=["at once", "at commit"])
def test_a_trigger_on_the_version_table_that_refuses(pending: Project, deferred: str) -> None:
    refuse_versions(pending.database, deferred)
    before = pending.database.versions()
    assert pending.upgraded() == refused(
        hazards.revisions.version_table_refuses("public.alembic_version", "0002", "not today")
    )
    assert pending.database.versions() == before


def refuse_versions(database: Database, deferred: str = "") -> None:
    database.execute("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE $$not today$$; END'")
    database.execute(
        f"CREATE CONSTRAINT TRIGGER no AFTER INSERT OR UPDATE OR DELETE ON alembic_version {deferred} "
        "FOR EACH ROW EXECUTE FUNCTION no()"
    )


@pytest.mark.parametrize("command", ["upgrade", "downgrade"])
def test_what_alembic_fails_to_record_all_the_same_is_said_to_be_live(
    pending: Project, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command == "downgrade":
        assert pending.upgraded().code == 0
    done: Callable[..., None] = getattr(runner, "upgrade" if command == "upgrade" else "restore")

    def then_refuse(*given: Any) -> None:
        done(*given)
        refuse_versions(pending.database)

    with monkeypatch.context() as patch:
        patch.setattr(runner, done.__name__, then_refuse)
        ended = pending.upgraded() if command == "upgrade" else pending.downgraded()
    now = "the new column is live and complete" if command == "upgrade" else "the old column is live again"
    assert ended.code == 1
    assert ended.err.endswith(
        f"error: the {command} of revision 0002 is done, and Alembic could not record it: not today\n"
        f"{now}; only Alembic's version table does not know.\n"
        "fix: remove the cause, then run the same command again: it records the revision and goes on from there\n"
    )
    pending.database.execute("DROP FUNCTION no() CASCADE")
    assert (pending.upgraded() if command == "upgrade" else pending.downgraded()).code == 0
    assert pending.revision == ("0002" if command == "upgrade" else "0001")


@pytest.mark.parametrize("way", ["migrator", "alembic"])
def test_a_later_revision_that_fails_takes_no_record_back(pending: Project, way: str) -> None:
    Path("env.py").write_text(ONE_TRANSACTION)
    pending.write('op.execute("SELECT nothing")', revision="0003", down_revision="0002")
    if way == "migrator":
        assert pending.upgraded().code == 1
    else:
        assert process("alembic", "upgrade", "head", environment=pending.environment()).code != 0
    assert (pending.revision, column_type(pending.database)) == ("0002", "vector(96)")


def test_a_connection_that_commits_each_statement(pending: Project) -> None:
    source = ONE_TRANSACTION.replace(".connect()", '.connect().execution_options(isolation_level="AUTOCOMMIT")')
    Path("env.py").write_text(source)
    assert pending.upgraded().code == 0
    assert pending.downgraded().code == 0
    assert pending.revision == "0001"
