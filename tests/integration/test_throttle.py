"""What holds a run back: each limit alone stops writes, says why, and lets the run go on once it is lifted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from migrator.cli.status import as_text
from migrator.commands import runner
from migrator.commands.status import read_status
from migrator.errors import Interrupted
from migrator.postgres.address import address_of_url, sqlalchemy_url
from migrator.rows import batches
from migrator.runtime import throttle
from migrator.runtime.context import Options
from migrator.runtime.signals import Stop
from migrator.runtime.throttle import Limits
from tests.models import new
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import BATCH, REVISION, At, unfinished
from tests.support.server import OwnServer
from tests.support.tables import CHANGE, TEXTS, begin_autovacuum, items

# Looks at what is written while a run is held back, before the limit is lifted.
LOOKS = 3


class Held(Stop):
    """The pauses of a run: in the first ones it looks at what was written, then calls `lift`.

    waiting: what the ledger said meanwhile.
    """

    def __init__(self, database: Database, lift: Callable[[], object]) -> None:
        super().__init__()
        self._database = database
        self._lift = lift
        self._written: list[tuple[object, ...]] = []
        self.waiting: set[str] = set()

    def pause(self, _seconds: float) -> None:
        if len(self._written) == LOOKS:
            return
        self.waiting.add(self._database.value("SELECT waiting FROM migrator.run"))
        self._written.append(written(self._database))
        assert self._written[0] == self._written[-1], "something was written meanwhile"
        if len(self._written) == LOOKS:
            self._lift()


def written(database: Database) -> tuple[object, ...]:
    """How much of the work is done: what is stored, and how much there is of the table and its backup."""
    (tables,) = database.execute(
        "SELECT array_agg((relname, reltuples) ORDER BY relname) FROM pg_class "
        "WHERE relkind = 'r' AND (relname LIKE 'backup_%' OR relname LIKE 'store_%')"
    )
    (inserted,) = database.execute(
        "SELECT sum(pg_relation_size(c.oid)) FROM pg_class c "
        "WHERE relname = 'items' OR relname LIKE 'backup_%' OR relname LIKE 'store_%'"
    )
    return (*tables, *inserted)


def held(database: Database, limits: Limits, reason: str, lift: Callable[[], object], *, online: bool = False) -> None:
    """An upgrade that is held back for that reason until `lift` was called, and no longer."""
    stop, reporter = Held(database, lift), At("never", "", lambda: None)
    runner.upgrade(
        database.address,
        REVISION,
        [CHANGE],
        Options(reporter, batch_size=BATCH, limits=limits, stop=stop, online=online),
    )
    assert stop.waiting == {reason}
    assert [each for each in reporter.messages if each.startswith(("waiting", "going"))] == [
        f"waiting: {reason}",
        "going on",
    ]
    assert database.value("SELECT waiting FROM migrator.run") is None
    assert rows_hold(database, new) == 200


def test_the_pause_file(database: Database, tmp_path: Path) -> None:
    items(database)
    file = tmp_path / "pause"
    file.touch()
    held(database, Limits(pause_file=file), f"the pause file {file} exists", file.unlink)


def test_the_status_says_why_a_run_waits(database: Database, tmp_path: Path) -> None:
    """And says nothing of it once the migrator that waited is gone."""
    items(database)
    file = tmp_path / "pause"
    reason = f"the pause file {file} exists"

    def lift() -> None:
        found = read_status(database.address)
        assert unfinished(database).waiting == reason
        assert f"\n  waiting: {reason}\n" in as_text(found)
        raise KeyboardInterrupt

    options = Options(At("progress", "embed", file.touch), limits=Limits(pause_file=file), stop=Held(database, lift))
    with pytest.raises(Interrupted):
        runner.upgrade(database.address, REVISION, [CHANGE], options)
    found = read_status(database.address)
    assert unfinished(database).waiting is None
    assert "waiting" not in as_text(found)
    runner.upgrade(database.address, REVISION, [CHANGE], Options())
    assert database.value("SELECT waiting FROM migrator.run") is None


# ---- rates, by a clock that only pauses move ---------------------------------------------------------------------


class Clock(Stop):
    """Time in which nothing takes any but pauses."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(throttle, "time", made)
    return made


def test_the_rate_of_rows_and_texts(database: Database, clock: Clock) -> None:
    items(database)
    reporter = At("never", "", lambda: None)
    options = Options(reporter, batch_size=BATCH, limits=Limits(max_rate=25), stop=clock)
    runner.upgrade(database.address, REVISION, [CHANGE], options)
    assert clock.now == pytest.approx((TEXTS + 200) / 25)
    # Once a phase, not once a batch.
    told = "waiting: no more than 25 rows or texts are written a second (--max-rate)"
    assert reporter.messages.count(told) == 2
    assert rows_hold(database, new) == 200


def test_the_rate_of_wal(database: Database, clock: Clock) -> None:
    items(database)
    start = database.value("SELECT pg_current_wal_lsn()")
    reporter = At("never", "", lambda: None)
    options = Options(reporter, batch_size=BATCH, limits=Limits(max_wal_rate=100_000), stop=clock)
    runner.upgrade(database.address, REVISION, [CHANGE], options)
    # What the last phases write is not waited for: there is no batch after them.
    stored = TEXTS * 3_072 + 200 * 3_072
    everything = database.value("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %(start)s)", {"start": start})
    assert stored / 100_000 <= clock.now <= float(everything) / 100_000 + 100 * throttle.POLL_S
    assert "waiting: more than 100 kB of WAL are written a second (--max-wal-rate)" in reporter.messages
    assert rows_hold(database, new) == 200


# ---- standbys -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def standby(own_server: OwnServer) -> Iterator[OwnServer]:
    made = own_server.standby()
    yield made
    made.remove()


@pytest.fixture
def followed(own_server: OwnServer, standby: OwnServer) -> Iterator[Database]:
    """A database with the table, of which the standby replays nothing any more."""
    database = own_server.new_database()
    with standby.connect("postgres") as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        items(database)
        yield database
        connection.execute("SELECT pg_wal_replay_resume()")


@pytest.mark.parametrize("asked", ["primary", "standby"])
def test_a_standby_that_replays_nothing(followed: Database, standby: OwnServer, asked: str) -> None:
    url = address_of_url(sqlalchemy_url(standby.url("postgres"))) if asked == "standby" else None

    def resume() -> None:
        with standby.connect("postgres") as connection:
            connection.execute("SELECT pg_wal_replay_resume()")

    reason = "a standby is more than 60 s behind (--max-replica-lag)"
    held(followed, Limits(max_replica_lag_s=60, standby=url), reason, resume)


def test_a_standby_that_falls_behind(
    followed: Database, standby: OwnServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:

    def replay(function: str) -> None:
        with standby.connect("postgres") as connection:
            connection.execute(f"SELECT pg_wal_replay_{function}()".encode())

    class Stuck(At):
        def message(self, text: str) -> None:
            super().message(text)
            if text.startswith("waiting: a standby"):
                replay("resume")

    def fall_behind() -> None:
        replay("pause")
        reporter.messages.clear()

    replay("resume")
    # At 100 rows a second several ranges within the last of which the standby is too far behind.
    monkeypatch.setattr(batches, "ROWS", 40)
    reporter = Stuck("done", "embed", fall_behind)
    limits = Limits(max_replica_lag_s=1, max_rate=100)
    runner.upgrade(followed.address, REVISION, [CHANGE], Options(reporter, batch_size=BATCH, limits=limits, stop=clock))
    assert "waiting: a standby is more than 1 s behind (--max-replica-lag)" in reporter.messages
    assert rows_hold(followed, new) == 200


def test_a_standby_that_is_not_there_is_not_taken_for_one_that_keeps_up(database: Database) -> None:
    items(database)

    class Gone(Stop):
        def pause(self, _seconds: float) -> None:
            raise KeyboardInterrupt

    nobody = address_of_url(sqlalchemy_url("postgresql://postgres@/postgres?host=/nowhere"))
    for address, reason in (
        (None, "no standby is connected, so its lag is not known"),
        (nobody, "the standby cannot be reached, so its lag is not known"),
        (database.address, "--standby-url names a server that is not a standby"),
    ):
        reporter = At("never", "", lambda: None)
        options = Options(reporter, limits=Limits(max_replica_lag_s=60, standby=address), stop=Gone())
        with pytest.raises(Interrupted):
            runner.upgrade(database.address, REVISION, [CHANGE], options)
        assert reporter.messages[-1] == f"waiting: {reason}"


# ---- autovacuum ---------------------------------------------------------------------------------------------------


def test_autovacuum_at_work_on_the_table(vacuumed: Database) -> None:
    items(vacuumed)

    def end() -> None:
        """It gives way to whoever wants a stronger lock."""
        vacuumed.execute("ALTER TABLE items SET (autovacuum_enabled = off)")

    class Meeting(At):
        def message(self, text: str) -> None:
            super().message(text)
            if text == "waiting: autovacuum works on the table":
                end()

    reporter = Meeting("progress", "fill", lambda: begin_autovacuum(vacuumed))
    runner.upgrade(vacuumed.address, REVISION, [CHANGE], Options(reporter, batch_size=BATCH, online=True))
    assert reporter.messages.count("waiting: autovacuum works on the table") == 1
    assert rows_hold(vacuumed, new) == 200
