"""Whatever ends a command becomes one message with a remedy and an exit code; only migrator's own faults do not."""

from __future__ import annotations

import configparser
from collections.abc import Callable
from pathlib import Path

import click
import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, OperationalError

from migrator import Hnsw
from migrator.cli.errors import explain, without_passwords
from migrator.cli.project import Project
from migrator.errors import Interrupted, MigratorError, Refused, UsageError

SECRET = "p%40ss:w/rd"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An Alembic project without a revision, in the current directory."""
    monkeypatch.chdir(tmp_path)
    Path("alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n", "utf-8")
    Path("versions").mkdir()
    return Project("alembic.ini")


def write_revision(name: str, body: str = "", *, down: str | None = None) -> None:
    source = f'"""{name}"""\nrevision = {name!r}\ndown_revision = {down!r}\n{body}'
    Path("versions", f"{name}.py").write_text(source, "utf-8")


def raised_by(function: Callable[[], object]) -> BaseException:
    """What it raises, as an exception that has a traceback."""
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def told(error: BaseException, project: Project, *arguments: str) -> tuple[int, str]:
    """Exit code and message."""
    explained = explain(error, project, arguments)
    assert explained is not None
    return explained.exit_code, str(explained)


def read_revisions(project: Project) -> BaseException:
    return raised_by(lambda: list(project.script.walk_revisions()))


# ---- migrator's own errors, and a person's -------------------------------------------------------------------


def test_an_error_of_migrators_is_told_as_it_is(project: Project) -> None:
    error = Refused("it happened", meaning="it means that.", remedy="do this")
    assert explain(error, project, ()) is error
    assert told(error, project) == (3, "it happened\nit means that.\nfix: do this")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_says_how_to_go_on(project: Project, error: BaseException) -> None:
    assert told(error, project) == (
        5,
        "interrupted\nwhat was done so far is kept.\nfix: run the same command again to go on",
    )


def test_a_path_that_cannot_be_read_is_named(project: Project) -> None:
    error = raised_by(Path("questions.jsonl").read_text)
    assert told(error, project) == (
        2,
        "questions.jsonl: No such file or directory\nfix: make the path readable and writable",
    )


def test_a_fault_of_migrators_own_is_not_explained_away(project: Project) -> None:
    for error in (ValueError("surprise"), AssertionError(), LookupError("no row")):
        assert explain(error, project, ()) is None


# ---- passwords -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"cannot parse postgresql://app:{SECRET}@host/db", "cannot parse postgresql://app:***@host/db"),
        (f"postgresql+psycopg://:{SECRET}@/db?host=/tmp", "postgresql+psycopg://:***@/db?host=/tmp"),
        ("connection to host=h password=secret user=u", "connection to host=h password=*** user=u"),
        ("password='two words' user=u", "password=*** user=u"),
        (
            "postgresql://host/db?user=u&password=secret&sslmode=off",
            "postgresql://host/db?user=u&password=***&sslmode=off",
        ),
        ("see https://example.org/a@b and http://host:80/c", "see https://example.org/a@b and http://host:80/c"),
        ("password authentication failed for user app", "password authentication failed for user app"),
    ],
)
def test_passwords_are_masked_and_nothing_else_is(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


def test_no_part_of_a_message_holds_a_password(project: Project) -> None:
    url = f"postgresql://app:{SECRET}@host/db"
    error = UsageError(f"bad {url}", meaning=f"it is {url}.", remedy=f"not {url}")
    assert SECRET not in told(error, project)[1]


# ---- the revisions -------------------------------------------------------------------------------------------


def test_two_heads_are_named_with_the_command_that_joins_them(project: Project) -> None:
    write_revision("a1")
    write_revision("b1")
    assert told(raised_by(project.script.get_current_head), project) == (
        3,
        "there is more than one head: a1, b1\n"
        "it is not known which of them comes first, so nothing was changed.\n"
        "fix: delete the file that is one too many and not applied yet: versions/a1.py, versions/b1.py; where all are "
        'meant, alembic merge heads -m "MESSAGE"',
    )


def test_an_unknown_revision_is_the_persons_where_they_wrote_it(project: Project) -> None:
    write_revision("a1")
    write_revision("a2", down="a1")
    error = raised_by(lambda: project.script.get_revision("zz99"))
    assert told(error, project, "upgrade", "zz99") == (
        2,
        "No such revision or branch 'zz99'\nfix: there is: a2, a1",
    )


def test_an_unknown_revision_is_the_databases_where_nobody_wrote_it(project: Project) -> None:
    write_revision("a1")
    error = raised_by(lambda: project.script.get_revision("zz99"))
    assert told(error, project, "upgrade", "head") == (
        3,
        "the database is at revision 'zz99', which has no file here\n"
        "what that revision did is not known, so nothing was changed.\n"
        "fix: bring its file back from version control, or name the right database; if it was renamed, or "
        "squashed into another, tell Alembic the identifier that it has now: alembic stamp --purge REVISION; "
        "there is: a1",
    )


def test_of_many_revisions_the_newest_are_named(project: Project) -> None:
    for number in range(1, 12):
        write_revision(f"r{number}", down=f"r{number - 1}" if number > 1 else None)
    error = raised_by(lambda: project.script.get_revision("zz99"))
    assert told(error, project, "zz99")[1].endswith("fix: there is: r11, r10, r9, r8, r7, r6, r5, r4, and 3 older")


def test_without_revisions_none_is_named(project: Project) -> None:
    error = raised_by(lambda: project.script.get_revision("zz99"))
    assert told(error, project, "zz99")[1].endswith("fix: there is: no revision yet")


def test_a_down_revision_without_a_file_is_named(project: Project) -> None:
    write_revision("a2", down="a1")
    with pytest.warns(UserWarning, match="a1"):
        error = read_revisions(project)
    assert told(error, project) == (
        3,
        "revision 'a1' is a down_revision here, but has no file\n"
        "the order of the revisions is not known, so nothing was changed.\n"
        "fix: bring its file back from version control, or correct down_revision",
    )


def test_a_revision_that_is_not_python_is_named_with_its_line(project: Project) -> None:
    write_revision("a1", "def upgrade(:\n    pass\n")
    assert told(read_revisions(project), project) == (
        3,
        "versions/a1.py:4: invalid syntax\nthe file is not Python, so nothing was changed.\nfix: correct that line",
    )


def test_a_revision_that_cannot_be_carried_out_is_named_with_its_line(project: Project) -> None:
    write_revision("a1", "import there_is_no_such_module\n")
    assert told(read_revisions(project), project) == (
        3,
        "versions/a1.py:4: ModuleNotFoundError: No module named 'there_is_no_such_module'\n"
        "the file could not be carried out, so nothing was changed by it.\n"
        "fix: correct that line",
    )


def test_a_revision_that_asks_for_what_cannot_be_is_refused_in_the_words_of_the_refusal(project: Project) -> None:
    write_revision("a1", "from migrator import Hnsw\nHnsw(m=1)\n")
    refusal = raised_by(lambda: Hnsw(m=1))
    assert told(read_revisions(project), project) == (3, str(refusal))


def test_a_wrong_argument_is_the_revisions_fault_not_migrators(project: Project) -> None:
    write_revision("a1", "from migrator import Hnsw\nHnsw(links=16)\n")
    code, message = told(read_revisions(project), project)
    assert code == 3
    assert message.splitlines()[0].startswith("versions/a1.py:5: TypeError: ")
    assert "keyword argument 'links'" in message


def test_a_project_without_scripts_is_a_mistake_in_the_configuration(project: Project) -> None:
    Path("alembic.ini").write_text("[alembic]\nscript_location = nowhere\n", "utf-8")
    code, message = told(raised_by(lambda: project.script), project)
    assert code == 2
    assert "nowhere" in message


# ---- the database --------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there_cannot_be_reached(project: Project, tmp_path: Path) -> None:
    error = raised_by(lambda: psycopg.connect(host=str(tmp_path), dbname="app", password=SECRET))
    code, message = told(error, project)
    problem, meaning, remedy = message.splitlines()
    assert code == 3
    assert problem.startswith("the database cannot be reached: ")
    assert meaning == "nothing was changed."
    assert remedy == (
        "fix: check that the server runs, and host, port, database, user and password in the database URL "
        "(--database-url, MIGRATOR_DATABASE_URL, DATABASE_URL or sqlalchemy.url)"
    )
    assert SECRET not in message


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the connection unexpectedly\n\tThis probably means"),
        OperationalError("SELECT 1", None, psycopg.errors.AdminShutdown("server closed the connection unexpectedly")),
        psycopg.errors.IdleInTransactionSessionTimeout("server closed the connection unexpectedly"),
        psycopg.errors.TransactionTimeout("server closed the connection unexpectedly"),
        # As another driver's error comes.
        DBAPIError(
            "SELECT 1", None, Exception("server closed the connection unexpectedly"), connection_invalidated=True
        ),
    ],
)
def test_a_connection_that_breaks_is_a_passing_fault(project: Project, error: Exception) -> None:
    assert told(error, project) == (
        5,
        "the database broke off: server closed the connection unexpectedly\n"
        "what was done so far is kept.\n"
        "fix: run the same command again to go on",
    )


def test_an_unknown_kind_of_database_is_named(project: Project) -> None:
    assert told(NoSuchModuleError("Can't load plugin: sqlalchemy.dialects:postgras"), project) == (
        2,
        "the database URL names no kind of database that is known: "
        "Can't load plugin: sqlalchemy.dialects:postgras\n"
        "fix: set DATABASE_URL=postgresql://USER@HOST/DATABASE, or correct sqlalchemy.url",
    )


# ---- the configuration ---------------------------------------------------------------------------------------


def refused_configuration(project: Project, ini: str) -> str:
    Path("alembic.ini").write_text(ini, "utf-8")
    with pytest.raises(UsageError) as refused:
        assert project.config
    return str(refused.value)


def test_a_percent_sign_in_the_configuration_is_named_without_its_value(project: Project) -> None:
    ini = f"[alembic]\nscript_location = .\nsqlalchemy.url = postgresql://app:{SECRET}@host/db\n"
    assert refused_configuration(project, ini) == (
        "alembic.ini: sqlalchemy.url holds a single %\nfix: write every % of its value twice"
    )


def test_a_configuration_that_is_no_configuration_is_named(project: Project) -> None:
    expected = raised_by(lambda: configparser.ConfigParser().read_string("script_location = .\n", "alembic.ini"))
    assert isinstance(expected, configparser.MissingSectionHeaderError)
    assert refused_configuration(project, "script_location = .\n").startswith("alembic.ini cannot be read: ")


def test_where_there_is_no_configuration_init_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MigratorError) as refused:
        assert Project("alembic.ini").config
    assert (refused.value.exit_code, str(refused.value)) == (
        2,
        "there is no Alembic configuration: alembic.ini was not found\n"
        "fix: migrator init makes one; or name yours: migrator -c FILE COMMAND",
    )


def test_an_exit_code_is_kept(project: Project) -> None:
    assert told(Interrupted("x"), project) == (5, "x")
