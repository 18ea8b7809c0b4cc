"""SIGINT and SIGTERM before, in and after a run, by `migrator` and by plain `alembic`, under both kinds of env.py."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from migrator.commands import planner
from migrator.operations import implementation, recording
from migrator.phases import fill
from tests.support.commands import migrator
from tests.support.database import Database
from tests.support.project import Project, change, make_project
from tests.support.tables import items

# As Alembic's template for asynchronous drivers has it, but for the driver.
ASYNC = """
import asyncio
import os
import signal

from alembic import context

from migrator.env import engine


async def run_migrations() -> None:
    with engine(context.config).connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        {first}
        with context.begin_transaction():
            context.run_migrations()


asyncio.run(run_migrations())
"""
# A file of either kind, with each signal; where that takes long, with one.
ENVS = ("sync", "async")
EITHER = pytest.mark.parametrize(("env", "number"), [("sync", signal.SIGTERM), ("async", signal.SIGINT)])
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture
def project(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """One upgrade is pending."""
    items(database, 20)
    made = make_project(database, tmp_path, monkeypatch)
    made.write(change())
    return made


def write_env(env: str, first: str = "") -> None:
    if env == "async":
        Path("env.py").write_text(ASYNC.format(first=first), "utf-8")


def sends(number: signal.Signals, then: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which is about to be called when this process is sent the signal."""

    def sent(*given: Any, **named: Any) -> Any:
        os.kill(os.getpid(), number)
        return then(*given, **named)

    return sent


def alembic_upgrade() -> None:
    command.upgrade(Config("alembic.ini"), "head")


def runs(project: Project) -> int:
    if project.database.value("SELECT to_regclass('migrator.run')") is None:
        return 0
    return int(project.database.value("SELECT count(*) FROM migrator.run"))


@SIGNALS
@pytest.mark.parametrize("env", ENVS)
def test_before_the_first_phase_a_signal_ends_the_command(
    project: Project, env: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env(env)
    before = signal.getsignal(number)
    monkeypatch.setattr(planner.Planner, "upgrade", sends(number, planner.Planner.upgrade))
    ended = project.upgraded()
    assert (ended.code, ended.out) == (5, "")
    assert ended.err == (
        f"error: stopped by {number.name}\nwhat was done so far is kept.\nfix: run the same command again to go on\n"
    )
    with pytest.raises(CommandError, match=f"stopped by {number.name}"):
        alembic_upgrade()
    assert runs(project) == 0
    assert signal.getsignal(number) is before


@EITHER
def test_in_a_run_the_work_at_hand_is_finished(
    project: Project, env: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env(env)
    with monkeypatch.context() as patch:
        patch.setattr(fill, "run", sends(number, fill.run))
        ended = project.upgraded()
    assert ended.code == 5
    assert f"error: stopped by {number.name}\n" in ended.err
    with monkeypatch.context() as patch:
        patch.setattr(fill, "run", sends(number, fill.run))
        with pytest.raises(CommandError, match=f"stopped by {number.name}"):
            alembic_upgrade()
    assert project.upgraded().code == 0


@EITHER
def test_after_the_run_a_signal_is_heard_and_the_next_command_goes_on(
    project: Project, env: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env(env)
    with monkeypatch.context() as patch:
        patch.setattr(implementation, "record_at_once", sends(number, recording.record_at_once))
        assert project.upgraded().code == 5
    assert project.revision == "0001"
    assert project.upgraded().code == 0
    assert project.revision == "0002"


@pytest.mark.parametrize(("name", "number"), [("upgrade", signal.SIGINT), ("status", signal.SIGTERM)])
def test_in_env_py_a_signal_ends_any_command(project: Project, name: str, number: signal.Signals) -> None:
    write_env("async", f"os.kill(os.getpid(), {int(number)})")
    ended = migrator(name)
    assert (ended.code, ended.out) == (5, "")
    assert re.match(f"error: stopped by {number.name}\n", ended.err)
    assert runs(project) == 0


def test_a_signal_that_asyncio_kept_ends_plain_alembic(project: Project) -> None:
    """Sent before migrator's operation began. asyncio takes the place of Python's own handler alone."""
    write_env("async", "os.kill(os.getpid(), signal.SIGINT)")
    # A process in a shell's background is started without it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(CommandError, match="stopped by SIGINT"):
            alembic_upgrade()
    finally:
        signal.signal(signal.SIGINT, before)
    assert runs(project) == 0
