"""Help: every command has it, says all, and needs neither torch nor Alembic for it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from migrator.cli import COMMANDS, main

# What takes longer to import than help may take.
HEAVY = ("torch", "sentence_transformers", "transformers", "alembic", "sqlalchemy", "numpy", "psycopg", "rich")


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments)
    return done.exit_code, done.output


def command(name: str) -> click.Command:
    with click.Context(main) as ctx:
        found = main.get_command(ctx, name)
    assert found is not None
    return found


def test_the_commands_are_listed_in_the_order_in_which_a_person_meets_them() -> None:
    code, shown = run("--help")
    listed = [line.split()[0] for line in shown.partition("Commands:")[2].splitlines() if line.startswith("  ")]
    assert code == 0
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)
    assert "..." not in shown.partition("Commands:")[2]


def test_every_file_of_a_command_is_a_command() -> None:
    """A command that is not in COMMANDS would never be found."""
    files = Path(sys.modules["migrator.cli"].__file__ or "").parent.glob("*.py")
    holding = {file.stem for file in files if "\n@click.command(" in file.read_text("utf-8")}
    assert holding == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_says_what_it_is_for(name: str) -> None:
    code, shown = run(name, "-h")
    assert code == 0
    assert shown.startswith(f"Usage: migrator {name}")
    found = command(name)
    assert found.help
    assert [
        parameter.name for parameter in found.params if isinstance(parameter, click.Option) and not parameter.help
    ] == []


def test_a_command_that_is_misspelt_is_named() -> None:
    assert run("upgade") == (
        2,
        "Usage: migrator [OPTIONS] COMMAND [ARGS]...\n"
        "Try 'migrator --help' for help.\n\n"
        "Error: there is no command 'upgade'; did you mean 'upgrade'?\n",
    )


def test_an_unknown_command_or_option_is_a_mistake_in_usage() -> None:
    assert run("xyz")[0] == 2
    assert run("heads", "--no-such-option")[0] == 2


def test_steps_back_are_no_option() -> None:
    """-1 is a revision to Alembic; click alone would look for an option of that name."""
    code, shown = run("-c", "nowhere.ini", "downgrade", "-1")
    assert (code, shown.partition(":")[0], "nowhere.ini was not found" in shown) == (2, "error", True)
    assert run("downgrade", "-10", "--yes", "0001")[1].endswith("Got unexpected extra argument (-10)\n")
    assert "No such option '-x'" in run("downgrade", "-x")[1]


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version") == (0, f"migrator {version('migrator')}\n")


def test_help_imports_nothing_heavy() -> None:
    """In a process of its own: this one has imported all of it."""
    program = f"""
import json, sys
from migrator.cli import COMMANDS, main
for arguments in [["--help"], *([name, "--help"] for name in COMMANDS)]:
    main(arguments, standalone_mode=False)
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr) == []


def test_the_installed_script_is_the_command_line() -> None:
    script = Path(sys.executable).with_name("migrator")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"migrator {version('migrator')}\n"
