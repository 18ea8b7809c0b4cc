"""index: build CONCURRENTLY on the shadow column, after dropping what an earlier try left invalid."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillBuilding
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg import sql

from migrator.catalog.indexes import TableIndex, drop_concurrently, is_valid
from migrator.dependents import index_partitions, materialized_views
from migrator.dependents.index_partitions import Attached
from migrator.errors import Interrupted
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.indexes import IndexToBuild
from migrator.plan.plan import Plan
from migrator.plan.step import Lock, Statement
from migrator.plan.tree import Relation
from migrator.postgres import locks
from migrator.postgres.connection import Connection, configure, connect, execute
from migrator.postgres.sql import Query, name, query
from migrator.report import Progress
from migrator.runtime.context import Work
from migrator.runtime.step import ColumnStep, Condition, Result, Sent, Step, Unlisted, concurrently, one_by_one, sending

NAME = "index"
POLL_SECONDS = 0.5
# A graph node beside its vector: links of the bottom layer, and headers (pgvector's hnsw.h, rounded up).
BYTES_A_LINK = 24


class Built(Result):
    indexes: list[str]

    @property
    def summary(self) -> str:
        return ", ".join(self.indexes)


def steps(plan: Plan) -> list[Step]:
    found: list[Step] = []
    for column in plan.columns:
        found.append(Unlisted(column, lambda work, column: tree.refuse_other(work.connection, column)))
        found += _drops_of_script(column)
        found += [_BuildEverywhere(column, index) for index in column.indexes]
        if column.method == "index":
            found += [_drop_replaced(column, index) for index in column.dropped_indexes]
        else:
            found += [_IndexRowsLeft(column), Sent(column, _analyze, one_by_one)]
    return [*found, materialized_views.Build(plan.columns)]


def run(work: Work) -> dict[str, Built]:
    for _ in sending(work, steps(work.plan)):
        pass
    return {
        column.subject: Built([tree.shown(column, index) for index in column.indexes]) for column in work.plan.columns
    }


def _drops_of_script(column: ColumnPlan) -> list[Step]:
    """On a downgrade: of the indexes that sql/manual_rollback.sql builds, by what it calls them."""
    places = [tree.place(column, index) for index in column.indexes] if column.fills_retired else []
    return [
        _drop_of_script(column, place.schema, f"migrator_rollback_{column.restores}_{number}")
        for number, place in enumerate(places, 1)
        if place is not None
    ]


def _drop_of_script(column: ColumnPlan, schema: str, index: str) -> Step:
    broken_off = Condition(
        "sql/manual_rollback.sql was broken off", lambda work: is_valid(work.connection, schema, index) is not None
    )
    dropping = _weak(column, drop_concurrently(schema, index), "milliseconds")
    return Sent(column, lambda _: [dropping], concurrently, broken_off)


def _weak(column: ColumnPlan, statement: Query, lasts: str, *, only_if: str = "") -> Statement:
    lasts = f"{lasts}; reads and writes go on"
    return column.statement(statement, Lock.SHARE_UPDATE_EXCLUSIVE, lasts, only_if=only_if)


def _dropped_if_invalid(column: ColumnPlan, table: Relation, index: str) -> Statement:
    """What `drop_if_invalid` sends."""
    only_if = "an earlier try left it invalid"
    return _weak(column, drop_concurrently(table.schema, index), "milliseconds", only_if=only_if)


def _analyze(column: ColumnPlan) -> list[Statement]:
    # Partitions are analyzed with their table, child tables are not.
    children = [each.sql for each in column.catalog.partitions if column.has_children]
    statement = query("store", "analyze", table=sql.SQL(", ").join([column.table, *children]))
    return [_weak(column, statement, "a sample of the rows is read")]


def _drop_replaced(column: ColumnPlan, index: TableIndex) -> Step:
    """Where only the index changes, old and new are on one column, and only one of them can be proved at a time."""

    def dropping(column: ColumnPlan) -> list[Statement]:
        place = tree.place(column, index)
        if place is None:
            return []
        statement = index_partitions.drop_index(place, index.name)
        if place.is_leaf:
            return [_weak(column, statement, "milliseconds")]
        return [column.statement(statement, Lock.ACCESS_EXCLUSIVE, "milliseconds")]

    place = tree.place(column, index)
    return Sent(column, dropping, concurrently if place is None or place.is_leaf else Work.send_together)


class _IndexRowsLeft(ColumnStep):
    """The rows without a vector, in each table or partition that holds rows."""

    def made(self, column: ColumnPlan) -> list[Statement]:
        sent = []
        for leaf in tree.leaves(tree.planned(column)):
            sent.append(_dropped_if_invalid(column, leaf, index_partitions.left_index(column, leaf)))
            sent.append(_weak(column, self._create(leaf), "two scans"))
        return sent

    def send(self, work: Work) -> None:
        for leaf in tree.leaves(tree.now(work.connection, self.column)):
            called = index_partitions.left_index(self.column, leaf)
            if not index_partitions.drop_if_invalid(work.connection, leaf.schema, called):
                _build_watched(work, self.column, self._create(leaf))

    def _create(self, leaf: Relation) -> sql.Composed:
        index = name(index_partitions.left_index(self.column, leaf))
        return query("cut_over", "left_index", index=index, table=leaf.sql, shadow=name(self.column.shadow))


def create(column: ColumnPlan, index: IndexToBuild, table: Relation) -> sql.Composed:
    """On a partitioned table its own alone, without those of its partitions."""
    target = column.live if column.method == "index" else column.shadow
    named = "create" if table.is_leaf else "create_only"
    made, extension = index_partitions.on(column, index, table), column.catalog.server.extension_schema
    return made.create(table.sql, target, extension, named=named)


@dataclass(frozen=True, eq=False)
class _BuildEverywhere(ColumnStep):
    """On its table, or on each partition below that, of which the indexes on the tables above are put together.

    From then on PostgreSQL makes it on new partitions by itself; those that came before are found by looking again.
    """

    index: IndexToBuild

    def made(self, column: ColumnPlan) -> list[Statement]:
        index, sent = self.index, []
        # After an upgrade online the old indexes are still on the retired column.
        only_if = "somebody dropped the one that was kept" if column.keeps(index) else ""
        tables = tree.with_parts(column, index, tree.planned(column))
        for leaf in tree.leaves(tables):
            sent.append(_dropped_if_invalid(column, leaf, index_partitions.on(column, index, leaf).temporary))
            sent.append(_weak(column, create(column, index, leaf), "the whole build", only_if=only_if))
        for made, each in _assembly(column, index, tables, {}):
            lock = Lock.SHARE if made else Lock.ACCESS_EXCLUSIVE
            sent.append(column.statement(each, lock, "milliseconds", only_if=only_if))
        return sent

    def send(self, work: Work) -> None:
        column, index = self.column, self.index
        while True:
            relations = tree.with_parts_now(work.connection, column, index)
            parts = _parts(work, index, relations)
            if not relations or (relations[1:] and all(each.oid in parts for each in relations[1:])):
                return
            for leaf in tree.leaves(relations):
                if leaf.oid not in parts and not index_partitions.drop_if_invalid(
                    work.connection, leaf.schema, index_partitions.on(column, index, leaf).temporary
                ):
                    _build(work, column, index, leaf)
            for made, statement in _assembly(column, index, relations, parts):
                if made is None or is_valid(work.connection, *made) is None:
                    work.send_together(column, statement)
            if len(relations) == 1:
                return


def _parts(work: Work, index: IndexToBuild, relations: list[Relation]) -> dict[int, Attached]:
    """Those that are put together already, by the oid of their partition. relations: that the index is to be on."""
    if not relations or relations[0].is_leaf:
        return {}
    found = index_partitions.attached(work.connection, relations[0].schema, index.temporary)
    return {each.table: each for each in found}


def _assembly(
    column: ColumnPlan, index: IndexToBuild, relations: list[Relation], parts: Mapping[int, Attached]
) -> Iterator[tuple[tuple[str, str] | None, sql.Composed]]:
    return index_partitions.assembly(
        relations, parts, partial(index_partitions.on, column, index), partial(create, column, index)
    )


def memory_for(column: ColumnPlan, index: IndexToBuild, rows: int) -> int:
    """maintenance_work_mem for the build, in bytes: what the graph needs, at most a quarter of the memory here.

    Only a server on this machine is given more than its own setting, for another's memory is not known.
    """
    server = column.catalog.server
    width = column.index_width(index)
    links = 3 * int(index.parameters.get("m", "16")) * BYTES_A_LINK if index.method == "hnsw" else 0
    needed = int(1.3 * rows * (width + links)) + 64 * 1024 * 1024
    if not server.unix_socket:
        return server.maintenance_work_mem
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4
    return max(server.maintenance_work_mem, min(needed, here))


def _build(work: Work, column: ColumnPlan, index: IndexToBuild, leaf: Relation) -> None:
    """Builds with progress; once more without workers where the server has no shared memory for them."""
    statement, memory = create(column, index, leaf), memory_for(column, index, leaf.rows)
    configure(work.connection, {"maintenance_work_mem": f"{memory // 1024}kB"})
    try:
        _build_watched(work, column, statement)
    except psycopg.errors.DiskFull as error:
        if "shared memory" not in str(error):
            raise
        work.reporter.message(f"{column.subject}: no shared memory for a parallel build, so it is built by one process")
        configure(work.connection, {"max_parallel_maintenance_workers": "0"})
        index_partitions.drop_if_invalid(
            work.connection, leaf.schema, index_partitions.on(column, index, leaf).temporary
        )
        _build_watched(work, column, statement)


def _build_watched(work: Work, column: ColumnPlan, statement: Query) -> None:
    """The build runs in a thread of its own; where it lasts, a second connection asks how far it is, and who waits."""
    pid = work.connection.info.backend_pid
    watcher: Connection | None = None
    with ExitStack() as opened, ThreadPoolExecutor(max_workers=1) as pool:
        building = pool.submit(locks.concurrently, work.connection, statement)
        try:
            while True:
                try:
                    return building.result(timeout=POLL_SECONDS)
                except StillBuilding:
                    # That it cannot be asked is no reason to end the build.
                    with suppress(psycopg.OperationalError):
                        watcher = watcher or opened.enter_context(connect(work.address))
                        _report(work, column, watcher, pid)
                        # The build waits for writers, who may wait for migrator.
                        work.other_tables.let_writer_by(watcher)
                    # What is built so far is lost either way, and a build may take hours.
                    work.options.stop.check()
        except (KeyboardInterrupt, Interrupted):
            work.connection.cancel_safe()
            raise


def _report(work: Work, column: ColumnPlan, watcher: Connection, pid: int) -> None:
    row = execute(watcher, query("index", "progress"), {"pid": pid}).fetchone()
    if row is None:
        return
    stage, blocks_done, blocks_total, tuples_done, tuples_total = row
    if tuples_total:
        progress = Progress(tuples_done, tuples_total, "rows", stage)
    else:
        progress = Progress(blocks_done, blocks_total or None, "blocks", stage)
    work.reporter.progress(NAME, column.subject, progress)
