"""The reporters of the command line and of plain Alembic: how far a run is, on standard error."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click
from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TaskID
from rich.progress import Progress as RichProgress
from rich.text import Text

from migrator.report import Progress, Reporter, printable

# Where standard error is a file or a pipe, a phase says how far it is once in this many seconds.
LINE_EVERY_S = 5.0
# The rate is the last minute's: texts are sorted by length, so the average since the start would mislead.
RATE_OVER_S = 60.0

Clock = Callable[[], float]


@contextmanager
def reporting() -> Iterator[Reporter]:
    """A reporter for as long as a command works: bars where standard error is a terminal, else lines."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with Bars(console) as bars:
            yield bars
    else:
        yield Lines()


def duration(seconds: float) -> str:
    """A length of time in the two largest units that matter."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, whole = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {whole} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


class Pace:
    """When a phase began and how fast it goes. What an earlier run had done already counts for no speed."""

    def __init__(self, now: float) -> None:
        self.began = now
        self.last_line = now
        self._samples: deque[tuple[float, int]] = deque()

    def describe(self, progress: Progress, now: float) -> str:
        """How far the phase is, how fast it goes and when it will be done, as far as these are known."""
        self._samples.append((now, progress.done))
        while now - self._samples[0][0] > RATE_OVER_S:
            self._samples.popleft()
        since, done = self._samples[0]
        rate = (progress.done - done) / (now - since) if now > since else 0.0

        parts = [_amount(progress)]
        if rate > 0:
            parts.append(f"{rate:,.0f} {progress.unit}/s" if rate >= 10 else f"{rate:.1f} {progress.unit}/s")
            if progress.total is not None:
                parts.append(f"{duration((progress.total - progress.done) / rate)} left")
        if progress.note:
            parts.append(progress.note)
        return ", ".join(parts)


def _amount(progress: Progress) -> str:
    if progress.total is None:
        return f"{progress.done:,} {progress.unit}"
    share = progress.done / progress.total if progress.total else 1.0
    return f"{progress.done:,} of {progress.total:,} {progress.unit} ({int(share * 100)}%)"


def _write_line(text: str) -> None:
    click.echo(text, err=True)


class Lines:
    """Reports in plain lines, for logs."""

    def __init__(self, write: Callable[[str], None] = _write_line, clock: Clock = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._paces: dict[tuple[str, str], Pace] = {}

    def phase_started(self, phase: str, subject: str) -> None:
        self._paces[phase, subject] = Pace(self._clock())
        self.message(f"{phase} {subject}: started")

    def progress(self, phase: str, subject: str, progress: Progress) -> None:
        if (phase, subject) not in self._paces:
            self.phase_started(phase, subject)
        now = self._clock()
        pace = self._paces[phase, subject]
        described = pace.describe(progress, now)
        if now - pace.last_line >= LINE_EVERY_S:
            pace.last_line = now
            self.message(f"{phase} {subject}: {described}")

    def phase_done(self, phase: str, subject: str, result: str) -> None:
        pace = self._paces.pop((phase, subject), Pace(self._clock()))
        self.message(f"{phase} {subject}: {result} ({duration(self._clock() - pace.began)})")

    def message(self, text: str) -> None:
        # A log that ends, or a line begun when a signal's is due (RuntimeError), must not end the work and undo it.
        with suppress(OSError, RuntimeError):
            self._write(printable(text))


class _Description(ProgressColumn):
    """What is worth knowing about a bar beside the bar."""

    def render(self, task: Task) -> Text:
        return Text(printable(task.fields["described"]), no_wrap=True, overflow="ellipsis")


class _Name(ProgressColumn):
    """The phase and the column it works on, as they are: a table may be called [red]."""

    def render(self, task: Task) -> Text:
        return Text(printable(task.description), no_wrap=True, overflow="ellipsis")


class Bars:
    """Reports in bars that move, for a terminal; a phase that is done leaves one line."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        # Standard output stays out of it: results go there, perhaps into a pipe.
        self._bars = RichProgress(
            SpinnerColumn(),
            _Name(),
            BarColumn(bar_width=24),
            _Description(),
            console=console,
            transient=True,
            redirect_stdout=False,
        )
        self._running: dict[tuple[str, str], tuple[TaskID, Pace]] = {}

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def phase_started(self, phase: str, subject: str) -> None:
        task = self._bars.add_task(f"{phase} {subject}", total=None, described="")
        self._running[phase, subject] = (task, Pace(self._clock()))

    def progress(self, phase: str, subject: str, progress: Progress) -> None:
        if (phase, subject) not in self._running:
            self.phase_started(phase, subject)
        task, pace = self._running[phase, subject]
        self._bars.update(
            task,
            completed=progress.done,
            total=progress.total,
            described=pace.describe(progress, self._clock()),
        )

    def phase_done(self, phase: str, subject: str, result: str) -> None:
        if (phase, subject) not in self._running:
            self.phase_started(phase, subject)
        task, pace = self._running.pop((phase, subject))
        self._bars.remove_task(task)
        self.message(f"{phase} {subject}: {result} ({duration(self._clock() - pace.began)})")

    def message(self, text: str) -> None:
        self._console.print(printable(text), markup=False, soft_wrap=True)
