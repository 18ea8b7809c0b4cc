"""Triggers that an update of vectors may fire, in the tables that hold the rows, and the states they can be given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from migrator.catalog.columns import FIRES_ON_UPDATE, TREE
from migrator.names import is_own
from migrator.postgres.connection import Connection, fetch_dicts
from migrator.postgres.sql import Query, name, query

# What gives a trigger the state that pg_trigger.tgenabled shows.
_STATES = {"O": "ENABLE TRIGGER", "A": "ENABLE ALWAYS TRIGGER", "R": "ENABLE REPLICA TRIGGER"}


@dataclass(frozen=True)
class UpdateTrigger:
    """A trigger of the user's that is not disabled."""

    # Oid of the table or partition that holds the rows.
    table: int
    name: str
    # As pg_trigger.tgenabled.
    enabled: str


def read_update_triggers(connection: Connection, table: int) -> list[UpdateTrigger]:
    """Those of the table of that oid and of all below it."""
    statement = query("catalog", "update_triggers", tree=TREE, on_update=FIRES_ON_UPDATE)
    found = [UpdateTrigger(**row) for row in fetch_dicts(connection, statement, {"table": table})]
    return [each for each in found if not is_own(each.name)]


def disable(table: sql.SQL, triggers: Sequence[UpdateTrigger]) -> Query:
    return _set(table, [sql.SQL("DISABLE TRIGGER {}").format(name(each.name)) for each in triggers])


def enable(table: sql.SQL, triggers: Sequence[UpdateTrigger]) -> Query:
    """Gives each the state back that it was found in."""
    return _set(table, [sql.SQL(_STATES[each.enabled] + " {}").format(name(each.name)) for each in triggers])


def _set(table: sql.SQL, states: Sequence[sql.Composable]) -> Query:
    return query("fill", "set_triggers", table=table, states=sql.SQL(", ").join(states))
