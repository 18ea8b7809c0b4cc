"""What a phase is given: a connection, the ledger, models, whom to tell, and the plan of the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

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
    """Loaded models, each once.

    recording: the probe vectors of each go into the ledger. dry_run: a model that costs money is not called.
    """

    ledger: Ledger
    recording: bool = False
    dry_run: bool = False
    _loaded: dict[Model, Embedder] = field(default_factory=dict)
    _checked: set[tuple[Model, bool]] = field(default_factory=set)

    def get(self, model: Model) -> Embedder:
        """Raises Refused where it cannot be loaded or is not the model that the ledger knows."""
        if model not in self._loaded:
            self._loaded[model] = load(model)
        embedder = self._loaded[model]
        if (model, self.recording) not in self._checked and self.may_call(embedder):
            check(self.ledger, model, embedder, record=self.recording)
            self._checked.add((model, self.recording))
        return embedder

    def put_away(self, model: Model) -> None:
        """Frees its memory; it is loaded anew where it is wanted again."""
        self._loaded.pop(model, None)

    def may_call(self, embedder: Embedder) -> bool:
        return not (self.dry_run and embedder.paid)


@dataclass
class Options:
    """What the command line says about a run. project: the directory that file names in revisions start from."""

    reporter: Reporter = field(default_factory=Silent)
    stop_after: str | None = None
    batch_size: int | None = None
    project: Path = Path()


@dataclass
class Session:
    """What is at hand while a command works on a database."""

    connection: Connection
    address: Address
    ledger: Ledger
    models: Models
    options: Options

    @property
    def reporter(self) -> Reporter:
        return self.options.reporter


@dataclass
class Work(Session):
    """One run at work."""

    plan: Plan
    run: Run


def block_ranges(
    connection: Connection, column: ColumnPlan, rows_wanted: int
) -> Iterator[tuple[dict[str, str], int, int]]:
    """The table's blocks, in ranges of about `rows_wanted` rows: bounds as parameters, blocks done, blocks in all.

    The end is fixed at the start: versions that the fill writes beyond it are filled already.
    """
    table = column.catalog.table
    (blocks,) = fetch_row(connection, query("store", "blocks"), {"table": table.oid})
    per_block = table.rows / table.blocks if table.blocks and table.rows else 10.0
    step = max(1, int(rows_wanted / max(per_block, 0.1)))
    for first in range(0, blocks, step):
        last = min(first + step, blocks)
        yield {"first": f"({first},0)", "last": f"({last},0)"}, last, blocks
