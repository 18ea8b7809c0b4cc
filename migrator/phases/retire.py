"""retire: drops retired column and backup, on request only; never part of an upgrade."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from migrator import capture, store
from migrator.database import Connection, execute, with_short_locks
from migrator.ledger import RETIRED, Ledger
from migrator.phases import fill
from migrator.plan import ColumnPlan, Statement
from migrator.planner import planned
from migrator.present import present
from migrator.queries import fragment, name, query
from migrator.report import Reporter

NAME = "retire"


def statements(column: ColumnPlan) -> tuple[Statement, ...]:
    dropped = [*capture.drop(column), query("cut_over", "drop_column", table=column.table, column=name(column.retired))]
    wanted = column.catalog.column.storage_sql
    if fill.storage(column) != wanted and fill.fits_once_retired(column):
        # Until now a row held two vectors, which did not both fit in a page.
        live, storage = name(column.live), fragment(wanted)
        dropped.append(query("cut_over", "set_storage", table=column.table, column=live, storage=storage))
    return (
        *(column.statement(NAME, each, "ACCESS EXCLUSIVE", "milliseconds") for each in dropped),
        column.statement(NAME, drop_backup(column), "none", "instant"),
    )


def drop_backup(column: ColumnPlan) -> sql.Composed:
    return sql.SQL("DROP TABLE IF EXISTS {}").format(column.backup)


@dataclass(frozen=True)
class Leftover:
    """What is kept of a change. column: under the table's present name. is_there: whether the table still is.

    keeps_column: the retired column is kept, or was until the table went.
    """

    column: ColumnPlan
    is_there: bool
    keeps_column: bool

    def __str__(self) -> str:
        column = self.column
        if not self.is_there:
            return f"{column.subject}, which is no longer there: table {column.backup_name}"
        if self.keeps_column:
            old = column.change.from_
            kept = f"column {column.retired} ({old.name}, {old.dimensions}) and table {column.backup_name}"
            return f"{column.subject}: {kept}"
        return f"{column.subject}: table {column.backup_name}"


def leftovers(connection: Connection, ledger: Ledger) -> list[Leftover]:
    """The changes of which a retired column or a backup is kept."""
    found = []
    for change in ledger.carried_out():
        column = planned(ledger, change)
        if change.state != RETIRED and (change.keeps_retired_column or store.has_table(connection, column.backup_name)):
            now = present(ledger, change)
            found.append(Leftover(now or column, now is not None, change.keeps_retired_column))
    return found


def run(connection: Connection, ledger: Ledger, kept: Leftover, reporter: Reporter) -> None:
    """In one transaction with the ledger's word; from then on there is no way back without embedding again."""
    column = kept.column
    if not kept.keeps_column:
        execute(connection, drop_backup(column))
        return

    def drop() -> None:
        if kept.is_there:
            dropped = [statement.query for statement in statements(column)]
        else:
            dropped = [*capture.drop_function(column), drop_backup(column)]
        for each in dropped:
            execute(connection, each)
        ledger.set_state(column.id, RETIRED)

    with_short_locks(connection, drop, on_wait=reporter.message)
