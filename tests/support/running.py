"""Upgrades and downgrades as tests run them, and a reporter that acts at a given moment of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from migrator import EmbeddingChange
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.commands.abandon import abandon as abandon_run
from migrator.commands.retire import retire_all
from migrator.commands.status import ColumnStatus, RunStatus, read_status
from migrator.errors import Stopped
from migrator.phases import NAMES
from migrator.postgres.connection import Connection
from migrator.preflight.old_model import SAMPLED_ROWS
from migrator.report import Progress, Reporter, Silent
from migrator.runtime.context import Options
from tests.support.database import Database
from tests.support.tables import CHANGE

REVISION = "2"
# Small and fixed, so that tests can say how many texts each call of a model has.
BATCH = 16
# Texts that each check of a model's identity embeds, and rows that verification embeds again.
PROBES, SAMPLE = 4, CHANGE.verify.sample
# What preflight embeds with the old model: its probes, and a few rows again.
OLD_MODEL = [PROBES, SAMPLED_ROWS]


def upgrade(
    database: Database,
    change: EmbeddingChange = CHANGE,
    *,
    revision: str = REVISION,
    reporter: Reporter | None = None,
    project: Path = Path(),
    online: bool = False,
) -> None:
    options = Options(reporter or Silent(), batch_size=BATCH, project=project, online=online)
    runner.upgrade(database.address, revision, [change], options)


def upgrade_until(database: Database, phase: str, change: EmbeddingChange = CHANGE) -> None:
    """Stops when the phase is done, as `migrator upgrade --stop-after` does."""
    with pytest.raises(Stopped):
        runner.upgrade(database.address, REVISION, [change], Options(stop_after=phase, batch_size=BATCH))


def downgrade(
    database: Database,
    change: EmbeddingChange = CHANGE,
    *,
    revision: str = REVISION,
    reporter: Reporter | None = None,
) -> None:
    columns = [VectorColumn(change.table, change.column, change.schema)]
    runner.restore(database.address, revision, columns, Options(reporter or Silent(), batch_size=BATCH))


def downgrade_until(database: Database, phase: str, change: EmbeddingChange = CHANGE) -> None:
    columns = [VectorColumn(change.table, change.column, change.schema)]
    with pytest.raises(Stopped):
        runner.restore(database.address, REVISION, columns, Options(stop_after=phase, batch_size=BATCH))


def abandon(database: Database) -> str:
    return abandon_run(database.address, Silent())


def retire(database: Database, *, keep_backups: bool = False, stores: bool = False) -> list[str]:
    return retire_all(database.address, Silent(), keep_backups=keep_backups, stores=stores)


def migrated(database: Database) -> list[ColumnStatus]:
    """Every migrated column as `migrator status` shows it; each can be read."""
    columns = read_status(database.address).columns
    readable = [each for each in columns if isinstance(each, ColumnStatus)]
    assert readable == columns
    return readable


def unfinished(database: Database) -> RunStatus:
    """The run that is under way."""
    found = read_status(database.address).unfinished
    assert found is not None
    return found


def terminate(database: Database) -> None:
    """Ends the connections of every migrator at work there."""
    database.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE application_name = 'migrator' AND datname = current_database()"
    )


def until_alone(database: Database) -> None:
    """The server goes on with the statement of a client that died, such as an index build, and its lock stays."""
    with database.connect() as connection:
        statement = (
            "SELECT EXISTS (SELECT FROM pg_stat_activity "
            "WHERE application_name = 'migrator' AND datname = current_database())"
        )
        while connection.execute(statement.encode()).fetchone() == (True,):
            pass


class At:
    """Calls `action` once, when the phase tells its first event of that name: started, progress or done.

    told: what was told of phases until now, each as event, phase, subject and detail. messages: the rest.
    """

    def __init__(self, event: str, phase: str, action: Callable[[], object]) -> None:
        self._awaited = (event, phase)
        self._action = action
        self.told: list[tuple[str, str, str, Progress | str]] = []
        self.messages: list[str] = []

    def phase_started(self, phase: str, subject: str) -> None:
        self._tell("started", phase, subject, "")

    def progress(self, phase: str, subject: str, progress: Progress) -> None:
        self._tell("progress", phase, subject, progress)

    def phase_done(self, phase: str, subject: str, result: str) -> None:
        self._tell("done", phase, subject, result)

    def message(self, text: str) -> None:
        self.messages.append(text)

    @property
    def acted(self) -> bool:
        return self._awaited == ("", "")

    def _tell(self, event: str, phase: str, subject: str, detail: Progress | str) -> None:
        self.told.append((event, phase, subject, detail))
        if self._awaited == (event, phase):
            self._awaited = ("", "")
            self._action()


class Holding(At):
    """A writer that begins a transaction at the event, and commits it when migrator says that it waits.

    last: what it does before it commits.
    """

    def __init__(self, event: str, phase: str, writer: Connection, statement: str, *, last: str = "") -> None:
        super().__init__(event, phase, lambda: writer.execute(f"BEGIN; {statement}".encode()))
        self._writer = writer
        self._end = f"{last}; COMMIT"

    def message(self, text: str) -> None:
        super().message(text)
        if text.startswith("waiting for") and self._end:
            self._writer.execute(self._end.encode())
            self._end = ""


def phases_from(first: str) -> tuple[str, ...]:
    """The phases from that one on."""
    return NAMES[NAMES.index(first) :]


def batches(texts: int, size: int = BATCH) -> list[int]:
    """The calls in which so many texts are embedded."""
    return [size] * (texts // size) + [texts % size] * bool(texts % size)
