"""What is read of a command: nothing that a terminal obeys, and on standard output results alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import Ended, migrator, process
from tests.support.project import Project, change
from tests.support.tables import items

# A name that takes the terminal's title, its colors and its last line, and would be a line of its own.
HOSTILE = "it\x1b]0;owned\x07\x1b[31m\nproved  coverage: all\x9b2J\u202e[bold]"
# What a terminal prints of it.
SHOWN = r"it\x1b]0;owned\x07\x1b[31m\nproved  coverage: all\x9b2J\u202e[bold]"
QUOTED = f'"{HOSTILE}"'


def safe(ended: Ended) -> str:
    """All that was printed; fails where a terminal would obey some of it."""
    shown = ended.out + ended.err
    for line in shown.split("\n"):
        assert line.replace("\t", "").isprintable(), line
        assert not line.startswith("proved  coverage: all")
    return shown


def test_names_are_escaped_in_every_output(project: Project) -> None:
    database = project.database
    items(database, 20)
    database.execute(
        f"ALTER TABLE items RENAME TO {QUOTED}; ALTER TABLE {QUOTED} RENAME embedding TO {QUOTED}; "
        f"ALTER INDEX items_embedding_idx RENAME TO {quoted('i')}; "
        f"CREATE VIEW {quoted('v')} AS SELECT {QUOTED} FROM {QUOTED}; "
        f"ALTER TABLE {QUOTED} ADD CONSTRAINT {quoted('c')} CHECK ({QUOTED} IS NOT NULL)"
    )
    project.write(
        change(HOSTILE, HOSTILE), restore(HOSTILE), message=HOSTILE.replace("\x07", "").replace("\n", " ").strip()
    )
    for arguments in (
        ("upgrade", "--dry-run"),
        ("upgrade", "--yes", "--stop-after", "fill"),
        ("status",),
        ("upgrade", "--yes"),
        ("status",),
        ("verify",),
        ("doctor",),
        ("doctor", QUOTED),
        ("backfill",),
        ("history", "-v"),
        ("heads",),
        ("current",),
        ("retire",),
        ("downgrade", "0001", "--dry-run"),
        ("downgrade", "0001", "--yes"),
    ):
        ended = migrator(*arguments)
        assert SHOWN in safe(ended) or arguments[0] in ("history", "heads", "current"), arguments
        assert ended.code == (2 if arguments == ("retire",) else 0), ended
    for arguments in (("status", "--json"), ("doctor", "--json"), ("upgrade", "--dry-run", "--json")):
        ended = migrator(*arguments)
        safe(ended)
        assert json.dumps(HOSTILE)[1:-1] in json.dumps(json.loads(ended.out))
    database.execute(f"CREATE RULE r AS ON DELETE TO {QUOTED} DO INSTEAD NOTHING")
    refused = migrator("upgrade", "--yes")
    assert refused.code == 3
    assert SHOWN in safe(refused)


def quoted(kind: str) -> str:
    return f'"{kind}{HOSTILE}"'


def restore(called: str) -> str:
    return f"op.restore_embedding({called!r}, {called!r})"


def test_with_the_output_of_others_json_is_one_document(project: Project) -> None:
    """What env.py, a model, a library in C and a subprocess print to standard output goes to standard error."""
    items(project.database, 20)
    Path("noisy.py").write_text(
        "import ctypes, os, subprocess, sys\n"
        "from tests.models import new\n"
        "def say(who):\n"
        "    print(f'{who} prints')\n"
        "    os.write(1, f'{who} writes\\n'.encode())\n"
        "    ctypes.CDLL(None).printf(f'{who} printf\\n'.encode())\n"
        "    subprocess.run([sys.executable, '-c', f'print(\"{who} runs\")'])\n"
        "def model():\n"
        "    say('model')\n"
        "    return new()\n"
    )
    Path("env.py").write_text("import noisy\nnoisy.say('env')\n" + Path("env.py").read_text())
    project.write(change(to='Model("python:noisy:model", dimensions=96)'))
    environment = {**project.environment(), "PYTHONPATH": f"{project.environment()['PYTHONPATH']}:{Path.cwd()}"}
    ended = process("migrator", "upgrade", "--dry-run", "--json", environment=environment)
    assert ended.code == 0, ended
    assert json.loads(ended.out)["revisions"] == [{"revision": "0002", "message": "items: 48 -> 96"}]
    for said in ("prints", "writes", "printf", "runs"):
        assert ended.err.count(f"env {said}") >= 1
        assert ended.err.count(f"model {said}") == 1
    # And no result is lost.
    heads = process("migrator", "heads", environment=environment)
    assert (heads.code, heads.out) == (0, "0002 (head)\n")
    told = process("migrator", "status", "--help", environment=environment)
    assert told.out.startswith("Usage: migrator status")


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_command_works_with_a_stream_closed(project: Project, closed: str) -> None:
    items(project.database, 20)
    script = f"exec {closed}>&-; exec {sys.executable} -c 'from migrator.cli import main; main()' heads"
    done = subprocess.run(["sh", "-c", script], env=project.environment(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "0001 (head)\n" if closed == "2" else "")


def test_a_reader_that_goes_away_ends_a_command_without_a_traceback(project: Project) -> None:
    script = f"{sys.executable} -c 'from migrator.cli import main; main()' heads | true"
    done = subprocess.run(["sh", "-c", script], env=project.environment(), capture_output=True, text=True)
    assert "Traceback" not in done.stderr
