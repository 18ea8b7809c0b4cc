"""What an upgrade or a downgrade would carry out, found without carrying anything out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from migrator import hazards
from migrator.cli.database import Located, located, refuse_others, run_env
from migrator.cli.gaps import Beyond, Recorded, beyond, heads_with, read_recorded
from migrator.cli.project import Project
from migrator.cli.render_plan import Planned
from migrator.commands import runner
from migrator.errors import Refused
from migrator.hazards.runs import Obstacle
from migrator.ledger.ledger import Run
from migrator.operations.collect import Revision, names_operations, read
from migrator.operations.compat import RevisionStep, began_transaction, downgrade_steps, upgrade_steps
from migrator.operations.implementation import changes_in, columns_to_restore, refuse_mixed
from migrator.operations.recording import try_recording
from migrator.plan.column import Direction
from migrator.plan.plan import Plan
from migrator.postgres.address import Address
from migrator.postgres.connection import connect
from migrator.runtime.context import Options
from migrator.runtime.session import in_the_way, open_ledger, refuse_busy


@dataclass(frozen=True)
class Step:
    """A revision on the way.

    taken: as Alembic takes it. revision: migrator's operations in it; None if it is an ordinary one.
    """

    taken: RevisionStep = field(repr=False)
    revision: Revision | None

    @property
    def id(self) -> str:
        return str(self.taken.revision.revision)

    @property
    def message(self) -> str:
        return self.taken.revision.doc or ""


@dataclass(frozen=True)
class Pending:
    """What one context of env.py has before it: steps in the order in which they would be carried out.

    in_transaction: env.py hands over a connection on which a transaction is open.
    recorded: what the version table says of revisions that change vectors.
    beyond: of a downgrade, an upgrade that Alembic has not recorded, which is undone, settled or recorded first.
    """

    located: Located
    direction: Direction
    steps: list[Step]
    in_transaction: bool
    recorded: Recorded
    beyond: Beyond | None = None

    @property
    def address(self) -> Address:
        return self.located.address

    @property
    def destination(self) -> str:
        """Where a downgrade ends."""
        return _names(self.steps[-1].taken.revision.down_revision) if self.steps else ""

    @property
    def ordinary(self) -> list[str]:
        """Those of the revisions in which migrator has no part."""
        return [step.id for step in self.steps if step.revision is None]

    @property
    def told_first(self) -> str:
        return self.beyond.told() if self.beyond else ""

    @property
    def does_nothing(self) -> bool:
        return not self.steps and self.beyond is None

    @property
    def asked(self) -> list[Step]:
        """The steps that the command was asked for: without those that only record what is live."""
        return [step for step in self.steps if step.taken.is_upgrade == (self.direction == "upgrade")]

    def plans(self, options: Options) -> list[Planned]:
        """The plan of each revision that can be planned before those in front of it are done. Raises Refused."""
        ours = [step.revision for step in self.steps if step.revision is not None]
        if ours and self.in_transaction:
            raise hazards.revisions.transaction_outside().refusal()
        for revision in ours:
            refuse_mixed(revision)
        found: list[Planned] = []
        changed: dict[str, str] = {}
        for step in self.asked:
            is_first = not found and (self.beyond is None or self.beyond.run is None)
            planned = self._planned(step, options, None if is_first else changed)
            found.append(planned)
            for subject in planned.plan.subjects if planned.plan else ():
                changed[subject] = step.id
        return found

    def _planned(self, step: Step, options: Options, after: dict[str, str] | None) -> Planned:
        """after: the columns that steps before it change, each with its revision; None for the first step."""
        if step.revision is None:
            return Planned(step.id, step.message, None, ordinary=True)
        try:
            return Planned(step.id, step.message, _plan(self.address, step.revision, options, after))
        except Refused as refusal:
            if after is None:
                raise
            return Planned(step.id, step.message, None, f"it cannot be planned yet: {refusal.problem}")


def read_pending(project: Project, target: str, direction: Direction) -> list[Pending]:
    """Asks env.py for its contexts, and Alembic for the way of each to `target`. Raises what Alembic raises."""
    found: list[Pending] = []
    script = project.script

    def look(heads: Any, context: MigrationContext) -> list[RevisionStep]:
        """Stands where Alembic asks which revisions to run, and answers: none."""
        at = located(context, heads)
        taken, first = _way(script, at, target, direction)
        steps = [_read(step, context) for step in taken]
        try_recording(context, _until_ordinary(steps), heads)
        recorded = read_recorded(script, at, context)
        found.append(Pending(at, direction, steps, began_transaction(context), recorded, first))
        return []

    run_env(project, look, target=target)
    refuse_others(project, [each.located for each in found])
    return found


def _way(
    script: ScriptDirectory, at: Located, target: str, direction: Direction
) -> tuple[list[RevisionStep], Beyond | None]:
    """Steps back are counted from the upgrade that was begun last, whether Alembic knows of it or not."""
    if direction == "upgrade":
        return upgrade_steps(script, target, at.heads), None
    first = beyond(script, at)
    if first is None:
        return downgrade_steps(script, target, at.heads), None
    back = downgrade_steps(script, target, heads_with(script, at.heads, first.revision))
    if first.past_cut_over:
        return [*first.steps, *back], first
    return [step for step in back if step.revision.revision != first.revision], first


def refuse_unfinished(
    script: ScriptDirectory,
    address: Address,
    contexts: Iterable[Located],
    *,
    but: tuple[str | None, Direction] | None = None,
) -> None:
    """Raises Refused where a run is unfinished, other than that of this revision and direction; Busy while it works.

    contexts: all of env.py, one of which the address is of.
    """
    with connect(address) as connection:
        ledger = open_ledger(connection, address)
        run = ledger.unfinished()
        if run is None or _goes_on(run, address, but):
            return
        refusal = in_the_way(ledger, run, _obstacle(script, address, contexts, run)).refusal()
    refuse_busy(address)
    raise refusal


def _goes_on(run: Run, address: Address, with_: tuple[str | None, Direction] | None) -> bool:
    """Whether that revision may go on with the run, which knows it by a former name if that has no file any more."""
    if with_ is None or with_[0] is None or run.direction != with_[1]:
        return False
    is_renamed = address.version_table is not None and not address.version_table.has_file(run.revision)
    return is_renamed or run.revision == with_[0]


def refuse_steps_too_far(target: str, pending: Pending) -> None:
    """Raises Refused where so many steps back undo more than upgrades of vectors: who typed -1 twice meant it once."""
    if re.fullmatch(r"-\d+", target) and pending.ordinary:
        raise hazards.revisions.steps_undo_ordinary(target, pending.ordinary[0], pending.destination).refusal()


def _plan(address: Address, revision: Revision, options: Options, after: dict[str, str] | None) -> Plan:
    changes = changes_in(revision)
    if changes:
        return runner.plan_upgrade(address, revision.id, changes, options, after)
    return runner.plan_restore(address, revision.id, columns_to_restore(revision), options, after)


def _names(down_revision: str | Sequence[str] | None) -> str:
    if down_revision is None:
        return "base"
    return down_revision if isinstance(down_revision, str) else down_revision[0]


def _obstacle(script: ScriptDirectory, address: Address, contexts: Iterable[Located], run: Run) -> Obstacle:
    """Why the command that the run began with would not come upon its revision first; empty where it would."""
    at = [each for each in contexts if each.address == address]
    if any(_comes_first(script, each, run) for each in at):
        return ""
    has_file = run.revision in {each.revision for each in script.walk_revisions()}
    if has_file and all((run.revision in each.applied(script)) == (run.direction == "upgrade") for each in at):
        return "record"
    return "file"


def _comes_first(script: ScriptDirectory, at: Located, run: Run) -> bool:
    """Whether the command that the run began with would come upon its revision first, and so go on with it."""
    try:
        taken, _ = _way(script, at, "heads" if run.direction == "upgrade" else "-1", run.direction)
    except CommandError:
        return False
    return bool(taken) and taken[0].revision.revision == run.revision


def _read(step: RevisionStep, context: MigrationContext) -> Step:
    """Only a revision that names migrator's operations is run to collect them; an ordinary one might do anything."""
    if not names_operations(step.migration_fn):
        return Step(step, None)
    revision = read(step.revision.revision, step.migration_fn, context)
    return Step(step, revision if revision.operations or revision.does_more else None)


def _until_ordinary(steps: Sequence[Step]) -> Iterator[RevisionStep]:
    """Those whose record can be tried now: an ordinary revision may change the version table for those after it."""
    for step in steps:
        yield step.taken
        if step.revision is None:
            return
