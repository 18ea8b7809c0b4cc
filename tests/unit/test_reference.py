"""docs/reference/ says what the commands and hazards say now."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from dataclasses import MISSING
from pathlib import Path

import msgspec
import pytest

from docs import generate
from docs.generate import DOCS, PAGES, cli
from docs.generate.cli import EXIT_CODES
from docs.generate.hazards import SUBJECTS, known_hazards, unused_examples
from migrator import EmbeddingChange, Hnsw, IvfFlat, Model, Verify, errors, hazards, phases
from migrator.cli import COMMANDS, options
from migrator.errors import MigratorError
from tests.support.commands import migrator


@pytest.mark.parametrize("path", PAGES)
def test_a_generated_page_is_fresh(path: str) -> None:
    assert (DOCS / path).read_text("utf-8") == PAGES[path](), f"docs/{path} is stale: make docs writes it anew"


def test_make_docs_writes_every_page(tmp_path: Path) -> None:
    generate.write(tmp_path)
    for path, page in PAGES.items():
        assert (tmp_path / path).read_text("utf-8") == page()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_holds_what_help_says(name: str) -> None:
    assert f"## migrator {name}\n\n```text\n{migrator(name, '--help').out}```\n" in cli.page()


def test_every_way_to_end_is_in_the_table() -> None:
    ends = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, MigratorError)]
    rows = [int(line.split("|")[1]) for line in EXIT_CODES.splitlines()[2:]]
    assert rows == sorted({end.exit_code for end in ends})


def test_every_hazard_is_there_once() -> None:
    sources = [ast.parse(inspect.getsource(subject)) for subject in SUBJECTS]
    calls = [node for source in sources for node in ast.walk(source) if isinstance(node, ast.Call)]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("refuse", "warn")]
    codes = [ast.literal_eval(call.args[0]) for call in made]
    assert [hazard.code for hazard in known_hazards()] == codes
    assert len(set(codes)) == len(codes)
    files = {each.stem for each in Path(inspect.getfile(hazards)).parent.glob("*.py")}
    assert files - {"__init__", "hazard"} == {subject.__name__.rpartition(".")[2] for subject in SUBJECTS}


def test_every_example_is_told_to_a_hazard() -> None:
    assert unused_examples() == set()


def test_every_hazard_says_what_it_means_and_what_to_do() -> None:
    for hazard in known_hazards():
        assert hazard.problem
        assert hazard.meaning.endswith(".")
        assert hazard.remedy
        assert "FILL IN" not in f"{hazard.problem}{hazard.meaning}{hazard.remedy}", f"{hazard.code} needs an example"


def test_what_a_revision_may_say_is_there_with_its_real_default() -> None:
    sections = dict(part.split("\n", 1) for part in PAGES["reference/revision.md"]().split("\n## ")[1:])
    for kind in (EmbeddingChange, Model, Verify):
        found = dict(re.findall(r"^(\w+): .+? = (.+)$", sections[kind.__name__], re.MULTILINE))
        given = [each for each in dataclasses.fields(kind) if each.default is not MISSING]
        made = [each for each in dataclasses.fields(kind) if each.default_factory is not MISSING]
        wanted = {each.name: each.default for each in given}
        wanted |= {each.name: each.default_factory() for each in made if each.default_factory is not MISSING}
        assert {name: eval(text, {"Verify": Verify}) for name, text in found.items()} == wanted
    for index in (Hnsw, IvfFlat):
        found = dict(re.findall(r"^(\w+): .+? = (.+)$", sections[index.__name__], re.MULTILINE))
        assert {name: ast.literal_eval(text) for name, text in found.items()} == {
            each.name: each.default for each in msgspec.structs.fields(index)
        }


def test_stop_after_takes_every_phase_that_another_follows() -> None:
    assert (*options.PHASES, "settle") == phases.NAMES
