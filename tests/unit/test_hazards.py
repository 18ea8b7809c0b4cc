"""Every hazard's text, whole: what an on-call engineer reads at night. The texts are in tests/unit/hazards/."""

from __future__ import annotations

from types import ModuleType

import pytest

from migrator import hazards
from migrator.hazards import Hazard, hazard
from tests.unit.hazards import (
    columns,
    dependents,
    indexes,
    models,
    partitions,
    revisions,
    rights,
    rows,
    runs,
    server,
    texts,
    triggers,
)
from tests.unit.hazards.row import Row

SUBJECTS = (models, columns, partitions, dependents, indexes, rights, runs, revisions, texts, rows, server, triggers)
TEXTS = [row for subject in SUBJECTS for row in subject.TEXTS]


@pytest.mark.parametrize("row", TEXTS, ids=[row[2] for row in TEXTS])
def test_a_hazard_says_what_is_found_what_it_means_and_what_to_do(row: Row) -> None:
    function, arguments, code, refuses, problem, meaning, remedy = row
    assert function(*arguments) == Hazard(code, problem, meaning, remedy, refuses)


def test_every_hazard_has_its_text_here() -> None:
    modules = [each for each in vars(hazards).values() if isinstance(each, ModuleType) and each is not hazard]
    made = {
        name
        for module in modules
        for name, each in vars(module).items()
        if getattr(each, "__module__", "") == module.__name__
        and not name.startswith("_")
        and getattr(each, "__annotations__", {}).get("return") == "Hazard"
    }
    assert "standby" in made
    assert made - {row[0].__name__ for row in TEXTS} == set()


def test_hazards_read_alike() -> None:
    """The problem stands for itself, the meaning is a sentence, the remedy is something to do; each in one line."""
    for row in TEXTS:
        hazard = row[0](*row[1])
        assert not hazard.problem.endswith(".") or hazard.problem.endswith("...")
        assert hazard.meaning.endswith(".")
        assert hazard.remedy.endswith("...") or not hazard.remedy.endswith(".")
        assert "\n" not in hazard.problem + hazard.meaning + hazard.remedy


def test_a_refusal_is_the_hazard_in_three_lines() -> None:
    refusal = hazards.server.standby().refusal()
    assert str(refusal) == (
        "this server is a standby and takes no writes\nan upgrade writes.\nfix: give the primary's address"
    )
    assert refusal.exit_code == 3
