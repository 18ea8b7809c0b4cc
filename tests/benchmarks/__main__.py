"""`python -m tests.benchmarks [ROWS]`: runs all, prints a table, writes it and results.json; exit 1 over a bound."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from migrator.commands import runner
from migrator.errors import Stopped
from migrator.runtime.context import Options
from tests.benchmarks import bare, load
from tests.benchmarks.table import HNSW, REVISION, change, fill, server
from tests.benchmarks.timing import Stopwatch
from tests.conftest import Server
from tests.support.database import Database

ROWS = 100_000
# Of COPY and embed, one after the other.
TURNS = 5
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Ratio:
    """One comparison. bound: at least (where `least`) or at most that."""

    name: str
    ratio: float
    bound: float
    least: bool
    detail: str

    @property
    def kept(self) -> bool:
        return self.ratio >= self.bound if self.least else self.ratio <= self.bound


def speed(on: Server, rows: int) -> list[Ratio]:
    """embed against COPY, in turns because the disk's speed drifts; then the window against UPDATE and CREATE INDEX."""
    plain = on.new_database()
    fill(plain, rows)
    data = bare.rows(plain)
    copied, embedded = [bare.copy(plain, data)], []
    for _ in range(TURNS):
        migrated = on.new_database()
        fill(migrated, rows)
        embedded.append(_embed(migrated))
        copied.append(bare.copy(plain, data))
    copy, embed = median(copied), median(embedded)
    floor = bare.window(plain)
    watch = Stopwatch()
    migrated.execute("CHECKPOINT")
    runner.upgrade(migrated.address, REVISION, [change(HNSW)], Options(watch))
    took = watch.seconds
    window = sum(took[phase] for phase in ("fill", "index", "verify", "cut-over"))
    best = floor["update"] + floor["index"]
    return [
        Ratio(
            "embed into the store / bare binary COPY, rows a second",
            copy / embed,
            0.6,
            True,
            f"{rows / embed:,.0f} / {rows / copy:,.0f} rows/s, medians of {len(embedded)} and {len(copied)} in turns",
        ),
        Ratio(
            "window / bare UPDATE and CREATE INDEX, seconds",
            window / best,
            1.3,
            False,
            f"fill {took['fill']:.1f}, index {took['index']:.1f}, verify {took['verify']:.1f}, "
            f"cut-over {took['cut-over']:.2f} / update {floor['update']:.1f}, index {floor['index']:.1f}",
        ),
    ]


def _embed(database: Database) -> float:
    """Seconds of the phase embed, of an upgrade that stops there."""
    watch = Stopwatch()
    database.execute("CHECKPOINT")
    with suppress(Stopped):
        runner.upgrade(database.address, REVISION, [change(HNSW)], Options(watch, stop_after="embed"))
    return watch.seconds["embed"]


def memory(on: Server, rows: int) -> Ratio:
    """The client's peak with a tenth of the rows, and with all."""
    few, many = (_peak(on, count) for count in (rows // 10, rows))
    return Ratio(
        f"peak memory at {rows:,} rows / at {rows // 10:,}",
        many / few,
        1.2,
        False,
        f"{many / 1e6:.0f} / {few / 1e6:.0f} MB",
    )


def _peak(on: Server, rows: int) -> int:
    database = on.new_database()
    fill(database, rows, indexed=False)
    command = [sys.executable, "-m", "tests.benchmarks.memory", database.url]
    return int(subprocess.run(command, env=database.environment(), capture_output=True, text=True, check=True).stdout)


def main(rows: int) -> int:
    with server() as on:
        ratios = [*speed(on, rows), memory(on, rows)]
        courses = load.measure(on, (rows // 5, 2 * rows), RESULTS)
    lines = ["| what | ratio | bound | measured |", "| --- | --- | --- | --- |"]
    for each in ratios:
        bound = f"{'>=' if each.least else '<='} {each.bound}{'' if each.kept else ' MISSED'}"
        lines.append(f"| {each.name} | {each.ratio:.2f} | {bound} | {each.detail} |")
    table = "\n".join(
        [
            f"{rows:,} rows, 384 -> 768 dimensions, {os.cpu_count()} cores, {platform.machine()}",
            "",
            *lines,
            "",
            load.table(courses),
        ]
    )
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "results.md").write_text(table + "\n", encoding="utf-8")
    document = {
        "rows": rows,
        "ratios": [{**asdict(each), "kept": each.kept} for each in ratios],
        "load": [asdict(course) for course in courses],
    }
    (RESULTS / "results.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if all(each.kept for each in ratios) and load.kept(courses) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
