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

    def run(self, command: str, *, ends_with: int = 0) -> None:
        """Runs a command, its output straight to the terminal. Raises DemoError unless it ends so."""
        print(f"\n$ {command}", flush=True)
        program, *arguments = shlex.split(command)
        # The commands of this very environment, whether it is activated or not.
        path = Path(sys.executable).with_name(program)
        start = time.monotonic()
        try:
            code = subprocess.run([path, *arguments], cwd=ROOT, env=self._environment, check=False).returncode
        except FileNotFoundError:
            raise DemoError(
                f"{program} is not installed beside {sys.executable}; run the demonstration by make demo"
            ) from None
        self.took[self._step] += time.monotonic() - start
        if code != ends_with:
            raise DemoError(f"{command} exited {code} where {ends_with} was expected")
        if code:
            print(f"(exit {code})", flush=True)
