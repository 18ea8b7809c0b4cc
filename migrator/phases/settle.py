"""settle: the few rows that arrived during cut-over, then NOT NULL without a long lock."""

from __future__ import annotations

from psycopg import sql

from migrator import capture
from migrator.database import execute, fetch_row, send_together
from migrator.phases import fill
from migrator.plan import ColumnPlan, Statement
from migrator.queries import Query, name, query
from migrator.work import Work

NAME = "settle"


def statements(column: ColumnPlan) -> tuple[Statement, ...]:
    if column.method == "index":
        return ()
    steps = []
    if not column.is_restore:
        steps.append(Statement(NAME, capture.until_retire(column), "none", "instant"))
    if _wants_not_null(column):
        add, validate, set_, drop = _not_null(column)
        steps += [
            Statement(NAME, add, "ACCESS EXCLUSIVE", "milliseconds"),
            Statement(NAME, validate, "SHARE UPDATE EXCLUSIVE", "one scan; reads and writes go on"),
            Statement(NAME, set_, "ACCESS EXCLUSIVE", "milliseconds, for the check proves it"),
            Statement(NAME, drop, "ACCESS EXCLUSIVE", "milliseconds"),
        ]
    return tuple(steps)


def _wants_not_null(column: ColumnPlan) -> bool:
    return (column.before or column.catalog).column.not_null


def _not_null(column: ColumnPlan) -> tuple[sql.Composed, ...]:
    constraint = name(f"migrator_not_null_{column.id}")
    table, live = column.table, name(column.live)
    return (
        query("cut_over", "add_check", table=table, column=live, constraint=constraint),
        query("cut_over", "validate", table=table, constraint=constraint),
        query("cut_over", "set_not_null", table=table, column=live),
        query("cut_over", "drop_constraint", table=table, constraint=constraint),
    )


def run(work: Work) -> dict[str, object]:
    result: dict[str, object] = {}
    for column in work.plan.columns:
        if column.method == "index":
            continue
        if not column.is_restore:
            # First, for from now on no write leaves a row without a vector that the application gave it one.
            execute(work.connection, capture.until_retire(column))
        filled = fill.fill_rest(work, column, column.live) if column.method == "embed" else 0
        result[column.subject] = {"rows": filled, "not_null": settle_not_null(work, column)}
    return result


def settle_not_null(work: Work, column: ColumnPlan) -> bool:
    """Whether the column is NOT NULL now. Rows that keep it from being so are listed in the ledger."""
    if not _wants_not_null(column):
        return False
    (nulls,) = fetch_row(work.connection, query("cut_over", "nulls", table=column.table, column=name(column.live)))
    if nulls:
        without_text = nulls - work.ledger.failed_rows(column.id)
        if without_text:
            work.ledger.set_aside(column, b"", without_text, "no text in scope to embed")
        work.reporter.message(
            f"{column.subject}: {nulls} rows have no vector, so NOT NULL is not set; give them one, then run "
            f'ALTER TABLE "{column.catalog.table.name}" ALTER COLUMN "{column.live}" SET NOT NULL'
        )
        return False
    add, validate, set_, drop = _not_null(column)
    _short(work, column, drop, add)
    execute(work.connection, validate)
    _short(work, column, set_, drop)
    _rename_not_null(work, column)
    return True


def _short(work: Work, column: ColumnPlan, *statements: Query) -> None:
    send_together(work.connection, statements, table=column.catalog.table.oid, on_wait=work.waits_for_lock)


def _rename_not_null(work: Work, column: ColumnPlan) -> None:
    """From PostgreSQL 18 on NOT NULL has a name, which stays what it was."""
    wanted = (column.before or column.catalog).column.not_null_name
    parameters = {"table": column.catalog.table.oid, "column": column.live}
    _, present = fetch_row(work.connection, query("cut_over", "not_null_name"), parameters)
    if wanted is not None and present is not None and wanted != present:
        _short(
            work,
            column,
            query("cut_over", "rename_constraint", table=column.table, constraint=name(present), new=name(wanted)),
        )
