"""SIGINT and SIGTERM: the first lets the batch at work end, a second ends at once; both are safe, and exit 5."""

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


class Stop:
    """Whether a person, or the machine that is shut down, asked the run to end."""

    def __init__(self) -> None:
        self._asked: str | None = None

    @contextmanager
    def listening(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Takes the two signals for as long as a run works. Only a process's main thread may."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def asked(number: int, _frame: FrameType | None) -> None:
            if self._asked is not None:
                raise KeyboardInterrupt(f"stopped at once by {signal.Signals(number).name}")
            self._asked = signal.Signals(number).name
            tell("stopping when the batch at work is done; once more stops at once, just as safely")

        before = {number: signal.signal(number, asked) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

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
