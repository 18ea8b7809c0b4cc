"""What is set on the live column: default, statistics target, options, comment, storage, grants; carried over."""

from __future__ import annotations

from psycopg import sql

from migrator.dependents import grants, partition_columns
from migrator.plan.column import ColumnPlan
from migrator.postgres.sql import fragment, literal, name, names, query


def carried_over(column: ColumnPlan) -> list[sql.Composed]:
    """Set on the column that became live, and on single partitions where these say other than the table."""
    old, table, live = column.target.column, column.table, name(column.live)
    carried = []
    if column.is_restore:
        storage = fragment(old.storage_sql)
        carried.append(query("cut_over", "set_storage", table=table, column=live, storage=storage))
    if old.default_text is not None:
        carried.append(query("cut_over", "set_default", table=table, column=live, default=fragment(old.default_text)))
    if old.statistics_target >= 0:
        target = sql.Literal(old.statistics_target)
        carried.append(query("cut_over", "set_statistics", table=table, column=live, target=target))
    carried += _options(column)
    if old.comment is not None:
        carried.append(query("cut_over", "comment_on_column", table=table, column=live, comment=literal(old.comment)))
    return carried + _column_grants(column) + partition_columns.attributes(column)


def changed_since(column: ColumnPlan) -> list[sql.Composed]:
    """On a downgrade: what others set on the live column since the upgrade stays; the retired column has it as before.

    Its default stays as it was, for a vector of the new model's dimensions would not fit.
    """
    before, now = column.catalog.table.column(column.shadow), column.catalog.column
    table, live = column.table, name(column.live)
    changed: list[sql.Composed] = []
    if before is None:
        return changed
    if now.statistics_target != before.statistics_target:
        target = sql.Literal(now.statistics_target)
        changed.append(query("cut_over", "set_statistics", table=table, column=live, target=target))
    if now.options != before.options:
        if before.options:
            options = names(tuple(option.partition("=")[0] for option in before.options))
            changed.append(query("cut_over", "reset_options", table=table, column=live, options=options))
        changed += _options(column)
    if now.comment != before.comment:
        comment = sql.SQL("NULL") if now.comment is None else literal(now.comment)
        changed.append(query("cut_over", "comment_on_column", table=table, column=live, comment=comment))
    if set(now.grants) != set(before.grants):
        # Last given first, for one privilege may stand on another.
        for grant in reversed(before.grants):
            changed.append(query("cut_over", "set_role", role=name(grant.grantor)))
            changed.append(
                query(
                    "cut_over",
                    "revoke",
                    privilege=fragment(grant.privilege),
                    column=live,
                    table=table,
                    grantee=grants.grantee(grant),
                )
            )
        if before.grants:
            changed.append(query("cut_over", "set_role", role=name(column.catalog.server.role)))
        changed += _column_grants(column)
    return changed


def _options(column: ColumnPlan) -> list[sql.Composed]:
    options = column.catalog.column.options
    if not options:
        return []
    listed = fragment(", ".join(options))
    return [query("cut_over", "set_options", table=column.table, column=name(column.live), options=listed)]


def _column_grants(column: ColumnPlan) -> list[sql.Composed]:
    given = column.catalog.column.grants
    return grants.replay(column.catalog, given, column.table, grants.of_column(column.live))
