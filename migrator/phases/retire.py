"""retire: drops retired column and backup, on request only; never part of an upgrade."""

from __future__ import annotations

from psycopg import sql

from migrator import capture
from migrator.database import Connection, execute, with_short_locks
from migrator.ledger import Ledger
from migrator.plan import ColumnPlan, Statement
from migrator.queries import name, query
from migrator.report import Reporter

NAME = "retire"


def statements(column: ColumnPlan) -> tuple[Statement, ...]:
    dropped = [Statement(NAME, drop_backup(column), "none", "instant")]
    if column.method != "index":
        dropped = [
            Statement(NAME, statement, "ACCESS EXCLUSIVE", "milliseconds")
            for statement in (
                *capture.drop(column),
                query("cut_over", "drop_column", table=column.table, column=name(column.retired)),
            )
        ] + dropped
    return tuple(dropped)


def drop_backup(column: ColumnPlan) -> sql.Composed:
    return sql.SQL("DROP TABLE IF EXISTS {}").format(column.backup)


def run(connection: Connection, ledger: Ledger, column: ColumnPlan, reporter: Reporter) -> None:
    """In one transaction with the ledger's word; from then on there is no way back without embedding again."""

    def drop() -> None:
        for statement in statements(column):
            execute(connection, statement.query)
        ledger.set_state(column.id, "retired")

    with_short_locks(connection, drop, on_wait=reporter.message)
