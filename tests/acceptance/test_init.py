"""`migrator init`: a project that works at once, or an existing one joined without a file being touched."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from tests.support.commands import Ended, migrator, process

NEXT = (
    "next: export DATABASE_URL=postgresql://USER@HOST/DATABASE\n"
    '      migrator{} revision -m "MESSAGE" --table TABLE --column COLUMN --text EXPRESSION '
    "--from MODEL --to MODEL\n"
)


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("MIGRATOR_DATABASE_URL", raising=False)


def files() -> dict[str, bytes]:
    """Everything below the current directory but what Python caches."""
    return {
        str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }


def alembic(*arguments: str) -> Ended:
    repository = Path(__file__).parents[2]
    return process("alembic", *arguments, environment={**os.environ, "PYTHONPATH": str(repository)})


# ---- a new project -------------------------------------------------------------------------------------------


def test_a_project_is_scaffolded_and_says_what_comes_next() -> None:
    assert migrator("init") == Ended(
        0,
        "  alembic.ini     settings; the database is named in the environment\n"
        "  env.py          how Alembic connects\n"
        "  script.py.mako  what a new revision looks like\n"
        "  versions        the revisions\n",
        NEXT.format(""),
    )
    assert set(files()) == {"alembic.ini", "env.py", "script.py.mako"}
    assert Path("versions").is_dir()


def test_it_can_be_made_in_another_directory() -> None:
    ended = migrator("init", "my db/migrations")
    assert ended.err == NEXT.format(" -c 'my db/migrations/alembic.ini'")
    assert set(files()) == {f"my db/migrations/{name}" for name in ("alembic.ini", "env.py", "script.py.mako")}
    assert migrator("-c", "my db/migrations/alembic.ini", "heads").code == 0


def test_the_option_for_the_configuration_names_the_new_file() -> None:
    migrator("-c", "config/vectors.ini", "init")
    assert "config/vectors.ini" in files()


def test_alembic_alone_works_in_it() -> None:
    migrator("init")
    assert alembic("heads") == Ended(0, "", "")
    made = alembic("revision", "-m", "first")
    assert made.code == 0, made
    (revision,) = Path("versions").glob("*_first.py")
    head = revision.name.partition("_")[0]
    assert alembic("heads") == Ended(0, f"{head} (head)\n", "")
    source = revision.read_text("utf-8")
    assert "import sqlalchemy as sa\nfrom alembic import op\n" in source
    assert "def upgrade() -> None:\n    pass\n" in source


def test_an_empty_project_says_that_it_is() -> None:
    migrator("init")
    for name in ("heads", "history"):
        assert migrator(name) == Ended(0, "", "there is no revision yet\nnext: migrator revision --help\n")


@pytest.mark.parametrize("name", ["env.py", "script.py.mako", "versions"])
def test_nothing_is_overwritten(name: str) -> None:
    Path(name).write_text("mine", "utf-8")
    assert migrator("init") == Ended(
        2,
        "",
        f"error: {name} is there already, and init overwrites nothing\n"
        "fix: name another directory: migrator init DIRECTORY\n",
    )
    assert files() == {name: b"mine"}


# ---- a project that is there ---------------------------------------------------------------------------------


ENV = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).{connect} as connection:
{before}    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def existing(*, connect: str = "connect()", before: str = "", template: str = "") -> None:
    """A project that Alembic made, with an env.py of its own."""
    command.init(Config("alembic.ini", stdout=io.StringIO()), "db")
    Path("db/env.py").write_text(ENV.format(connect=connect, before=before), "utf-8")
    if template:
        Path("db/script.py.mako").write_text(template, "utf-8")


def join() -> Ended:
    """init, which must leave every file as it is."""
    before = files()
    ended = migrator("init")
    assert files() == before
    return ended


def test_a_sound_project_is_joined() -> None:
    existing()
    assert join() == Ended(
        0,
        "  revisions            none yet\n"
        "  op.change_embedding  known to every alembic and migrator command\n"
        "  db/env.py            leaves transactions to Alembic\n"
        "  db/script.py.mako    has a place for imports, upgrade and downgrade\n"
        "nothing had to be changed\n",
        "next: migrator revision --help\n",
    )


def test_a_scaffolded_project_is_sound() -> None:
    migrator("init")
    assert join().out.endswith("nothing had to be changed\n")


def test_an_env_that_begins_a_transaction_is_named_with_its_line() -> None:
    existing(connect="begin()")
    ended = join()
    assert ended.code == 0
    assert "  db/env.py            begins a transaction of its own in line 4\n" in ended.out
    assert ended.out.endswith(
        "no file was changed; to do by hand:\n"
        "db/env.py:4: write .connect() for .begin(); context.begin_transaction() is enough\n"
    )


def test_alembics_template_for_several_databases_begins_on_a_connection() -> None:
    command.init(Config("alembic.ini", stdout=io.StringIO()), "db", template="multidb")
    lines = Path("db/env.py").read_text("utf-8").splitlines()
    begins = lines.index('            rec["transaction"] = conn.begin()') + 1
    assert join().out.endswith(
        f"db/env.py:{begins}: leave .begin() out, with its commit() and rollback(), and put context.run_migrations() "
        "into `with context.begin_transaction():`\n"
    )


def test_an_env_that_leaves_a_transaction_open_is_named_with_its_line() -> None:
    statement = '    connection.exec_driver_sql("SET search_path TO app")\n'
    existing(before=statement)
    assert join().out.endswith(
        "no file was changed; to do by hand:\ndb/env.py:5: call .commit() on that connection afterwards\n"
    )
    existing_env = ENV.format(connect="connect()", before=f"{statement}    connection.commit()\n")
    Path("db/env.py").write_text(existing_env, "utf-8")
    assert join().out.endswith("nothing had to be changed\n")


def test_a_template_without_places_is_named() -> None:
    existing(template='"""${message}"""\nrevision = ${repr(up_revision)}\n${upgrades}\n')
    assert join().out.endswith(
        "no file was changed; to do by hand:\n"
        "db/script.py.mako: add ${imports} and ${downgrades}, as in `alembic init`\n"
    )


def test_two_heads_are_named_with_the_command_that_joins_them() -> None:
    existing()
    for name in ("a1", "b1"):
        Path("db/versions", f"{name}.py").write_text(f"revision = {name!r}\ndown_revision = None\n", "utf-8")
    ended = join()
    assert "  revisions            2, with heads a1, b1\n" in ended.out
    assert ended.out.endswith('to do by hand:\nalembic merge heads -m "MESSAGE" makes one head\n')


def test_a_project_in_pyproject_is_joined_too() -> None:
    existing()
    Path("alembic.ini").unlink()
    Path("pyproject.toml").write_text('[tool.alembic]\nscript_location = "db"\n', "utf-8")
    assert join().out.endswith("nothing had to be changed\n")
