"""SIGINT and SIGTERM, from the first line of a command to its last; both are safe, and exit 5.

While a run works, the first lets the batch at work end, and a second ends it at once. Before and after, the first does.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from migrator.errors import GO_ON, Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A pause looks this often whether a stop was asked for.
LOOK_EVERY_S = 0.1


@contextmanager
def heard() -> Iterator[None]:
    """Within it each of the two signals raises KeyboardInterrupt, whatever the caller does with them.

    asyncio.run() keeps a SIGINT for itself until a coroutine waits, which a revision never does. A handler that is
    there before it stays.
    """

    def ended(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(f"stopped by {signal.Signals(number).name}")

    with _handled_by(ended):
        yield


def end_if_kept() -> None:
    """Raises KeyboardInterrupt if asyncio.run() has kept a SIGINT, so that the task of this code is to be canceled."""
    import asyncio

    try:
        task = asyncio.current_task()
    except RuntimeError:
        # No event loop runs here.
        return
    if task is not None and task.cancelling():
        raise KeyboardInterrupt("stopped by SIGINT")


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Only a process's main thread may take signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, found in before.items():
            signal.signal(number, found)


class Stop:
    """Whether a person, or the machine that is shut down, asked the run to end."""

    def __init__(self) -> None:
        self._asked: str | None = None

    @contextmanager
    def listening(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Takes the two signals for as long as a run works."""

        def asked(number: int, _frame: FrameType | None) -> None:
            if self._asked is not None:
                raise KeyboardInterrupt(f"stopped at once by {signal.Signals(number).name}")
            self._asked = signal.Signals(number).name
            tell("stopping when the batch at work is done; send the signal again to stop immediately; that is safe too")

        with _handled_by(asked):
            yield

    def check(self) -> None:
        """Raises Interrupted where a stop was asked for. Called where nothing is half done."""
        if self._asked is not None:
            raise Interrupted(f"stopped by {self._asked}", meaning="what was done so far is kept.", remedy=GO_ON)

    def pause(self, seconds: float) -> None:
        """Sleeps so long, or raises Interrupted as soon as a stop is asked for."""
        end = time.monotonic() + seconds
        while True:
            self.check()
            rest = end - time.monotonic()
            if rest <= 0:
                return
            time.sleep(min(rest, LOOK_EVERY_S))
