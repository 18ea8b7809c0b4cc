"""A server that crashes, whose administrator cancels, or that ends a connection: exit 5, and the run goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from migrator.errors import Interrupted
from tests.models import EmbedLog, new, old
from tests.support.database import Database
from tests.support.proofs import checksum, is_upgraded, rows_hold
from tests.support.running import BATCH, OLD_MODEL, PROBES, SAMPLE, At, batches, downgrade, phases_from, upgrade
from tests.support.server import OwnServer
from tests.support.tables import TEXTS, insert, items

PHASES = phases_from("backup")


def interrupted(run: Callable[[], None]) -> str:
    """Asserts that it ends with exit 5 and how to go on. Returns what happened."""
    with pytest.raises(Interrupted) as caught:
        run()
    assert caught.value.exit_code == 5
    assert caught.value.meaning == "what was done so far is kept."
    assert caught.value.remedy == "run the same command again to go on"
    return caught.value.problem


@pytest.mark.parametrize(
    ("phase", "online"), [*((phase, False) for phase in PHASES), ("fill", True), ("cut-over", True)]
)
def test_a_server_that_crashes_in_any_phase(
    own_server: OwnServer,
    upgraded_schema: str,
    upgraded_schema_online: str,
    embed_log: EmbedLog,
    phase: str,
    online: bool,
) -> None:
    database = own_server.new_database()
    items(database)
    before = checksum(database)
    told = interrupted(
        lambda: upgrade(database, reporter=At("started", phase, own_server.restart), online=online),
    )
    assert told.startswith("interrupted: ")
    upgrade(database, online=online)
    is_upgraded(database, upgraded_schema_online if online else upgraded_schema)
    assert checksum(database) == before
    assert sum(embed_log.calls()) - sum(OLD_MODEL) - TEXTS - SAMPLE in (PROBES, PROBES * 2)


@pytest.mark.parametrize("phase", ["embed", "fill"])
def test_a_server_that_crashes_in_the_middle_of_a_phase(
    own_server: OwnServer, upgraded_schema: str, phase: str
) -> None:
    database = own_server.new_database()
    items(database)
    interrupted(lambda: upgrade(database, reporter=At("progress", phase, own_server.restart)))
    upgrade(database)
    is_upgraded(database, upgraded_schema)


@pytest.mark.parametrize("phase", ["fill", "cut-over", "settle"])
def test_promise_6_a_server_that_crashes_during_a_downgrade(own_server: OwnServer, phase: str) -> None:
    database = own_server.new_database()
    items(database)
    schema = database.dump()
    upgrade(database)
    insert(database, [(1_000, "later")], model=new())
    before = checksum(database)
    interrupted(lambda: downgrade(database, reporter=At("started", phase, own_server.restart)))
    downgrade(database)
    assert rows_hold(database, old) == 201
    assert database.dump() == schema
    assert checksum(database) == before


def test_a_server_process_that_is_killed_takes_all_the_others_with_it(
    own_server: OwnServer, upgraded_schema: str
) -> None:
    database = own_server.new_database()
    items(database)

    def kill() -> None:
        (pid,) = database.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory'")[0]
        own_server.killed(pid)

    interrupted(lambda: upgrade(database, reporter=At("progress", "fill", kill)))
    upgrade(database)
    is_upgraded(database, upgraded_schema)


@contextmanager
def canceled(database: Database) -> Iterator[Callable[[], None]]:
    """Gives what locks the table, so that whatever migrator asks of it next waits, and is canceled."""
    ended = threading.Event()
    waiting = (
        b"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'migrator' "
        b"AND datname = current_database() AND wait_event_type = 'Lock'"
    )

    def cancel() -> None:
        with database.connect() as administrator:
            while not ended.is_set():
                administrator.execute(waiting)

    with database.connect() as holder:
        thread = threading.Thread(target=cancel)

        def lock() -> None:
            holder.execute("BEGIN; LOCK TABLE items")
            thread.start()

        yield lock
        ended.set()
        thread.join()


@pytest.mark.parametrize("phase", PHASES)
def test_a_statement_that_is_cancelled_in_any_phase(database: Database, upgraded_schema: str, phase: str) -> None:
    items(database)
    with canceled(database) as lock:
        told = interrupted(lambda: upgrade(database, reporter=At("started", phase, lock)))
    assert told == "interrupted: canceling statement due to user request"
    upgrade(database)
    is_upgraded(database, upgraded_schema)


def test_promise_2_a_connection_lost_in_the_middle_of_a_copy(
    database: Database, upgraded_schema: str, embed_log: EmbedLog
) -> None:
    """The vectors of that batch were not stored, not one of them, and nothing else is paid for again."""
    items(database)

    def cut() -> None:
        """The server ends the connection when half of the next batch was received."""
        (store,) = database.execute("SELECT relname FROM pg_class WHERE relname LIKE 'store_%' AND relkind = 'r'")[0]
        database.execute(
            f"""
            CREATE SEQUENCE received;
            CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('received') = {BATCH // 2} THEN
                    PERFORM pg_terminate_backend(pg_backend_pid());
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER cut BEFORE INSERT ON migrator.{store} FOR EACH ROW EXECUTE FUNCTION cut()
            """
        )

    interrupted(lambda: upgrade(database, reporter=At("progress", "embed", cut)))
    assert embed_log.calls() == [*OLD_MODEL, PROBES, BATCH, BATCH]
    database.execute("DROP FUNCTION cut CASCADE; DROP SEQUENCE received")
    upgrade(database)
    assert embed_log.calls() == [PROBES, *batches(TEXTS - BATCH), SAMPLE]
    is_upgraded(database, upgraded_schema)


def test_a_deadlock_with_the_application_ends_no_transaction_of_the_application(
    database: Database, upgraded_schema: str
) -> None:
    """A writer holds the last row of the range being filled, and wants the first, which the fill holds."""
    items(database)
    writer = database.connect()
    wanted: list[threading.Thread] = []
    failed: list[Exception] = []

    def want() -> None:
        try:
            writer.execute("UPDATE items SET note = 'first' WHERE id = 0")
            writer.execute("COMMIT")
        except psycopg.Error as error:
            failed.append(error)

    class Wanting(At):
        def message(self, text: str) -> None:
            super().message(text)
            if text.startswith("waiting for a lock") and not wanted:
                wanted.append(threading.Thread(target=want))
                wanted[0].start()

    hold = "BEGIN; UPDATE items SET note = 'last' WHERE id = 199"
    upgrade(database, reporter=Wanting("started", "fill", lambda: writer.execute(hold)))
    wanted[0].join()
    writer.close()
    assert failed == []
    assert database.execute("SELECT id, note FROM items WHERE note IN ('first', 'last') ORDER BY 1") == [
        (0, "first"),
        (199, "last"),
    ]
    is_upgraded(database, upgraded_schema)
