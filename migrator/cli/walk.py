"""Carries the steps out: Alembic takes them in every context of env.py, and its recording is watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import MigrationContext

from migrator import hazards
from migrator.cli.database import run_env
from migrator.cli.pending import Pending, Step
from migrator.cli.project import Project
from migrator.commands.abandon import abandon
from migrator.commands.embed_ahead import embed_ahead
from migrator.errors import Refused, Stopped
from migrator.operations.compat import RevisionStep, with_body
from migrator.operations.implementation import OPTIONS, carry_out, changes_in
from migrator.operations.recording import UNRECORDED, not_recorded
from migrator.phases import embed
from migrator.plan.column import Direction
from migrator.runtime.context import Options
from migrator.runtime.session import columns_of, unfinished


@dataclass
class Walk:
    """pending: what each context has before it, in the order of env.py."""

    project: Project
    target: str
    direction: Direction
    pending: Sequence[Pending]
    options: Options
    # How those contexts ended that stopped where --stop-after says.
    _stopped: dict[int, Stopped] = field(default_factory=dict)
    _at: int = -1

    def carry_out(self) -> None:
        """Raises what ended it; Stopped once every context has come to where --stop-after says."""
        for pending in self.pending:
            if pending.beyond is not None and not pending.beyond.past_cut_over:
                self.options.reporter.message(abandon(pending.address, self.options.reporter))
        self.project.config_with_database().attributes[OPTIONS] = self.options
        # A context that stops ends env.py, so env.py is run again for those after it.
        while not self._went_through():
            pass
        if self.options.stop_after == embed.NAME and self.direction == "upgrade":
            for number in self._stopped:
                self._embed_ahead(self.pending[number])
        if self._stopped:
            raise list(self._stopped.values())[-1]

    def _went_through(self) -> bool:
        self._at = -1
        try:
            run_env(self.project, self._steps, target=self.target, carries_out=True)
        except Stopped as stopped:
            self._stopped[self._at] = stopped
            return self._at == len(self.pending) - 1
        except Exception as error:
            unrecorded = self.project.config.attributes.get(UNRECORDED)
            if unrecorded is not None:
                raise not_recorded(unrecorded, self.direction, error) from error
            raise
        return True

    def _steps(self, heads: Any, context: MigrationContext) -> list[RevisionStep]:
        """Stands where Alembic asks which revisions to run."""
        self._at += 1
        if self._at <= max(self._stopped, default=-1):
            return []
        if self._at >= len(self.pending):
            raise hazards.revisions.moved_meanwhile().refusal()
        pending = self.pending[self._at]
        if set(heads) != set(pending.located.heads):
            raise hazards.revisions.moved_meanwhile().refusal()
        if len(self.pending) > 1 and pending.steps:
            self.options.reporter.message(f"{pending.located.shown}:")
        return [_taken(step, context) for step in pending.steps]

    def _embed_ahead(self, pending: Pending) -> None:
        """Fills the stores of the revisions behind the one that stopped, as far as they can be planned by now."""
        run = unfinished(pending.address)
        ids = [step.id for step in pending.steps]
        if run is None or run.revision not in ids:
            return
        changed = dict.fromkeys(columns_of(pending.address, run), run.revision)
        for step in pending.steps[ids.index(run.revision) + 1 :]:
            changes = changes_in(step.revision) if step.revision else ()
            if not changes:
                continue
            try:
                done = embed_ahead(pending.address, step.id, changes, self.options, changed)
            except Refused as refusal:
                self.options.reporter.message(f"revision {step.id} is not embedded yet: {refusal.problem}")
            else:
                changed |= dict.fromkeys(done, step.id)


def _taken(step: Step, context: MigrationContext) -> RevisionStep:
    """The step as Alembic is to take it. What its body asks for is known, unless it could not be read to there."""
    revision = step.revision
    if revision is None or not revision.operations:
        return step.taken
    return with_body(step.taken, lambda: carry_out(context, revision))
