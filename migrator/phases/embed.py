"""embed: missing texts -> model -> store. The application is not touched, and no transaction is open meanwhile."""

from __future__ import annotations

from migrator.embedding import store
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.statement import Statement
from migrator.rows import unreadable
from migrator.rows.embed import embed_missing, embedding, refuse_too_many, wanted, wanted_first
from migrator.runtime.context import Work

NAME = "embed"


def statements(plan: Plan) -> list[Statement]:
    return [statement for column in plan.columns if column.method == "embed" for statement in _statements(column)]


def _statements(column: ColumnPlan) -> list[Statement]:
    made = [
        column.statement(NAME, statement, "none", "instant", only_if="the store is not there yet")
        for statement in store.create_statements(column)
    ]
    if column.change.priority is not None:
        made += embedding(column, NAME, wanted_first)
    return made + embedding(column, NAME, wanted, counted_if="an interrupted run goes on")


def _set_aside(work: Work, column: ColumnPlan) -> None:
    """Lists the rows that cannot be evaluated. Raises MigratorError where more fail than the revision allows.

    Those that are written from here on are listed too, and undo nothing.
    """
    if not unreadable.was_met(work.connection, column):
        return
    rows = unreadable.list_rows(work.connection, column)
    if rows and not column.is_restore:
        refuse_too_many(work, column, work.ledger.failed_rows(column.id))


def run(work: Work) -> dict[str, object]:
    """Fills the store. Rows that are priority= come first."""
    result: dict[str, object] = {}
    # Preflight counted a moment ago, unless this run goes on with an interrupted one.
    missing = {estimate.subject: estimate.counts.missing for estimate in work.plan.estimates}
    for column in work.plan.columns:
        if column.method != "embed":
            continue
        store.create(work.connection, column)
        work.ledger.try_again(column.id)
        count = 0
        if column.change.priority is not None:
            count += embed_missing(work, column, NAME, wanted_first)
        # After some were embedded first, the others are counted anew: more may have been written meanwhile.
        left = missing[column.subject] if missing and column.change.priority is None else None
        count += embed_missing(work, column, NAME, wanted, expected=left)
        _set_aside(work, column)
        result[column.subject] = {"texts": count}
    return result
