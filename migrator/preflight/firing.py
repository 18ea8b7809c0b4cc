"""Triggers that updates of vectors fire, tried by an update of one row that changes nothing and is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from migrator import hazards, tree
from migrator.database import SHORT, Connection, configure, execute, said
from migrator.hazards import Hazard
from migrator.plan import ColumnPlan
from migrator.queries import name, query


def examine(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """What refuses the update. Where it has to wait, nothing is known."""
    catalog, table = column.catalog, column.catalog.table
    if column.method == "index" or column.is_restore or not catalog.firing_triggers:
        return []
    try:
        with fired(connection, column):
            return []
    except psycopg.OperationalError:
        if connection.broken:
            raise
        return []
    except psycopg.Error as error:
        server, reason = catalog.server, said(error, secret=column.has_secret_text)
        # Where they can be kept quiet, these are the ones that always fire.
        role = server.role if server.grants_settings and not server.quiets_triggers else None
        return [hazards.trigger_refuses_updates(table.schema, table.name, catalog.firing_triggers, reason, role)]


@contextmanager
def fired(connection: Connection, column: ColumnPlan) -> Iterator[None]:
    """Within it the triggers have fired in each partition that has a row, deferred ones too."""
    settings = {"lock_timeout": SHORT}
    if column.catalog.server.quiets_triggers:
        settings["session_replication_role"] = "replica"
    with connection.transaction(force_rollback=True):
        configure(connection, settings, local=True)
        for leaf in tree.leaves(tree.planned(column)):
            execute(connection, query("trial", "touch_row", table=leaf.addressed(column), column=name(column.live)))
        execute(connection, sql.SQL("SET CONSTRAINTS ALL IMMEDIATE"))
        yield
