"""retire: drops retired column and backup, on request only; never part of an upgrade."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from migrator.catalog.captured import read_captured
from migrator.catalog.columns import TREE
from migrator.catalog.rights import refuse_code_of_lesser_roles, refuse_given_away
from migrator.change import Model
from migrator.dependents import column_storage, partition_columns
from migrator.errors import UsageError
from migrator.ledger import current_columns, text_settings
from migrator.ledger.ledger import RETIRED, Ledger
from migrator.ledger.plans import planned
from migrator.names import SCHEMA, store_name
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Lock, Statement
from migrator.plan.tree import Relation
from migrator.postgres.address import Address
from migrator.postgres.connection import (
    EVALUATION,
    UNBOUNDED,
    Connection,
    configure,
    execute,
    fetch_row,
    has_table,
    said,
)
from migrator.postgres.locks import with_short_locks
from migrator.postgres.sql import fragment, name, query
from migrator.preflight import text_functions
from migrator.report import Reporter, size
from migrator.rows import backup_table, capture
from migrator.rows.unreadable import tolerant
from migrator.runtime.session import at_work, refuse_unfinished

NAME = "retire"


def statements(column: ColumnPlan, own: Iterable[Relation] = ()) -> list[Statement]:
    """What drops the retired column and its capture. own: child tables that it is the own column of, parents first."""
    dropped = [*capture.drop(column), *partition_columns.drop(column, column.retired, own)]
    wanted = column.catalog.column.storage_sql
    if column_storage.storage(column) != wanted and column_storage.fits_once_retired(column):
        # Until now a row held two vectors, which did not both fit in a page.
        live, storage = name(column.live), fragment(wanted)
        dropped.append(query("cut_over", "set_storage", table=column.table, column=live, storage=storage))
    return [column.statement(each, Lock.ACCESS_EXCLUSIVE, "milliseconds") for each in dropped]


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
        has_backup = has_table(connection, column.backup)
        if change.keeps_retired_column or has_backup:
            now = current_columns.present(ledger, change)
            found.append(Leftover(now or column, now is not None, change.keeps_retired_column, has_backup))
    return found


def _droppable(connection: Connection, ledger: Ledger) -> list[Leftover]:
    """Raises Refused where a table of theirs belongs to a role with fewer rights than this session."""
    found = leftovers(connection, ledger)
    for each in found:
        refuse_code_of_lesser_roles(connection, each.column.table)
        refuse_given_away(connection, each.column.table, each.column.function)
    return found


def retirable(address: Address, *, keep_backups: bool, stores: bool) -> list[str]:
    """What `retire_all` would drop, in words. Raises Busy."""
    with at_work(address) as (connection, ledger):
        kept = [each.described(keep_backup=keep_backups) for each in _droppable(connection, ledger)]
        kept = [each for each in kept if each]
        return kept + ([f"embedding store {SCHEMA}.{table}" for table in _own_stores(ledger)] if stores else [])


def retire_all(address: Address, reporter: Reporter, *, keep_backups: bool, stores: bool) -> list[str]:
    """Drops every retired column and backup, and the embedding stores where asked. Returns what was dropped.

    A backup that is kept first takes what it lacks from the retired column, where that is known to be right. Raises
    Refused where a run is unfinished, or where a setting is not available that a text needs for that.
    """
    if keep_backups:
        address = text_settings.for_ledger(address)
    with at_work(address, reporter.message) as (connection, ledger):
        refuse_unfinished(ledger)
        ledger.bring_up_to_date()
        dropped = []
        for kept in _droppable(connection, ledger):
            dropped.append(kept.described(keep_backup=keep_backups))
            if keep_backups and kept.is_there and kept.keeps_column and kept.has_backup:
                _bring_backup_up_to_date(connection, ledger, kept.column, reporter)
            _retire(connection, ledger, kept, reporter, keep_backup=keep_backups)
        if stores:
            for table in _own_stores(ledger):
                execute(connection, query("store", "drop", store=name(SCHEMA, table)))
                dropped.append(f"embedding store {SCHEMA}.{table}")
        return [each for each in dropped if each]


def stores_of(address: Address, called: str) -> list[str]:
    """The embedding stores of the model of that name, or the one of that name, as a person reads them. Raises Busy.

    Raises UsageError where there is none.
    """
    with at_work(address) as (_, ledger):
        return [
            f"embedding store {SCHEMA}.{table} of {model.name}, {size(taken)}"
            for table, model, taken in _named(ledger, called)
        ]


def drop_stores_of(address: Address, called: str) -> list[str]:
    """Drops them, with what the ledger has recorded of the model, so that the next upgrade embeds anew.

    Raises Refused where a run is unfinished.
    """
    with at_work(address) as (connection, ledger):
        refuse_unfinished(ledger)
        dropped = []
        for table, model, _ in _named(ledger, called):
            with connection.transaction():
                execute(connection, query("store", "drop", store=name(SCHEMA, table)))
                ledger.forget_model(model)
            dropped.append(f"embedding store {SCHEMA}.{table} of {model.name}")
        return dropped


def _named(ledger: Ledger, called: str) -> list[tuple[str, Model, int]]:
    """Table, model and bytes of each."""
    models = {
        store_name(model): model for each in ledger.every_change() for model in (each.change.from_, each.change.to)
    }
    known = [(table, models[table], taken) for table, taken in ledger.stores() if table in models]
    found = [each for each in known if called in (each[1].name, each[0], f"{SCHEMA}.{each[0]}")]
    if not found:
        there = ", ".join(dict.fromkeys(model.name for _, model, _ in known)) or "none"
        raise UsageError(
            f"there is no embedding store of {called}", remedy=f"name the model of one that is there: {there}"
        )
    return found


def _own_stores(ledger: Ledger) -> list[str]:
    """The tables of the embedding stores, but for those that other histories need."""
    others = [each.change for each in ledger.needed_by_others()]
    needed = {store_name(model) for change in others for model in (change.from_, change.to)}
    return [table for table, _ in ledger.stores() if table not in needed]


def _bring_backup_up_to_date(connection: Connection, ledger: Ledger, column: ColumnPlan, reporter: Reporter) -> None:
    """It was made before the window: vectors written from then to cut-over are in the retired column alone.

    Where some may be of another text than their row the backup stays as it was made. Whoever writes meanwhile sets a
    retired vector NULL at most.
    """
    current_columns.as_planned(connection, column)
    try:
        if not _is_marked(connection, ledger, column):
            return
        tolerant(connection, column, lambda column: _correct_backup(connection, column))
    except EVALUATION as error:
        reporter.message(
            f"{column.subject}: the backup stays as it was made before the upgrade, for what the texts are cannot be "
            f"told any more: {said(error, secret=column.has_secret_text)}"
        )


def _correct_backup(connection: Connection, column: ColumnPlan) -> None:
    with connection.transaction():
        # A row that moves meanwhile is not missed.
        execute(connection, query("session", "one_snapshot"))
        configure(connection, {"lock_timeout": UNBOUNDED}, local=True)
        for each in backup_table.bring_up_to_date(column):
            execute(connection, each)


def _is_marked(connection: Connection, ledger: Ledger, column: ColumnPlan) -> bool:
    """Whether every old vector that is of another text than its row was seen and set NULL."""
    if column.findings.read or ledger.texts_edited(column.id) or text_functions.changed(connection, column):
        return False
    if column.findings.made_of is None or column.findings.captured is None or column.change.settings:
        return False
    seen = read_captured(connection, column.catalog.table.oid, column.trigger)
    if not set(seen) <= set(column.findings.captured):
        return False
    trigger = {"table": column.catalog.table.oid, "trigger": column.trigger}
    return bool(fetch_row(connection, query("capture", "trigger_is_there", tree=TREE), trigger)[0])


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
            own = tree.own_column(connection, column, column.retired)
            present = tree.without_dropped(connection, column)
            dropped = [statement.query for statement in statements(present, own)]
        else:
            dropped = [*capture.drop_function(column)]
        for each in [*dropped, *backup]:
            execute(connection, each)
        ledger.set_state(column.id, RETIRED)

    with_short_locks(connection, drop, tables=[column.catalog.table.oid], on_wait=reporter.message)
