"""A plan as a person reads it before a window, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from migrator.cli.display import duration, pairs
from migrator.estimate import Estimate
from migrator.phases import PHASES
from migrator.plan import ColumnPlan, Direction, Plan, Statement
from migrator.queries import readable
from migrator.report import size

NOTHING_TO_DO = "nothing to do: the database is where the command would take it"
_ORDINARY = "an ordinary revision of Alembic's, which migrator does not plan; alembic {direction} --sql prints it"


def plan_as_text(revisions: list[tuple[str, str]], direction: Direction, plan: Plan | None) -> str:
    """The whole plan of the first revision; the others by name."""
    if not revisions:
        return NOTHING_TO_DO
    parts = [_title(revisions, direction, plan)]
    if plan is not None:
        parts += [_figures(plan), _hazards(plan), _dependents(plan), _statements(plan)]
    parts += [_others(revisions), "nothing was changed"]
    return "\n\n".join(part for part in parts if part)


def summary(revisions: list[tuple[str, str]], direction: Direction, plan: Plan | None) -> str:
    """What a person has to know to say yes."""
    parts = [_title(revisions, direction, plan)]
    if plan is not None:
        parts += [_figures(plan), _hazards(plan)]
    parts.append(_others(revisions))
    return "\n\n".join(part for part in parts if part)


def plan_as_json(revisions: list[tuple[str, str]], direction: Direction, plan: Plan | None) -> dict[str, Any]:
    """The same for programs. Times in seconds, sizes in bytes."""
    return {
        "direction": direction,
        "revisions": [{"revision": revision, "message": message} for revision, message in revisions],
        "plan": plan
        and {
            "revision": plan.revision,
            "phases_done": list(plan.phases_done),
            "columns": [_column_as_json(column) for column in plan.columns],
            "estimates": [
                {**asdict(estimate), "disk": {**asdict(estimate.disk), "total": estimate.disk.total}}
                for estimate in plan.estimates
            ],
            "hazards": [asdict(hazard) for hazard in plan.hazards],
        },
    }


def _column_as_json(column: ColumnPlan) -> dict[str, Any]:
    return {
        "column": column.subject,
        "from": {"type": column.catalog.column.type_text, "model": column.change.from_.name},
        "to": {"type": column.type_text, "model": column.change.to.name},
        "method": column.method,
        "indexes": [index.name for index in column.indexes],
        "views": [f"{view.schema}.{view.name}" for view in column.catalog.views],
        "statements": [
            {
                "phase": statement.phase,
                "sql": readable(statement.query),
                "lock": statement.lock,
                "lasts": statement.lasts,
            }
            for statement in statements(column)
        ],
    }


def statements(column: ColumnPlan) -> list[Statement]:
    """Every statement of the plan, phase by phase."""
    return [statement for phase in PHASES for statement in phase.statements(column)]


def _title(revisions: list[tuple[str, str]], direction: Direction, plan: Plan | None) -> str:
    revision, message = revisions[0]
    lines = [f"{direction} {revision}: {message}"]
    if plan is None:
        return "\n".join([*lines, _ORDINARY.format(direction=direction)])
    for column in plan.columns:
        old, new = column.change.from_.name, column.change.to.name
        models = f", {old}" + (f" -> {new}" if new != old else "")
        types = column.catalog.column.type_text + (
            f" -> {column.type_text}" if column.type_text != column.catalog.column.type_text else ""
        )
        lines.append(f"  {column.subject}: {types}{models}")
    if plan.phases_done:
        lines.append(f"it was interrupted and goes on; done: {', '.join(plan.phases_done)}")
    return "\n".join(lines)


def _figures(plan: Plan) -> str:
    return "\n\n".join(
        (f"{estimate.subject}\n" if len(plan.estimates) > 1 else "") + pairs(_figures_of(column, estimate))
        for column, estimate in zip(plan.columns, plan.estimates, strict=False)
    )


def _figures_of(column: ColumnPlan, estimate: Estimate) -> list[tuple[str, str]]:
    counts, disk = estimate.counts, estimate.disk
    rows = [("rows in scope", f"{counts.in_scope:,} of {counts.rows:,}")]
    if column.method == "embed" and not column.is_restore:
        stored = counts.distinct_texts - counts.missing
        rows.append(("distinct texts", f"{counts.distinct_texts:,}, of which {stored:,} are in the store already"))
    elif column.method == "embed":
        rows.append(
            ("rows without an old vector", f"{counts.without_vector:,}, with {counts.missing:,} texts to embed")
        )
    else:
        rows.append(("model", "none is called: the vectors are " + _source(column)))
    if estimate.tokens is not None:
        about = "" if estimate.tokens_counted else ", guessed at four characters each"
        rows.append(("tokens to embed", f"about {estimate.tokens:,}{about}"))
    if estimate.cut_short:
        rows.append(("texts cut short", f"about {estimate.cut_short:,} are longer than the model reads"))
    if column.method == "embed":
        embed = "nothing to embed" if estimate.embed is None else f"about {duration(estimate.embed)}, before the window"
        rows.append(("embedding", embed))
    rows.append(("backup", f"about {duration(estimate.backup)}, before the window"))
    rows.append(("window", f"about {duration(estimate.window)} from fill to settle"))
    if not column.is_restore:
        rows.append(
            (
                "rollback",
                f"about {duration(estimate.rollback)}"
                + ", with the old index built again" * bool(column.catalog.vector_indexes),
            )
        )
    rows.append(
        (
            "disk",
            f"{size(disk.total)}: backup {size(disk.backup)}, store {size(disk.store)}, column {size(disk.column)}, "
            f"index {size(disk.index)}, WAL {size(disk.wal)}",
        )
    )
    return rows


def _source(column: ColumnPlan) -> str:
    if column.method == "index":
        return "kept as they are"
    return "kept in the retired column" if column.is_restore else "derived from the live ones"


def _hazards(plan: Plan) -> str:
    lines = []
    for hazard in plan.hazards:
        lines += [f"hazard: {hazard.problem}", f"  {hazard.meaning}", f"  fix: {hazard.remedy}"]
    return "\n".join(lines)


def _dependents(plan: Plan) -> str:
    lines = []
    for column in plan.columns:
        names = [f"view {view.schema}.{view.name}" for view in column.catalog.views]
        names += [f"index {index.name}" for index in column.catalog.vector_indexes]
        live = column.catalog.column
        names += ["NOT NULL"] * live.not_null + ["its default"] * (live.default_text is not None)
        names += [f"{len(live.grants)} column privileges"] * bool(live.grants) + ["its comment"] * bool(live.comment)
        if names:
            lines.append(f"carried over on {column.subject}: {', '.join(names)}")
    return "\n".join(lines)


def _statements(plan: Plan) -> str:
    lines = ["statements, the lock each takes on the table, and for how long"]
    phase = ""
    for column in plan.columns:
        for statement in statements(column):
            if statement.phase != phase:
                phase = statement.phase
                lines.append(f"\n{phase}  {column.subject}")
            lines.append(f"  [{statement.lock}, {statement.lasts}]")
            lines += [f"    {line}" for line in readable(statement.query).splitlines()]
    return "\n".join(lines)


def _others(revisions: list[tuple[str, str]]) -> str:
    if len(revisions) < 2:
        return ""
    return "\n".join(
        ["then, planned when their turn comes:", *(f"  {name}: {message}" for name, message in revisions[1:])]
    )
