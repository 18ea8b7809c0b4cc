"""Servers that give a role, or a database, few sessions: too few are refused beforehand, with the number needed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models import new
from tests.support.commands import migrator
from tests.support.database import Database
from tests.support.project import Project, change
from tests.support.proofs import rows_hold
from tests.support.tables import items


@pytest.fixture
def limited(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """What a role with few sessions reaches, which owns the table."""
    database = project.database
    items(database, 20)
    called = database.value("SELECT current_database()")
    database.execute(
        "DO $$ BEGIN CREATE ROLE test_limited LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
        "GRANT CREATE ON SCHEMA public TO test_limited; ALTER TABLE items OWNER TO test_limited; "
        "ALTER TABLE alembic_version OWNER TO test_limited; "
        f"GRANT CREATE, TEMPORARY ON DATABASE {called} TO test_limited"
    )
    project.write(change())
    url = re.sub(r"//[^@]*@", "//test_limited@", database.url)
    monkeypatch.setenv("DATABASE_URL", url)
    yield dataclasses.replace(database, url=url)
    database.execute("ALTER ROLE test_limited CONNECTION LIMIT -1")


PURPOSES = ["for Alembic", "for the work", "to read texts while vectors are stored"]
OTHERS = [*PURPOSES, "to keep other tables, which a text reads, locked"]


@pytest.mark.parametrize("purposes", [PURPOSES, OTHERS], ids=["three", "four, for other tables"])
@pytest.mark.parametrize("of", ["ROLE test_limited", "DATABASE"])
@pytest.mark.usefixtures("limited")
def test_too_few_sessions_are_refused_with_the_number_needed(
    project: Project, purposes: list[str], of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And as many as are named suffice, with a pool of env.py's own too."""
    if purposes == OTHERS:
        project.database.execute("CREATE TABLE titles (id bigint, title text); GRANT ALL ON titles TO test_limited")
        project.write(change(text='"body || (SELECT count(*) FROM titles)"'))
    limit = f"ALTER {of} {project.database.value('SELECT current_database()') if of == 'DATABASE' else ''}"
    limit += " CONNECTION LIMIT {}"
    # The tests' own session is one of the database's too.
    enough = len(purposes) + (of == "DATABASE")
    project.database.execute(limit.format(enough - 1))
    before = project.database.versions()
    with monkeypatch.context() as patched:
        patched.setattr("migrator.preflight.sessions.PATIENCE_S", 0.2)
        for arguments in (("upgrade", "--dry-run"), ("upgrade", "--yes")):
            ended = migrator(*arguments)
            assert (ended.code, ended.out) == (3, "")
            assert re.match(
                rf"error: {len(purposes)} sessions are needed at once, and only \d could be opened: FATAL:  too many",
                ended.err,
            )
            assert all(f"1 {purpose}" in ended.err for purpose in purposes)
    assert project.database.versions() == before
    project.database.execute(limit.format(enough))
    env = Path("env.py").read_text()
    Path("env.py").write_text(
        env.replace("from migrator.env import engine", "import os, sqlalchemy").replace(
            "engine(context.config)",
            'sqlalchemy.create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))',
        )
    )
    assert migrator("upgrade", "--dry-run").code == 0
    ended = migrator("upgrade", "--yes")
    assert ended.code == 0, ended
    assert rows_hold(project.database, new, text="body || '0'" if purposes == OTHERS else "body") == 20


def test_no_session_at_all_is_told_as_such(limited: Database, project: Project) -> None:
    project.database.execute("ALTER ROLE test_limited CONNECTION LIMIT 1")
    with limited.connect():
        ended = migrator("status")
    assert ended.code == 3
    assert ended.err.startswith("error: the server gives no further session: too many connections for role")
