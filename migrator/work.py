"""What a phase is given: the plan, a connection, the ledger, and whom to tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.change import Model
from migrator.database import Address, Connection, fetch_row
from migrator.embedders import Embedder, load
from migrator.embedders.probes import check
from migrator.ledger import Ledger, Run
from migrator.plan import ColumnPlan, Plan
from migrator.queries import query
from migrator.report import Reporter, Silent


@dataclass
class Models:
    """Loaded models, each once, checked against the ledger's probes when loaded."""

    ledger: Ledger
    _loaded: dict[Model, Embedder] = field(default_factory=dict)

    def get(self, model: Model) -> Embedder:
        """Raises Refused where it cannot be loaded or is not the model it was."""
        if model not in self._loaded:
            embedder = load(model)
            check(self.ledger, model, embedder)
            self._loaded[model] = embedder
        return self._loaded[model]


@dataclass
class Options:
    """What the command line says about a run. project: the directory that file names in revisions start from."""

    reporter: Reporter = field(default_factory=Silent)
    stop_after: str | None = None
    batch_size: int | None = None
    project: str = "."


@dataclass
class Work:
    """One run at work."""

    plan: Plan
    run: Run
    connection: Connection
    address: Address
    ledger: Ledger
    models: Models
    options: Options

    @property
    def reporter(self) -> Reporter:
        return self.options.reporter


def block_ranges(work: Work, column: ColumnPlan, rows_wanted: int) -> Iterator[tuple[dict[str, str], int, int]]:
    """The table's blocks, in ranges of about `rows_wanted` rows: bounds as parameters, blocks done, blocks in all.

    The end is fixed at the start: versions that the fill writes beyond it are filled already.
    """
    table = column.catalog.table
    (blocks,) = fetch_row(work.connection, query("store", "blocks"), {"table": table.oid})
    per_block = table.rows / table.blocks if table.blocks and table.rows else 10.0
    step = max(1, int(rows_wanted / max(per_block, 0.1)))
    for first in range(0, blocks, step):
        last = min(first + step, blocks)
        yield {"first": f"({first},0)", "last": f"({last},0)"}, last, blocks
