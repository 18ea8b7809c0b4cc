"""The CHECK constraints that read the column: the new vectors pass them."""

from __future__ import annotations

import psycopg
from psycopg import sql

from migrator import carry, rows_left
from migrator.catalog.carried import Check
from migrator.database import fetch_row
from migrator.plan import ColumnPlan, Statement
from migrator.proofs.proof import Proof, reads
from migrator.report import counted
from migrator.work import Session


def statements(column: ColumnPlan, target: str) -> list[Statement]:
    """What `hold` sends, before cut-over."""
    return reads(column, *(_count(column, check, target) for check in _enforced(column)))


def hold(session: Session, column: ColumnPlan, target: str) -> list[Proof]:
    """Before cut-over: each check holds for every row on the new column, as preflight found it on the live one."""
    return [_holds(session, column, check, target) for check in _enforced(column)]


def _enforced(column: ColumnPlan) -> list[Check]:
    """Those that are NOT VALID too: PostgreSQL would refuse every later update of a row that violates one."""
    return [check for check in carry.checks(column) if check.enforced]


def _holds(session: Session, column: ColumnPlan, check: Check, target: str) -> Proof:
    called = f"check {check.name}"
    try:
        (violating,) = fetch_row(session.connection, _count(column, check, target))
    except psycopg.errors.DataError as error:
        reason = error.diag.message_primary or type(error).__name__
        return Proof(called, False, f"CHECK ({check.expression}) cannot be evaluated for the new vectors: {reason}")
    if violating:
        return Proof(called, False, f"{counted(violating, 'rows')} would violate CHECK ({check.expression})")
    return Proof(called, True, "every row passes it with its new vector")


def _count(column: ColumnPlan, check: Check, target: str) -> sql.Composed:
    waiting = sql.SQL("{} AND {}").format(column.due, rows_left.waiting(column, target))
    return carry.violations(column, check, target, waiting)
