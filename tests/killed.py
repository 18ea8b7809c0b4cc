"""An upgrade or downgrade of `items` that kills itself: `python -m tests.killed DIRECTION POINT PHASE`.

POINT is one of
  started   when the phase begins
  progress  when it first says how far it is, which is after a batch was stored or a range of blocks was filled
  unsaid    when it has done its work, and the ledger does not know yet
  unstored  when its third batch was paid for, and is not stored
The database is DATABASE_URL's. Ends with 0 where the moment never came.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from unittest.mock import patch

from migrator import portions, runner, store
from migrator.change import VectorColumn
from migrator.database import Connection, address_of_url, sqlalchemy_url
from migrator.embedders import Vectors
from migrator.ledger import Ledger, Run
from migrator.plan import ColumnPlan
from migrator.work import Options
from tests.running import BATCH, REVISION, At
from tests.tables import CHANGE

# So that the fill of a small table has many ranges.
ROWS = 40
UNSTORED_BATCH = 3


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at(point: str, phase: str) -> AbstractContextManager[object]:
    """Puts the kill where no reporter hears of the moment."""
    say, put = Ledger.phase_done, store.put
    batches = itertools.count(1)

    def phase_done(ledger: Ledger, run: Run, done: str, result: object) -> None:
        if done == phase:
            kill()
        say(ledger, run, done, result)

    def put_or_die(connection: Connection, column: ColumnPlan, hashes: Sequence[bytes], vectors: Vectors) -> None:
        if next(batches) == UNSTORED_BATCH:
            kill()
        put(connection, column, hashes, vectors)

    if point == "unsaid":
        return patch.object(Ledger, "phase_done", phase_done)
    if point == "unstored":
        return patch.object(store, "put", put_or_die)
    return nullcontext()


def main(direction: str, point: str, phase: str) -> None:
    address = address_of_url(sqlalchemy_url(os.environ["DATABASE_URL"]))
    options = Options(At(point, phase, kill), batch_size=BATCH)
    with patch.object(portions, "ROWS", ROWS), at(point, phase):
        if direction == "upgrade":
            runner.upgrade(address, REVISION, [CHANGE], options)
        else:
            runner.restore(address, REVISION, [VectorColumn(CHANGE.table, CHANGE.column)], options)


if __name__ == "__main__":
    main(*sys.argv[1:])
