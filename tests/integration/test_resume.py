"""A run that breaks off, at any moment, goes on where it was and comes to the same end."""

from __future__ import annotations

import signal
from functools import partial

import pytest

from migrator.errors import Busy, Interrupted
from tests.models import EmbedLog, new, old
from tests.support.database import Database
from tests.support.killed import UNSTORED_BATCH, carry_out, ended, started
from tests.support.proofs import checksum, is_upgraded, rows_hold
from tests.support.running import (
    BATCH,
    OLD_MODEL,
    PROBES,
    SAMPLE,
    At,
    batches,
    downgrade,
    downgrade_until,
    phases_from,
    terminate,
    until_alone,
    upgrade,
    upgrade_until,
)
from tests.support.tables import TEXTS, insert, items

PHASES = phases_from("backup")


def killed(database: Database, direction: str, point: str, phase: str) -> None:
    """Runs it until it kills itself there, and until the server has noticed."""
    assert ended(started(partial(carry_out, database, direction, point, phase))) == -signal.SIGKILL
    until_alone(database)


def calls(phase: str, point: str) -> tuple[list[int], list[int]]:
    """What the model is called for by an upgrade killed there, and by the one that goes on: each text once."""
    reached = PHASES.index(phase) + (point == "unsaid")
    embedded, verified = reached > PHASES.index("embed"), reached > PHASES.index("verify")
    embedding = batches(TEXTS) if embedded else []
    first = [*OLD_MODEL, PROBES, *embedding, *([SAMPLE] if verified else [])]
    if phase in phases_from("cut-over"):
        return first, []
    return first, [PROBES, *([] if embedded else batches(TEXTS)), SAMPLE]


# When a phase begins, the one before it is recorded; test_a_lost_connection... has every such moment.
@pytest.mark.parametrize(
    ("phase", "point"),
    [("backup", "started"), ("fill", "started"), ("cut-over", "started"), *((phase, "unsaid") for phase in PHASES)],
)
def test_promise_2_an_upgrade_killed_in_any_phase(
    database: Database, upgraded_schema: str, embed_log: EmbedLog, phase: str, point: str
) -> None:
    items(database)
    before = checksum(database)
    first, second = calls(phase, point)
    killed(database, "upgrade", point, phase)
    assert embed_log.calls() == first
    upgrade(database)
    assert embed_log.calls() == second
    is_upgraded(database, upgraded_schema)
    assert checksum(database) == before


@pytest.mark.parametrize("phase", PHASES)
def test_promise_6_a_downgrade_killed_in_any_phase(database: Database, phase: str) -> None:
    items(database)
    schema = database.dump()
    upgrade(database)
    insert(database, [(1000 + number, f"later {number}") for number in range(5)], model=new())
    database.execute("UPDATE items SET body = 'edited ' || id WHERE id < 10")
    before = checksum(database)
    killed(database, "downgrade", "unsaid", phase)
    downgrade(database)
    assert rows_hold(database, old) == 205
    assert database.dump() == schema
    assert checksum(database) == before


def test_promise_2_a_batch_in_flight_is_all_that_a_crash_costs(
    database: Database, upgraded_schema: str, embed_log: EmbedLog
) -> None:
    items(database)
    killed(database, "upgrade", "unstored", "embed")
    assert embed_log.calls() == [*OLD_MODEL, PROBES, *[BATCH] * UNSTORED_BATCH]
    upgrade(database)
    assert embed_log.calls() == [PROBES, *batches(TEXTS - BATCH * (UNSTORED_BATCH - 1)), SAMPLE]
    is_upgraded(database, upgraded_schema)


def test_promise_2_killed_again_and_again_while_embedding(
    database: Database, upgraded_schema: str, embed_log: EmbedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model ends the process instead of embedding more texts than that in all, probes among them."""
    items(database)
    # The first run tries the old model too, before anything is recorded.
    for before in ([*OLD_MODEL, PROBES], [PROBES]):
        limit = sum(before) + 3 * BATCH
        monkeypatch.setenv("MIGRATOR_TEST_KILL_AFTER", str(limit))
        killed(database, "upgrade", "never", "")
        assert embed_log.calls() == before + [BATCH] * 3
    monkeypatch.delenv("MIGRATOR_TEST_KILL_AFTER")
    upgrade(database)
    assert embed_log.calls() == [PROBES, *batches(TEXTS - 6 * BATCH), SAMPLE]
    is_upgraded(database, upgraded_schema)


@pytest.mark.parametrize("phase", ["embed", "fill"])
def test_killed_in_the_middle_of_a_phase(database: Database, upgraded_schema: str, phase: str) -> None:
    items(database)
    killed(database, "upgrade", "progress", phase)
    if phase == "fill":
        assert 0 < database.value("SELECT count(migrator_shadow_1) FROM items") < 200
    upgrade(database)
    is_upgraded(database, upgraded_schema)


@pytest.mark.parametrize("phase", PHASES)
def test_a_lost_connection_interrupts_and_nothing_is_undone(
    database: Database, upgraded_schema: str, embed_log: EmbedLog, phase: str
) -> None:
    items(database)
    with pytest.raises(Interrupted, match=r"interrupted: .*terminating connection") as caught:
        upgrade(database, reporter=At("started", phase, lambda: terminate(database)))
    assert caught.value.exit_code == 5
    assert caught.value.remedy == "run the same command again to go on"
    first, second = calls(phase, "started")
    if phase == "embed":
        first, second = [*OLD_MODEL, PROBES], [PROBES, *batches(TEXTS), SAMPLE]
    assert embed_log.calls() == first
    upgrade(database)
    assert embed_log.calls() == second
    is_upgraded(database, upgraded_schema)


def test_a_connection_lost_while_the_model_works_costs_that_batch(database: Database, embed_log: EmbedLog) -> None:
    items(database)
    with pytest.raises(Interrupted):
        upgrade(database, reporter=At("progress", "embed", lambda: terminate(database)))
    assert embed_log.calls() == [*OLD_MODEL, PROBES, BATCH, BATCH]
    upgrade(database)
    assert embed_log.calls() == [PROBES, *batches(TEXTS - BATCH), SAMPLE]
    assert rows_hold(database, new) == 200


def test_a_key_press_interrupts(database: Database, upgraded_schema: str) -> None:
    items(database)

    def press() -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="stopped from the keyboard"):
        upgrade(database, reporter=At("progress", "fill", press))
    upgrade(database)
    is_upgraded(database, upgraded_schema)


@pytest.mark.parametrize("keyboard", [True, False], ids=["keyboard", "connection"])
def test_an_index_build_that_is_cut_off_is_begun_anew(database: Database, upgraded_schema: str, keyboard: bool) -> None:
    """A writer's transaction keeps it waiting, so that it is still at work when it is first asked how far it is."""
    items(database)

    def cut_off() -> None:
        if keyboard:
            raise KeyboardInterrupt
        terminate(database)

    class Cutting(At):
        def phase_started(self, phase: str, subject: str) -> None:
            if phase == "index":
                writer.execute("BEGIN; UPDATE items SET note = 'held' WHERE id = 1")
            super().phase_started(phase, subject)

    with database.connect() as writer, pytest.raises(Interrupted):
        upgrade(database, reporter=Cutting("progress", "index", cut_off))
    assert database.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid") == [
        ("migrator_index_1_1",)
    ]
    upgrade(database)
    is_upgraded(database, upgraded_schema)


def test_an_interrupted_run_takes_in_what_was_written_meanwhile(database: Database) -> None:
    items(database)
    with pytest.raises(Interrupted):
        upgrade(database, reporter=At("progress", "fill", lambda: terminate(database)))
    insert(database, [(1000, "later")])
    database.execute("UPDATE items SET body = 'edited ' || id WHERE id < 10")
    upgrade(database)
    assert rows_hold(database, new) == 201


def test_promise_5_between_cut_over_and_settle_reads_and_writes_go_on(database: Database, upgraded_schema: str) -> None:
    items(database)
    upgrade_until(database, "cut-over")
    assert rows_hold(database, new) == 200
    database.execute("UPDATE items SET body = 'edited' WHERE id = 1")
    insert(database, [(1000, "later")], model=new())
    upgrade(database)
    assert rows_hold(database, new) == 201
    assert database.dump() == upgraded_schema


def test_between_cut_over_and_settle_of_a_downgrade(database: Database) -> None:
    items(database)
    before = database.dump()
    upgrade(database)
    downgrade_until(database, "cut-over")
    insert(database, [(1000, "later")])
    downgrade(database)
    assert rows_hold(database, old) == 201
    assert database.dump() == before


def test_a_run_that_is_done_is_not_done_again(database: Database, embed_log: EmbedLog) -> None:
    """As when Alembic could not record the revision any more. The run leaves no mark, not even in the ledger."""
    items(database)
    for again in (upgrade, downgrade):
        again(database)
        embed_log.calls()
        before = database.versions()
        reporter = At("never", "", lambda: None)
        again(database, reporter=reporter)
        assert database.versions() == before
        assert embed_log.calls() == []
        assert reporter.told == []


def test_one_migrator_at_a_time(database: Database) -> None:
    items(database)

    def second() -> None:
        with pytest.raises(Busy, match="another migrator is at work") as caught:
            upgrade(database)
        assert caught.value.exit_code == 6

    reporter = At("progress", "embed", second)
    upgrade(database, reporter=reporter)
    assert reporter.acted
    assert rows_hold(database, new) == 200
