"""What the demonstration shows of its commands, and of the gain."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from demo.gain import compare
from demo.shell import DemoError, Shell

PRINTED = "plan\\nstatements\\na\\nb\\nin short: all\\nnext\\n"


@pytest.fixture
def shell() -> Shell:
    made = Shell("postgresql://nowhere")
    made.step("A step")
    return made


def run(shell: Shell, program: str, leave_out: tuple[str, str] | None = None) -> None:
    shell.run(f'{Path(sys.executable).name} -c "{program}"', leave_out=leave_out)


def test_statements_are_left_out_and_counted(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    run(shell, f"print('{PRINTED}', end='')", leave_out=("statements", "in short: "))
    shown = capsys.readouterr().out.split("end='')\"\n")[1]
    assert shown == "plan\n[... 3 lines: every statement, with its lock ...]\nin short: all\nnext\n"


def test_output_without_statements_is_shown_whole(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    run(shell, "print('in short: all')", leave_out=("statements", "in short: "))
    assert capsys.readouterr().out.endswith("\nin short: all\n")


def test_a_command_that_ends_otherwise_ends_the_demonstration(shell: Shell) -> None:
    with pytest.raises(DemoError, match="exited 3 where 0 was expected"):
        run(shell, "exit(3)")


def test_a_gain_in_every_question_is_sure_and_one_by_luck_is_not() -> None:
    old = np.full((3, 40), 0.5)
    new = old.copy()
    # Recall: a little more for each; MRR: up for half, down for half; nDCG: the same.
    new[0] += np.linspace(0.1, 0.3, 40)
    new[1] += np.tile([0.2, -0.2], 20)
    shown = io.StringIO()
    Console(file=shown, width=100).print(compare(old, new))
    rows = [line.split() for line in shown.getvalue().splitlines()[1:]]
    assert [row[0] for row in rows] == ["recall@10", "MRR", "nDCG@10"]
    assert rows[0][1:4] == ["0.500", "0.700", "+0.200"]
    assert float(rows[0][4]) > 0.15
    assert float(rows[0][7]) < 0.001
    assert float(rows[1][4]) < 0 < float(rows[1][6])
    assert float(rows[1][7]) > 0.5
    assert rows[2][1:4] == ["0.500", "0.500", "+0.000"]
