"""Seconds by phase, from what a run reports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from migrator.report import Silent


class Stopwatch(Silent):
    """A reporter that keeps how long each phase took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = 0.0

    def phase_started(self, _phase: str, _subject: str) -> None:
        self._began = time.perf_counter()

    def phase_done(self, phase: str, _subject: str, _result: str) -> None:
        self.seconds[phase] = time.perf_counter() - self._began

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began


class Instants(Silent):
    """A reporter that keeps when each phase began and ended, in seconds since 1970."""

    def __init__(self) -> None:
        self.phases: dict[str, tuple[float, float]] = {}
        self._began = 0.0

    def phase_started(self, _phase: str, _subject: str) -> None:
        self._began = time.time()

    def phase_done(self, phase: str, _subject: str, _result: str) -> None:
        self.phases[phase] = (self._began, time.time())
