"""`python -m tests.benchmarks.memory URL`: one upgrade without index; prints the process's peak memory in bytes."""

from __future__ import annotations

import resource
import sys

from migrator import runner
from migrator.database import address_of_url, sqlalchemy_url
from migrator.work import Options
from tests.benchmarks.table import REVISION, change

if __name__ == "__main__":
    runner.upgrade(address_of_url(sqlalchemy_url(sys.argv[1])), REVISION, [change(None)], Options())
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
