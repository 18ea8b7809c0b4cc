"""SIGINT and SIGTERM: the batch at work is finished, everything is kept, and the same command goes on."""

from __future__ import annotations

import os
import signal

import pytest

from migrator.commands import runner
from migrator.errors import Interrupted
from migrator.runtime.context import Options
from tests.models import EmbedLog, new
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import BATCH, OLD_MODEL, PROBES, REVISION, At, upgrade
from tests.support.tables import CHANGE, items


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("phase", ["backup", "embed", "fill", "index", "verify"])
def test_the_first_signal_ends_the_run_after_the_batch(database: Database, number: signal.Signals, phase: str) -> None:
    items(database)
    before = signal.getsignal(number)
    reporter = At("started", phase, lambda: os.kill(os.getpid(), number))
    with pytest.raises(Interrupted, match=f"stopped by {number.name}") as caught:
        upgrade(database, reporter=reporter)
    assert caught.value.exit_code == 5
    assert caught.value.remedy == "run the same command again to go on"
    assert "stopping when the batch at work is done" in "".join(reporter.messages)
    assert signal.getsignal(number) == before
    upgrade(database)
    assert rows_hold(database, new) == 200


def test_the_batch_at_work_is_stored(database: Database, embed_log: EmbedLog) -> None:
    items(database)
    with pytest.raises(Interrupted):
        upgrade(database, reporter=At("progress", "embed", lambda: os.kill(os.getpid(), signal.SIGTERM)))
    assert embed_log.calls() == [*OLD_MODEL, PROBES, BATCH]
    (store,) = database.execute("SELECT relname FROM pg_class WHERE relname LIKE 'store_%' AND relkind = 'r'")
    assert database.value(f"SELECT count(*) FROM migrator.{store[0]}") == BATCH


def test_the_second_signal_ends_it_at_once(database: Database) -> None:
    items(database)

    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted, match="interrupted: stopped at once by SIGTERM"):
        upgrade(database, reporter=At("progress", "fill", twice))
    upgrade(database)
    assert rows_hold(database, new) == 200


def test_a_stop_while_a_lock_is_waited_for(database: Database) -> None:
    items(database)

    class Stopping(At):
        def message(self, text: str) -> None:
            super().message(text)
            if text.startswith("waiting for a lock"):
                os.kill(os.getpid(), signal.SIGTERM)

    reporter = Stopping("never", "", lambda: None)
    with database.connect() as reader:
        reader.execute("BEGIN; SELECT FROM items LIMIT 1")
        with pytest.raises(Interrupted, match="stopped by SIGTERM"):
            runner.upgrade(database.address, REVISION, [CHANGE], Options(reporter, batch_size=BATCH))
    upgrade(database)
    assert rows_hold(database, new) == 200


def test_in_the_last_phase_there_is_nothing_to_go_on_with(database: Database) -> None:
    items(database)
    upgrade(database, reporter=At("started", "settle", lambda: os.kill(os.getpid(), signal.SIGTERM)))
    assert database.value("SELECT state FROM migrator.run") == "done"
