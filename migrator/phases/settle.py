"""settle: the few rows that arrived during cut-over, then NOT NULL without a long lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import psycopg

from migrator.catalog.indexes import drop_concurrently
from migrator.dependents import index_partitions, materialized_views, partition_columns, recreate
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.step import Lock, Statement
from migrator.plan.tree import Relation
from migrator.postgres.connection import execute, fetch_row
from migrator.postgres.sql import literal, name, plain, query, text_of
from migrator.report import counted
from migrator.rows import backup_table, capture, remaining, unreadable
from migrator.rows.fill import FillRest
from migrator.rows.writers import outwait_writers
from migrator.runtime.context import Work
from migrator.runtime.step import ColumnStep, Condition, Result, Sent, Step, Unlisted, concurrently, one_by_one, sending

NAME = "settle"
_MEANWHILE = "the new column is live; rows written since cut-over, and NOT NULL, are left."


class Settled(Result):
    """not_null: the column is."""

    rows: int = 0
    not_null: bool = False

    @property
    def summary(self) -> str:
        return counted(self.rows, "rows")


def steps(plan: Plan) -> list[Step]:
    found = [step for column in plan.columns if column.method != "index" for step in _steps(plan.columns, column)]
    return [*found, materialized_views.Refresh(plan.columns)]


def _steps(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Step]:
    found: list[Step] = []
    if column.firing_triggers:
        # Triggers that the fill fired were planned for the old column's dimensions.
        found.append(Sent(column, _discard_plans, one_by_one))
    if not column.is_restore:
        # First: from here on what the application writes is kept. What capture set NULL before is filled next.
        found += [Sent(column, _keep, one_by_one), _CorrectBackup(column)]
    # Those who waited at the cut-over write now, and what they write is not seen before they commit.
    found.append(Unlisted(column, partial(outwait_writers, meaning=_MEANWHILE)))
    if column.method == "embed":
        found.append(FillRest(column, column.live))
    found.append(Unlisted(column, list_not_evaluated))
    if wants_not_null(column):
        found.append(SetNotNull(column))
    return [*found, _ValidateChecks(column, columns), _DropLeftIndexes(column)]


def run(work: Work) -> dict[str, Settled]:
    result = {column.subject: Settled() for column in work.plan.columns if column.method != "index"}
    for step, found in sending(work, steps(work.plan)):
        if isinstance(step, FillRest):
            result[step.column.subject].rows = found
        elif isinstance(step, SetNotNull):
            result[step.column.subject].not_null = found
    return result


def wants_not_null(column: ColumnPlan) -> bool:
    return column.target.column.not_null


def _discard_plans(column: ColumnPlan) -> list[Statement]:
    return [column.statement(query("session", "discard_plans"), Lock.NONE, "instant")]


def _keep(column: ColumnPlan) -> list[Statement]:
    return [column.statement(capture.until_retire(column), Lock.NONE, "instant")]


class _CorrectBackup(ColumnStep):
    """Vectors that rows without one were given between backup and cut-over."""

    @property
    def when(self) -> Condition:
        there = "rows were backed up without a vector"
        return Condition(there, lambda work: work.ledger.backed_up_nulls(self.column.id))

    def made(self, column: ColumnPlan) -> list[Statement]:
        corrected = None if column.catalog.column.not_null else backup_table.correct_nulls(column)
        return [column.statement(corrected, Lock.ACCESS_SHARE, "one scan at most")] if corrected else []

    def send(self, work: Work) -> None:
        def correct(column: ColumnPlan) -> None:
            one_by_one(work, column, *(each.query for each in self.made(column)))

        unreadable.tolerant(work.connection, self.column, correct)


class _DropLeftIndexes(ColumnStep):
    """Of partitions that were detached since cut-over, too."""

    def made(self, column: ColumnPlan, came: Sequence[Relation] = ()) -> list[Statement]:
        """came: tables and partitions that are there now, those that the plan does not know among them."""
        leaves = {leaf.oid: leaf for leaf in tree.leaves([*tree.planned(column), *came])}.values()
        dropped = [drop_concurrently(leaf.schema, index_partitions.left_index(column, leaf)) for leaf in leaves]
        lasts = "milliseconds; reads and writes go on"
        return [column.statement(each, Lock.SHARE_UPDATE_EXCLUSIVE, lasts) for each in dropped]

    def send(self, work: Work) -> None:
        made = self.made(self.column, tree.now(work.connection, self.column))
        concurrently(work, self.column, *(each.query for each in made))


class SetNotNull(ColumnStep):
    """Returns whether the column is NOT NULL now. Rows that keep it from being so are listed in the ledger."""

    def made(self, column: ColumnPlan) -> list[Statement]:
        only_if = self._filled.text
        return [_nulls(column), _nulls_not_due(column), _is_not_null(column, only_if), *_not_null(column, only_if)]

    @property
    def _filled(self) -> Condition:
        return Condition("no row is without a vector", lambda work: _lacks_no_vector(work, self.column))

    def send(self, work: Work) -> bool:
        column = self.column
        while self._filled.test(work):
            made = _not_null(tree.without_dropped(work.connection, column))
            drop, add, validate, *set_, drop_again = (each.query for each in made)
            (is_set,) = fetch_row(work.connection, _is_not_null(column).query)
            if is_set:
                # Before this run was interrupted, or by others, who may have given it another name.
                work.send_together(column, drop)
                return True
            work.send_together(column, drop, add)
            try:
                execute(work.connection, validate)
            except psycopg.errors.CheckViolation:
                # The application wrote a row without a vector since they were counted.
                work.send_together(column, drop_again)
                continue
            work.send_together(column, *set_, drop_again)
            return True
        return False


def _not_null(column: ColumnPlan, only_if: str = "") -> list[Statement]:
    constraint = name(f"migrator_not_null_{column.id}")
    table, live, exclusive = column.table, name(column.live), Lock.ACCESS_EXCLUSIVE
    # What an interrupted try left, and what this one made.
    drop = query("cut_over", "drop_constraint", table=table, constraint=constraint)
    add = query("cut_over", "add_check", table=table, column=live, constraint=constraint)
    validate = query("cut_over", "validate", table=table, constraint=constraint)
    scan, proved = "one scan; reads and writes go on", "milliseconds, for the check proves it"
    sent = [
        (drop, exclusive, "milliseconds"),
        (add, exclusive, "milliseconds"),
        (validate, Lock.SHARE_UPDATE_EXCLUSIVE, scan),
        *((each, exclusive, proved) for each in partition_columns.not_nulls(column)),
        (drop, exclusive, "milliseconds"),
    ]
    return [column.statement(statement, lock, lasts, only_if=only_if) for statement, lock, lasts in sent]


def _nulls(column: ColumnPlan) -> Statement:
    counting = query("cut_over", "nulls", table=column.table, column=name(column.live))
    return column.statement(counting, Lock.ACCESS_SHARE, "one scan")


def _nulls_not_due(column: ColumnPlan) -> Statement:
    pieces = {"due": column.due, "readable": unreadable.readable(column)}
    counting = query("cut_over", "nulls_not_due", table=column.table, column=name(column.live), **pieces)
    return column.statement(counting, Lock.ACCESS_SHARE, "one scan", only_if="rows are without a vector")


def _is_not_null(column: ColumnPlan, only_if: str = "") -> Statement:
    asking = query("cut_over", "is_not_null", table=text_of(column.table), column=literal(column.live))
    return column.statement(asking, Lock.NONE, "instant", only_if=only_if)


def list_not_evaluated(work: Work, column: ColumnPlan) -> None:
    """Rows without a vector whose text or scope raises an error, however many: they are in nobody's way."""
    if not (work.ledger.not_evaluated(column.id) or unreadable.was_met(work.connection, column)):
        return
    rows = unreadable.list_rows(work.connection, column, without=column.live)
    if rows:
        work.reporter.message(
            f"{column.subject}: {counted(rows, 'rows')} without a vector, because text or scope cannot be evaluated; "
            "migrator.failed_row lists them with the reasons; correct them, then: migrator backfill"
        )


def _lacks_no_vector(work: Work, column: ColumnPlan) -> bool:
    """Whether every row has one; those that have none are listed."""
    (nulls,) = fetch_row(work.connection, _nulls(column).query)
    if nulls:
        # Counted, not what is left of the others: a row with a text that failed may have the application's vector.
        (not_due,) = unreadable.tolerant(
            work.connection, column, lambda column: fetch_row(work.connection, _nulls_not_due(column).query)
        )
        # Whose text did not fail: the application took their vector away since it was filled.
        taken = remaining.count(work.connection, column, column.live) if column.method == "embed" else 0
        if not_due or taken:
            reason = (
                "no text in scope to embed" if not taken else "no text in scope, or the vector was set to NULL since"
            )
            work.ledger.set_aside(column, b"", not_due + taken, reason)
        work.reporter.message(
            f"{column.subject}: {counted(nulls, 'rows')} without a vector, so the column stays nullable; "
            "give them a text or a vector, then: migrator backfill"
        )
    return not nulls


@dataclass(frozen=True, eq=False)
class _ValidateChecks(ColumnStep):
    """The checks are in force since cut-over; whether older rows pass them too is proved now."""

    columns: Sequence[ColumnPlan]

    def made(self, column: ColumnPlan) -> list[Statement]:
        lock, lasts = Lock.SHARE_UPDATE_EXCLUSIVE, "one scan; reads and writes go on"
        validated = recreate.validations(self.columns, column)
        return [column.statement(validate, lock, lasts) for _, validate in validated]

    def send(self, work: Work) -> None:
        for check, validate in recreate.validations(self.columns, self.column):
            try:
                execute(work.connection, validate)
            except psycopg.errors.CheckViolation:
                work.reporter.message(
                    f"{self.column.subject}: rows violate CHECK ({check.expression}), so it stays NOT VALID; correct "
                    f"them, then run ALTER TABLE {plain(self.column.table)} VALIDATE CONSTRAINT "
                    f"{plain(name(check.name))}"
                )
