"""Steps, of which a phase is a list: a run sends them and a dry run prints them, the same objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Statement
from migrator.postgres import locks
from migrator.postgres.connection import execute
from migrator.postgres.sql import Query
from migrator.runtime.context import Work


@dataclass(frozen=True)
class Condition:
    """When a step is sent that is not always sent: in words, and the test that decides it when its turn comes."""

    text: str
    test: Callable[[Work], bool]


# Else what preflight found holds, a moment ago.
GOES_ON = Condition("an interrupted run goes on", lambda work: not work.plan.estimates)


class Step(ABC):
    """Statements, and the way they are sent."""

    @property
    def when(self) -> Condition | None:
        """None where it always is sent."""
        return None

    @property
    @abstractmethod
    def statements(self) -> Sequence[Statement]:
        """What is sent, in order, where nothing has changed since the plan was made."""

    @abstractmethod
    def send(self, work: Work) -> Any:
        """Sends these statements, to the partitions that are there now. Returns what the phase's result is made of."""


@dataclass(frozen=True, eq=False)
class ColumnStep(Step):
    """Statements for one column."""

    column: ColumnPlan

    @property
    def statements(self) -> Sequence[Statement]:
        return self.made(self.column)

    def made(self, _: ColumnPlan, /) -> Sequence[Statement]:
        """Returns the statements for the column as it was planned, or as it is now.

        Empty for what a plan leaves out: what reads catalogs, or writes migrator's own bookkeeping, or waits.
        """
        return ()


# How the statements of a column are sent; Work.send_together is such a way.
Way = Callable[..., None]


@dataclass(frozen=True, eq=False)
class Sent(ColumnStep):
    """Statements that are known beforehand."""

    making: Callable[[ColumnPlan], Sequence[Statement]]
    way: Way
    when: Condition | None = None

    def made(self, column: ColumnPlan) -> Sequence[Statement]:
        return self.making(column)

    def send(self, work: Work) -> None:
        now = tree.without_dropped(work.connection, self.column)
        self.way(work, now, *(each.query for each in self.made(now)))


@dataclass(frozen=True, eq=False)
class Unlisted(ColumnStep):
    do: Callable[[Work, ColumnPlan], object]

    def send(self, work: Work) -> None:
        self.do(work, self.column)


def one_by_one(work: Work, _: ColumnPlan, *queries: Query) -> None:
    for each in queries:
        execute(work.connection, each)


def together(work: Work, column: ColumnPlan, *queries: Query) -> None:
    """In one transaction that locks no table of the user's."""
    with work.connection.transaction():
        one_by_one(work, column, *queries)


def concurrently(work: Work, _: ColumnPlan, *queries: Query) -> None:
    for each in queries:
        locks.concurrently(work.connection, each)


def sending(work: Work, steps: Iterable[Step]) -> Iterator[tuple[Step, Any]]:
    """Sends each step in its turn, unless its condition keeps it from that. Gives it with what it returned."""
    for step in steps:
        if step.when is None or step.when.test(work):
            yield step, step.send(work)


class Result(msgspec.Struct):
    """What the ledger records of a phase for a column."""

    @property
    def summary(self) -> str:
        """Counts and names, for a person."""
        return ""
