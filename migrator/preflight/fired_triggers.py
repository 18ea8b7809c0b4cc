"""Triggers that updates of vectors fire, tried by an update of one row that changes nothing and is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from migrator import hazards
from migrator.catalog.columns import Trigger
from migrator.hazards import Hazard
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.tree import Relation
from migrator.postgres.connection import SHORT, Connection, configure, execute, fetch_row, raised_in, said
from migrator.postgres.sql import name, query


def examine(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """What refuses the update."""
    if column.method == "index" or column.is_restore:
        return []
    for leaf, triggers in tried(connection, column):
        try:
            with fired(connection, column, leaf):
                pass
        except psycopg.OperationalError:
            if connection.broken:
                raise
            # Somebody holds a lock that the update, or a trigger's own statement, needs. That passes, and the fill
            # waits and tries again; preflight would only keep the application's writers waiting behind it.
        except psycopg.Error as error:
            # A constraint that the row violates is asked about by itself.
            refusing = [each for each in triggers if raised_in(error, _function(connection, column, each))]
            if refusing:
                return [_refused(column, leaf, refusing, error)]
    return []


def tried(connection: Connection, column: ColumnPlan) -> list[tuple[Relation, list[Trigger]]]:
    """Leaves in which each trigger that fires does so, each with those that fire there.

    For each table that has such triggers of its own one leaf is enough, which has a row if any has.
    """
    catalog = column.catalog
    firing = [each for each in catalog.table.triggers if each.name in column.firing_triggers]
    relations = tree.planned(column)
    # By the place of the trigger: one of a table is its partitions' too, not its child tables'.
    leaves = {each.partition: tree.leaves(tree.with_parts(column, each, relations)) for each in firing}
    chosen = []
    for below in leaves.values():
        leaf = next((leaf for leaf in below if _has_row(connection, column, leaf)), below[0] if below else None)
        if leaf is not None and leaf not in chosen:
            chosen.append(leaf)
    return [(leaf, [each for each in firing if leaf in leaves[each.partition]]) for leaf in chosen]


@contextmanager
def fired(connection: Connection, column: ColumnPlan, leaf: Relation) -> Iterator[None]:
    """Within it the triggers have fired in the leaf where it has a row, deferred ones too."""
    settings = {"lock_timeout": SHORT}
    if column.catalog.server.quiets_triggers:
        settings["session_replication_role"] = "replica"
    with connection.transaction(force_rollback=True):
        configure(connection, settings, local=True)
        execute(connection, query("trial", "touch_row", table=leaf.addressed(column), column=name(column.live)))
        execute(connection, sql.SQL("SET CONSTRAINTS ALL IMMEDIATE"))
        yield


def _has_row(connection: Connection, column: ColumnPlan, leaf: Relation) -> bool:
    return bool(fetch_row(connection, query("verify", "has_rows", table=leaf.addressed(column)))[0])


def _function(connection: Connection, column: ColumnPlan, trigger: Trigger) -> str:
    at = {"table": column.catalog.place(trigger).oid, "trigger": trigger.name}
    return str(fetch_row(connection, query("trial", "trigger_function"), at)[0])


def _refused(column: ColumnPlan, leaf: Relation, triggers: list[Trigger], error: psycopg.Error) -> Hazard:
    catalog = column.catalog
    places = [catalog.place(each) for each in triggers]
    named = [(place.schema, place.name, each.name) for place, each in zip(places, triggers, strict=True)]
    # Where they can be kept quiet, these are the ones that always fire.
    role = catalog.server.role if catalog.server.grants_settings and not catalog.server.quiets_triggers else None
    reason = said(error, secret=column.has_secret_text)
    return hazards.triggers.trigger_refuses_updates(leaf.name, named, reason, role, column.can_disable_triggers)
