"""Runs in processes of their own, and an upgrade or downgrade of `items` that kills itself."""

from __future__ import annotations

import itertools
import os
import signal
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from unittest.mock import patch

from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.embedding import store
from migrator.embedding.providers import Vectors
from migrator.ledger.ledger import Ledger, Run
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection
from migrator.rows import batches as row_batches
from migrator.runtime.context import Options
from tests.models import Hashed
from tests.support.database import Database
from tests.support.running import BATCH, REVISION, At
from tests.support.tables import CHANGE

# So that the fill of a small table has many ranges.
ROWS = 40
UNSTORED_BATCH = 3


def started(run: Callable[[], object]) -> int:
    """The id of a process that runs it and ends with 0, or with 1 where it fails.

    A copy of this one, which has imported everything already: another Python takes a second to do so.
    """
    child = os.fork()
    if child:
        return child
    try:
        run()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ended(child: int) -> int:
    """Its exit code, or the number of the signal that ended it, negative; returns when it has ended."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


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


def carry_out(database: Database, direction: str, point: str, phase: str) -> None:
    """Kills this process at a point of the phase, which is one of

    started: when the phase begins
    progress: when it first says how far it is, which is after a batch was stored or a range of blocks was filled
    unsaid: when it has done its work, and the ledger does not know yet
    unstored: when its third batch was paid for, and is not stored
    never: never
    """
    Hashed.embedded = 0
    options = Options(At(point, phase, kill), batch_size=BATCH)
    with patch.object(row_batches, "ROWS", ROWS), at(point, phase):
        if direction == "upgrade":
            runner.upgrade(database.address, REVISION, [CHANGE], options)
        else:
            runner.restore(database.address, REVISION, [VectorColumn(CHANGE.table, CHANGE.column)], options)
