"""A plan as a person reads it before a window, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from migrator.cli.output import pairs
from migrator.phases import embed, statements
from migrator.plan import tree
from migrator.plan.column import ColumnPlan, Direction
from migrator.plan.estimate import Estimate
from migrator.plan.plan import Plan
from migrator.plan.step import Statement
from migrator.postgres.sql import readable
from migrator.report import Block, block, counted, printable, size
from migrator.runtime.progress import duration

NOTHING_TO_DO = "nothing to do: the database is where the command would take it"
_ORDINARY = "an ordinary revision of Alembic's, which migrator does not plan; alembic {direction} --sql prints it"
_UNDONE_BY_ITSELF = " (an ordinary revision: its own downgrade(), which may drop tables)"

BESIDES = Block("""\
besides these: session settings, reads of the system catalogs, rows of migrator's own bookkeeping in schema migrator,
and Alembic's version. Preflight, in this dry run too, reads the table (ACCESS SHARE) and tries, in transactions that it
rolls back, text and scope on temporary tables, event triggers on a table of its own, and triggers that the fill would
fire on one row (ROW EXCLUSIVE). Once a row's text or scope raises an error, statements are sent with functions of the
session, temporary ones, in their place, which give NULL for such a row. A run that fails before cut-over drops what it
added, and builds again the indexes that it dropped.""")


@dataclass(frozen=True)
class Planned:
    """A revision on the way.

    plan: None if it is an ordinary revision, or cannot be planned yet. not_yet: why it cannot, as long as those in
    front of it are not done. ordinary: migrator has no part in it.
    """

    revision: str
    message: str
    plan: Plan | None
    not_yet: str = ""
    ordinary: bool = False


def plan_as_text(planned: Sequence[Planned], direction: Direction, command: str, first: str = "") -> str:
    """The whole plan of each revision that can be planned; the others by name.

    What decides stands before the statements, for who reads on, and in short behind them, where the eye ends.
    command: what carries it out, without --dry-run. first: what is done before them.
    """
    if not planned and not first:
        return NOTHING_TO_DO
    parts = [first]
    for each in _shown(planned):
        parts.append(_title(each, direction))
        if each.plan is not None:
            parts += [_figures(each.plan), _hazards(each.plan), _dependents(each.plan), _statements(each.plan)]
    plans = [each.plan for each in planned if each.plan is not None]
    parts += [BESIDES] * bool(plans)
    return paragraphs(part for part in (*parts, _others(planned, direction), _ending(plans, command)) if part)


def summary(planned: Sequence[Planned], direction: Direction, first: str = "") -> str:
    """What a person has to know to say yes. first: what is done before the revisions."""
    parts = [first]
    for each in _shown(planned):
        parts.append(_title(each, direction))
        if each.plan is not None:
            parts += [_figures(each.plan), _hazards(each.plan)]
    return paragraphs(part for part in (*parts, _others(planned, direction)) if part)


def plan_as_json(planned: Sequence[Planned], direction: Direction, first: str = "") -> dict[str, Any]:
    """The same for programs. Times in seconds, sizes in bytes. plan: that of the first revision; later: the others'."""
    plans = [{"plan": each.plan and _as_json(each.plan), "not_yet": each.not_yet or None} for each in planned]
    return {
        "direction": direction,
        "first": first or None,
        "revisions": [{"revision": each.revision, "message": each.message} for each in planned],
        "plan": plans[0]["plan"] if plans else None,
        "later": [{"revision": each.revision, **found} for each, found in zip(planned[1:], plans[1:], strict=True)],
    }


def _shown(planned: Sequence[Planned]) -> list[Planned]:
    """The first revision, and those after it that are planned too."""
    return [each for number, each in enumerate(planned) if (number == 0 and not each.not_yet) or each.plan is not None]


def _as_json(plan: Plan) -> dict[str, Any]:
    return {
        "revision": plan.revision,
        "phases_done": list(plan.phases_done),
        "columns": [_column_as_json(column, plan) for column in plan.columns],
        "estimates": [
            {**asdict(estimate), "disk": {**asdict(estimate.disk), "total": estimate.disk.total}}
            for estimate in plan.estimates
        ],
        "hazards": [asdict(hazard) for hazard in plan.hazards],
        "statements": [_statement_as_json(each) for each in statements(plan)],
        "besides": BESIDES,
    }


def paragraphs(parts: Iterable[str]) -> Block:
    """With an empty line between each two."""
    return Block("\n\n".join(map(printable, parts)))


def _column_as_json(column: ColumnPlan, plan: Plan) -> dict[str, Any]:
    return {
        "column": column.subject,
        "from": {"type": column.catalog.column.type_text, "model": column.change.from_.name},
        "to": {"type": column.type_text, "model": column.change.to.name},
        "method": column.method,
        "indexes": [index.name for index in column.indexes],
        "views": [view.shown for view in column.catalog.views],
        "dependents": column.catalog.carried.described,
        "statements": [_statement_as_json(each) for each in statements(plan) if column.subject in each.columns],
    }


def _statement_as_json(statement: Statement) -> dict[str, Any]:
    return {
        "phase": statement.phase,
        "columns": statement.columns,
        "sql": readable(statement.query),
        "lock": statement.lock,
        "lasts": statement.lasts,
        "only_if": statement.only_if or None,
    }


def _title(planned: Planned, direction: Direction) -> str:
    plan = planned.plan
    lines = [f"{direction} {planned.revision}: {planned.message}"]
    if plan is None:
        return block(*lines, _ORDINARY.format(direction=direction))
    for column in plan.columns:
        old, new = column.change.from_.name, column.change.to.name
        models = f", {old}" + (f" -> {new}" if new != old else "")
        types = column.catalog.column.type_text + (
            f" -> {column.type_text}" if column.type_text != column.catalog.column.type_text else ""
        )
        lines.append(f"  {column.subject}: {types}{models}")
        if column.change.where is not None:
            lines.append(f"  where {column.change.where}")
        if not column.has_dimensions and column.change.from_.dimensions != column.dimensions:
            lines.append(f"  dimensions: {column.change.from_.dimensions} -> {column.dimensions}")
        if column.change.other_text:
            lines.append(f"  text: {column.change.from_text} -> {column.change.text}")
    if plan.phases_done:
        lines.append(f"unfinished; done so far: {', '.join(plan.phases_done)}")
    return block(*lines)


def _figures(plan: Plan) -> str:
    several = len(plan.estimates) > 1
    return paragraphs(
        block(*([estimate.subject] if several else []), pairs(_figures_of(column, estimate)))
        for column, estimate in zip(plan.columns, plan.estimates, strict=False)
    )


def _figures_of(column: ColumnPlan, estimate: Estimate) -> list[tuple[str, str]]:
    counts, disk = estimate.counts, estimate.disk
    before = "" if column.online else ", before the window"
    rows = [("rows in scope", f"{counts.in_scope:,} of {counts.rows:,}")]
    if column.method == "embed" and not column.is_restore:
        if counts.get_one:
            rows.append(("no vector yet", f"{counts.get_one:,} of them, which get one, for they have a text"))
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
        embed = "nothing to embed" if estimate.embed is None else f"about {duration(estimate.embed)}{before}"
        rows.append(("embedding", embed))
    rows.append(("backup", f"about {duration(estimate.backup)}{before}"))
    to_settle = f"about {duration(estimate.window)} from fill to settle"
    rows.append(("online" if column.online else "window", to_settle + ", while writes go on" * column.online))
    if not column.is_restore:
        builds = any(index.is_vector for index in column.dropped_indexes)
        rebuilt = ", with the old index built again" if builds else ""
        rows.append(("rollback", f"about {duration(estimate.rollback)}{rebuilt}"))
    views = f"materialized views {size(disk.views)}, " if disk.views else ""
    rows.append(
        (
            "disk",
            f"{size(disk.total)}: backup {size(disk.backup)}, store {size(disk.store)}, column {size(disk.column)}, "
            f"index {size(disk.index)}, {views}WAL {size(disk.wal)}",
        )
    )
    return rows


def _source(column: ColumnPlan) -> str:
    if column.method == "index":
        return "kept as they are"
    return "kept in the retired column" if column.is_restore else "derived from the live ones"


def _hazards(plan: Plan) -> str:
    return block(*(hazard.told("hazard") for hazard in plan.hazards))


def _dependents(plan: Plan) -> str:
    lines = []
    for column in plan.columns:
        names = [f"view {view.shown}" for view in column.catalog.views]
        names += [f"index {tree.shown(column, index)}" for index in column.catalog.own_indexes]
        names += column.catalog.carried.described
        live = column.catalog.column
        names += ["NOT NULL"] * live.not_null + ["its default"] * (live.default_text is not None)
        names += [counted(len(live.grants), "privileges on the column")] * bool(live.grants)
        names += ["its comment"] * bool(live.comment)
        if names:
            lines.append(f"carried over on {column.subject}: {', '.join(names)}")
    return block(*lines)


def _statements(plan: Plan) -> str:
    """In the order in which they are sent. What was printed before is printed by its first line."""
    lines = ["statements, the lock each takes on the table, and for how long"]
    heading = condition = ""
    printed: dict[str, str] = {}
    for statement in statements(plan):
        new_heading = f"{statement.phase}  {', '.join(statement.columns)}"
        new_condition = f"  [{statement.lock}, {statement.lasts}]"
        if statement.only_if:
            new_condition += f" only if {statement.only_if}"
        if new_heading != heading:
            lines += ["", new_heading]
        if (new_heading, new_condition) != (heading, condition):
            lines.append(new_condition)
        heading, condition = new_heading, new_condition
        text = readable(statement.query)
        if "\n" in text and text in printed:
            lines.append(f"    {text.splitlines()[0]} ... as in {printed[text]}")
        else:
            lines += [f"    {line}".rstrip() for line in f"{text};".splitlines()]
            printed[text] = statement.phase
    return block(*lines)


def _ending(plans: Sequence[Plan], command: str) -> str:
    lines = [*_in_short(plans), "nothing was changed"]
    if any(map(_embeds_before, plans)) and "--stop-after" not in command:
        lines += [
            f"next: {command} --stop-after {embed.NAME} --yes    before the window",
            f"      {command} --yes{' ' * len(' --stop-after embed')}    in the window",
        ]
    else:
        lines.append(f"next: {command} --yes")
    return block(*lines)


def _in_short(plans: Sequence[Plan]) -> list[str]:
    """Of all columns together."""
    estimates = [estimate for plan in plans for estimate in plan.estimates]
    if not estimates:
        return []
    embed_s = sum(estimate.embed or 0 for estimate in estimates)
    window = sum(estimate.window for estimate in estimates)
    disk = sum(estimate.disk.total for estimate in estimates)
    called = "online" if any(column.online for plan in plans for column in plan.columns) else "window"
    parts = [f"embedding about {duration(embed_s)}"] if embed_s else []
    parts += [f"{called} about {duration(window)}", f"disk {size(disk)}"]
    count = sum(len(plan.hazards) for plan in plans)
    hazards = f"; {counted(count, 'hazards')}, above the statements" if count else "; no hazard"
    return [f"in short: {', '.join(parts)}{hazards}"]


def _embeds_before(plan: Plan) -> bool:
    """Whether the long part can be done before the window, where there is one."""
    embeds = any(column.method == "embed" and not column.online for column in plan.columns)
    return plan.direction == "upgrade" and embeds and embed.NAME not in plan.phases_done


def _others(planned: Sequence[Planned], direction: Direction) -> str:
    shown = _shown(planned)
    others = [each for each in planned if each not in shown]
    if not others:
        return ""
    lines = ["then, planned when their turn comes:"]
    for each in others:
        marked = direction == "downgrade" and each.ordinary
        why = f" ({each.not_yet})" if each.not_yet else ""
        lines.append(f"  {each.revision}: {each.message}" + _UNDONE_BY_ITSELF * marked + why)
    return block(*lines)
