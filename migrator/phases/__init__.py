"""The phases in order. Each has a NAME, `statements(column)` for the plan, and `run(work)`."""

from __future__ import annotations

from typing import Protocol

from migrator.phases import backup, cut_over, embed, fill, index, preflight, settle, verify
from migrator.plan import ColumnPlan, Statement
from migrator.work import Work


class Phase(Protocol):
    """A module of this package, as the runner sees it."""

    NAME: str

    def statements(self, column: ColumnPlan) -> tuple[Statement, ...]:
        """What it will send for the column, with the locks; the plan prints it."""

    def run(self, work: Work) -> dict[str, object]:
        """Does the phase, or the rest of it. Returns its result for the ledger, by column."""


PHASES: tuple[Phase, ...] = (backup, embed, fill, index, verify, cut_over, settle)
# What --stop-after takes: nothing follows settle.
NAMES = (preflight.NAME, *(phase.NAME for phase in PHASES))
