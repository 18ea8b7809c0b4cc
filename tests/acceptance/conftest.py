"""What the tests of this directory share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.project import Project, make_project


@pytest.fixture
def project(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An Alembic project in the current directory, for a database of its own."""
    return make_project(database, tmp_path, monkeypatch)
