"""The CHECK constraints that read the column: the new vectors pass them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from migrator.catalog.dependents import Check
from migrator.dependents import conditions
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Statement
from migrator.postgres.connection import Connection, fetch_row, said
from migrator.proofs.proof import Proof, reads
from migrator.report import counted, in_line
from migrator.rows import remaining
from migrator.rows.unreadable import guard
from migrator.runtime.context import Work
from migrator.runtime.step import ColumnStep


@dataclass(frozen=True, eq=False)
class ProveChecks(ColumnStep):
    """Before cut-over: each check holds for every row on the new columns, as preflight found it on the live ones.

    Of all columns, those that read `column` first. Returns what was found.
    """

    columns: Sequence[ColumnPlan]

    def made(self, column: ColumnPlan) -> list[Statement]:
        return reads(column, *(_count(self.columns, column, check) for check in _enforced(self.columns, column)))

    def send(self, work: Work) -> list[Proof]:
        return [_holds(work, self.columns, self.column, check) for check in _enforced(self.columns, self.column)]


def _enforced(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Check]:
    """Those that are NOT VALID too: PostgreSQL would refuse every later update of a row that violates one."""
    return [check for first, check in conditions.checks(columns) if first.id == column.id and check.enforced]


def _holds(work: Work, columns: Sequence[ColumnPlan], column: ColumnPlan, check: Check) -> Proof:
    called = f"check {check.name}"
    try:
        violating = _violating(work.connection, columns, column, check)
    except psycopg.errors.DataError as error:
        reason = said(error)
        expression = in_line(check.expression)
        return Proof(called, False, f"CHECK ({expression}) cannot be evaluated for the new vectors: {reason}")
    if violating:
        return Proof(called, False, f"{counted(violating, 'rows')} would violate CHECK ({in_line(check.expression)})")
    return Proof(called, True, "every row passes it with its new vector")


def _violating(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan, check: Check) -> int:
    try:
        return int(fetch_row(connection, _count(columns, column, check))[0])
    except psycopg.errors.DataError:
        # It may be that of a text, not of the check.
        guarded = [guard(connection, each) for each in columns]
        return int(fetch_row(connection, _count(guarded, column, check))[0])


def _count(columns: Sequence[ColumnPlan], column: ColumnPlan, check: Check) -> sql.Composed:
    waiting = sql.SQL(" OR ").join(
        sql.SQL("{} AND {}").format(each.due, remaining.waiting(each, each.shadow))
        for each in conditions.readers(columns, check)
    )
    return conditions.violations(columns, column, check, waiting)
