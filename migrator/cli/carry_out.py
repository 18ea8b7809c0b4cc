"""What `upgrade` and `downgrade` share: the dry run, the question before anything is changed, and Alembic's run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.cli.project import Project

if TYPE_CHECKING:
    from migrator.cli.pending import Pending
    from migrator.plan import Direction
    from migrator.work import Options


def dry_run(project: Project, target: str, direction: Direction, options: Options, *, as_json: bool) -> None:
    """Prints what would be done. Exit 3 where preflight refuses."""
    from migrator.cli.asking import as_given
    from migrator.cli.display import show_json, show_result
    from migrator.cli.plan import plan_as_json, plan_as_text

    pending = _pending(project, target, direction)
    plan = pending.plan(replace(options, project=home(project)))
    if as_json:
        show_json(plan_as_json(pending.revisions, direction, plan))
    else:
        show_result(plan_as_text(pending.revisions, direction, plan, as_given(), pending.ordinary))


def carry_out(project: Project, target: str, direction: Direction, options: Options, *, yes: bool) -> None:
    """Alembic walks the revisions; migrator's operations find their options in its configuration."""
    from alembic import command

    from migrator.cli.asking import as_given, ask, refuse_unasked
    from migrator.cli.display import show_note
    from migrator.cli.plan import NOTHING_TO_DO
    from migrator.operations.implementation import OPTIONS
    from migrator.operations.recording import UNRECORDED, not_recorded
    from migrator.progress import reporting

    # In a private database that is not there yet all revisions are pending.
    project.config_with_database(make=direction == "upgrade")
    pending = _pending(project, target, direction)
    if not pending.revisions:
        show_note(NOTHING_TO_DO)
        return
    if not yes:
        refuse_unasked(
            f"whether the {direction} may begin",
            f"{as_given()} --dry-run shows what it would do; --yes begins without asking",
        )
        ask(_summary(project, direction, pending, options))
    config = project.config_with_database()
    way = command.upgrade if direction == "upgrade" else command.downgrade
    with reporting() as reporter:
        config.attributes[OPTIONS] = replace(options, reporter=reporter, project=home(project))
        try:
            way(config, target)
        except Exception as error:
            unrecorded = config.attributes.get(UNRECORDED)
            if unrecorded is not None:
                raise not_recorded(unrecorded, direction, error) from error
            raise
    done = "applied" if direction == "upgrade" else "undone"
    for revision, message in pending.revisions:
        show_note(f"{revision} {done}: {message}")


def _pending(project: Project, target: str, direction: Direction) -> Pending:
    """Refuses where another run is unfinished, even if the revisions on the way are ordinary ones."""
    from migrator.cli.pending import read_pending, refuse_steps_too_far, refuse_unfinished

    pending = read_pending(project, target, direction)
    first = pending.revisions[0][0] if pending.first is not None else None
    refuse_unfinished(project, pending.address, but=(first, direction))
    if direction == "downgrade":
        refuse_steps_too_far(target, pending)
    return pending


def _summary(project: Project, direction: Direction, pending: Pending, options: Options) -> str:
    """What is about to be done."""
    from migrator.cli.plan import summary

    plan = pending.plan(replace(options, project=home(project)))
    return summary(pending.revisions, direction, plan, pending.ordinary)


def home(project: Project) -> Path:
    """The directory of alembic.ini, which file names in revisions start from."""
    return Path(project.file).parent
