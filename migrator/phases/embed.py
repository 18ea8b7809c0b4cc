"""embed: missing texts -> model -> store. The application is not touched, and no transaction is open meanwhile."""

from __future__ import annotations

from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.report import counted
from migrator.rows import unreadable
from migrator.rows.embed import EmbedMissing, making_store, refuse_too_many, wanted, wanted_first
from migrator.rows.fill import index_asked_backup
from migrator.runtime.context import Work
from migrator.runtime.step import GOES_ON, Result, Sent, Step, Unlisted, one_by_one, sending

NAME = "embed"


class Embedded(Result):
    texts: int = 0

    @property
    def summary(self) -> str:
        return counted(self.texts, "texts")


def steps(plan: Plan) -> list[Step]:
    """Rows that are priority= come first."""
    found: list[Step] = []
    for column in plan.columns:
        if column.method != "embed":
            continue
        found.append(making_store(column, "the store is not there yet", "instant"))
        found.append(Unlisted(column, lambda work, column: work.ledger.try_again(column.id)))
        found.append(Sent(column, index_asked_backup, one_by_one))
        if column.change.priority is None:
            # Preflight counted a moment ago, unless this run goes on with an interrupted one.
            found.append(EmbedMissing(column, wanted, NAME, counted=GOES_ON))
        else:
            # After some were embedded first, the others are counted anew: more may have been written meanwhile.
            found += [EmbedMissing(column, which, NAME) for which in (wanted_first, wanted)]
        found.append(Unlisted(column, _set_aside))
    return found


def run(work: Work) -> dict[str, Embedded]:
    result = {column.subject: Embedded() for column in work.plan.columns if column.method == "embed"}
    for step, texts in sending(work, steps(work.plan)):
        if isinstance(step, EmbedMissing):
            result[step.column.subject].texts += texts
    return result


def _set_aside(work: Work, column: ColumnPlan) -> None:
    """Lists the rows that cannot be evaluated. Raises MigratorError where more fail than the revision allows.

    Those that are written from here on are listed too, and undo nothing.
    """
    if not unreadable.was_met(work.connection, column):
        return
    rows = unreadable.list_rows(work.connection, column)
    if rows and not column.is_restore:
        refuse_too_many(work, column, work.ledger.failed_rows(column.id))
