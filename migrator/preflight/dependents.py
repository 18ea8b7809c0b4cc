"""What stands against carrying the dependents over, and what of them is to be known."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from migrator import hazards
from migrator.catalog import Catalog, function_bodies
from migrator.catalog.function_bodies import Function
from migrator.dependents import conditions, materialized_views
from migrator.hazards import Hazard
from migrator.plan import tree
from migrator.plan.column import ColumnPlan, Direction
from migrator.postgres.connection import Connection, execute, fetch_row, qualified_names, said
from migrator.postgres.sql import fragment, name, query
from migrator.preflight.dimensions import kept_as_written


def examine(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    """Those of one column. columns: all that are to change."""
    catalog = column.catalog
    if column.method == "index":
        return []
    found = [hazards.dependents.dependent_not_carried(column.subject, other) for other in catalog.others]
    functions = {function.described for function in catalog.carried.functions}
    for view in catalog.views:
        shown = f"view {view.shown}"
        if view.materialised is not None:
            shown = f"materialized {shown}"
            why = materialized_views.not_carried(column, view, view.materialised)
            found += [hazards.dependents.dependent_not_carried(column.subject, f"{shown} ({each})") for each in why]
        elif view.kind != "v":
            found.append(hazards.dependents.dependent_not_carried(column.subject, f"a rule on {view.shown}"))
        bound = [each for each in view.dependents if each not in functions]
        found += [hazards.dependents.dependent_on_view(shown, dependent) for dependent in bound]
        given = [*view.grants, *(grant for grants in view.column_grants.values() for grant in grants)]
        found += _not_a_member(catalog, {view.owner, *(grant.grantor for grant in given)}, shown)
    for described, owner in catalog.carried.owners():
        found += _not_a_member(catalog, {owner}, described)
    views = [view for view in catalog.views if view.materialised is not None and view.materialised.populated]
    if views and not found:
        found.append(hazards.dependents.materialized_views(column.subject, [view.shown for view in views]))
    found += kept_as_written(column)
    found += _published(column)
    rewritten = conditions.rewritten(columns, column)
    if rewritten:
        found.append(hazards.dependents.dimensions_rewritten(column.subject, rewritten))
    retired = catalog.table.column(column.shadow) if column.is_restore else None
    grantors = {grant.grantor for grant in catalog.column.grants + (retired.grants if retired else [])}
    return found + _not_a_member(catalog, grantors, f"privileges on {column.subject}")


def _published(column: ColumnPlan) -> list[Hazard]:
    """Publications with a list of columns, which the shadow column is not in."""
    table, carried = column.catalog.table, column.catalog.carried
    found = []
    updated = [publication.name for publication in carried.publications if publication.updates]
    if updated and not carried.replica_identity:
        found.append(hazards.dependents.no_replica_identity(table.schema, table.name, updated))
    shipped = [publication.name for publication in carried.publications if column.live in publication.columns]
    if shipped:
        found.append(hazards.dependents.published_column(table.name, column.live, shipped, column.type_text))
    return found


def _not_a_member(catalog: Catalog, roles: set[str], of: str) -> list[Hazard]:
    server = catalog.server
    if server.superuser:
        return []
    return [hazards.columns.not_a_member(of, role, server.role) for role in sorted(roles - set(server.member_of))]


def by_name(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """Functions that find the column by its name, but for those that the revision gives, or a downgrade brings back."""
    if column.method == "index":
        return []
    replaced = {function.name for function in column.target.replaced}
    left = [each for each in function_bodies.read(connection, column.catalog) if each.name not in replaced]
    old, new = column.change.from_.dimensions, column.change.to.dimensions
    return of_functions(column.subject, left, old, new, "downgrade" if column.is_restore else "upgrade")


def of_functions(
    subject: str, functions: Sequence[Function], old: int, new: int, direction: Direction, *, why_not: str = ""
) -> list[Hazard]:
    """Those that fail with the new dimensions apart from the others. why_not: why they are not written anew."""
    failing = [each for each in functions if old != new and each.says(old)]
    typed = {each.name: each.typed for each in functions if each.typed is not None and old != new}
    others = [
        f"{each.name} (says {old})" if old != new and each.says_number(old) else each.name
        for each in functions
        if each not in failing and each.name not in typed
    ]
    found = []
    if failing:
        told = [each.named(why_not) for each in failing]
        found.append(hazards.dependents.functions_of_old_dimensions(subject, told, old, new, direction))
    if typed:
        found.append(hazards.dependents.functions_of_old_row_types(subject, typed, old, new))
    if others:
        found.append(hazards.dependents.functions_by_name(subject, others, direction))
    return found


def refused_updates(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """What PostgreSQL says of an update that is only planned: publications make it refuse them all."""
    publications = [each.name for each in column.catalog.carried.publications if each.updates]
    if column.method == "index" or not publications:
        return []
    for leaf in tree.leaves(tree.planned(column)):
        try:
            execute(
                connection,
                query("dependents", "planned_update", table=leaf.addressed(column), column=name(column.live)),
            )
        except (psycopg.errors.InvalidColumnReference, psycopg.errors.ObjectNotInPrerequisiteState) as error:
            reason = (error.diag.message_detail or said(error)).rstrip(".")
            return [hazards.dependents.published_updates_refused(leaf.schema, leaf.name, publications, reason)]
    return []


def unproved_checks(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """Every update of a row that violates a CHECK fails, whichever column it sets."""
    found = []
    for leaf in tree.leaves(tree.planned(column)):
        with qualified_names(connection):
            unproved = execute(connection, query("dependents", "unproved_checks"), {"table": leaf.oid}).fetchall()
        for check, condition in unproved:
            count = query("dependents", "violating", table=leaf.addressed(column), condition=fragment(condition))
            (violating,) = fetch_row(connection, count)
            if violating:
                found.append(hazards.dependents.rows_violate_check(leaf.schema, leaf.name, check, violating))
    return found
