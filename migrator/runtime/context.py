"""What a phase is given: a connection, the ledger, models, whom to tell, and the plan of the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from migrator.embedding.limits import MODEL_TIMEOUT_S
from migrator.embedding.models import Models
from migrator.ledger.ledger import Ledger, Run
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.postgres.address import Address
from migrator.postgres.connection import Connection
from migrator.postgres.locks import send_together
from migrator.postgres.sql import Query
from migrator.report import Reporter, Silent
from migrator.runtime.signals import Stop
from migrator.runtime.text_locks import OtherTables
from migrator.runtime.throttle import Limits, Throttle


@dataclass
class Options:
    """What the command line says about a run.

    project: the directory that file names in revisions start from.
    limits: what holds the run back; stop: whether it was asked to end. model_timeout: seconds that a call may take.
    cutover_file: cut-over waits until it exists.
    without_old_model: a downgrade lists the rows that only the old model could give a vector, and goes on.
    online: the application reads and writes by its index all the while.
    strict: refuse texts that are longer than the model reads.
    quiet_triggers: disable the user's triggers while rows are filled, whatever the mode; writers wait meanwhile.
    """

    reporter: Reporter = field(default_factory=Silent)
    stop_after: str | None = None
    batch_size: int | None = None
    project: Path = Path()
    limits: Limits = field(default_factory=Limits)
    stop: Stop = field(default_factory=Stop)
    model_timeout: float = MODEL_TIMEOUT_S
    cutover_file: Path | None = None
    without_old_model: bool = False
    online: bool = False
    strict: bool = False
    quiet_triggers: bool = False


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
    throttle: Throttle = field(init=False)
    other_tables: OtherTables = field(init=False)

    def __post_init__(self) -> None:
        self.other_tables = OtherTables(self.address, self.plan, self.waits_for_lock)
        self.throttle = Throttle(self.options.limits, self.connection, self.options.stop, self._tell_waiting)

    def _tell_waiting(self, reason: str | None) -> None:
        """Here, and to whoever asks for the status meanwhile."""
        self.ledger.set_waiting(self.run, reason)
        self.reporter.message("going on" if reason is None else f"waiting: {reason}")

    def waits_for_lock(self, blockers: str) -> None:
        """Told between two tries to get a lock."""
        self.reporter.message(blockers)
        self.other_tables.let_writer_by(self.connection)
        self.options.stop.check()

    def send_together(self, column: ColumnPlan, *statements: Query) -> None:
        """Statements that lock the column's table, in one transaction with short waits. Raises Interrupted."""
        send_together(self.connection, statements, table=column.catalog.table.oid, on_wait=self.waits_for_lock)
