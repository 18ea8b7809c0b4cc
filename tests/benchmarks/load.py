"""`python -m tests.benchmarks.load [ROWS ...]`: what writers feel of an online upgrade and of its downgrade."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from migrator import EmbeddingChange, Hnsw, Model
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.runtime.context import Options
from tests.benchmarks import application, vecshift
from tests.benchmarks.table import REVISION, server
from tests.benchmarks.timing import Instants
from tests.conftest import Server
from tests.models import Hashed, small_new, small_old
from tests.support.database import Database

SIZES = (20_000, 200_000)
# Seconds of the load on the idle table before, and of the load once all is done.
IDLE_S, AFTER_S = 15.0, 3.0
# Milliseconds that a writer may wait at cut-over and at restore.
BOUND_MS = 100.0
CHANGE = EmbeddingChange(
    "items",
    "embedding",
    text="body",
    from_=Model("python:tests.models:small_old", dimensions=64),
    to=Model("python:tests.models:small_new", dimensions=128),
    index=Hnsw("cosine", m=8, ef_construction=32),
)

Spans = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Phase:
    """What writers felt of one phase; times in milliseconds, of the transactions that met it."""

    name: str
    seconds: float
    transactions: int
    p50: float
    p99: float
    longest: float


@dataclass
class Course:
    """One tool on one table. lost, stale, failed: rows, rows and transactions, up and down."""

    tool: str
    rows: int
    phases: list[Phase] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    def longest(self, name: str) -> float:
        return next(phase.longest for phase in self.phases if phase.name == name)

    @property
    def elsewhere(self) -> float:
        """The longest wait in all other phases."""
        swaps = ("cut-over", "restore: cut-over")
        return max(phase.longest for phase in self.phases if phase.name not in swaps and "idle" not in phase.name)

    @property
    def kept(self) -> bool:
        """Whether what migrator promises was kept."""
        swaps = max(self.longest("cut-over"), self.longest("restore: cut-over"))
        return swaps <= BOUND_MS and not any([*self.lost, *self.stale, *self.failed])


def _under_load(
    course: Course, database: Database, prefix: str, work: Callable[[], Spans], model: Callable[[], Hashed]
) -> None:
    """The load on the idle table, during the work, and after it; then all rows are proved."""
    with tempfile.TemporaryDirectory() as directory:
        with application.writing(database, Path(directory), course.rows) as logged:
            began = time.time()
            time.sleep(IDLE_S)
            spans: Spans = {"idle table": (began, time.time())}
            spans |= work()
            ended = time.time()
            time.sleep(AFTER_S)
            spans["after"] = (ended, time.time())
        (load,) = logged
    for name, (begin, end) in spans.items():
        found = load.during(begin, end) * 1000
        if not len(found):
            found = np.zeros(1)
        figures = (float(np.percentile(found, 50)), float(np.percentile(found, 99)), float(found.max()))
        course.phases.append(Phase(prefix + name, end - begin, len(found), *figures))
    course.lost.append(application.lost(database))
    course.stale.append(application.stale(database, model))
    course.failed.append(load.failed)


def migrated(on: Server, rows: int) -> Course:
    """migrator, in online mode."""
    database = on.new_database()
    application.fill(database, rows, nullable=False)
    course = Course("migrator", rows)

    def up() -> Spans:
        instants = Instants()
        runner.upgrade(database.address, REVISION, [CHANGE], Options(instants, online=True))
        return instants.phases

    def down() -> Spans:
        instants = Instants()
        columns = [VectorColumn(CHANGE.table, CHANGE.column)]
        runner.restore(database.address, REVISION, columns, Options(instants))
        return instants.phases

    _under_load(course, database, "", up, small_new)
    _under_load(course, database, "restore: ", down, small_old)
    return course


def vecshifted(on: Server, rows: int, command: Path) -> Course:
    """vecshift. Its table takes NULL: kept NOT NULL, its retired column would fail the inserts after cut-over."""
    database = on.new_database()
    application.fill(database, rows, nullable=True)
    course = Course(f"vecshift {vecshift.VERSION}", rows)
    with tempfile.TemporaryDirectory() as directory, vecshift.working(command, database, Path(directory)) as tool:

        def timed(called: str, name: str) -> Spans:
            began = time.time()
            tool.run(called)
            return {name: (began, time.time())}

        _under_load(course, database, "", lambda: timed("apply", "apply") | timed("cutover", "cut-over"), small_new)
        _under_load(course, database, "restore: ", lambda: timed("rollback", "cut-over"), small_old)
    return course


def measure(on: Server, sizes: tuple[int, ...], environments: Path) -> list[Course]:
    command = vecshift.installed(environments / f"vecshift-{vecshift.VERSION}")
    courses = []
    for rows in sizes:
        courses.append(migrated(on, rows))
        if command is not None and rows <= vecshift.LARGEST:
            courses.append(vecshifted(on, rows, command))
    return courses


def table(courses: list[Course]) -> str:
    lines = [
        f"Load: {application.RATE} transactions a second by pgbench on {application.CLIENTS} connections (edits of "
        "another column, edits of the text, inserts, deletes), online, 64 -> 128 dimensions, HNSW m = 4 -> 8: small, "
        "so that the whole takes minutes. Times in ms, from the instant a transaction was due.",
        "",
        "| rows | tool | longest at cut-over | longest at restore | bound | longest elsewhere | lost rows | stale rows "
        "| failed |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in courses:
        bound = f"<= {BOUND_MS:.0f}{'' if each.kept else ' MISSED'}" if each.tool == "migrator" else ""
        counts = " | ".join(f"{up:,} up, {down:,} down" for up, down in (each.lost, each.stale, each.failed))
        lines.append(
            f"| {each.rows:,} | {each.tool} | {each.longest('cut-over'):.0f} | {each.longest('restore: cut-over'):.0f} "
            f"| {bound} | {each.elsewhere:.0f} | {counts} |"
        )
    for rows in sorted({each.rows for each in courses} - {each.rows for each in courses if each.tool != "migrator"}):
        why = "not available" if rows <= vecshift.LARGEST else "not run: it updates row by row"
        lines.append(f"| {rows:,} | vecshift {vecshift.VERSION} | {why} | | | | | | |")
    lines += ["", "| rows | tool | phase | s | transactions | p50 | p99 | longest |", "| --- " * 8 + "|"]
    for each in courses:
        for phase in each.phases:
            lines.append(
                f"| {each.rows:,} | {each.tool} | {phase.name} | {phase.seconds:.1f} | {phase.transactions:,} "
                f"| {phase.p50:.1f} | {phase.p99:.1f} | {phase.longest:.1f} |"
            )
    return "\n".join(lines)


def kept(courses: list[Course]) -> bool:
    return all(each.kept for each in courses if each.tool == "migrator")


def main(sizes: tuple[int, ...]) -> int:
    with server() as on:
        courses = measure(on, sizes, Path(__file__).parent / "results")
    print(table(courses))
    return 0 if kept(courses) else 1


if __name__ == "__main__":
    sys.exit(main(tuple(map(int, sys.argv[1:])) or SIZES))
