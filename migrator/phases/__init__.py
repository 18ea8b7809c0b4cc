"""The phases in order. Each has a NAME, `steps(plan)`, which a dry run prints, and `run(work)`, which sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from migrator.phases import backup, cut_over, embed, fill, index, settle, verify
from migrator.plan.plan import Plan
from migrator.plan.step import Statement
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


def statements(plan: Plan) -> list[Statement]:
    """Every statement of the phases that are left, phase by phase."""
    listed = [replace(each, phase=checks.NAME) for each in checks.statements(plan)]
    for phase in PHASES:
        for step in phase.steps(plan) if plan.phases_left is None or phase.NAME in plan.phases_left else ():
            words = step.when.text if step.when else ""
            listed += [replace(each, phase=phase.NAME, only_if=each.only_if or words) for each in step.statements]
    return listed
