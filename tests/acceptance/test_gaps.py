"""Gaps between the ledger and Alembic's version table, and a downgrade over an unfinished upgrade: the emergencies."""

from __future__ import annotations

import json

import pytest

from migrator import hazards
from tests.acceptance.test_alembic import answer, column_type
from tests.support.commands import Ended, migrator
from tests.support.marks import with_more
from tests.support.project import Project, change
from tests.support.tables import items

NOTHING = "nothing to do: the database is where the command would take it\n"


@pytest.fixture
def pending(project: Project) -> Project:
    """items, and a revision that changes it."""
    items(project.database, 20)
    project.write(change())
    return project


def stamp(project: Project, revision: str) -> None:
    project.database.execute(f"UPDATE alembic_version SET version_num = '{revision}'")


def at(project: Project) -> tuple[str | None, str]:
    return project.revision, column_type(project.database)


# ---- live, and not recorded --------------------------------------------------------------------------------------


@pytest.fixture
def unrecorded(pending: Project) -> Project:
    """As where the process died between cut-over and Alembic's commit, or by hand."""
    assert pending.upgraded().code == 0
    stamp(pending, "0001")
    return pending


def test_status_names_a_revision_that_is_live_and_not_recorded(unrecorded: Project) -> None:
    hazard = hazards.revisions.live_not_recorded("0002")
    assert f"\n{hazard.told('hazard')}\n" in migrator("status").out
    (gap,) = json.loads(migrator("status", "--json").out)["gaps"]
    assert gap["code"] == "live-not-recorded"
    assert unrecorded.upgraded().code == 0
    assert at(unrecorded) == ("0002", "vector(96)")
    assert json.loads(migrator("status", "--json").out)["gaps"] == []


@pytest.mark.parametrize("to", ["0001", "-1"])
def test_a_downgrade_undoes_what_is_live_and_not_recorded(unrecorded: Project, to: str) -> None:
    before = unrecorded.database.versions()
    dry = migrator("downgrade", to, "--dry-run")
    told = (
        "first the upgrade of revision 0002, which is live, is recorded in Alembic's version table\n\ndowngrade 0002: "
    )
    assert (dry.code, dry.out.startswith(told)) == (0, True), dry.out
    assert unrecorded.database.versions() == before
    down = unrecorded.downgraded(to)
    assert down.code == 0
    assert down.err.endswith("\n0002 undone: items: 48 -> 96\n")
    assert at(unrecorded) == ("0001", "vector(48)")
    assert unrecorded.downgraded("0001") == Ended(0, "", NOTHING)


def test_several_that_are_live_and_not_recorded(unrecorded: Project) -> None:
    tiny = change(
        from_='Model("python:tests.models:new", dimensions=96)', to='Model("python:tests.models:tiny", dimensions=8)'
    )
    unrecorded.write(tiny, revision="0003", down_revision="0002")
    assert unrecorded.upgraded().code == 0
    stamp(unrecorded, "0001")
    assert unrecorded.downgraded("0001").code == 0
    assert at(unrecorded) == ("0001", "vector(48)")


def test_an_ordinary_revision_between_is_not_run_by_a_downgrade(unrecorded: Project) -> None:
    unrecorded.write("pass", "pass", revision="0001b", down_revision="0001")
    unrecorded.write(change(), down_revision="0001b")
    before = unrecorded.database.versions()
    refusal = hazards.revisions.live_not_recorded("0002").refusal()
    assert unrecorded.downgraded("0001") == Ended(3, "", f"error: {refusal}\n")
    assert unrecorded.database.versions() == before


# ---- recorded, and not live --------------------------------------------------------------------------------------


def test_a_stamped_revision_that_was_never_carried_out_is_named(pending: Project) -> None:
    stamp(pending, "0002")
    hazard = hazards.revisions.recorded_not_live("0002", "public.items.embedding", "python:tests.models:old")
    refused = Ended(3, "", f"error: {hazard.refusal()}\n")
    assert pending.upgraded() == refused
    assert migrator("upgrade", "--dry-run") == refused
    assert f"\n{hazard.told('hazard')}\n" in migrator("status").out
    assert f"{hazard.told('hazard')}\n" in pending.downgraded().err
    stamp(pending, "0001")
    assert pending.upgraded().code == 0
    assert at(pending) == ("0002", "vector(96)")


def test_a_restored_column_whose_revision_is_recorded_again(pending: Project) -> None:
    assert pending.upgraded().code == 0
    assert pending.downgraded().code == 0
    stamp(pending, "0002")
    assert pending.upgraded().code == 3
    assert pending.downgraded().code == 0
    assert at(pending) == ("0001", "vector(48)")


def test_a_database_made_with_the_new_column_and_stamped_has_no_gap(project: Project) -> None:
    """As create_all and stamp head do."""
    items(project.database, 0)
    project.database.execute("DROP INDEX items_embedding_idx; ALTER TABLE items ALTER embedding TYPE vector(96)")
    project.write(change())
    stamp(project, "0002")
    assert project.upgraded() == Ended(0, "", NOTHING)


def test_a_revision_without_a_file_is_named_by_status(pending: Project) -> None:
    stamp(pending, "0009")
    ended = migrator("status")
    assert (ended.code, f"\n{hazards.revisions.revision_without_file('0009').told('hazard')}\n" in ended.out) == (
        0,
        True,
    )


# ---- an unfinished upgrade in the way of a downgrade ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "to"),
    with_more(
        [("embed", "0001"), ("verify", "-1")],
        more=[("embed", "-1"), ("fill", "0001"), ("fill", "-1"), ("verify", "0001")],
    ),
)
def test_before_cut_over_a_downgrade_abandons(pending: Project, phase: str, to: str) -> None:
    schema = pending.database.dump()
    assert pending.upgraded("--stop-after", phase).code == 0
    before = pending.database.versions()
    first = "first the unfinished upgrade of revision 0002 is undone; the embedding store is kept"
    assert migrator("downgrade", to, "--dry-run") == Ended(
        0, f"{first}\n\nnothing was changed\nnext: migrator downgrade {to} --yes\n", ""
    )
    asked = migrator("downgrade", to)
    assert (asked.code, pending.database.versions() == before) == (2, True)
    down = pending.downgraded(to)
    assert (down.code, down.out) == (0, "")
    assert down.err.endswith("the upgrade of revision 0002 is undone; the embedding store is kept\n")
    assert pending.database.dump() == schema
    assert at(pending) == ("0001", "vector(48)")


def test_a_downgrade_further_down_goes_on_after_it(pending: Project) -> None:
    tiny = change(
        from_='Model("python:tests.models:new", dimensions=96)', to='Model("python:tests.models:tiny", dimensions=8)'
    )
    assert pending.upgraded().code == 0
    pending.write(tiny, revision="0003", down_revision="0002")
    assert pending.upgraded("--stop-after", "fill").code == 0
    assert pending.downgraded("-2").code == 0
    assert at(pending) == ("0001", "vector(48)")


@pytest.mark.parametrize("to", ["0001", "-1"])
def test_after_cut_over_a_downgrade_settles_and_restores(pending: Project, to: str) -> None:
    schema = pending.database.dump()
    assert pending.upgraded("--stop-after", "cut-over").code == 0
    dry = migrator("downgrade", to, "--dry-run")
    assert (dry.code, dry.out.partition("\n")[0]) == (
        0,
        "first the unfinished upgrade of revision 0002, which is past cut-over, is settled",
    )
    down = pending.downgraded(to)
    assert down.code == 0
    assert pending.database.dump() == schema
    assert at(pending) == ("0001", "vector(48)")


def test_a_person_is_asked_once(pending: Project) -> None:
    assert pending.upgraded("--stop-after", "fill").code == 0
    before = pending.database.versions()
    no = answer(pending, "n", "downgrade", "-1")
    assert no.code == 5
    assert no.err.startswith("first the unfinished upgrade of revision 0002 is undone; the embedding store is kept\n")
    assert pending.database.versions() == before
    assert answer(pending, "y", "downgrade", "-1").code == 0
    assert at(pending) == ("0001", "vector(48)")
