"""The plan of a revision: all its columns, up or down."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan, Direction
from migrator.plan.estimate import Estimate


@dataclass(frozen=True)
class Plan:
    """All columns of one revision, up or down.

    phases_done: of an interrupted run; such a plan has no estimates. phases_left: those that are carried out when it
    goes on, some of them again; None where all are. makes_ledger: there is none in this database yet.
    """

    revision: str
    direction: Direction
    columns: tuple[ColumnPlan, ...]
    hazards: tuple[Hazard, ...]
    estimates: tuple[Estimate, ...] = ()
    phases_done: tuple[str, ...] = ()
    phases_left: tuple[str, ...] | None = None
    makes_ledger: bool = False

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(column.subject for column in self.columns)

    @property
    def subject(self) -> str:
        return ", ".join(self.subjects)
