"""What `upgrade` and `downgrade` share: the dry run, the question before anything is changed, and Alembic's run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.cli.project import Project

if TYPE_CHECKING:
    from migrator.cli.pending import Pending
    from migrator.plan.column import Direction
    from migrator.runtime.context import Options


def dry_run(project: Project, target: str, direction: Direction, options: Options, *, as_json: bool) -> None:
    """Prints what would be done. Exit 3 where preflight refuses."""
    from migrator.cli.output import by_context, json_by_context, show_json, show_result
    from migrator.cli.prompt import as_given
    from migrator.cli.render_plan import plan_as_json, plan_as_text

    options = replace(options, project=home(project))
    found = _pending(project, target, direction)
    name_gaps(found)
    planned = [(each, each.plans(options)) for each in found]
    if as_json:
        show_json(
            json_by_context(
                [(each.located.shown, plan_as_json(plans, direction, each.told_first)) for each, plans in planned]
            )
        )
        return
    command = as_given()
    texts = [(each.located.shown, plan_as_text(plans, direction, command, each.told_first)) for each, plans in planned]
    show_result(by_context(texts))


def carry_out(project: Project, target: str, direction: Direction, options: Options, *, yes: bool) -> None:
    """Alembic walks the revisions; migrator's operations find their options in its configuration."""
    from migrator.cli.output import by_context, show_note
    from migrator.cli.prompt import as_given, ask, refuse_unasked
    from migrator.cli.render_plan import NOTHING_TO_DO, summary
    from migrator.cli.walk import Walk
    from migrator.runtime.progress import reporting

    # In a private database that is not there yet all revisions are pending.
    project.config_with_database(make=direction == "upgrade")
    options = replace(options, project=home(project))
    found = _pending(project, target, direction)
    name_gaps(found)
    if all(each.does_nothing for each in found):
        show_note(NOTHING_TO_DO)
        return
    if not yes:
        refuse_unasked(
            f"whether the {direction} may begin",
            f"{as_given()} --dry-run shows what it would do; --yes begins without asking",
        )
        texts = [(each.located.shown, summary(each.plans(options), direction, each.told_first)) for each in found]
        ask(by_context([(name, text or NOTHING_TO_DO) for name, text in texts]))
    with reporting() as reporter:
        Walk(project, target, direction, found, replace(options, reporter=reporter)).carry_out()
    done = "applied" if direction == "upgrade" else "undone"
    for pending in found:
        where = f" in {pending.located.shown}" if len(found) > 1 else ""
        for step in pending.asked:
            show_note(f"{step.id} {done}{where}: {step.message}")


def name_gaps(found: list[Pending]) -> None:
    """Tells of every gap between ledger and version table that the command does not close.

    Raises Refused if there is one and nothing else to do.
    """
    from migrator.cli.gaps import between
    from migrator.cli.output import show_note

    left = [
        gap
        for pending in found
        for gap in between(pending.located, pending.recorded)
        if not gap.closes or gap.revision not in [step.id for step in pending.steps]
    ]
    if left and all(each.does_nothing for each in found):
        raise left[0].hazard.refusal()
    for gap in left:
        show_note(gap.hazard.told("hazard"))


def _pending(project: Project, target: str, direction: Direction) -> list[Pending]:
    """Refuses where another run is unfinished, even if the revisions on the way are ordinary ones."""
    from migrator.cli.pending import read_pending, refuse_steps_too_far, refuse_unfinished

    found = read_pending(project, target, direction)
    for pending in found:
        # An ordinary revision goes on with no run.
        first = pending.steps[0].id if pending.steps and pending.steps[0].revision is not None else None
        if pending.beyond is None:
            contexts = [each.located for each in found]
            refuse_unfinished(project.script, pending.address, contexts, but=(first, direction))
        if direction == "downgrade":
            refuse_steps_too_far(target, pending)
    return found


def home(project: Project) -> Path:
    """The directory of alembic.ini, which file names in revisions start from."""
    return Path(project.file).parent
