"""Who is waited for is named: while a build waits, by `migrator status`, and where env.py takes an advisory lock."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest

from migrator.cli import waits as env_waits
from migrator.commands import runner
from migrator.runtime import waits
from migrator.runtime.context import Options
from tests.support.commands import migrator
from tests.support.database import Database
from tests.support.project import Project, change, make_project
from tests.support.running import BATCH, REVISION, At, upgrade_until
from tests.support.tables import CHANGE, items

# Any number that is not migrator's own.
LOCK = 4711
ENV = """
from alembic import context
from sqlalchemy import text

from migrator.env import engine

with engine(context.config).connect() as connection:
    connection.execute(text("SELECT {function}(4711)"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.fixture
def project(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """One upgrade is pending."""
    items(database, 20)
    made = make_project(database, tmp_path, monkeypatch)
    made.write(change())
    return made


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_a_build_that_waits_for_who_waits_for_an_advisory_lock(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment holds a lock, and another one waits for it with a snapshot, as env.py files do."""
    items(database, rows=20)
    upgrade_until(database, "fill")
    monkeypatch.setattr(waits, "LOOK_EVERY_S", 0.05)
    status: list[str | None] = []
    with database.connect() as holder, database.connect() as waiting:
        holder.execute("SET application_name = 'deploy one'")
        holder.execute(f"SELECT pg_advisory_lock({LOCK})")
        holding, pid = holder.info.backend_pid, waiting.info.backend_pid
        waiting.execute("SET application_name = 'deploy two'")

        class Releasing(At):
            def message(self, text: str) -> None:
                super().message(text)
                if text.startswith("waiting for process"):
                    status.append(read_waits(database))
                    holder.execute(f"SELECT pg_advisory_unlock({LOCK})")

        reporter = Releasing("", "", lambda: None)
        thread = threading.Thread(target=waiting.execute, args=(f"SELECT pg_advisory_lock({LOCK})",))
        thread.start()
        try:
            while not database.value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                pass
            runner.upgrade(database.address, REVISION, [CHANGE], Options(reporter, batch_size=BATCH))
        finally:
            holder.close()
            thread.join()
    (told, *_) = [message for message in reporter.messages if message.startswith("waiting for process")]
    expected = (
        rf'process {pid} \(role "postgres", application name "deploy two"\), at a statement since \d\d:\d\d:\d\d, '
        rf"its statement: SELECT pg_advisory_lock\({LOCK}\), which waits itself for a lock \(advisory\) of "
        rf'process {holding} \(role "postgres", application name "deploy one"\)\. {re.escape(waits.POLL_INSTEAD)}'
    )
    assert re.fullmatch(f"waiting for {expected}", told)
    assert re.fullmatch(expected, str(status[0]))


def read_waits(database: Database) -> str | None:
    from migrator.commands.status import read_status

    found = read_status(database.address).waits_for
    return None if found is None else str(found)


def test_a_statement_that_waits_for_nobody_is_not_reported(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    items(database, rows=20)
    monkeypatch.setattr(waits, "LOOK_EVERY_S", 0.01)
    reporter = At("", "", lambda: None)
    runner.upgrade(database.address, REVISION, [CHANGE], Options(reporter, batch_size=BATCH))
    assert [message for message in reporter.messages if message.startswith("waiting")] == []


def test_status_does_not_wait_for_the_lock_of_env_py(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env_waits, "LOCK_TIMEOUT", "50ms")
    Path("env.py").write_text(ENV.format(function="pg_advisory_lock"), "utf-8")
    assert migrator("status").code == 0
    with project.database.connect() as holder:
        holder.execute("SET application_name = 'deploy'")
        holder.execute(f"SELECT pg_advisory_lock({LOCK})")
        ended = migrator("status")
        assert (ended.code, ended.out) == (5, "")
        held = f'process {holder.info.backend_pid} (role "postgres", application name "deploy")'
        assert ended.err == (
            f"error: env.py waits for a lock, and this command waits 50ms for it: SELECT pg_advisory_lock({LOCK}); "
            f"advisory locks are held by {held}\n"
            f"nothing was changed. {waits.POLL_INSTEAD}.\n"
            "fix: run the same command again once that session is done; migrator init names the line of env.py\n"
        )
    assert migrator("status").code == 0


@pytest.mark.parametrize("function", ["pg_advisory_lock", "pg_advisory_xact_lock_shared", "pg_try_advisory_lock"])
def test_init_and_doctor_notice_a_lock_that_env_py_waits_for(project: Project, function: str) -> None:
    Path("env.py").write_text(ENV.format(function=function), "utf-8")
    joined = migrator("init").out
    found = [each for each in json.loads(migrator("doctor", "--json").out)["findings"] if "advisory" in each["fact"]]
    if "try" in function:
        assert ("advisory" in joined, found) == (False, [])
        return
    called = function.replace("pg_", "pg_try_")
    polled = f'env.py:8: take it by polling: while not connection.scalar(text("SELECT {called}'
    assert f"waits for an advisory lock in line 8, by {function}()" in joined
    assert polled in joined
    (warning,) = found
    assert (warning["level"], warning["subject"]) == ("warning", "env.py")
    assert warning["remedy"].startswith(polled)
    assert project.revision == "0001"
