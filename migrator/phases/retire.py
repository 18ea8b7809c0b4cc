"""retire: drops retired column and backup, on request only; never part of an upgrade."""

from __future__ import annotations

from psycopg import sql

from migrator import capture, hazards, store
from migrator.database import Connection, execute, with_short_locks
from migrator.ledger import LIVE, RETIRED, Ledger
from migrator.phases import fill
from migrator.plan import ColumnPlan, Statement
from migrator.planner import planned
from migrator.queries import fragment, name, query
from migrator.report import Reporter
from migrator.work import table_now

NAME = "retire"


def statements(column: ColumnPlan) -> tuple[Statement, ...]:
    dropped = [*capture.drop(column), query("cut_over", "drop_column", table=column.table, column=name(column.retired))]
    wanted = column.catalog.column.storage_sql
    if fill.storage(column) != wanted and fill.fits_page(column):
        # Until now a row held two vectors, which did not both fit in a page.
        live, storage = name(column.live), fragment(wanted)
        dropped.append(query("cut_over", "set_storage", table=column.table, column=live, storage=storage))
    return (
        *(Statement(NAME, statement, "ACCESS EXCLUSIVE", "milliseconds") for statement in dropped),
        Statement(NAME, drop_backup(column), "none", "instant"),
    )


def drop_backup(column: ColumnPlan) -> sql.Composed:
    return sql.SQL("DROP TABLE IF EXISTS {}").format(column.backup)


def leftovers(connection: Connection, ledger: Ledger) -> list[ColumnPlan]:
    """The changes of which a retired column or a backup is kept."""
    return [
        column
        for change in ledger.carried_out()
        if change.state != RETIRED
        for column in [planned(ledger, change)]
        if _has_retired_column(ledger, column) or _has_backup(connection, column)
    ]


def describe(ledger: Ledger, column: ColumnPlan) -> str:
    """What is kept of a change, in words."""
    if _has_retired_column(ledger, column):
        old = column.change.from_
        return (
            f"{column.subject}: column {column.retired} ({old.name}, {old.dimensions}) and table {column.backup_name}"
        )
    return f"{column.subject}: table {column.backup_name}"


def _has_retired_column(ledger: Ledger, column: ColumnPlan) -> bool:
    return not column.is_restore and column.method != "index" and ledger.change(column.id).state == LIVE


def _has_backup(connection: Connection, column: ColumnPlan) -> bool:
    return store.has_table(connection, column.backup_name)


def run(connection: Connection, ledger: Ledger, column: ColumnPlan, reporter: Reporter) -> None:
    """In one transaction with the ledger's word; from then on there is no way back without embedding again."""
    if not _has_retired_column(ledger, column):
        execute(connection, drop_backup(column))
        return

    present = table_now(connection, column)
    if present is None:
        # The retired column went with the table.
        execute(connection, query("capture", "drop_function", function=column.function))
        execute(connection, drop_backup(column))
        ledger.set_state(column.id, RETIRED)
        return
    if present != column.catalog.table.sql.as_string(None):
        raise hazards.table_renamed(column.subject, present).refusal()

    def drop() -> None:
        for statement in statements(column):
            execute(connection, statement.query)
        ledger.set_state(column.id, RETIRED)

    with_short_locks(connection, drop, on_wait=reporter.message)
