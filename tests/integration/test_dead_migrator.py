"""A migrator that is gone without a word: the server notices, or a person is told how to end what it left."""

from __future__ import annotations

import dataclasses
import os
import signal
from functools import partial

import pytest

from migrator.errors import Busy
from migrator.postgres.connection import connect
from migrator.runtime.session import at_work
from tests.support.database import Database
from tests.support.killed import ended, started
from tests.support.proofs import is_upgraded
from tests.support.running import abandon, until_alone, upgrade, upgrade_until
from tests.support.server import OwnServer
from tests.support.tables import items


def test_the_statement_of_a_migrator_that_was_killed_ends_though_it_could_go_on_for_ever(
    database: Database, upgraded_schema: str
) -> None:
    """An index build that waits for a transaction which nobody ends, while the lock keeps others out."""
    items(database)
    upgrade_until(database, "fill")
    building = b"SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%')"
    with database.connect() as holder, database.connect() as watcher:
        holder.execute("BEGIN; UPDATE items SET note = note WHERE id = 1")
        migrator = started(partial(upgrade, database))
        while watcher.execute(building).fetchone() != (True,):
            assert os.waitpid(migrator, os.WNOHANG) == (0, 0)
        os.kill(migrator, signal.SIGKILL)
        ended(migrator)
        until_alone(database)
        holder.execute("COMMIT")
    upgrade(database)
    is_upgraded(database, upgraded_schema)


def test_what_a_lost_machine_left_is_named_and_ended_as_told(database: Database, upgraded_schema: str) -> None:
    items(database)
    with connect(database.address) as lost:
        lost.execute("SELECT pg_advisory_lock(x'6d696772'::int, x'61746f72'::int)")
        with pytest.raises(Busy) as caught:
            upgrade(database)
        assert caught.value.exit_code == 6
        process = f"server process {lost.info.backend_pid}"
        assert caught.value.problem.startswith(
            f'another migrator is at work on this database ({process}, role "postgres", application name "migrator", '
            "connected "
        )
        assert ", idle since " in caught.value.problem
        ending = f"SELECT pg_terminate_backend({lost.info.backend_pid})"
        assert ending in caught.value.remedy
        database.execute(ending.replace(")", ", 10000)"))
    upgrade(database)
    is_upgraded(database, upgraded_schema)


def test_one_that_is_at_a_statement_is_said_to_be(database: Database) -> None:
    items(database)
    with at_work(database.address) as (connection, _), database.connect() as holder:
        holder.execute("BEGIN; LOCK TABLE items")
        connection.pgconn.send_query(b"SELECT count(*) FROM items")
        while holder.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)").fetchone() != (True,):
            pass
        with pytest.raises(Busy, match=", at a statement since "):
            abandon(database)
        holder.execute("COMMIT")
        while connection.pgconn.get_result() is not None:
            pass


def test_both_ends_of_a_connection_over_the_network_ask_whether_the_other_is_there(own_server: OwnServer) -> None:
    database = own_server.new_database()
    parameters = {**database.address.parameters, "host": "127.0.0.1"}
    with connect(dataclasses.replace(database.address, parameters=parameters)) as connection:
        wanted = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
        for setting, value in wanted.items():
            assert connection.execute(f"SHOW {setting}".encode()).fetchone() == (value,)
            assert connection.info.get_parameters()[setting.removeprefix("tcp_")] == value


def test_a_prepared_transaction_that_holds_the_lock_is_named(own_server: OwnServer) -> None:
    """It outlives its session, so there is no process that could be ended."""
    database = own_server.new_database()
    items(database, 20)
    with database.connect() as other:
        other.execute("BEGIN; SELECT pg_advisory_xact_lock(x'6d696772'::int, x'61746f72'::int)")
        other.execute("PREPARE TRANSACTION 'it''s held'")
    with pytest.raises(Busy) as busy:
        upgrade(database)
    assert busy.value.problem == (
        "the lock that keeps a second migrator out is held, but not by a migrator "
        "(prepared transaction 'it's held', role \"postgres\")"
    )
    # Its locks are told otherwise then.
    own_server.restart()
    with pytest.raises(Busy) as again:
        upgrade(database)
    assert str(again.value) == str(busy.value)
    assert "to end it run ROLLBACK PREPARED 'it''s held', as a superuser if this role may not" in busy.value.remedy
    database.execute("ROLLBACK PREPARED 'it''s held'")
    upgrade(database)
