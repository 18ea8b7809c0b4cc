"""`migrator status`: where things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from migrator.cli.project import Project
from migrator.report import block, counted, size

if TYPE_CHECKING:
    from migrator.commands.status import ColumnStatus, PhaseStatus, Status, UnreadableColumn


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(project: Project, as_json: bool) -> None:
    """Show what is under way, which model each column holds, how complete it is, and what is kept."""
    from migrator.cli import gaps
    from migrator.cli.output import by_context, json_by_context, show_json, show_result
    from migrator.cli.waits import briefly
    from migrator.commands.status import read_status

    with briefly():
        contexts = gaps.find(project)
    found = [(at.shown, read_status(at.address, [each.hazard for each in between])) for at, between in contexts]
    if as_json:
        show_json(json_by_context([(name, msgspec.to_builtins(each)) for name, each in found]))
    else:
        show_result(by_context([(name, as_text(each)) for name, each in found]))


def as_text(found: Status) -> str:
    """As a person reads it."""
    lines = [f"database  {found.database}"]
    if found.at_work:
        lines.append(f"at work   another migrator: {found.at_work}")
    if found.waits_for:
        lines.append(f"waits for {found.waits_for}")
    if found.lock_held_by:
        lines.append(f"locked    not by a migrator: {found.lock_held_by}")
    run = found.unfinished
    if run is not None:
        lines += ["", f"unfinished: {run.direction} of revision {run.revision}, {', '.join(run.columns)}"]
        for phase in run.phases:
            lines.append(f"  {phase.phase:<10} {phase.state:<11}  {_when(phase)}")
        lines.append(f"  texts embedded so far: {run.texts_embedded:,}")
        if run.waiting:
            lines.append(f"  waiting: {run.waiting}")
        lines.append(f"  go on: {run.command}" + "   undo: migrator abandon" * (not run.past_cut_over))
    for gap in found.gaps:
        lines += ["", f"hazard: {gap.problem}", f"  {gap.meaning}", f"  fix: {gap.remedy}"]
    for column in found.columns:
        lines += ["", *_column_lines(column)]
    if not found.columns and run is None:
        lines += ["", "no column has been migrated here yet"]
    if found.kept:
        lines += ["", "kept for a rollback, until migrator retire:", *(f"  {each}" for each in found.kept)]
    for store in found.stores:
        lines.append(f"embedding store {store.table}, {size(store.bytes)}")
    return block(*lines)


def _when(phase: PhaseStatus) -> str:
    return phase.started + ("" if phase.seconds is None else f", {phase.seconds:.1f} s")


def _column_lines(column: ColumnStatus | UnreadableColumn) -> list[str]:
    from migrator.commands.status import UnreadableColumn

    lines = [column.column, f"  {column.type}, {column.model}"]
    if column.where is not None:
        lines.append(f"  {column.dimensions} dimensions where {column.where}")
    if isinstance(column, UnreadableColumn):
        return [*lines, f"  cannot be read: {column.unreadable}"]
    lines.append(f"  {column.with_vector:,} of {column.in_scope:,} rows in scope have a vector")
    if column.without_text:
        lines.append(f"  {counted(column.without_text, 'rows in scope')} with neither text nor vector")
    lines.append(f"  {column.coverage}")
    if column.freshness:
        lines.append(f"  {column.freshness}")
    if column.not_evaluated:
        lines.append(f"  {counted(column.not_evaluated, 'rows')} whose text or scope cannot be evaluated")
    if column.failed_rows:
        failed = counted(column.failed_rows, "rows")
        lines.append(f"  {failed} failed; the ledger's table migrator.failed_row says why")
    if column.next:
        lines.append(f"  next: {column.next}")
    return lines
