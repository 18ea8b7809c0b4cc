"""migrator as its users call it: a command in an environment of its own, told of the database by DATABASE_URL."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Database:
    """A database of a test's own. url: as libpq and migrator take it. binaries: the directory of pg_dump."""

    name: str
    url: str
    binaries: Path

    @property
    def host(self) -> str:
        """The directory of the server's socket."""
        return str(conninfo_to_dict(self.url)["host"])

    def sqlalchemy_url(self, driver: str) -> str:
        return f"postgresql+{driver}://postgres@/{self.name}?host={self.host}"

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs one statement. Returns its rows, [] where it gives none."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def dump(self) -> str:
        """The schema as pg_dump writes it, migrator's and Alembic's own left out."""
        command = ["--schema-only", "--exclude-schema=migrator", "--exclude-table=alembic_version", self.url]
        done = subprocess.run([self.binaries / "pg_dump", *command], capture_output=True, text=True, check=True)
        # pg_dump guards its output by a random word in these two lines.
        return "\n".join(
            line for line in done.stdout.splitlines() if not line.startswith((r"\restrict", r"\unrestrict"))
        )


@dataclass(frozen=True)
class Migrator:
    """The command, run in the directory of its project."""

    database: Database
    directory: Path

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, which has to be that exit code."""
        kept = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
        done = subprocess.run(
            [ROOT / ".venv/bin/migrator", *arguments],
            cwd=self.directory,
            env={**kept, "DATABASE_URL": self.database.url, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def revision(self, *arguments: str) -> dict[str, str]:
        """Writes a revision from tests.models:old to new. Returns what it read from the database, by name."""
        models = ("--from", "python:tests.models:old", "--to", "python:tests.models:new")
        said = self.run("revision", "-m", "to the new model", *arguments, *models).stderr
        return dict(line.split(maxsplit=1) for line in said.splitlines() if line.startswith("  "))
