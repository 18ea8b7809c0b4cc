"""CONTRIBUTING.md names files that are there, and the packages in the order that lint holds them to."""

from __future__ import annotations

import re
import tomllib

from tests.support.texts import PACKAGE

ROOT = PACKAGE.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_the_files_it_names_are_there() -> None:
    named = re.findall(r"`((?:migrator|sql|tests|docs)/[\w/]+(?:\.\w+)?/?)`", PAGE)
    assert len(named) > 20
    assert [file for file in named if not (ROOT / file).exists()] == []


def test_the_house_is_the_one_that_lint_knows() -> None:
    (drawn,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    names = [re.split(r" {2,}", line)[0] for line in drawn.splitlines()]
    assert [set(name.split()) for name in names] == [set(layer.split(" : ")) for layer in layers]
