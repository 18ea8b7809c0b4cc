"""Settings that a text needs, such as the key of encrypted columns, read from the environment for each connection.

Their values go nowhere else: not into the ledger, a statement, a message or a log.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from migrator import hazards
from migrator.address import Address
from migrator.catalog import read_server
from migrator.change import ENVIRONMENT, EmbeddingChange
from migrator.database import connect
from migrator.ledger import Ledger


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
                raise hazards.setting_not_there(setting, variable).refusal()
    return replace(address, settings=found)


def for_ledger(address: Address, *, required: bool = True) -> Address:
    """The same for the changes that the ledger knows: an unfinished run's, and each column's last."""
    with connect(address) as connection:
        server = read_server(connection)
        if not (server.ledger and server.may_use_ledger):
            return address
        ledger = Ledger(connection, installed=True)
        run = ledger.unfinished()
        changes = [*ledger.last_changes(), *(ledger.changes(run) if run is not None else [])]
        return for_changes(address, [each.change for each in changes], required=required)
