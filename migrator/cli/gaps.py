"""Where the ledger and Alembic's version table do not agree, of whatever cause, and what closes the gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError

from migrator import hazards
from migrator.catalog.columns import Column, read_table
from migrator.change import EmbeddingChange
from migrator.cli.database import Located, located, refuse_others, run_env
from migrator.cli.project import Project
from migrator.hazards import Hazard
from migrator.ledger.ledger import Ledger, LedgerChange, Run
from migrator.operations.collect import Revision, names_operations, read
from migrator.operations.compat import RevisionStep, upgrade_steps
from migrator.operations.implementation import changes_in
from migrator.postgres.connection import Connection, connect
from migrator.runtime.session import open_ledger, open_ledger_to_read


@dataclass(frozen=True)
class Gap:
    """hazard: what it is, and what closes it. closes: whether a command does that takes a step through the revision."""

    revision: str
    hazard: Hazard
    closes: bool


@dataclass(frozen=True)
class Beyond:
    """An upgrade that Alembic has not recorded.

    run: the unfinished run; None if the upgrade is done. past_cut_over: the new column is live. steps: what Alembic
    has to take to record it, of which nothing but this upgrade is left to do.
    """

    revision: str
    run: Run | None
    past_cut_over: bool
    steps: list[RevisionStep]

    def told(self) -> str:
        """What a downgrade does about it first."""
        if not self.past_cut_over:
            return f"first the unfinished upgrade of revision {self.revision} is undone; the embedding store is kept"
        if self.run is not None:
            return f"first the unfinished upgrade of revision {self.revision}, which is past cut-over, is settled"
        return f"first the upgrade of revision {self.revision}, which is live, is recorded in Alembic's version table"


def beyond(script: ScriptDirectory, at: Located) -> Beyond | None:
    """The last upgrade that was begun and that Alembic has not recorded. Raises Refused if others would go with it."""
    applied = at.applied(script)
    with connect(at.address) as connection:
        ledger = open_ledger(connection, at.address)
        run = ledger.unfinished()
        ahead = [each.revision for each in script.walk_revisions() if each.revision not in applied]
        if run is not None and run.direction == "upgrade" and run.revision in ahead:
            past = ledger.past_cut_over(run)
            return Beyond(run.revision, run, past, upgrade_steps(script, run.revision, at.heads))
        for revision in ahead:
            if run is None and _in_force(ledger, revision):
                steps = upgrade_steps(script, revision, at.heads)
                if not all(_in_force(ledger, step.revision.revision) for step in steps):
                    raise hazards.revisions.live_not_recorded(revision).refusal()
                return Beyond(revision, None, True, steps)
    return None


def _in_force(ledger: Ledger, revision: str) -> bool:
    """Whether the ledger has upgrades of the revision by that very name in force."""
    return any(ledger.run_of(each.id).revision == revision for each in ledger.changes_of(revision))


def heads_with(script: ScriptDirectory, heads: Any, revision: str) -> Any:
    """The heads, as Alembic hands them round, once the revision is applied, which comes directly after one of them."""
    down = script.get_revision(revision).down_revision
    before = (down,) if isinstance(down, str) else down or ()
    return (*(each for each in heads if each not in before), revision)


@dataclass(frozen=True)
class Recorded:
    """What a version table says of the revisions that change vectors.

    revisions: those that are recorded, the last first. ahead: those that are not.
    """

    revisions: list[Revision]
    ahead: list[str]


def read_recorded(script: ScriptDirectory, at: Located, context: MigrationContext) -> Recorded:
    """Raises what Alembic raises if a revision that is recorded has no file."""
    applied = at.applied(script)
    ours = [each for each in script.walk_revisions() if names_operations(each.module.upgrade)]
    return Recorded(
        [read(each.revision, each.module.upgrade, context) for each in ours if each.revision in applied],
        [each.revision for each in ours if each.revision not in applied],
    )


def find(project: Project) -> list[tuple[Located, list[Gap]]]:
    """Every context of env.py, with the gaps between its ledger and its version table."""
    seen: list[tuple[Located, Recorded, list[Gap]]] = []

    def look(heads: Any, context: MigrationContext) -> list[RevisionStep]:
        at = located(context, heads)
        try:
            seen.append((at, read_recorded(project.script, at, context), []))
        except (CommandError, RevisionError):
            gap = Gap("", hazards.revisions.revision_without_file(", ".join(heads)), closes=False)
            seen.append((at, Recorded([], []), [gap]))
        return []

    run_env(project, look)
    refuse_others(project, [each[0] for each in seen])
    return [(at, [*found, *between(at, recorded)]) for at, recorded, found in seen]


def between(at: Located, recorded: Recorded) -> list[Gap]:
    """The gaps between the version table and the ledger."""
    with connect(at.address) as connection:
        ledger, _ = open_ledger_to_read(connection, at.address)
        run = ledger.unfinished()
        live = [each for each in recorded.ahead if _in_force(ledger, each) and (run is None or run.revision != each)]
        found = [Gap(each, hazards.revisions.live_not_recorded(each), closes=True) for each in reversed(live)]
        if run is None:
            found += _not_live(connection, ledger, recorded.revisions)
        return found


def _not_live(connection: Connection, ledger: Ledger, recorded: list[Revision]) -> Iterator[Gap]:
    """What is recorded and not live. Of a column the last revision that changes it counts."""
    seen: set[tuple[str, str, str]] = set()
    for revision in recorded:
        for change in changes_in(revision):
            table = read_table(connection, change.schema, change.table)
            # Of a column with several scopes its type says nothing.
            if table is None or change.where is not None or (table.schema, table.name, change.column) in seen:
                continue
            seen.add((table.schema, table.name, change.column))
            column, last = table.column(change.column), ledger.last_change(table, change.column)
            restored = last is not None and last[0].restores is not None
            if column is None or (not restored and ledger.changes_of(revision.id)):
                # The ledger knows it as carried out, if not on the table that has that name now.
                continue
            if last[1].revision == revision.id if last and restored else _as_before(column, change, last):
                hazard = hazards.revisions.recorded_not_live(
                    revision.id, f"{table.shown}.{change.column}", change.from_.name
                )
                yield Gap(revision.id, hazard, closes=restored)


def _as_before(column: Column, change: EmbeddingChange, last: tuple[LedgerChange, Run] | None) -> bool:
    """Whether the column holds what it held before the change, by its dimensions. last: what the ledger says of it."""
    if last is not None and change.to in (last[0].change.to, change.from_):
        return False
    return column.dimensions == change.from_.dimensions != change.to.dimensions
