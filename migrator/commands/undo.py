"""Clean-up of an upgrade or downgrade that ends before cut-over: everything but the store is undone."""

from __future__ import annotations

from functools import partial

from psycopg import sql

from migrator import hazards
from migrator.catalog.indexes import TableIndex, drop_concurrently, is_valid
from migrator.dependents import index_partitions, materialized_views, partition_columns
from migrator.ledger.ledger import Ledger, Run
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.tree import Relation
from migrator.postgres.connection import Connection, configure, execute
from migrator.postgres.locks import concurrently, send_together
from migrator.postgres.sql import name, plain, query, readable
from migrator.report import Reporter
from migrator.rows import backup_table, capture


def undo(connection: Connection, ledger: Ledger, run: Run, plan: Plan, reporter: Reporter) -> None:
    """Leaves tables, indexes and privileges as they were found; may be interrupted and run again.

    Of a table that is not found nothing is left but what stands beside it; if a restored database has it under another
    name, a person runs there what `by_hand` gives. Raises Refused where one was renamed.
    """
    # Should this be killed half way, the same command begins again with what is undone here.
    ledger.forget_phases(run)
    for column in plan.columns:
        present = tree.table_now(connection, column)
        if present is None:
            for statement in (*capture.drop_function(column), backup_table.drop(column)):
                execute(connection, statement)
            continue
        if present != plain(column.catalog.table.sql):
            raise hazards.runs.table_renamed_meanwhile(column.subject, present).refusal()
        reporter.message(f"{column.subject}: putting everything back")
        there = tree.without_dropped(connection, column)
        dropped = [*_drop(connection, plan, there), *_drop_apart(connection, column)]
        send_together(connection, dropped, table=column.catalog.table.oid, on_wait=reporter.message)
        _rebuild(connection, column, reporter)
        _drop_indexes(connection, column, reporter)
        execute(connection, backup_table.drop(column))
    with connection.transaction():
        for column in plan.columns:
            ledger.set_state(column.id, "undone")
        ledger.finish(run, "undone")


def by_hand(column: ColumnPlan) -> list[str]:
    """The statements that undo it where its table, or what became of it, was not found."""
    dropped = (
        []
        if column.method == "index" or column.fills_retired
        else [
            *capture.drop(column),
            *partition_columns.drop(column, column.shadow, ()),
        ]
    )
    again = [_again(column, index, each) for index in column.dropped_indexes for each in tree.planned(column)[:1]]
    return [readable(each) for each in (*dropped, *again, backup_table.drop(column))]


def _drop(connection: Connection, plan: Plan, column: ColumnPlan) -> list[sql.Composed]:
    if column.method == "index":
        return []
    twins = materialized_views.abandoned(plan, column)
    if column.fills_retired:
        kept = capture.until_retire(column.upgrade)
        return [*twins, kept, *(capture.watch_in_part(column) if column.capture_was_off else ())]
    own = tree.own_column(connection, column, column.shadow)
    return [*twins, *capture.drop(column), *partition_columns.drop(column, column.shadow, own)]


def _drop_apart(connection: Connection, column: ColumnPlan) -> list[sql.Composed]:
    """The shadow column of partitions that others detached, whose trigger went with that."""
    return [
        query("cut_over", "drop_column", table=each.sql, column=name(column.shadow))
        for each in (tree.detached(connection, column) if column.adds_shadow else ())
        if each.kind != "f"
    ]


def _drop_indexes(connection: Connection, column: ColumnPlan, reporter: Reporter) -> None:
    """What was built for the new column, unless it went with it."""
    # The old indexes that a downgrade finds on the retired column stay there.
    built = [index for index in column.indexes if not column.keeps(index)]
    relations = list({each.oid: each for each in tree.planned(column) + tree.now(connection, column)}.values())
    for index in built:
        tables = tree.with_parts(column, index, relations)
        if tables and not tables[0].is_leaf:
            whole = index_partitions.drop_index(tables[0], index.temporary)
            send_together(connection, [whole], table=column.catalog.table.oid, on_wait=reporter.message)
        for leaf in tree.leaves(tables):
            concurrently(connection, drop_concurrently(leaf.schema, index_partitions.on(column, index, leaf).temporary))
    for leaf in tree.leaves(relations):
        concurrently(connection, drop_concurrently(leaf.schema, index_partitions.left_index(column, leaf)))


def _rebuild(connection: Connection, column: ColumnPlan, reporter: Reporter) -> None:
    """The old indexes that were dropped on the way, as they were."""
    catalog = column.catalog
    if not column.dropped_indexes:
        return
    if not tree.has_column(connection, column, column.live):
        lost = ", ".join(index.name for index in column.dropped_indexes)
        reporter.message(f"{column.subject} was dropped or renamed by others, so it has no index any more: {lost}")
        return
    configure(connection, {"maintenance_work_mem": f"{catalog.server.maintenance_work_mem // 1024}kB"})
    relations, detached = tree.now(connection, column), tree.detached(connection, column)
    for index in column.dropped_indexes:
        wherever = tree.with_parts(column, index, [*relations, *detached])
        tables = tree.with_parts(column, index, relations) or wherever
        if tables and (tables[0].is_leaf or not is_valid(connection, tables[0].schema, index.name)):
            for leaf in tree.leaves(wherever):
                _rebuild_on(connection, column, index, leaf, reporter)
        _assemble(connection, column, index, tables, reporter)


def _rebuild_on(
    connection: Connection, column: ColumnPlan, index: TableIndex, leaf: Relation, reporter: Reporter
) -> None:
    again = index_partitions.former(column, index, leaf)
    if not index_partitions.drop_if_invalid(connection, leaf.schema, again.name):
        concurrently(connection, _again(column, index, leaf))
    marks = again.marks(leaf.sql, leaf.schema)
    send_together(connection, marks, table=leaf.oid, on_wait=reporter.message)


def _again(column: ColumnPlan, index: TableIndex, table: Relation) -> sql.Composed:
    former, named = index_partitions.former(column, index, table), "create" if table.is_leaf else "create_only"
    return former.create(table.sql, column.live, column.catalog.server.extension_schema, named=named)


def _assemble(
    connection: Connection, column: ColumnPlan, index: TableIndex, tables: list[Relation], reporter: Reporter
) -> None:
    """On a partitioned table: the old index on it and on those below it, which those of the partitions are parts of."""
    if not tables or tables[0].is_leaf:
        return
    parts = {each.table: each for each in index_partitions.attached(connection, tables[0].schema, index.name)}
    former, again = partial(index_partitions.former, column, index), partial(_again, column, index)
    for made, statement in index_partitions.assembly(tables, parts, former, again):
        if made is None or is_valid(connection, *made) is None:
            send_together(connection, [statement], table=tables[0].oid, on_wait=reporter.message)
    for each in tables:
        if not each.is_leaf:
            marks = former(each).marks(each.sql, each.schema)
            send_together(connection, marks, table=each.oid, on_wait=reporter.message)
