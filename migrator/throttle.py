"""Throttling: between batches, with no transaction open, a run waits for as long as one of its limits says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from migrator.database import Address, Connection, connect, fetch_row
from migrator.queries import query
from migrator.report import size
from migrator.stop import Stop

# What holds a run back is looked at again this often.
POLL_S = 0.5


@dataclass(frozen=True)
class Limits:
    """What a run may take from the database; None: no limit.

    max_rate: rows, or texts, a second.
    max_replica_lag_s: seconds that a standby may be behind, by pg_stat_replication.
    standby: a standby to be asked itself, where the primary does not know it or may not tell.
    max_wal_rate: bytes of WAL a second, whoever writes them.
    pause_file: while it exists, nothing is written.
    """

    max_rate: float | None = None
    max_replica_lag_s: float | None = None
    standby: Address | None = None
    max_wal_rate: int | None = None
    pause_file: Path | None = None


class Throttle:
    """Asked after every batch.

    tell: told why the run waits, and None when it goes on.
    """

    def __init__(self, limits: Limits, connection: Connection, stop: Stop, tell: Callable[[str | None], None]) -> None:
        self._limits = limits
        self._connection = connection
        self._stop = stop
        self._tell = tell
        self._told: str | None = None
        self._began = time.monotonic()
        self._wal = self._position() if limits.max_wal_rate else 0

    def wait(self, done: int, *, table: int | None = None) -> None:
        """After a batch of `done` rows or texts: returns when the next may be written.

        table: oid of one that autovacuum is left alone with. Raises Interrupted when a stop is asked for.
        """
        self._stop.check()
        self._keep_rate(done)
        while (reason := self._reason(table)) is not None:
            self._say(reason)
            self._stop.pause(POLL_S)
        self._say(None)
        self._began = time.monotonic()
        if self._limits.max_wal_rate:
            self._wal = self._position()

    def hold(self, reason: str, seconds: float) -> None:
        """Waits so long for a reason of the run's own; `wait` ends it."""
        self._say(reason)
        self._stop.pause(seconds)

    def _keep_rate(self, done: int) -> None:
        """A batch counts from the end of the one before it."""
        if self._limits.max_rate:
            self._stop.pause(self._began + done / self._limits.max_rate - time.monotonic())

    def _say(self, reason: str | None) -> None:
        if (reason is None) != (self._told is None):
            self._tell(reason)
            self._told = reason

    def _reason(self, table: int | None) -> str | None:
        file = self._limits.pause_file
        if file is not None and file.exists():
            return f"the pause file {file} exists"
        return self._wal_reason() or self._lag_reason() or self._vacuum_reason(table)

    def _wal_reason(self) -> str | None:
        limit = self._limits.max_wal_rate
        if not limit:
            return None
        rate = (self._position() - self._wal) / max(time.monotonic() - self._began, 0.001)
        return f"{size(int(rate))} of WAL a second, more than {size(limit)}" if rate > limit else None

    def _lag_reason(self) -> str | None:
        limit = self._limits.max_replica_lag_s
        if limit is None:
            return None
        if self._limits.standby is not None:
            try:
                lag = self._standby_lag(self._limits.standby)
            except psycopg.OperationalError:
                return "the standby cannot be reached, so its lag is not known"
        else:
            standbys, hidden, lag = fetch_row(self._connection, query("throttle", "replication"))
            if not standbys:
                return "no standby is connected, so its lag is not known"
            if hidden:
                return "this role may not see the standbys: GRANT pg_monitor to it, or give --standby-url"
        return f"a standby is {lag:.1f} s behind, more than {limit:g} s" if lag > limit else None

    def _standby_lag(self, standby: Address) -> float:
        """Connected anew each time: a standby is not kept from its work, nor a lost connection taken for lag."""
        position = {"position": self._position()}
        with connect(standby) as connection:
            (lag,) = fetch_row(connection, query("throttle", "standby"), position)
        return float("inf") if lag is None else float(lag)

    def _vacuum_reason(self, table: int | None) -> str | None:
        if table is None or not fetch_row(self._connection, query("throttle", "vacuum"), {"table": table})[0]:
            return None
        return "autovacuum works on the table"

    def _position(self) -> int:
        return int(fetch_row(self._connection, query("throttle", "position"))[0])
