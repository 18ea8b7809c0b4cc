"""index: build CONCURRENTLY on the shadow column, after dropping what an earlier try left invalid."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillBuilding
from contextlib import suppress

import psycopg
from psycopg import sql

from migrator import materialised
from migrator.catalog.indexes import IndexToBuild
from migrator.database import Connection, concurrently, configure, connect, execute
from migrator.errors import Interrupted
from migrator.plan import ColumnPlan, Plan, Statement
from migrator.queries import Query, name, query
from migrator.report import Progress
from migrator.work import Work

NAME = "index"
POLL_SECONDS = 0.5
# A graph node beside its vector: links of the bottom layer, and headers (pgvector's hnsw.h, rounded up).
BYTES_A_LINK = 24


def statements(plan: Plan) -> list[Statement]:
    return [
        *(statement for column in plan.columns for statement in _statements(column)),
        *materialised.building(NAME, plan),
    ]


def _statements(column: ColumnPlan) -> list[Statement]:
    broken_off = "sql/manual_rollback.sql was broken off"
    building = [_weak(column, _drop(column, index), "milliseconds", only_if=broken_off) for index in _of_script(column)]
    for index in column.indexes:
        # After an upgrade online the old indexes are still on the retired column.
        only_if = "somebody dropped the one that was kept" if column.keeps(index) else ""
        building.append(_dropped_if_invalid(column, index.temporary))
        building.append(_weak(column, create(column, index), "the whole build", only_if=only_if))
    if column.method == "index":
        return building + [_weak(column, each, "milliseconds") for each in _drop_replaced(column)]
    return [
        *building,
        _dropped_if_invalid(column, column.left_index),
        _weak(column, _left_index(column), "two scans"),
        _weak(column, _analyze(column), "a sample of the rows is read"),
    ]


def _of_script(column: ColumnPlan) -> list[str]:
    """On a downgrade: what sql/manual_rollback.sql calls the indexes that it builds."""
    if not column.fills_retired:
        return []
    return [f"migrator_rollback_{column.restores}_{number}" for number, _ in enumerate(column.indexes, 1)]


def _weak(column: ColumnPlan, statement: Query, lasts: str, *, only_if: str = "") -> Statement:
    lasts = f"{lasts}; reads and writes go on"
    return column.statement(NAME, statement, "SHARE UPDATE EXCLUSIVE", lasts, only_if=only_if)


def _dropped_if_invalid(column: ColumnPlan, index: str) -> Statement:
    return _weak(column, _drop(column, index), "milliseconds", only_if="an earlier try left it invalid")


def _drop(column: ColumnPlan, index: str) -> sql.Composed:
    return query("index", "drop_concurrently", index=name(column.catalog.table.schema, index))


def _left_index(column: ColumnPlan) -> sql.Composed:
    pieces = {"index": name(column.left_index), "table": column.table, "shadow": name(column.shadow)}
    return query("cut_over", "left_index", **pieces)


def _analyze(column: ColumnPlan) -> sql.Composed:
    return query("store", "analyze", table=column.table)


def _drop_replaced(column: ColumnPlan) -> list[sql.Composed]:
    """Where only the index changes, old and new are on one column, and only one of them can be proved at a time."""
    return [_drop(column, index.name) for index in column.dropped_indexes]


def create(column: ColumnPlan, index: IndexToBuild) -> sql.Composed:
    target = column.live if column.method == "index" else column.shadow
    return index.create(column.table, target, column.catalog.server.extension_schema)


def run(work: Work) -> dict[str, object]:
    result: dict[str, object] = {}
    for column in work.plan.columns:
        for script in _of_script(column):
            concurrently(work.connection, _drop(column, script))
        for index in column.indexes:
            if not _is_there(work, column, index.temporary):
                _build(work, column, create(column, index), memory_for(column, index))
        result[column.subject] = {"indexes": [index.name for index in column.indexes]}
        for statement in _drop_replaced(column) if column.method == "index" else ():
            concurrently(work.connection, statement)
        if column.method != "index":
            if not _is_there(work, column, column.left_index):
                concurrently(work.connection, _left_index(column))
            execute(work.connection, _analyze(column))
    materialised.build(work)
    return result


def _is_there(work: Work, column: ColumnPlan, index: str) -> bool:
    """Whether a valid index of that name is there; an invalid one is dropped first."""
    schema = column.catalog.table.schema
    row = execute(work.connection, query("index", "state"), {"schema": schema, "index": index}).fetchone()
    if row is not None and not row[0]:
        concurrently(work.connection, _drop(column, index))
    return row is not None and bool(row[0])


def memory_for(column: ColumnPlan, index: IndexToBuild) -> int:
    """maintenance_work_mem for the build, in bytes: what the graph needs, at most a quarter of the memory here.

    Only a server on this machine is given more than its own setting, for another's memory is not known.
    """
    server = column.catalog.server
    width = column.index_width(index)
    links = 3 * int(index.parameters.get("m", "16")) * BYTES_A_LINK if index.method == "hnsw" else 0
    needed = int(1.3 * column.catalog.table.rows * (width + links)) + 64 * 1024 * 1024
    if not server.unix_socket:
        return server.maintenance_work_mem
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4
    return max(server.maintenance_work_mem, min(needed, here))


def _build(work: Work, column: ColumnPlan, statement: Query, memory: int) -> None:
    """Builds with progress; once more without workers where the server has no shared memory for them."""
    configure(work.connection, {"maintenance_work_mem": f"{memory // 1024}kB"})
    try:
        _build_watched(work, column, statement)
    except psycopg.errors.DiskFull as error:
        if "shared memory" not in str(error):
            raise
        work.reporter.message(f"{column.subject}: no shared memory for a parallel build, so it is built by one process")
        configure(work.connection, {"max_parallel_maintenance_workers": "0"})
        for index in column.indexes:
            _is_there(work, column, index.temporary)
        _build_watched(work, column, statement)


def _build_watched(work: Work, column: ColumnPlan, statement: Query) -> None:
    """The build runs in a thread of its own; meanwhile a second connection asks how far it is."""
    pid = work.connection.info.backend_pid
    with connect(work.address) as watcher, ThreadPoolExecutor(max_workers=1) as pool:
        building = pool.submit(concurrently, work.connection, statement)
        try:
            while True:
                try:
                    return building.result(timeout=POLL_SECONDS)
                except StillBuilding:
                    # That it cannot be asked is no reason to end the build.
                    with suppress(psycopg.OperationalError):
                        _report(work, column, watcher, pid)
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
