"""Every phase's statements, whole, for plans that are made without a database.

`make expected` writes what is expected anew, to be read with git diff.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.commands import retire
from migrator.phases import statements
from migrator.plan import tree
from migrator.plan.step import Statement
from migrator.postgres.sql import readable
from migrator.rows.unreadable import has_key_apart
from tests.support.catalogs import upgrading
from tests.unit.plan.plans import PLANS, change, documents

RETIRED = ("window", "partitions", "inheritance", "wide")
# Each with whether its rows may be named.
TEXTS = {"body": True, "body || id": False, "input(documents)": False}
EXPECTED = Path(__file__).with_name("expected")


def written(listed: Iterable[Statement]) -> str:
    """The statements in order, each with its lock; what was written before by its first line."""
    return "\n".join(_lines(listed)) + "\n"


def _lines(listed: Iterable[Statement]) -> Iterator[str]:
    before: dict[str, str] = {}
    for each in listed:
        condition = f", only if {each.only_if}" if each.only_if else ""
        yield f"-- {each.phase}: {', '.join(each.columns)}; {each.lock}, {each.lasts}{condition}"
        text = f"{readable(each.query)};"
        first, *more = text.splitlines()
        yield f"-- as in {before[text]}: {first}" if more and text in before else text
        before.setdefault(text, each.phase)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_says_its_statements(name: str) -> None:
    compare(name, statements(PLANS[name]()))


def test_what_retire_drops() -> None:
    """Of what is partitioned or inherited, and where both vectors did not fit in a page."""
    columns = [column for name in RETIRED for column in PLANS[name]().columns]
    own = [tree.planned(column)[1:2] if column.has_children else [] for column in columns]
    listed = [
        each for column, children in zip(columns, own, strict=True) for each in retire.statements(column, children)
    ]
    compare("retire", [replace(each, phase=retire.NAME) for each in listed])


def compare(name: str, listed: Iterable[Statement]) -> None:
    path, text = EXPECTED / f"{name}.sql", written(listed)
    if os.environ.get("MIGRATOR_EXPECT"):
        path.write_text(text, "utf-8")
    assert text.splitlines() == path.read_text("utf-8").splitlines()


def test_nothing_else_is_expected() -> None:
    assert {path.stem for path in EXPECTED.iterdir()} == {*PLANS, "retire"}


def test_a_row_is_not_named_by_a_key_that_its_text_may_read() -> None:
    named = {text: has_key_apart(upgrading((change(text=text), documents())).columns[0]) for text in TEXTS}
    assert named == TEXTS
