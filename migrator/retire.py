"""retire: drops retired column and backup, on request only; never part of an upgrade."""

from __future__ import annotations

from dataclasses import dataclass

from migrator import backup_table, capture, column_storage, store
from migrator.address import Address
from migrator.database import Connection, execute
from migrator.ledger import RETIRED, Ledger
from migrator.locks import with_short_locks
from migrator.plan import ColumnPlan, Statement
from migrator.planner import planned
from migrator.present import present
from migrator.queries import SCHEMA, fragment, name, query
from migrator.report import Reporter
from migrator.session import at_work, refuse_unfinished

NAME = "retire"


def statements(column: ColumnPlan) -> list[Statement]:
    """What drops the retired column and its capture."""
    dropped = [*capture.drop(column), query("cut_over", "drop_column", table=column.table, column=name(column.retired))]
    wanted = column.catalog.column.storage_sql
    if column_storage.storage(column) != wanted and column_storage.fits_once_retired(column):
        # Until now a row held two vectors, which did not both fit in a page.
        live, storage = name(column.live), fragment(wanted)
        dropped.append(query("cut_over", "set_storage", table=column.table, column=live, storage=storage))
    return [column.statement(NAME, each, "ACCESS EXCLUSIVE", "milliseconds") for each in dropped]


@dataclass(frozen=True)
class Leftover:
    """What is kept of a change. column: under the table's present name. is_there: whether the table still is.

    keeps_column: the retired column is kept, or was until the table went. has_backup: the backup table is.
    """

    column: ColumnPlan
    is_there: bool
    keeps_column: bool
    has_backup: bool

    def described(self, *, keep_backup: bool = False) -> str:
        """What of it goes, in words; empty where nothing does."""
        column, old = self.column, self.column.change.from_
        table = f"table {column.backup_name}" if self.has_backup and not keep_backup else ""
        if not self.is_there:
            gone = table or ("what the ledger says of it" if self.keeps_column else "")
            return f"{column.subject}, which is no longer there: {gone}" if gone else ""
        retired = f"column {column.retired} ({old.name}, {old.dimensions})" if self.keeps_column else ""
        kept = " and ".join(each for each in (retired, table) if each)
        return f"{column.subject}: {kept}" if kept else ""


def leftovers(connection: Connection, ledger: Ledger) -> list[Leftover]:
    """The changes of which a retired column or a backup is kept."""
    found = []
    for change in ledger.carried_out():
        column = planned(ledger, change)
        has_backup = store.has_table(connection, column.backup)
        if change.keeps_retired_column or has_backup:
            now = present(ledger, change)
            found.append(Leftover(now or column, now is not None, change.keeps_retired_column, has_backup))
    return found


def retirable(address: Address, *, keep_backups: bool, stores: bool) -> list[str]:
    """What `retire_all` would drop, in words. Raises Busy."""
    with at_work(address) as (connection, ledger):
        kept = [each.described(keep_backup=keep_backups) for each in leftovers(connection, ledger)]
        kept = [each for each in kept if each]
        return kept + ([f"embedding store {SCHEMA}.{table}" for table, _ in ledger.stores()] if stores else [])


def retire_all(address: Address, reporter: Reporter, *, keep_backups: bool, stores: bool) -> list[str]:
    """Drops every retired column and backup, and the embedding stores where asked. Returns what was dropped."""
    with at_work(address) as (connection, ledger):
        refuse_unfinished(ledger)
        dropped = []
        for kept in leftovers(connection, ledger):
            dropped.append(kept.described(keep_backup=keep_backups))
            _retire(connection, ledger, kept, reporter, keep_backup=keep_backups)
        if stores:
            for table, _ in ledger.stores():
                execute(connection, query("store", "drop", store=name(SCHEMA, table)))
                dropped.append(f"embedding store {SCHEMA}.{table}")
        return [each for each in dropped if each]


def _retire(connection: Connection, ledger: Ledger, kept: Leftover, reporter: Reporter, *, keep_backup: bool) -> None:
    """In one transaction with the ledger's word; without the backup there is no way back but to embed again."""
    column = kept.column
    backup = [] if keep_backup else [backup_table.drop(column)]
    if not kept.keeps_column:
        for each in backup:
            execute(connection, each)
        return

    def drop() -> None:
        if kept.is_there:
            dropped = [statement.query for statement in statements(column)]
        else:
            dropped = [*capture.drop_function(column)]
        for each in [*dropped, *backup]:
            execute(connection, each)
        ledger.set_state(column.id, RETIRED)

    with_short_locks(connection, drop, tables=[column.catalog.table.oid], on_wait=reporter.message)
