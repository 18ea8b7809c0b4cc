"""A finding, and those that several looks have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from migrator.change import Model
from migrator.hazards import Hazard

Level = Literal["ok", "warning", "error"]
LEVELS: tuple[Level, ...] = ("ok", "warning", "error")


@dataclass(frozen=True)
class Finding:
    """What was looked at and found. remedy: "" where nothing need be done."""

    level: Level
    subject: str
    fact: str
    remedy: str = ""


@dataclass(frozen=True)
class Findings:
    """What was found. models: those to be looked at once no connection is open, each once."""

    found: list[Finding]
    models: list[Model] = field(default_factory=list)


def of_hazard(subject: str, hazard: Hazard) -> Finding:
    return Finding("error" if hazard.refuses else "warning", subject, hazard.problem, hazard.remedy)


def of_invalid_index(index: str, fact: str) -> Finding:
    """index: its name as in SQL."""
    remedy = f"REINDEX INDEX CONCURRENTLY {index}; or drop it where it is not needed"
    return Finding("error", index, fact, remedy)


def of_index_without_partitions(index: str, fact: str) -> Finding:
    """Of a partitioned table's index, which is invalid until every partition has one that is attached to it."""
    remedy = f"CREATE INDEX CONCURRENTLY on each of them, then ALTER INDEX {index} ATTACH PARTITION ..."
    return Finding("error", index, fact, remedy)


def worst(findings: Sequence[Finding]) -> Level:
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")
