"""A small pooler in front of a test database, as PgBouncer is one, in session or in transaction mode.

It speaks just enough of PostgreSQL's protocol: https://www.postgresql.org/docs/current/protocol-message-formats.html.
"""

from __future__ import annotations

import itertools
import select
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from psycopg.conninfo import conninfo_to_dict

from tests.support.database import Database

# Requests before the start: encryption, which it does not offer, and cancellation, which it does not pass on.
_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102


@contextmanager
def pooled(
    database: Database, mode: Literal["session", "transaction"], *, size: int | None = None
) -> Iterator[Database]:
    """The database by way of the pooler. size: how many sessions it has; whoever wants another one waits."""
    given = conninfo_to_dict(database.url)
    with (
        tempfile.TemporaryDirectory(prefix="migrator-pool-") as directory,
        socket.socket(socket.AF_UNIX) as listening,
    ):
        listening.bind(f"{directory}/.s.PGSQL.5432")
        listening.listen()
        pooler = _Pooler(Path(str(given["host"])) / f".s.PGSQL.{given.get('port') or 5432}", mode, size)
        threading.Thread(target=pooler.accept, args=(listening,), daemon=True).start()
        yield Database(f"postgresql://postgres@/{given['dbname']}?host={directory}", database.binaries)
        # Wakes the thread that accepts, which closing alone would not.
        listening.shutdown(socket.SHUT_RDWR)
        for server in pooler.idle:
            server.close()


@dataclass
class _Pooler:
    server: Path
    mode: str
    size: int | None
    idle: list[socket.socket] = field(default_factory=list)
    # What a server says of itself at the start, for clients that get one that is there already.
    greeting: bytes = b""
    keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    open: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        with client, suppress(OSError, EOFError):
            startup = _startup(client)
            if not self.greeting:
                self._put(self._get(startup))
            # The key is an invention: the session that serves the client now is not the one that will.
            key = b"K" + struct.pack("!III", 12, next(self.keys), 0)
            client.sendall(self.greeting + key + b"Z" + struct.pack("!I", 5) + b"I")
            while True:
                readable, _, _ = select.select([client, server] if server else [client], [], [])
                if client in readable:
                    message = _message(client)
                    if message[:1] == b"X":
                        break
                    server = server or self._get(startup)
                    server.sendall(message)
                if server in readable and server is not None:
                    message = _message(server)
                    client.sendall(message)
                    if self.mode == "transaction" and message[:1] == b"Z" and message[5:] == b"I":
                        self._put(server)
                        server = None
        if server is not None:
            server.close()
            with self.changed:
                self.open -= 1
                self.changed.notify()

    def _put(self, server: socket.socket) -> None:
        with self.changed:
            self.idle.append(server)
            self.changed.notify()

    def _get(self, startup: bytes) -> socket.socket:
        """The session that was used last, as PgBouncer chooses by default, or a new one."""
        with self.changed:
            self.changed.wait_for(lambda: self.idle or self.size is None or self.open < self.size)
            if self.idle:
                return self.idle.pop()
            self.open += 1
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self.server))
        server.sendall(startup)
        said: list[bytes] = []
        while not said or said[-1][:1] != b"Z":
            said.append(_message(server))
        self.greeting = b"".join(message for message in said if message[:1] not in (b"K", b"Z"))
        return server


def _startup(client: socket.socket) -> bytes:
    while True:
        head = _exactly(client, 8)
        length, code = struct.unpack("!II", head)
        rest = _exactly(client, length - 8)
        if code == _CANCEL:
            raise EOFError
        if code not in (_SSL, _GSS):
            return head + rest
        client.sendall(b"N")


def _message(sender: socket.socket) -> bytes:
    head = _exactly(sender, 5)
    return head + _exactly(sender, struct.unpack("!I", head[1:])[0] - 4)


def _exactly(sender: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        part = sender.recv(length - len(received))
        if not part:
            raise EOFError
        received += part
    return received
