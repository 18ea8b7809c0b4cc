"""A disk that is full in any phase that writes: exit 5, and the run goes on when there is room."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from migrator import Model
from migrator.errors import Interrupted
from tests.models import long, new
from tests.support.proofs import checksum, is_upgraded, rows_hold
from tests.support.running import At, upgrade
from tests.support.server import USER, WAL_SEGMENT_MB, OwnServer
from tests.support.tables import CHANGE, items

PHASES = ["backup", "embed", "fill", "index"]
# Store, table and index of so many rows are longer than a WAL segment; the backup holds the shorter vectors.
ROWS, ROWS_BACKED_UP = 800, 5_000
LONG = replace(CHANGE, to=Model("python:tests.models:long", dimensions=768))
REMEDY = "make room on the server's disk, then run the same command again to go on"


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """A disk of 32 MB below `path`, which takes root to mount."""
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", path], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here; the quota's test shows the same")
    try:
        if USER is not None:
            shutil.chown(path, USER)
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


@pytest.mark.parametrize("phase", PHASES)
def test_a_full_disk(own_server: OwnServer, upgraded_schema: str, phase: str) -> None:
    name = f"small_{phase}"
    with small_disk(own_server.directory / name) as disk, own_server.connect("postgres") as administrator:
        administrator.execute(f"CREATE TABLESPACE {name} LOCATION '{disk}'".encode())
        database = own_server.new_database(tablespace=name)
        items(database)
        rows, full = checksum(database), disk / "full"

        def fill_up() -> None:
            with full.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(4096))

        with pytest.raises(Interrupted, match="No space left on device") as caught:
            upgrade(database, reporter=At("started", phase, fill_up))
        assert (caught.value.exit_code, caught.value.remedy) == (5, REMEDY)
        full.unlink()
        upgrade(database)
        is_upgraded(database, upgraded_schema)
        assert checksum(database) == rows
        administrator.execute(f"DROP DATABASE {database.address.parameters['dbname']} WITH (FORCE)".encode())
        administrator.execute(f"DROP TABLESPACE {name}".encode())


@pytest.mark.parametrize("phase", PHASES)
def test_a_quota_that_is_used_up(own_server: OwnServer, phase: str) -> None:
    """The server has no code for what the file system says then. The quota here is on the length of a file."""
    database = own_server.new_database()
    count, change, model = (ROWS_BACKED_UP, CHANGE, new) if phase == "backup" else (ROWS, LONG, long)
    items(database, count, distinct=count)
    rows = checksum(database)

    def limit() -> None:
        (pid,) = database.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory'")[0]
        # Of the file that the phase writes a page more, and no WAL segment is longer.
        subprocess.run(["prlimit", f"--pid={pid}", f"--fsize={WAL_SEGMENT_MB << 20}"], user=USER, cwd="/", check=True)

    with pytest.raises(Interrupted, match="File too large") as caught:
        upgrade(database, change, reporter=At("started", phase, limit))
    assert (caught.value.exit_code, caught.value.remedy) == (5, REMEDY)
    upgrade(database, change)
    assert rows_hold(database, model) == count
    assert database.value("SELECT texts_embedded FROM migrator.change") == count
    assert checksum(database) == rows
