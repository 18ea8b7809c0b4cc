"""Every phase's statements, whole, for plans that are made without a database.

`make expected` writes what is expected anew, to be read with git diff.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.phases import statements
from migrator.plan.plan import Plan
from migrator.postgres.sql import readable
from tests.unit.plan.plans import PLANS

EXPECTED = Path(__file__).with_name("expected")


def written(plan: Plan) -> str:
    """The statements in order, each with its lock; what was written before by its first line."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    before: dict[str, str] = {}
    for each in statements(plan):
        condition = f", only if {each.only_if}" if each.only_if else ""
        yield f"-- {each.phase}: {', '.join(each.columns)}; {each.lock}, {each.lasts}{condition}"
        text = f"{readable(each.query)};"
        first, *more = text.splitlines()
        yield f"-- as in {before[text]}: {first}" if more and text in before else text
        before.setdefault(text, each.phase)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_says_its_statements(name: str) -> None:
    path, text = EXPECTED / f"{name}.sql", written(PLANS[name]())
    if os.environ.get("MIGRATOR_EXPECT"):
        path.write_text(text, "utf-8")
    assert text.splitlines() == path.read_text("utf-8").splitlines()


def test_nothing_else_is_expected() -> None:
    assert {path.stem for path in EXPECTED.iterdir()} == {*PLANS}
