"""Where in the history `migrator revision` puts its file: the options are Alembic's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.acceptance.test_revision import FROM_OLD, TO_NEW, revision
from tests.support.commands import migrator
from tests.support.database import Database
from tests.support.tables import items

COLUMN = ("--table", "items", "--column", "embedding", "--text", "body")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    """Two revisions on one line, of which the database has both: base <- 0001 <- 0002."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIGRATOR_DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", database.url)
    items(database, rows=20)
    assert migrator("init").code == 0
    for number, before in (("0001", None), ("0002", "0001")):
        body = f"revision = {number!r}\ndown_revision = {before!r}\n\n\ndef upgrade():\n    pass\n"
        Path("versions", f"{number}.py").write_text(body, "utf-8")
    assert migrator("upgrade", "--yes").code == 0


def written(*options: str) -> Path:
    ended = revision(*COLUMN, *FROM_OLD, *TO_NEW, "--rev-id", "0003", *options)
    assert ended.code == 0, ended.err
    return Path(ended.out.strip())


def history() -> ScriptDirectory:
    return ScriptDirectory.from_config(Config("alembic.ini"))


def test_without_a_word_it_comes_after_the_only_head() -> None:
    written()
    assert history().get_revision("0003").down_revision == "0002"
    assert history().get_heads() == ["0003"]


def test_spliced_it_comes_after_a_revision_that_is_no_head() -> None:
    refused = revision(*COLUMN, *FROM_OLD, *TO_NEW, "--head", "0001")
    assert (refused.code, "splice" in refused.err) == (2, True)
    written("--head", "0001", "--splice")
    assert history().get_revision("0003").down_revision == "0001"
    assert sorted(history().get_heads()) == ["0002", "0003"]


def test_a_branch_of_its_own_in_a_directory_of_its_own() -> None:
    Path("more").mkdir()
    ini = Path("alembic.ini")
    places = "version_locations = %(here)s/versions:%(here)s/more\n"
    ini.write_text(ini.read_text("utf-8").replace("[alembic]\n", f"[alembic]\n{places}", 1), "utf-8")
    file = written("--head", "base", "--branch-label", "vectors", "--version-path", "more", "--depends-on", "0002")
    assert file.parent.name == "more"
    made = history().get_revision("vectors@head")
    assert (made.revision, made.down_revision, made.dependencies) == ("0003", None, "0002")
