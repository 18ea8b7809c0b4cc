"""Commands as a person runs them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from migrator.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


def migrator(*arguments: str) -> Ended:
    """`migrator` in this process, which has imported everything already: a process of its own costs a second."""
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    return Ended(done.exit_code, done.stdout, done.stderr)


def process(script: str, *arguments: str, environment: Mapping[str, str]) -> Ended:
    """An installed script, in a process of its own and the current directory."""
    done = subprocess.run(
        [Path(sys.executable).with_name(script), *arguments], capture_output=True, text=True, env=environment
    )
    return Ended(done.returncode, done.stdout, done.stderr)
