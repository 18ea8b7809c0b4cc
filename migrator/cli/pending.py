"""What an upgrade or a downgrade would carry out, found without carrying anything out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.util import CommandError

from migrator import runner
from migrator.address import Address
from migrator.cli.project import Project
from migrator.hazards import steps_undo_ordinary, transaction_outside, unfinished_other
from migrator.ledger import Run
from migrator.operations.implementation import columns_to_restore, refuse_mixed
from migrator.operations.ops import ChangeEmbeddingOp
from migrator.operations.recording import try_recording
from migrator.operations.revision import Revision, names_operations, read
from migrator.operations.version_table import address_of_context
from migrator.plan import Direction, Plan
from migrator.session import refuse_busy, unfinished
from migrator.work import Options


@dataclass(frozen=True)
class Pending:
    """Revisions in the order in which they would be carried out, each with its message.

    first: the operations of the first of them; None where there is none, or it is an ordinary revision.
    in_transaction: env.py hands over a connection on which a transaction is open.
    ordinary: those of the revisions in which migrator has no part.
    destination: where a downgrade ends.
    """

    address: Address
    revisions: list[tuple[str, str]]
    first: Revision | None
    in_transaction: bool
    ordinary: list[str]
    destination: str

    def plan(self, options: Options) -> Plan | None:
        """The plan of the first revision; None where it is an ordinary one. Raises Refused."""
        if self.first is None:
            return None
        if self.in_transaction:
            raise transaction_outside().refusal()
        refuse_mixed(self.first)
        for operation in self.first.operations:
            if isinstance(operation, ChangeEmbeddingOp):
                return runner.plan_upgrade(self.address, self.first.id, operation.changes, options)
        return runner.plan_restore(self.address, self.first.id, columns_to_restore(self.first), options)


def read_pending(project: Project, target: str, direction: Direction) -> Pending:
    """Asks env.py for the database, and Alembic for the way to `target`. Raises what Alembic raises."""
    found: list[Pending] = []
    config, script = project.config_with_database(), project.script

    def look(heads: Any, context: MigrationContext) -> list[RevisionStep]:
        """Stands where Alembic asks which revisions to run, and answers: none.

        The steps themselves, and whether env.py began a transaction, Alembic tells by private names alone.
        """
        way = script._upgrade_revs if direction == "upgrade" else script._downgrade_revs
        steps = list(way(target, heads))
        if context.connection is not None:
            revisions = [(step.revision.revision, step.revision.doc or "") for step in steps]
            in_transaction = context._in_external_transaction
            try_recording(context, _until_ordinary(steps), heads)
            address = project.connected_to(address_of_context(context, context.connection))
            ordinary = [step.revision.revision for step in steps if not names_operations(step.migration_fn)]
            destination = _names(steps[-1].revision.down_revision) if steps else ""
            first = _first(steps, context)
            found.append(Pending(address, revisions, first, in_transaction, ordinary, destination))
        return []

    with EnvironmentContext(config, script, fn=look, destination_rev=target, dont_mutate=True):
        script.run_env()
    return found[0]


def refuse_unfinished(project: Project, address: Address, *, but: tuple[str | None, Direction] | None = None) -> None:
    """Raises Refused where a run is unfinished, other than that of this revision and direction; Busy while it works."""
    run = unfinished(address)
    if run is not None and not _goes_on(run, address, but):
        refuse_busy(address)
        raise unfinished_other(run.revision, run.direction, run.command, _is_next(project, run)).refusal()


def _goes_on(run: Run, address: Address, with_: tuple[str | None, Direction] | None) -> bool:
    """Whether that revision may go on with the run, which knows it by a former name if that has no file any more."""
    if with_ is None or with_[0] is None or run.direction != with_[1]:
        return False
    is_renamed = address.version_table is not None and not address.version_table.has_file(run.revision)
    return is_renamed or run.revision == with_[0]


def refuse_steps_too_far(target: str, pending: Pending) -> None:
    """Raises Refused where so many steps back undo more than upgrades of vectors: who typed -1 twice meant it once."""
    if re.fullmatch(r"-\d+", target) and pending.ordinary:
        raise steps_undo_ordinary(target, pending.ordinary[0], pending.destination).refusal()


def _until_ordinary(steps: Sequence[RevisionStep]) -> Iterator[RevisionStep]:
    """Those whose record can be tried now: an ordinary revision may change the version table for those after it."""
    for step in steps:
        yield step
        if not names_operations(step.migration_fn):
            return


def _names(down_revision: str | Sequence[str] | None) -> str:
    if down_revision is None:
        return "base"
    return down_revision if isinstance(down_revision, str) else down_revision[0]


def _is_next(project: Project, run: Run) -> bool:
    """Whether the command that the run began with would come upon its revision first, and so go on with it."""
    try:
        pending = read_pending(project, "heads" if run.direction == "upgrade" else "-1", run.direction)
    except CommandError:
        return False
    return bool(pending.revisions) and pending.revisions[0][0] == run.revision


def _first(steps: Sequence[RevisionStep], context: MigrationContext) -> Revision | None:
    """Only a revision that names migrator's operations is run to collect them; an ordinary one might do anything."""
    if not steps or not names_operations(steps[0].migration_fn):
        return None
    return read(steps[0].revision.revision, steps[0].migration_fn, context)
