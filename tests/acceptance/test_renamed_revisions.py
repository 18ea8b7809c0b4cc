"""A revision that was renamed, or squashed into another, after it was applied or while its upgrade was unfinished."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_manual_rollback import psql, refused
from tests.models import new, old
from tests.support.commands import migrator
from tests.support.project import RESTORE, Project, change
from tests.support.proofs import rows_hold
from tests.support.tables import items


@pytest.fixture
def renamed(project: Project) -> Project:
    """items at revision 0002, whose file is called 0002b by now; Alembic was told."""
    items(project.database, 20)
    project.write(change())
    assert project.upgraded().code == 0
    rename(project)
    project.database.execute("UPDATE alembic_version SET version_num = '0002b'")
    return project


def rename(project: Project, upgrade: str | None = None) -> None:
    Path("versions/0002.py").unlink()
    project.write(upgrade or change(), revision="0002b")


def test_its_upgrade_is_undone_under_its_new_name(renamed: Project) -> None:
    told = "public.items.embedding was changed by revision 0002, which has no file any more; revision 0002b undoes it"
    assert told in migrator("downgrade", "0001", "--dry-run").out
    downgraded = renamed.downgraded()
    assert downgraded.code == 0, downgraded.err
    assert told in downgraded.err
    assert (renamed.revision, rows_hold(renamed.database, old)) == ("0001", 20)
    assert renamed.upgraded().code == 0
    assert rows_hold(renamed.database, new) == 20


def test_one_that_has_a_file_is_undone_by_itself_alone(renamed: Project) -> None:
    renamed.write("pass", "pass", down_revision="0002b")
    ended = renamed.downgraded()
    assert (ended.code, ended.err.splitlines()[0]) == (
        3,
        "error: public.items.embedding was last changed by revision 0002, not by 0002b",
    )


def test_what_is_live_and_not_recorded_is_recorded_under_the_new_name(renamed: Project) -> None:
    renamed.database.execute("UPDATE alembic_version SET version_num = '0001'")
    upgraded = renamed.upgraded()
    assert upgraded.code == 0, upgraded.err
    assert (renamed.revision, rows_hold(renamed.database, new)) == ("0002b", 20)
    assert renamed.database.value("SELECT count(*) FROM migrator.run") == 1


def test_a_squashed_history_undoes_what_it_holds(renamed: Project) -> None:
    for each in Path("versions").glob("*.py"):
        each.unlink()
    renamed.write(change(), RESTORE, revision="squashed", down_revision=None)
    renamed.database.execute("UPDATE alembic_version SET version_num = 'squashed'")
    assert renamed.downgraded("base").code == 0
    assert (renamed.revision, rows_hold(renamed.database, old)) == (None, 20)


@pytest.mark.parametrize("stop", ["fill", "cut-over"])
def test_an_unfinished_run_goes_on_under_the_new_name(project: Project, stop: str) -> None:
    items(project.database, 20)
    project.write(change())
    assert project.upgraded("--stop-after", stop).code == 0
    rename(project, change(text='"upper(body)"'))
    ended = project.upgraded()
    assert ended.code == 3
    assert "the upgrade of revision 0002 is unfinished" in ended.err
    project.write(change(), revision="0002b")
    upgraded = project.upgraded()
    assert upgraded.code == 0, upgraded.err
    assert (project.revision, rows_hold(project.database, new)) == ("0002b", 20)
    assert project.database.execute("SELECT revision, state FROM migrator.run") == [("0002b", "done")]


def test_its_upgrade_is_undone_by_hand(renamed: Project) -> None:
    given = ("-v", "table=items", "-v", "column=embedding", "-v", "to=0001")
    assert refused(psql(renamed.database, *given)).endswith(
        "where the upgrade is called 0002b by now, say so: -v revision=0002b"
    )
    assert psql(renamed.database, *given, "-v", "revision=0002b").code == 0
    assert (renamed.revision, rows_hold(renamed.database, old)) == ("0001", 20)
