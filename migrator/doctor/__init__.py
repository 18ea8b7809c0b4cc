"""The health of a database, and what is in a vector column: findings, each with its remedy. Reads only."""

from __future__ import annotations

from migrator.doctor.column import examine_column, only_column
from migrator.doctor.database import examine_database
from migrator.doctor.finding import LEVELS, Finding, Findings, worst
from migrator.doctor.models import look_at_model, try_model

__all__ = [
    "LEVELS",
    "Finding",
    "Findings",
    "examine_column",
    "examine_database",
    "look_at_model",
    "only_column",
    "try_model",
    "worst",
]
