"""`python -m tests.benchmarks.memory URL`: one upgrade without index; prints the process's peak memory in bytes."""

from __future__ import annotations

import sys
from pathlib import Path

from migrator.commands import runner
from migrator.postgres.address import address_of_url, sqlalchemy_url
from migrator.runtime.context import Options
from tests.benchmarks.table import REVISION, change

if __name__ == "__main__":
    runner.upgrade(address_of_url(sqlalchemy_url(sys.argv[1])), REVISION, [change(None)], Options())
    # Not getrusage: what that says begins at the size of the process that started this one.
    (peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(int(peak.split()[1]) * 1024)
