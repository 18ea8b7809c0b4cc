"""What becomes of a run that broke off: it is kept to be continued, or everything but the store is undone."""

from __future__ import annotations

import psycopg

from migrator import hazards
from migrator.commands import undo
from migrator.errors import GO_ON, Interrupted, MigratorError, first_line
from migrator.names import SCHEMA
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.tree import has_column, table_now
from migrator.postgres.connection import has_no_room, has_table, is_passing
from migrator.postgres.sql import name, plain
from migrator.runtime.context import Work


def after(work: Work, error: BaseException) -> None:
    """Raises what is to be told; returns where the error tells itself."""
    if isinstance(error, Interrupted):
        return
    if is_passing(error):
        raise Interrupted(
            f"interrupted: {first_line(error)}",
            meaning="what was done so far is kept.",
            remedy=f"make room on the server's disk, then {GO_ON}" if has_no_room(error) else GO_ON,
        ) from error
    if not has_table(work.connection, name(SCHEMA, "run")):
        raise MigratorError(
            f"the schema {SCHEMA} with the ledger was dropped by others meanwhile",
            meaning="what this run made in the table is not accounted for any more.",
            remedy="; ".join(map(_by_hand, work.plan.columns)),
        ) from error
    gone = []
    for column in work.plan.columns:
        table, now = column.catalog.table, table_now(work.connection, column)
        if now not in (None, plain(table.sql)):
            renamed = hazards.runs.table_renamed_meanwhile(column.subject, str(now))
            raise Interrupted(renamed.problem, meaning=renamed.meaning, remedy=renamed.remedy) from error
        if not has_column(work.connection, column, column.live):
            gone.append(f"the table of {column.subject}" if now is None else column.subject)
    if work.ledger.past_cut_over(work.run):
        raise MigratorError(
            f"failed after cut-over: {_quoted(error, work.plan)}",
            meaning="the new column is live and complete but for the rows that migrator status names.",
            remedy="mend the cause, then run the same command again",
        ) from error
    try:
        undo.undo(work.connection, work.ledger, work.run, work.plan, work.reporter)
    except (psycopg.Error, Interrupted) as second:
        raise MigratorError(
            f"{_quoted(error, work.plan)}; and putting everything back failed: {first_line(second)}",
            meaning="the live column is as it was; shadow column and capture trigger may still be there.",
            remedy="migrator abandon",
        ) from error
    if gone:
        raise MigratorError(
            f"{' and '.join(gone)} was dropped or renamed by others meanwhile",
            meaning="everything else was undone; the embedding store is kept.",
            remedy="bring it back, or take it out of the revision; then run the same command again",
        ) from error
    if isinstance(error, psycopg.Error):
        raise MigratorError(
            f"the database refused a statement: {_quoted(error, work.plan)}",
            meaning="everything before cut-over was undone; the embedding store is kept.",
            remedy="mend the cause, then run the same command again",
        ) from error


def _quoted(error: BaseException, plan: Plan) -> str:
    """What the error says; of a statement over texts that need settings, which it may quote, only its code."""
    if isinstance(error, psycopg.Error) and any(column.change.settings for column in plan.columns):
        return f"error {error.sqlstate}"
    context = (error.diag.context if isinstance(error, psycopg.Error) else None) or ""
    # A trigger's function, where it is one that refused; other contexts may quote rows.
    function = next((line for line in context.splitlines() if line.startswith("PL/pgSQL function ")), "")
    return f"{first_line(error)} ({function})" if function else first_line(error)


def _by_hand(column: ColumnPlan) -> str:
    """How a person undoes what a run made in a table, where no ledger tells of it."""
    lost = ", ".join(index.name for index in column.catalog.vector_indexes) or "its indexes"
    table = plain(column.catalog.table.sql)
    return f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column.shadow}, and build again what is missing of {lost}"
