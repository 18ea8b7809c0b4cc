"""The views that read a column of the plan, dropped and made again at cut-over; not the materialized ones."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from migrator.catalog import Catalog
from migrator.catalog.views import View
from migrator.dependents import grants
from migrator.plan.column import ColumnPlan
from migrator.postgres.sql import fragment, literal, name, query, text_of


def dropped(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """Locked outermost first: whoever reads through them waits there."""
    found = [view.sql for _, view in reversed(reading(columns))]
    return [query("cut_over", "drop_views", views=sql.SQL(", ").join(found))] if found else []


def made(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """Rules and triggers come after the last view, for a rule may name any of them."""
    found = reading(columns)
    return [
        *(statement for catalog, view in found for statement in create_owned(catalog, view)),
        *(statement for _, view in found for statement in parts(view)),
    ]


def reading(columns: Sequence[ColumnPlan]) -> list[tuple[Catalog, View]]:
    """Every view that reads one of the columns, once and innermost first. Where no column is replaced, they stay."""
    found: dict[tuple[str, str], tuple[Catalog, View]] = {}
    for column in columns:
        for view in column.catalog.views if column.method != "index" else []:
            if view.materialised is not None:
                continue
            present = found.get((view.schema, view.name))
            if present is None or present[1].depth < view.depth:
                found[view.schema, view.name] = (column.catalog, view)
    return sorted(found.values(), key=lambda each: each[1].depth)


def create(view: View) -> sql.Composed:
    options = sql.SQL("WITH ({})").format(fragment(", ".join(view.options))) if view.options else sql.SQL("")
    return query("cut_over", "create_view", view=view.sql, options=options, definition=fragment(view.definition))


def create_owned(catalog: Catalog, view: View) -> list[sql.Composed]:
    """The view with its owner, comments, defaults and privileges."""
    made = [
        create(view),
        query("cut_over", "own_view", view=view.sql, owner=name(view.owner)),
    ]
    if view.comment is not None:
        made.append(query("cut_over", "comment_on_view", view=view.sql, comment=literal(view.comment)))
    made += [
        query("cut_over", "view_default", view=view.sql, column=name(column), default=fragment(default))
        for column, default in view.defaults.items()
    ]
    return made + comments_and_grants(catalog, view, view.sql)


def comments_and_grants(catalog: Catalog, view: View, called: sql.SQL) -> list[sql.Composed]:
    """Its columns' comments and all privileges; called: the one that is made in its place."""
    made = [
        query("cut_over", "comment_on_column", table=called, column=name(column), comment=literal(comment))
        for column, comment in view.column_comments.items()
    ]
    made.append(query("privileges", "table_to_owner", object=text_of(called)))
    if view.has_grants:
        made.append(query("cut_over", "revoke_owner", view=called, owner=name(view.owner)))
        made += grants.replay(catalog, view.grants, called, lambda grant: fragment(grant.privilege))
    for column, given in view.column_grants.items():
        made += grants.replay(catalog, given, called, grants.of_column(column))
    return made


def parts(view: View) -> list[sql.Composed]:
    """Its rules and triggers."""
    made = []
    for rule in view.rules:
        made.append(sql.Composed([fragment(rule.definition)]))
        if rule.comment is not None:
            pieces = {"rule": name(rule.name), "table": view.sql, "comment": literal(rule.comment)}
            made.append(query("carry", "comment_on_rule", **pieces))
    for trigger in view.triggers:
        made.append(sql.Composed([fragment(trigger.definition)]))
        if trigger.comment is not None:
            pieces = {"trigger": name(trigger.name), "table": view.sql, "comment": literal(trigger.comment)}
            made.append(query("carry", "comment_on_trigger", **pieces))
    return made
