"""Every finding about database, ledger and models that refuses or warns, each with its remedy; tests compare all whole.

A hazard that refuses ends the command before anything is changed (exit 3); the others are printed with the plan. What
a revision's own text is refused by is said where it is checked, in change.py and operations/.
"""

from migrator.hazards import (
    columns,
    dependents,
    indexes,
    models,
    partitions,
    revisions,
    rights,
    rows,
    runs,
    server,
    texts,
    triggers,
)
from migrator.hazards.hazard import Hazard

__all__ = [
    "Hazard",
    "columns",
    "dependents",
    "indexes",
    "models",
    "partitions",
    "revisions",
    "rights",
    "rows",
    "runs",
    "server",
    "texts",
    "triggers",
]
