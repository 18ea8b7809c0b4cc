"""The phases in order. Each has a NAME, `steps(plan)`, which a dry run prints, and `run(work)`, which sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from migrator.phases import backup, cut_over, embed, fill, index, settle, verify
from migrator.plan.plan import Plan
from migrator.plan.step import Listed
from migrator.preflight import checks
from migrator.runtime.context import Work
from migrator.runtime.step import Step


class Phase(Protocol):
    """A module of this package, as the runner sees it."""

    NAME: str

    def steps(self, plan: Plan) -> list[Step]:
        """What it sends, in order, with the locks: all that changes anything or locks a table of the user's."""

    def run(self, work: Work) -> Mapping[str, object]:
        """Does the phase, or the rest of it. Returns its result for the ledger, by column."""


PHASES: tuple[Phase, ...] = (backup, embed, fill, index, verify, cut_over, settle)
# What the ledger records, in the order of the walk.
NAMES = (checks.NAME, *(phase.NAME for phase in PHASES))


def statements(plan: Plan) -> list[Listed]:
    """Every statement of the phases that are left, phase by phase."""
    left = [phase for phase in PHASES if plan.phases_left is None or phase.NAME in plan.phases_left]
    return [
        *(each.listed(checks.NAME) for each in checks.statements(plan)),
        *(each for phase in left for step in phase.steps(plan) for each in step.listed(phase.NAME)),
    ]
