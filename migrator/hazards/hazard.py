"""What a hazard is, and how one is made."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from migrator.errors import Refused
from migrator.report import Block, block, first_of


@dataclass(frozen=True)
class Hazard:
    """A finding. code: its short name, stable across versions, for --json and for looking it up."""

    code: str
    problem: str
    meaning: str
    remedy: str
    refuses: bool

    def told(self, label: str) -> Block:
        """As a person reads it beside a plan, in three lines. label: what comes first."""
        return block(f"{label}: {self.problem}", f"  {self.meaning}", f"  fix: {self.remedy}")

    def refusal(self) -> Refused:
        return Refused(self.problem, meaning=self.meaning, remedy=self.remedy, code=self.code)


def refuse(code: str, problem: str, meaning: str, remedy: str) -> Hazard:
    return Hazard(code, problem, meaning, remedy, refuses=True)


def warn(code: str, problem: str, meaning: str, remedy: str) -> Hazard:
    return Hazard(code, problem, meaning, remedy, refuses=False)


def quoted(*parts: str) -> str:
    """A name as SQL has it, for a statement that a person is to run."""
    return sql.Identifier(*parts).as_string(None)


def nearest(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant, said as a remedy. names: at least one."""
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"name one that is there: {first_of(known[:10], len(known))}"
