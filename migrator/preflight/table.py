"""What stands against the table as it is, and what its triggers and other tools do with it."""

from __future__ import annotations

from migrator import hazards
from migrator.catalog import Catalog
from migrator.catalog.third_party import in_flight, vectorizers
from migrator.hazards import Hazard
from migrator.names import CAPTURE
from migrator.plan.column import ColumnPlan
from migrator.plan.estimate import Counts
from migrator.postgres.connection import Connection, execute
from migrator.postgres.sql import plain, query

POSTGRESQL_COLUMNS = 1_600
# PostgreSQL 15: publications with a list of columns.
LISTS_FROM = 150_000


def examine(catalog: Catalog) -> list[Hazard]:
    """Privileges, row-level security, rules, numbers of columns, publications."""
    table, server = catalog.table, catalog.server
    found = []
    if not table.owned:
        found.append(hazards.columns.not_owner(table.name, table.owner, server.role))
    elif not server.superuser and table.owner not in server.member_of:
        found.append(hazards.columns.may_not_become_owner(table.name, table.owner, server.role))
    if not table.may_create:
        found.append(hazards.columns.may_not_create_in(table.schema, server.role))
    found += row_security(catalog)
    if table.rules:
        found.append(hazards.columns.rules_on_table(table.schema, table.name, table.rules))
    if table.used_numbers >= POSTGRESQL_COLUMNS:
        found.append(hazards.columns.used_up_columns(table.name, table.used_numbers))
    carried = {*server.publications_of_all, *(each.name for each in catalog.carried.publications)}
    published = [each for each in table.publications if each not in carried]
    if published:
        of_schema = table.publications_of_schema
        named = [each for each in published if each not in of_schema]
        columns = [column.name for column in table.columns if not column.generated]
        found.append(
            hazards.dependents.published(table.schema, table.name, named, columns, _why_no_list(catalog))
            if named
            else hazards.dependents.published_of_schema(table.schema, table.name, of_schema)
        )
    return found


def capture_function(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """A downgrade goes by what the table's former owner, who can also read new texts by it, could have changed."""
    function = f"{plain(column.function)}()"
    given = {"function": function, "table": column.catalog.table.oid}
    found = execute(connection, query("capture", "of_another_owner"), given).fetchone()
    if found is None:
        return []
    shown = function.replace('"', "")
    return [hazards.triggers.capture_of_another_owner(column.subject, shown, *found)]


def _why_no_list(catalog: Catalog) -> str:
    """Why the table cannot be published by a list of its columns; "" where it can."""
    if catalog.server.version < LISTS_FROM:
        return "PostgreSQL knows such lists from version 15 on"
    if catalog.table.children:
        return "the tables that inherit from it are published with it, and such lists of theirs are not carried over"
    if catalog.table.whole_row_identity:
        return "PostgreSQL would refuse the application's own updates, for the table has REPLICA IDENTITY FULL"
    return ""


def row_security(catalog: Catalog) -> list[Hazard]:
    """Whether rows are hidden from this role."""
    return [hazards.columns.row_security(catalog.table.name)] if catalog.table.row_security else []


def triggers(column: ColumnPlan) -> list[Hazard]:
    """Triggers that capture cannot work beside, and capture itself where it was off."""
    if column.method == "index":
        return []
    table = column.catalog.table
    found = []
    others = [trigger for trigger in table.triggers if not trigger.name.startswith(CAPTURE)]
    for trigger in others:
        if trigger.before and trigger.for_each_row and trigger.name.encode() > column.trigger.encode():
            place = column.catalog.place(trigger)
            found.append(hazards.triggers.trigger_sorts_last(place.schema, place.name, trigger.name))
    if column.capture_was_off:
        found.append(hazards.triggers.capture_was_off(column.unwatched))
    if column.method == "embed" and table.has_policies:
        found.append(hazards.triggers.waits_for_fill(column.subject))
    return found


def firing(column: ColumnPlan, counts: Counts) -> list[Hazard]:
    """The user's triggers that the fill will fire."""
    catalog, table = column.catalog, column.catalog.table
    fires = [trigger for trigger in table.triggers if trigger.name in column.firing_triggers]
    if column.method == "index" or not fires or not counts.rows:
        return []
    rows = counts.without_vector if column.is_restore else counts.in_scope
    by_row = [trigger.name for trigger in fires if trigger.for_each_row]
    by_statement = [trigger.name for trigger in fires if not trigger.for_each_row]
    if catalog.server.quiets_triggers:
        may_be = column.can_disable_triggers
        return [hazards.triggers.triggers_always_fire(table.schema, table.name, by_row, by_statement, rows, may_be)]
    role, grants, may_be = catalog.server.role, catalog.server.grants_settings, column.can_disable_triggers
    return [hazards.triggers.triggers_fire(table.name, by_row, by_statement, rows, role, grants, may_be)]


def other_tools(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """What other tools do with the table."""
    table = column.catalog.table
    found = [hazards.columns.change_in_flight(table.name, tool, mark) for tool, mark in in_flight(connection, table)]
    if column.method != "index" and not column.is_restore:
        writers = vectorizers(connection, table, column.live)
        if writers:
            make = hazards.columns.two_writers if column.holds_old else hazards.columns.writer_fails_later
            found.append(make(column.subject, writers))
    return found
