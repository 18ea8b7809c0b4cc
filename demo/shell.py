"""Runs the commands a user would type, shows them, and insists on how they end."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from demo import ROOT


class DemoError(Exception):
    """A step of the demonstration did not end as it should; the message says which and how."""


class Shell:
    """Commands in the repository root, against one database. `took` adds up the seconds a step needed."""

    def __init__(self, database_url: str) -> None:
        self.took: dict[str, float] = {}
        self._step = ""
        self._environment = {
            **os.environ,
            # The strongest name for the address, so that no other variable of the user's can point elsewhere.
            "MIGRATOR_DATABASE_URL": database_url,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }

    def step(self, title: str, *what_is_seen: str) -> None:
        """Begins a step: its title, and what is about to be seen, in a line or two."""
        self.took[title] = 0.0
        self._step = title
        print(f"\n{len(self.took)}. {title}", *what_is_seen, sep="\n", flush=True)

    def run(self, command: str, *, ends_with: int = 0, leave_out: tuple[str, str] | None = None) -> None:
        """Runs a command, its output straight to the terminal. Raises DemoError unless it ends so.

        leave_out: the beginnings of two lines; of the lines from the one to the other only the number is shown.
        """
        print(f"\n$ {command}", flush=True)
        program, *arguments = shlex.split(command)
        # The commands of this very environment, whether it is activated or not.
        path = Path(sys.executable).with_name(program)
        start = time.monotonic()
        try:
            ended = subprocess.run(
                [path, *arguments],
                cwd=ROOT,
                env=self._environment,
                check=False,
                stdout=subprocess.PIPE if leave_out else None,
                text=True,
            )
        except FileNotFoundError:
            raise DemoError(
                f"{program} is not installed beside {sys.executable}; run the demonstration by make demo"
            ) from None
        self.took[self._step] += time.monotonic() - start
        if leave_out:
            print(_without(ended.stdout, *leave_out), end="", flush=True)
        if ended.returncode != ends_with:
            raise DemoError(f"{command} exited {ended.returncode} where {ends_with} was expected")
        if ends_with:
            print(f"(exit {ends_with})", flush=True)


def _without(output: str, first: str, last: str) -> str:
    """The output with the number of lines in place of those from `first` to `last`, which stays."""
    lines = output.splitlines(keepends=True)
    begins = next((at for at, line in enumerate(lines) if line.startswith(first)), len(lines))
    ends = next((at for at, line in enumerate(lines) if line.startswith(last)), begins)
    left_out = [f"[... {ends - begins} lines: every statement, with its lock ...]\n"] if ends > begins else []
    return "".join([*lines[:begins], *left_out, *lines[ends:]])
