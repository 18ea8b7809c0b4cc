"""Which database is meant, and one message with its exit code for whatever is wrong with the project or the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Ended, migrator
from tests.support.database import Database

SOURCES = ("--database-url", "MIGRATOR_DATABASE_URL", "DATABASE_URL", "sqlalchemy.url")
NOWHERE = "postgresql://app:s3cr%25t@/app?host=/nowhere"
UNREACHABLE = (
    "error: the database cannot be reached: "
    'connection to server on socket "/nowhere/.s.PGSQL.5432" failed: No such file or directory\n'
    "nothing was changed.\n"
    "fix: check that the server runs, and host, port, database, user and password in the database URL "
    "(--database-url, MIGRATOR_DATABASE_URL, DATABASE_URL or sqlalchemy.url)\n"
)
AT_NO_REVISION = Ended(0, "", "the database is at no revision yet\nnext: migrator upgrade --dry-run\n")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scaffolded project in the current directory, and no database named."""
    monkeypatch.chdir(tmp_path)
    for variable in ("MIGRATOR_DATABASE_URL", "DATABASE_URL", "ALEMBIC_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    assert migrator("init").code == 0


def configure(**options: str) -> None:
    """Writes options into alembic.ini, as they are."""
    with Path("alembic.ini").open("a", encoding="utf-8") as file:
        file.writelines(f"{name.replace('_', '.', 1)} = {value}\n" for name, value in options.items())


def name_database(monkeypatch: pytest.MonkeyPatch, source: str, url: str) -> tuple[str, ...]:
    """Names the database there. Returns the options that the command needs for it."""
    if source == "--database-url":
        return (source, url)
    if source == "sqlalchemy.url":
        configure(sqlalchemy_url=url.replace("%", "%%"))
    else:
        monkeypatch.setenv(source, url)
    return ()


def write_revision(name: str, body: str = "", *, down: str | None = None) -> None:
    source = f'"""{name}"""\nfrom alembic import op\nrevision = {name!r}\ndown_revision = {down!r}\n{body}'
    Path("versions", f"{name}.py").write_text(source, "utf-8")


# ---- which database ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(SOURCES)))
def test_a_source_goes_before_those_after_it(database: Database, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    options = name_database(monkeypatch, SOURCES[number], database.url)
    for later in SOURCES[number + 1 :]:
        name_database(monkeypatch, later, NOWHERE)
    assert migrator(*options, "current") == AT_NO_REVISION


@pytest.mark.parametrize("number", range(len(SOURCES)))
def test_a_source_is_not_passed_over_for_one_that_works(
    database: Database, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    options = name_database(monkeypatch, SOURCES[number], NOWHERE)
    for later in SOURCES[number + 1 :]:
        name_database(monkeypatch, later, database.url)
    assert migrator(*options, "current") == Ended(3, "", UNREACHABLE)


def test_where_no_database_is_named_the_ways_to_name_it_are_told() -> None:
    assert migrator("current") == Ended(
        2,
        "",
        "error: no database is named\nfix: set DATABASE_URL=postgresql://USER@HOST/DATABASE, or give --database-url; "
        "embedded:DIRECTORY in place of the URL starts a private PostgreSQL there\n",
    )


@pytest.mark.parametrize(
    "engine",
    [
        "create_engine(URL)",
        "create_engine('postgresql+psycopg://', connect_args=psycopg.conninfo.conninfo_to_dict(LIBPQ))",
        "create_engine('postgresql+psycopg://nobody@/nowhere', creator=lambda: psycopg.connect(LIBPQ))",
    ],
)
def test_an_env_may_know_its_database_itself(database: Database, engine: str) -> None:
    Path("env.py").write_text(
        "import psycopg\n"
        "from alembic import context\n"
        "from sqlalchemy import create_engine\n"
        f"LIBPQ = {database.url!r}\n"
        "URL = LIBPQ.replace('postgresql:', 'postgresql+psycopg:')\n"
        f"with {engine}.connect() as connection:\n"
        "    context.configure(connection=connection)\n"
        "    with context.begin_transaction():\n"
        "        context.run_migrations()\n",
        "utf-8",
    )
    assert migrator("current") == AT_NO_REVISION
    called = database.value("SELECT current_database()")
    assert migrator("status").out.startswith(f"database  {called} at /")


ENV_OF_ANOTHER_DRIVER = """
import psycopg
from alembic import context
from sqlalchemy import create_engine

class Info:
    def __init__(self, pgconn):
        self.of_psycopg = psycopg.ConnectionInfo(pgconn)

    def __getattr__(self, name):
        if name == "dsn_parameters":
            raise AttributeError(name)
        return getattr(self.of_psycopg, name)

class Silent(psycopg.Connection):
    # As drivers other than psycopg, it does not say how it was connected.
    @property
    def info(self):
        return Info(self.pgconn)

with create_engine({url!r}, creator=lambda: Silent.connect({connected!r})).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_another_database_than_alembic_is_connected_to_is_not_worked_on(database: Database) -> None:
    called = database.value("SELECT current_database()")
    url = database.url.replace("postgresql:", "postgresql+psycopg:")
    Path("env.py").write_text(ENV_OF_ANOTHER_DRIVER.format(url=url, connected=database.url), "utf-8")
    assert migrator("status").code == 0
    # Of another length, or Python would take the file for the one that it compiled within the same second.
    elsewhere = url.replace(f"/{called}?", "/postgres?") + "&connect_timeout=10"
    Path("env.py").write_text(ENV_OF_ANOTHER_DRIVER.format(url=elsewhere, connected=database.url), "utf-8")
    ended = migrator("status")
    assert (ended.code, ended.out) == (3, "")
    assert f"error: env.py is connected to {called}, and its URL leads to another database, postgres at /" in ended.err


@pytest.mark.parametrize("source", ["--database-url", "MIGRATOR_DATABASE_URL"])
@pytest.mark.parametrize("command", [("status",), ("upgrade", "--yes")])
def test_an_env_that_does_not_take_the_url_given_is_not_believed(
    database: Database, monkeypatch: pytest.MonkeyPatch, source: str, command: tuple[str, ...]
) -> None:
    Path("env.py").write_text(ENV_OF_ANOTHER_DRIVER.format(url=database.url, connected=database.url), "utf-8")
    called = database.value("SELECT current_database()")
    copy = database.url.replace(f"/{called}?", "/postgres?")
    options = name_database(monkeypatch, source, copy)
    ended = migrator(*options, *command)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"error: env.py connects to {called} at /")
    assert f", and {source} names postgres at /" in ended.err


def test_a_url_may_name_another_driver_with_parameters_of_its_own(database: Database) -> None:
    url = database.url.replace("postgresql:", "postgresql+asyncpg:") + "&ssl=prefer&prepared_statement_cache_size=0"
    assert migrator("--database-url", url, "current") == AT_NO_REVISION


def test_the_configuration_may_be_named(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert migrator("current").code == 2
    assert migrator("-c", "../alembic.ini", "current") == AT_NO_REVISION
    monkeypatch.setenv("ALEMBIC_CONFIG", "../alembic.ini")
    assert migrator("current") == AT_NO_REVISION


# ---- what is wrong with the address --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "postgresql://app:s3cret@host:port/app",
            "error: the database URL does not parse\n"
            "fix: write it as postgresql://USER@HOST:PORT/DATABASE or embedded:DIRECTORY\n",
        ),
        (
            "mysql://app:s3cret@host/app",
            "error: the database URL names mysql, which migrator does not work with\n"
            "fix: write it as postgresql://USER@HOST:PORT/DATABASE or embedded:DIRECTORY\n",
        ),
        (
            "postgres://app:s3cret@host/app?schema=public&pgbouncer=true",
            "error: the database URL has parameters that PostgreSQL's client library does not know: pgbouncer, schema\n"
            "fix: leave them out, in --database-url or MIGRATOR_DATABASE_URL, which override DATABASE_URL\n",
        ),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_its_password(url: str, message: str) -> None:
    assert migrator("--database-url", url, "current") == Ended(2, "", message)


@pytest.mark.parametrize("command", [("current",), ("upgrade", "--yes"), ("status",), ("doctor",), ("history", "-i")])
def test_every_command_says_the_same_of_a_server_that_is_not_there(command: tuple[str, ...]) -> None:
    write_revision("a111")
    assert migrator("--database-url", NOWHERE, *command) == Ended(3, "", UNREACHABLE)


def test_a_database_that_is_not_there_is_named(database: Database) -> None:
    url = database.url.replace(database.value("SELECT current_database()"), "no_such_database")
    ended = migrator("--database-url", url, "current")
    assert ended.code == 3
    assert ended.err.splitlines()[0].endswith('FATAL:  database "no_such_database" does not exist')


# ---- what is wrong with the revisions ------------------------------------------------------------------------


@pytest.fixture
def named(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("DATABASE_URL", database.url)
    return database


@pytest.mark.usefixtures("named")
def test_an_unknown_revision_is_told_with_the_known_ones() -> None:
    write_revision("a111")
    for command in ("upgrade", "downgrade"):
        assert migrator(command, "zzzz", "--yes") == Ended(
            2, "", "error: No such revision or branch 'zzzz'\nfix: there is: a111\n"
        )


def test_a_database_at_an_unknown_revision_is_told_so(named: Database) -> None:
    write_revision("a111")
    named.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    named.execute("INSERT INTO alembic_version VALUES ('gone')")
    assert migrator("upgrade", "--yes") == Ended(
        3,
        "",
        "error: the database is at revision 'gone', which has no file here\n"
        "what that revision did is not known, so nothing was changed.\n"
        "fix: bring its file back from version control, or name the right database; if it was renamed, or squashed "
        "into another, tell Alembic the identifier that it has now: alembic stamp --purge REVISION; there is: a111\n",
    )


@pytest.mark.usefixtures("named")
def test_two_heads_are_told_with_the_command_that_joins_them() -> None:
    write_revision("a111")
    write_revision("b222")
    assert migrator("upgrade", "--yes") == Ended(
        3,
        "",
        "error: there is more than one head: a111, b222\n"
        "it is not known which of them comes first, so nothing was changed.\n"
        "fix: delete the file that is one too many and not applied yet: versions/a111.py, versions/b222.py; where all "
        'are meant, alembic merge heads -m "MESSAGE"\n',
    )


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("command", [("upgrade", "--yes"), ("heads",), ("history",)])
def test_a_revision_that_is_not_python_is_told_with_its_line(command: tuple[str, ...]) -> None:
    write_revision("a111", "def upgrade()\n    pass\n")
    assert migrator(*command) == Ended(
        3,
        "",
        "error: versions/a111.py:5: expected ':'\n"
        "the file is not Python, so nothing was changed.\n"
        "fix: correct that line\n",
    )


def test_a_statement_that_fails_is_told_with_its_line(named: Database) -> None:
    write_revision("a111", 'def upgrade():\n    op.execute("CREATE TABLE kept ()")\n')
    write_revision("b222", 'def upgrade():\n    op.execute("SELECT no_such_function()")\n', down="a111")
    ended = migrator("upgrade", "--yes")
    assert (ended.code, ended.err.splitlines()[-3:]) == (
        1,
        [
            "error: versions/b222.py:6: function no_such_function() does not exist",
            "what that revision did in Alembic's transaction was rolled back.",
            "fix: correct the statement, and run the same command again",
        ],
    )
    # Each revision is a transaction of its own: what was done before it stays, and stays recorded.
    assert named.value("SELECT version_num FROM alembic_version") == "a111"
    assert named.value("SELECT to_regclass('kept') IS NOT NULL")


def test_an_env_that_fails_is_told_with_its_line(named: Database) -> None:
    Path("env.py").write_text("import no_such_module\n", "utf-8")
    assert migrator("current") == Ended(
        3,
        "",
        "error: env.py:1: ModuleNotFoundError: No module named 'no_such_module'\n"
        "the file could not be carried out, so nothing was changed by it.\n"
        "fix: correct that line\n",
    )
    assert named.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
