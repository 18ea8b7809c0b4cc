"""Throttling: between batches, with no transaction open, a run waits for as long as one of its limits says so."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from migrator.postgres.address import Address
from migrator.postgres.connection import Connection, connect, fetch_row
from migrator.postgres.sql import query
from migrator.report import size
from migrator.runtime.signals import Stop

# What holds a run back is looked at again this often.
POLL_S = 0.5


@dataclass(frozen=True)
class Limits:
    """What a run may take from the database; None: no limit.

    max_rate: rows, or texts, a second.
    max_replica_lag_s: seconds that a standby may take to replay what was written, by pg_stat_replication.
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
    """Asked before a phase and after every batch.

    tell: told why the run waits, each time that is for another reason, and None when it goes on.
    """

    def __init__(self, limits: Limits, connection: Connection, stop: Stop, tell: Callable[[str | None], None]) -> None:
        self._limits = limits
        self._connection = connection
        self._stop = stop
        self._tell = tell
        self._told: str | None = None
        self._began = time.monotonic()
        self._wal = self._position() if limits.max_wal_rate else 0
        # Positions in the WAL and when they were reached. What was there before has been there for ever.
        self._reached = [(-math.inf, self._position())] if limits.max_replica_lag_s is not None else []

    def wait(self, done: int, *, table: int | None = None) -> None:
        """After a batch of `done` rows or texts: returns when the next may be written.

        table: oid of one that autovacuum is left alone with. Raises Interrupted when a stop is asked for.
        """
        self._stop.check()
        steadily = self._keep_rate(done) or self._keep_wal_rate()
        while (reason := self._reason(table)) is not None:
            self._say(reason)
            self._stop.pause(POLL_S)
        # A rate holds the next batch back as it did this one, which is told once.
        self._say(steadily)
        self._began = time.monotonic()
        if self._limits.max_wal_rate:
            self._wal = self._position()

    def hold(self, reason: str, seconds: float) -> None:
        """Waits so long for a reason of the run's own; `wait` or `go_on` ends it."""
        self._say(reason)
        self._stop.pause(seconds)

    def go_on(self) -> None:
        """The phase is done, and nothing is waited for any more."""
        self._say(None)

    def _say(self, reason: str | None) -> None:
        if reason != self._told:
            self._tell(reason)
            self._told = reason

    def _keep_rate(self, done: int) -> str | None:
        """A batch counts from the end of the one before it. Returns the reason where it held the run back."""
        limit = self._limits.max_rate
        early = self._began + done / limit - time.monotonic() if limit else 0
        if early <= 0:
            return None
        reason = f"no more than {limit:g} rows or texts are written a second (--max-rate)"
        self.hold(reason, early)
        return reason

    def _keep_wal_rate(self) -> str | None:
        """Returns the reason where it held the run back."""
        limit = self._limits.max_wal_rate
        reason = None
        while limit and self._position() - self._wal > limit * (time.monotonic() - self._began):
            reason = f"more than {size(limit)} of WAL are written a second (--max-wal-rate)"
            self.hold(reason, POLL_S)
        return reason

    def _reason(self, table: int | None) -> str | None:
        file = self._limits.pause_file
        if file is not None and file.exists():
            return f"the pause file {file.absolute()} exists"
        return self._lag_reason() or self._vacuum_reason(table)

    def _lag_reason(self) -> str | None:
        """By positions and this machine's clock: servers' clocks differ, and an idle primary has no last commit."""
        limit = self._limits.max_replica_lag_s
        if limit is None:
            return None
        now, position = time.monotonic(), self._position()
        replayed = self._replayed()
        if isinstance(replayed, str):
            return replayed
        if position > self._reached[-1][1]:
            self._reached.append((now, position))
        # The last one stays: it tells whether anything was written since.
        self._reached = [each for each in self._reached[:-1] if each[1] > replayed] + self._reached[-1:]
        since, first = self._reached[0]
        if first > replayed and now - since > limit:
            return f"a standby is more than {limit:g} s behind (--max-replica-lag)"
        return None

    def _replayed(self) -> int | str:
        """How far the slowest standby is, as a position in the WAL; a reason where that is not known."""
        if self._limits.standby is None:
            hidden, replayed = fetch_row(self._connection, query("throttle", "replication"))
            if hidden:
                return "this role may not see the standbys: GRANT pg_monitor to it, or give --standby-url"
            return "no standby is connected, so its lag is not known" if replayed is None else int(replayed)
        try:
            # Connected anew each time: a standby that restarts is neither an error nor forgotten.
            with connect(self._limits.standby) as connection:
                (replayed,) = fetch_row(connection, query("throttle", "standby"))
        except psycopg.OperationalError:
            return "the standby cannot be reached, so its lag is not known"
        return "--standby-url names a server that is not a standby" if replayed is None else int(replayed)

    def _vacuum_reason(self, table: int | None) -> str | None:
        if table is None or not fetch_row(self._connection, query("throttle", "vacuum"), {"table": table})[0]:
            return None
        return "autovacuum works on the table"

    def _position(self) -> int:
        return int(fetch_row(self._connection, query("throttle", "position"))[0])
