"""A small Alembic project by the templates of `migrator init`, and its revisions from strings."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.commands import Ended, migrator
from tests.support.database import Database

ROOT = Path(__file__).parents[2]

# What most revisions ask for, argument by argument, as source.
ARGUMENTS = {
    "text": '"body"',
    "from_": 'Model("python:tests.models:old", dimensions=48)',
    "to": 'Model("python:tests.models:new", dimensions=96)',
    "index": 'Hnsw(distance="cosine")',
}
RESTORE = 'op.restore_embedding("items", "embedding")'
_REVISION = '''"""{message}"""
from alembic import op
from migrator import EmbeddingChange, Hnsw, IvfFlat, Model, Verify

revision = {revision!r}
down_revision = {down_revision!r}


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''


def change(table: str = "items", column: str = "embedding", /, **arguments: str | None) -> str:
    """op.change_embedding as a revision holds it: the usual arguments, some replaced, None left out."""
    given = {**ARGUMENTS, **arguments}
    listed = "".join(f", {name}={source}" for name, source in given.items() if source is not None)
    return f"op.change_embedding({table!r}, {column!r}{listed})"


@dataclass(frozen=True)
class Project:
    """The current directory; its database is at the revision 0001, which made nothing."""

    database: Database

    def write(
        self,
        upgrade: str,
        downgrade: str = RESTORE,
        *,
        revision: str = "0002",
        down_revision: str | None = "0001",
        message: str = "items: 48 -> 96",
    ) -> Path:
        """The file of a revision. upgrade, downgrade: bodies of the functions, as source."""
        path = Path("versions", f"{revision}.py")
        source = _REVISION.format(
            message=message,
            revision=revision,
            down_revision=down_revision,
            upgrade=upgrade.replace("\n", "\n    "),
            downgrade=downgrade.replace("\n", "\n    "),
        )
        path.write_text(source, "utf-8")
        return path

    def upgraded(self, *arguments: str) -> Ended:
        return migrator("upgrade", "--yes", *arguments)

    def downgraded(self, to: str = "0001") -> Ended:
        return migrator("downgrade", to, "--yes")

    @property
    def revision(self) -> str | None:
        """Where the database is."""
        rows = self.database.execute("SELECT version_num FROM alembic_version")
        return str(rows[0][0]) if rows else None

    def environment(self) -> dict[str, str]:
        """For commands in a process of their own."""
        return {**self.database.environment(), "PYTHONPATH": str(ROOT)}


def make_project(database: Database, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Makes the project in the directory and goes there."""
    monkeypatch.chdir(directory)
    for name in [each for each in os.environ if each.endswith("DATABASE_URL")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", database.url)
    # Alembic puts the project's directory there.
    monkeypatch.setattr(sys, "path", list(sys.path))
    # A revision that is written anew within a second would be taken from its old bytecode.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert migrator("init").code == 0
    project = Project(database)
    project.write("pass", "pass", revision="0001", down_revision=None, message="the tables, as they are")
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)")
    database.execute("INSERT INTO alembic_version VALUES ('0001')")
    return project
