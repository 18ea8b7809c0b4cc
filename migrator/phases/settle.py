"""settle: the few rows that arrived during cut-over, then NOT NULL without a long lock."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from migrator.catalog.indexes import drop_concurrently
from migrator.dependents import index_partitions, materialized_views, partition_columns, recreate
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.statement import Statement
from migrator.plan.tree import Relation
from migrator.postgres.connection import execute, fetch_row
from migrator.postgres.locks import concurrently
from migrator.postgres.sql import literal, name, plain, query, text_of
from migrator.report import counted
from migrator.rows import backup_table, capture, fill, unreadable
from migrator.rows.writers import outwait_writers
from migrator.runtime.context import Work

NAME = "settle"


def statements(plan: Plan) -> list[Statement]:
    return [
        *(
            statement
            for column in plan.columns
            if column.method != "index"
            for statement in _statements(plan.columns, column)
        ),
        *materialized_views.refreshing(NAME, plan),
    ]


def _statements(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Statement]:
    steps = []
    if column.firing_triggers:
        steps.append(column.statement(NAME, query("session", "discard_plans"), "none", "instant"))
    if not column.is_restore:
        steps.append(column.statement(NAME, capture.until_retire(column), "none", "instant"))
        steps += _corrected_backup(column)
    if column.method == "embed":
        steps += fill.rest(column, column.live, NAME)
    dropped = [
        column.statement(NAME, each, "SHARE UPDATE EXCLUSIVE", "milliseconds; reads and writes go on")
        for each in _drop_left_indexes(column, tree.planned(column))
    ]
    validated = [
        column.statement(NAME, validate, "SHARE UPDATE EXCLUSIVE", "one scan; reads and writes go on")
        for _, validate in recreate.validations(columns, column)
    ]
    if not _wants_not_null(column):
        return [*steps, *validated, *dropped]
    no_nulls = {"only_if": "no row is without a vector"}
    drop, add, validate, *set_, drop_again = _not_null(column)
    exclusive, proved = "ACCESS EXCLUSIVE", "milliseconds, for the check proves it"
    steps += [
        column.statement(NAME, _nulls(column), "ACCESS SHARE", "one scan"),
        column.statement(NAME, _is_not_null(column), "none", "instant", **no_nulls),
        column.statement(NAME, drop, exclusive, "milliseconds", **no_nulls),
        column.statement(NAME, add, exclusive, "milliseconds", **no_nulls),
        column.statement(NAME, validate, "SHARE UPDATE EXCLUSIVE", "one scan; reads and writes go on", **no_nulls),
        *(column.statement(NAME, each, exclusive, proved, **no_nulls) for each in set_),
        column.statement(NAME, drop_again, exclusive, "milliseconds", **no_nulls),
    ]
    return [*steps, *validated, *dropped]


def _corrected_backup(column: ColumnPlan) -> list[Statement]:
    """Vectors that rows without one were given between backup and cut-over."""
    corrected = backup_table.correct_nulls(column)
    if corrected is None or column.catalog.column.not_null:
        return []
    only_if = "rows were backed up without a vector"
    return [column.statement(NAME, corrected, "ACCESS SHARE", "one scan at most", only_if=only_if)]


def _correct_backup(work: Work, column: ColumnPlan) -> None:
    for each in _corrected_backup(column):
        execute(work.connection, each.query)


def _drop_left_indexes(column: ColumnPlan, relations: list[Relation]) -> list[sql.Composed]:
    leaves = {leaf.oid: leaf for leaf in tree.leaves(relations)}
    return [drop_concurrently(leaf.schema, index_partitions.left_index(column, leaf)) for leaf in leaves.values()]


def _wants_not_null(column: ColumnPlan) -> bool:
    return (column.before or column.catalog).column.not_null


def _not_null(column: ColumnPlan) -> tuple[sql.Composed, ...]:
    constraint = name(f"migrator_not_null_{column.id}")
    table, live = column.table, name(column.live)
    return (
        # What an interrupted try left.
        query("cut_over", "drop_constraint", table=table, constraint=constraint),
        query("cut_over", "add_check", table=table, column=live, constraint=constraint),
        query("cut_over", "validate", table=table, constraint=constraint),
        *partition_columns.not_nulls(column),
        query("cut_over", "drop_constraint", table=table, constraint=constraint),
    )


def _nulls(column: ColumnPlan) -> sql.Composed:
    return query("cut_over", "nulls", table=column.table, column=name(column.live))


def _is_not_null(column: ColumnPlan) -> sql.Composed:
    return query("cut_over", "is_not_null", table=text_of(column.table), column=literal(column.live))


def run(work: Work) -> dict[str, object]:
    result: dict[str, object] = {}
    for column in work.plan.columns:
        if column.method == "index":
            continue
        if column.firing_triggers:
            # Triggers that the fill fired were planned for the old column's dimensions.
            execute(work.connection, query("session", "discard_plans"))
        if not column.is_restore:
            # First: from here on what the application writes is kept. What capture set NULL before is filled next.
            execute(work.connection, capture.until_retire(column))
            if work.ledger.backed_up_nulls(column.id):
                unreadable.tolerant(work.connection, column, lambda column: _correct_backup(work, column))
        # Those who waited at the cut-over write now, and what they write is not seen before they commit.
        outwait_writers(work, column, "the new column is live; rows written since cut-over, and NOT NULL, are left.")
        filled = fill.fill_rest(work, column, column.live) if column.method == "embed" else 0
        list_not_evaluated(work, column)
        result[column.subject] = {"rows": filled, "not_null": settle_not_null(work, column)}
        _validate_checks(work, column)
        # Of a partition that was detached since cut-over, too.
        relations = tree.planned(column) + tree.now(work.connection, column)
        for statement in _drop_left_indexes(column, relations):
            concurrently(work.connection, statement)
    materialized_views.refresh(work)
    return result


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


def settle_not_null(work: Work, column: ColumnPlan) -> bool:
    """Whether the column is NOT NULL now. Rows that keep it from being so are listed in the ledger."""
    if not _wants_not_null(column):
        return False
    while _lacks_no_vector(work, column):
        drop, add, validate, *set_, drop_again = _not_null(tree.without_dropped(work.connection, column))
        (is_set,) = fetch_row(work.connection, _is_not_null(column))
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


def _lacks_no_vector(work: Work, column: ColumnPlan) -> bool:
    """Whether every row has one; those that have none are listed."""
    (nulls,) = fetch_row(work.connection, _nulls(column))
    if nulls:
        _, failed = work.ledger.failed_texts(column.id)
        without_text = nulls - failed - work.ledger.not_evaluated(column.id)
        if without_text:
            work.ledger.set_aside(column, b"", without_text, "no text in scope to embed")
        work.reporter.message(
            f"{column.subject}: {counted(nulls, 'rows')} without a vector, so NOT NULL is not set; give them a text or "
            "a vector, then: migrator backfill"
        )
    return not nulls


def _validate_checks(work: Work, column: ColumnPlan) -> None:
    """The checks are in force since cut-over; whether older rows pass them too is proved now."""
    for check, validate in recreate.validations(work.plan.columns, column):
        try:
            execute(work.connection, validate)
        except psycopg.errors.CheckViolation:
            work.reporter.message(
                f"{column.subject}: rows violate CHECK ({check.expression}), so it stays NOT VALID; correct them, then "
                f"run ALTER TABLE {plain(column.table)} VALIDATE CONSTRAINT {plain(name(check.name))}"
            )
