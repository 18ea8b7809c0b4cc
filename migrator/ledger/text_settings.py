"""Settings that a text needs, such as the key of encrypted columns, read from the environment for each connection.

Their values go nowhere else: not into the ledger, a statement, a message or a log.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from migrator import hazards
from migrator.catalog import read_ledger_schema
from migrator.catalog.columns import unquoted
from migrator.change import ENVIRONMENT, EmbeddingChange, VectorColumn
from migrator.ledger import current_columns
from migrator.ledger.ledger import Ledger
from migrator.postgres.address import Address
from migrator.postgres.connection import connect


def for_changes(address: Address, changes: Iterable[EmbeddingChange], *, required: bool = True) -> Address:
    """The address whose connections have the settings of these changes.

    Raises Refused where one is not available; leaves it out where it is not `required`.
    """
    found = dict(address.settings)
    for change in changes:
        for setting, written in change.settings.items():
            variable = written.removeprefix(ENVIRONMENT)
            value = os.environ.get(variable)
            if value:
                found[setting] = value
            elif required:
                raise hazards.server.setting_not_there(setting, variable).refusal()
    return replace(address, settings=found)


def for_ledger(address: Address, *, required: bool = True, of: Sequence[VectorColumn] | None = None) -> Address:
    """The same for an unfinished run's changes, and those that say what the columns hold now.

    of: columns whose settings are needed, all of them where that is not said.
    """
    with connect(address) as connection:
        if not read_ledger_schema(connection).trusted:
            return address
        ledger = Ledger(connection, installed=True, version_table=address.version_table)
        run = ledger.unfinished()
        changes = [each.change for each in ledger.changes(run)] if run is not None else []
        if not any(each.change.settings for each in ledger.carried_out()):
            return for_changes(address, changes, required=required)
        # A table is named as in SQL: exactly, or in capitals that are folded.
        named = {(name, each.column) for each in of or () for name in (unquoted(each.table), each.table.lower())}
        # The last change of a column may be of its index alone, and the one beneath it has the text.
        for column in (*current_columns.columns(ledger)[0], *current_columns.embedded(ledger)[0]):
            if of is None or (column.catalog.table.name, column.live) in named:
                changes.append(column.change)
        return for_changes(address, changes, required=required)
