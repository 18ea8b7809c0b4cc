"""What a person sees: progress in lines and bars, results, notes and errors."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest
from rich.console import Console

import migrator
from migrator.cli import output
from migrator.errors import Refused, Stopped, VerificationFailed
from migrator.report import Progress, block
from migrator.runtime.progress import Bars, Lines, duration, reporting


class Clock:
    """Says the time it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def written() -> list[str]:
    return []


@pytest.fixture
def lines(clock: Clock, written: list[str]) -> Lines:
    return Lines(written.append, clock)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90061, "25 h 1 min"),
    ],
)
def test_durations_are_told_in_two_units(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_phase_in_a_log_says_that_it_starts_how_far_it_is_and_what_came_of_it(
    lines: Lines, clock: Clock, written: list[str]
) -> None:
    lines.phase_started("embed", "public.docs.embedding")
    for _ in range(12):
        clock.now += 1
        lines.progress("embed", "public.docs.embedding", Progress(int(clock.now - 1000) * 50, 1000, "texts"))
    lines.phase_done("embed", "public.docs.embedding", "600 texts")
    assert written == [
        "embed public.docs.embedding: started",
        "embed public.docs.embedding: 250 of 1,000 texts (25%), 50 texts/s, 15 s left",
        "embed public.docs.embedding: 500 of 1,000 texts (50%), 50 texts/s, 10 s left",
        "embed public.docs.embedding: 600 texts (12 s)",
    ]


def test_what_an_earlier_run_had_done_counts_for_no_speed(lines: Lines, clock: Clock, written: list[str]) -> None:
    lines.phase_started("fill", "t.c")
    lines.progress("fill", "t.c", Progress(900_000, 1_000_000, "rows"))
    clock.now += 10
    lines.progress("fill", "t.c", Progress(900_030, 1_000_000, "rows", note="checking"))
    assert written[1:] == ["fill t.c: 900,030 of 1,000,000 rows (90%), 3.0 rows/s, 9 h 15 min left, checking"]


def test_the_speed_is_that_of_the_last_minute(lines: Lines, clock: Clock, written: list[str]) -> None:
    for second, done in ((0, 0), (100, 100_000), (130, 100_300), (160, 100_600)):
        clock.now = 1000.0 + second
        lines.progress("fill", "t.c", Progress(done, None, "rows"))
    assert written[-1] == "fill t.c: 100,600 rows, 10 rows/s"


def test_a_total_of_nothing_is_done(lines: Lines, clock: Clock, written: list[str]) -> None:
    lines.phase_started("fill", "t.c")
    clock.now += 5
    lines.progress("fill", "t.c", Progress(0, 0, "rows"))
    assert written[-1] == "fill t.c: 0 of 0 rows (100%)"


def test_phases_of_two_columns_do_not_mix(lines: Lines, clock: Clock, written: list[str]) -> None:
    lines.phase_started("index", "t.a")
    clock.now += 3
    lines.phase_started("index", "t.b")
    clock.now += 1
    lines.phase_done("index", "t.a", "built")
    lines.phase_done("index", "t.b", "built")
    assert written[2:] == ["index t.a: built (4 s)", "index t.b: built (1 s)"]


def test_a_phase_that_only_says_it_is_done_is_shown(lines: Lines, written: list[str]) -> None:
    lines.phase_done("backup", "t.c", "was done already")
    lines.message("waiting for a lock")
    assert written == ["backup t.c: was done already (0 s)", "waiting for a lock"]


@pytest.mark.parametrize("error", [BrokenPipeError(), RuntimeError("reentrant call")])
def test_a_log_that_cannot_be_written_ends_no_work(error: Exception, clock: Clock) -> None:
    tried: list[str] = []

    def write(text: str) -> None:
        tried.append(text)
        raise error

    lines = Lines(write, clock)
    lines.phase_started("fill", "t.c")
    lines.message("waiting for a lock")
    lines.phase_done("fill", "t.c", "done")
    assert tried == ["fill t.c: started", "waiting for a lock", "fill t.c: done (0 s)"]


def test_bars_leave_one_line_a_phase_with_names_as_they_are(clock: Clock) -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=120, color_system=None), clock) as bars:
        bars.phase_started("embed", "public.[red].embedding")
        clock.now += 2
        bars.progress("embed", "public.[red].embedding", Progress(50, 100, "texts"))
        bars.message("waiting for a lock")
        bars.phase_done("embed", "public.[red].embedding", "100 texts")
    left = [line.rpartition("\x1b[2K")[2].strip() for line in screen.getvalue().splitlines()]
    assert "embed public.[red].embedding: 100 texts (2 s)" in left
    assert "waiting for a lock" in left


def test_bars_need_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with reporting() as reporter:
        reporter.message("in a log")
    assert isinstance(reporter, Lines)
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "in a log\n")


def test_results_go_to_standard_output_and_notes_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_result("0002 (head)")
    output.show_note("next: migrator upgrade")
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("0002 (head)\n", "next: migrator upgrade\n")


def test_json_is_one_document_and_keeps_letters_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_json({"table": "bücher", "rows": 3})
    out = capsys.readouterr().out
    assert json.loads(out) == {"table": "bücher", "rows": 3}
    assert "bücher" in out


def test_an_error_says_what_happened_what_it_means_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_error(Refused("it happened", meaning="it means that.", remedy="do this"))
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "error: it happened\nit means that.\nfix: do this\n")


def test_an_end_that_was_asked_for_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_error(Stopped("embed"))
    assert capsys.readouterr().err == ("stopped after embed\nnext: the same command without --stop-after goes on\n")


def test_pairs_stand_below_one_another() -> None:
    assert output.pairs([("a", "1"), ("long", "2")]) == "  a     1\n  long  2"
    assert output.pairs([]) == ""


def test_a_path_is_shown_as_one_would_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    assert output.shown_path(tmp_path / "inside" / "env.py") == "env.py"
    assert output.shown_path(tmp_path / "outside.py") == f"{tmp_path}{os.sep}outside.py"


# A title for the window, a color, C1's beginning of a sequence, another order, a line separator, and forged lines.
OBEYED = "\x1b]0;x\x07\x1b[31m\x9b2J\u202egnp\u2028\r\nproved  coverage: all\x7f\ud800"
ESCAPED = r"\x1b]0;x\x07\x1b[31m\x9b2J\u202egnp\u2028\r\nproved  coverage: all\x7f\ud800"


def test_what_a_terminal_would_obey_is_escaped_wherever_something_is_shown(
    capsys: pytest.CaptureFixture[str], lines: Lines, written: list[str], clock: Clock
) -> None:
    output.show_result(OBEYED)
    output.show_result(output.pairs([(OBEYED, "bücher\t日本 🙂")]))
    output.show_note(block("next:", f"  {OBEYED}"))
    output.show_error(Refused(OBEYED, meaning=OBEYED, remedy=OBEYED))
    output.show_error(VerificationFailed(block("failed:", f"  {OBEYED}")))
    seen = capsys.readouterr()
    assert seen.out == f"{ESCAPED}\n  {ESCAPED}  bücher\t日本 🙂\n"
    told = ["next:", f"  {ESCAPED}", f"error: {ESCAPED}", ESCAPED, f"fix: {ESCAPED}", "error: failed:", f"  {ESCAPED}"]
    assert seen.err.split("\n") == [*told, ""]
    lines.message(OBEYED)
    lines.phase_done("fill", OBEYED, OBEYED)
    assert written == [ESCAPED, f"fill {ESCAPED}: {ESCAPED} (0 s)"]
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=250, color_system=None), clock) as bars:
        bars.phase_started("embed", OBEYED)
        bars.progress("embed", OBEYED, Progress(50, 100, "texts", note=OBEYED))
        bars.message(OBEYED)
    assert screen.getvalue().count(ESCAPED) >= 3
    assert not set(OBEYED) & set(screen.getvalue()) - set("\x1b\r\n") - set(ESCAPED)
    assert "\x1b]" not in screen.getvalue()


def test_json_is_safe_to_print_and_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_json({OBEYED: "bücher 🙂"})
    out = capsys.readouterr().out
    assert json.loads(out) == {OBEYED: "bücher 🙂"}
    assert all(line.isprintable() for line in out.split("\n"))


def test_a_fault_is_shown_with_its_traceback_and_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise LookupError(OBEYED.replace("\ud800", ""))
    except LookupError as error:
        output.show_fault(LookupError, error, None)
    shown = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert all(line.startswith("  ") and line.isprintable() for line in shown)
    assert "LookupError" in shown[-3]


def test_nothing_is_printed_but_by_these_two_modules() -> None:
    """What is printed elsewhere would not be escaped."""
    package = Path(migrator.__file__).parent
    printing = re.compile(r"\b(click\.s?echo|print|sys\.std(out|err)\.write)\(")
    found = {path.name for path in package.rglob("*.py") if printing.search(path.read_text("utf-8"))}
    assert found == {"output.py", "progress.py"}
