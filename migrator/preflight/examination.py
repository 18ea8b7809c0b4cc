"""A column while preflight examines it: what checks ask, and what those before them found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from migrator.catalog import Catalog
from migrator.embedding.models import Models
from migrator.ledger.ledger import Ledger
from migrator.plan.column import ColumnPlan
from migrator.plan.estimate import Counts, Sample
from migrator.plan.findings import Findings
from migrator.postgres.connection import Connection
from migrator.preflight.text_functions import Found
from migrator.runtime.context import Options


@dataclass
class Examination:
    """One column of a plan under examination.

    column: its plan, with the findings made so far.
    columns: all of the plan, as they were before.
    sample: whether to embed a timed sample if there is something to embed.
    named: what text and scope name. counts: rows and texts. taken: that sample. Each is there from its own check on.
    """

    connection: Connection
    ledger: Ledger
    models: Models
    options: Options
    column: ColumnPlan
    columns: Sequence[ColumnPlan]
    sample: bool
    named: Found = field(init=False)
    counts: Counts = field(init=False)
    taken: Sample | None = field(default=None, init=False)

    @property
    def catalog(self) -> Catalog:
        return self.column.catalog

    @property
    def findings(self) -> Findings:
        return self.column.findings

    def find_out(self, **findings: Any) -> None:
        """Adds fields of Findings to what is known."""
        self.column = replace(self.column, findings=replace(self.findings, **findings))
