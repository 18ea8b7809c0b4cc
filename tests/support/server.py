"""A PostgreSQL of a test's own: one that may be restarted, filled up, or followed by a standby."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import cast

import psycopg

from tests.support.database import Database
from tests.support.memory import MEMORY

# Initdb and postgres refuse to run as root; the package that brings them has made this user then.
USER = "pgserver" if os.geteuid() == 0 else None
# What a test may reach by filling a file: WAL segments must stay smaller.
WAL_SEGMENT_MB = 1
# A crash loses what was committed just before it, unless whoever committed waited for it.
_SETTINGS = (
    "-c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c synchronous_commit=off "
    "-c max_wal_senders=4 -c wal_retrieve_retry_interval=100ms -c max_prepared_transactions=1"
)


class OwnServer:
    """A cluster below `directory`, reached by a socket there, and as 127.0.0.1. binaries: the directory of pg_ctl."""

    def __init__(self, directory: Path, binaries: Path) -> None:
        self.directory = directory
        self.binaries = binaries
        self._data = directory / "data"
        self._numbers = itertools.count(1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    @classmethod
    def create(cls, binaries: Path) -> OwnServer:
        """Started, with a template database that has the extension vector."""
        # Sockets have short names, and pytest's own directories are closed to other users.
        directory = Path(tempfile.mkdtemp(prefix="migrator-own-", dir=MEMORY))
        if USER is not None:
            shutil.chown(directory, USER)
        made = cls(directory, binaries)
        made._call(
            "initdb",
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=utf8",
            f"--wal-segsize={WAL_SEGMENT_MB}",
            "--set=autovacuum=off",
            "--pgdata",
            str(made._data),
        )
        made.start()
        with made.connect("postgres") as connection:
            connection.execute("CREATE DATABASE template_vector")
        with made.connect("template_vector") as connection:
            connection.execute("CREATE EXTENSION vector")
        return made

    def standby(self) -> OwnServer:
        """A standby of this server, started, that streams from it."""
        directory = Path(tempfile.mkdtemp(prefix="migrator-own-", dir=MEMORY))
        if USER is not None:
            shutil.chown(directory, USER)
        made = OwnServer(directory, self.binaries)
        self._call(
            "pg_basebackup",
            "--no-sync",
            "--checkpoint=fast",
            "--write-recovery-conf",
            "--dbname",
            self.url("postgres"),
            "--pgdata",
            str(made._data),
        )
        made.start()
        return made

    def start(self) -> None:
        self._control(
            "-w", "-o", f"{_SETTINGS} -p {self.port} -k {self.directory}", "-l", str(self.directory / "log"), "start"
        )

    def stop(self, mode: str = "immediate") -> None:
        self._control("-w", "-m", mode, "stop")

    def restart(self) -> None:
        """As after a crash: every connection is lost, and the WAL is replayed."""
        self.stop("immediate")
        self.start()

    def killed(self, pid: int) -> None:
        """Ends one server process as the kernel would. Returns when the server has begun anew, as it does then."""
        before = self._checkpointer()
        os.kill(pid, signal.SIGKILL)
        # For a moment it still takes connections, until it has noticed.
        while self._checkpointer() in (before, None):
            pass

    def _checkpointer(self) -> int | None:
        """The process id of a server process that every start of the server makes anew, None while it is down."""
        try:
            with self.connect("postgres") as connection:
                found = connection.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
                return cast("int | None", next(iter(found.fetchone() or ()), None))
        except psycopg.OperationalError:
            return None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.directory}&port={self.port}"

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url(database), autocommit=True)

    def new_database(self, *, tablespace: str = "pg_default") -> Database:
        name = f"own_{next(self._numbers)}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template_vector TABLESPACE {tablespace}".encode())
        return Database(self.url(name), self.binaries)

    def _control(self, *arguments: str) -> None:
        self._call("pg_ctl", "-D", str(self._data), *arguments)

    def _call(self, program: str, *arguments: str) -> None:
        # The server that pg_ctl starts keeps the files that it is given, so that a pipe would never end.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [self.binaries / program, *arguments], stdout=said, stderr=said, user=USER, cwd="/", check=False
            )
            said.seek(0)
            assert done.returncode == 0, said.read().decode()
