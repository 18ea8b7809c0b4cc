"""The phases in order. Each has a NAME, `statements(plan)` for the dry run, and `run(work)`."""

from __future__ import annotations

from typing import Protocol

from migrator.phases import backup, cut_over, embed, fill, index, settle, verify
from migrator.plan.plan import Plan
from migrator.plan.statement import Statement
from migrator.preflight import checks
from migrator.runtime.context import Work


class Phase(Protocol):
    """A module of this package, as the runner sees it."""

    NAME: str

    def statements(self, plan: Plan) -> list[Statement]:
        """What it will send, in order, with the locks: all that changes anything or locks a table of the user's."""

    def run(self, work: Work) -> dict[str, object]:
        """Does the phase, or the rest of it. Returns its result for the ledger, by column."""


PHASES: tuple[Phase, ...] = (backup, embed, fill, index, verify, cut_over, settle)
# What the ledger records, in the order of the walk.
NAMES = (checks.NAME, *(phase.NAME for phase in PHASES))


def statements(plan: Plan) -> list[Statement]:
    """Every statement of the phases that are left, phase by phase."""
    left = [phase for phase in PHASES if plan.phases_left is None or phase.NAME in plan.phases_left]
    return [*checks.statements(plan), *(statement for phase in left for statement in phase.statements(plan))]
