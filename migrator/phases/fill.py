"""fill: add the shadow column, capture writes from here on, and fill it from the store in small transactions.

On a downgrade the retired column is filled where its vectors went stale.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from psycopg import sql

from migrator import backup_table, capture, other_tables, partition_columns, portions, rows_left, store, tree
from migrator.catalog import Column
from migrator.database import configure, execute, fetch_row, with_short_locks
from migrator.errors import MigratorError
from migrator.phases.embed import embed_missing, embedding, probe_by_index
from migrator.plan import ColumnPlan, Plan, Statement
from migrator.portions import Portion
from migrator.queries import Query, fragment, name, query
from migrator.report import counted
from migrator.tree import Relation
from migrator.work import Work, has_column

NAME = "fill"


def _start_statements(column: ColumnPlan) -> list[Statement]:
    """One transaction: from it on no write is missed."""
    if column.fills_retired and not column.capture_was_off:
        # The trigger is there since the upgrade; a function is replaced without a lock on the table.
        return [column.statement(NAME, capture.while_filling(column), "none", "instant")]
    table, shadow, schema = column.table, name(column.shadow), column.catalog.table.schema
    ddl: list[Query] = []
    if column.adds_shadow:
        ddl.append(query("fill", "add_shadow", table=table, shadow=shadow, type=column.type_sql))
        ddl.append(query("fill", "set_storage", table=table, shadow=shadow, storage=fragment(storage(column))))
        compression = (column.before or column.catalog).column.compression_sql
        if compression is not None:
            ddl.append(query("fill", "set_compression", table=table, shadow=shadow, compression=fragment(compression)))
        ddl += partition_columns.compressions(column)
    ddl.append(capture.while_filling(column))
    if column.capture_was_off:
        ddl.append(capture.drop_trigger(column))
    ddl += capture.create_trigger(column)
    ddl += [query("fill", "drop_index", index=name(schema, index.name)) for index in column.dropped_indexes]
    return [column.statement(NAME, statement, "ACCESS EXCLUSIVE", "milliseconds") for statement in ddl]


def statements(plan: Plan) -> list[Statement]:
    locked = [
        Statement(NAME, plan.subjects, each, "none", "SHARE on those until cut-over: their writers wait")
        for each in other_tables.lock_statements(plan)
    ]
    filled = [statement for column in plan.columns if column.method != "index" for statement in _statements(column)]
    return [*locked, *filled]


def _statements(column: ColumnPlan) -> list[Statement]:
    indexed = []
    if backup_table.helps(column):
        indexed.append(column.statement(NAME, backup_table.index(column), "none", "one scan of the backup"))
    cleared = _clearing(column) if column.marks_some or column.catalog.read else []
    kept_back = []
    if _may_be_kept_back(column):
        kept_back.append(column.statement(NAME, _kept_back(column), "ACCESS SHARE", "one scan"))
    return [*indexed, *_start_statements(column), *cleared, *_filling(column, column.shadow, NAME), *kept_back]


def rest(column: ColumnPlan, target: str, phase: str) -> list[Statement]:
    """What `fill_rest` sends."""
    late = "rows without a vector were written since"
    few = [
        column.statement(phase, update, "ROW EXCLUSIVE", "a few rows at a time", only_if=late)
        for leaf in tree.leaves(tree.planned(column))
        for update in _updates(column, target, "places", leaf)
    ]
    return [
        _left(column, target, phase),
        column.statement(
            phase, portions.places_left(column, target), "ACCESS SHARE", "milliseconds by the index", only_if=late
        ),
        *few,
        *_filling(column, target, phase, only_if=late),
    ]


def _left(column: ColumnPlan, target: str, phase: str) -> Statement:
    return column.statement(phase, rows_left.counting(column, target), "ACCESS SHARE", "one scan")


def _filling(column: ColumnPlan, target: str, phase: str, *, only_if: str = "") -> list[Statement]:
    """What `_fill` sends."""
    here, lasts = ("places", "a few rows at a time") if column.online else ("range", "a range of blocks at a time")
    sent = []
    for leaf in tree.leaves(tree.planned(column)):
        when = only_if or leaf.only_if
        if column.online:
            found, reads = portions.unfilled(column, target, leaf), "a range of blocks at a time"
            sent.append(column.statement(phase, found, "ACCESS SHARE", reads, only_if=when))
        sent += [
            column.statement(phase, update, "ROW EXCLUSIVE", lasts, only_if=when)
            for update in _updates(column, target, here, leaf)
        ]
    if not only_if:
        sent.append(_left(column, target, phase))
    if column.method == "embed":
        late = "rows with texts that the store lacks were written since"
        sent += embedding(column, phase, rows_left.waiting(column, target), counted_if=late, only_if=late)
    return sent


def storage(column: ColumnPlan) -> str:
    """The live column's storage, unless all vectors of a row would not fit in a page; then EXTERNAL until retire."""
    live = column.catalog.column
    wanted = (column.before or column.catalog).column
    if wanted.storage == "p" and not fits_page(column, beside=[live, *_other_vectors(column)]):
        return "EXTERNAL"
    return wanted.storage_sql


def fits_once_retired(column: ColumnPlan) -> bool:
    return fits_page(column, beside=_other_vectors(column))


def fits_page(column: ColumnPlan, *, beside: Sequence[Column]) -> bool:
    """Whether a row holds the new vector in its page, with those vectors beside it."""
    width = _width(column.type, column.dimensions)
    others = sum(_width(other.type, other.dimensions or column.dimensions) for other in beside)
    return others + width + 200 <= store.PLAIN_LIMIT_BYTES


def _width(type_: str, dimensions: int) -> int:
    return (2 if type_ == "halfvec" else 4) * dimensions


def _other_vectors(column: ColumnPlan) -> list[Column]:
    """Vectors of the table that cannot leave the page either."""
    return [
        known
        for known in column.catalog.table.columns
        if known.type in ("vector", "halfvec") and known.storage == "p" and known.name != column.live
    ]


def run(work: Work) -> dict[str, object]:
    result: dict[str, object] = {}
    for column in work.plan.columns:
        if column.method == "index":
            continue
        began = _start(work, column)
        if column.marks_some or (column.catalog.read and not began):
            _clear_stale(work, column)
        result[column.subject] = {"rows": _fill(work, column, column.shadow)}
        if _may_be_kept_back(column):
            _refuse_kept_back(work, column)
    return result


def _may_be_kept_back(column: ColumnPlan) -> bool:
    return bool(column.catalog.firing_triggers) and column.method == "embed" and not column.is_restore


def _kept_back(column: ColumnPlan) -> sql.Composed:
    pieces = {"table": column.table, "store": column.store, "text_hash": column.text_hash}
    return query("fill", "kept_back", due=column.due, waiting=rows_left.waiting(column, column.shadow), **pieces)


def _refuse_kept_back(work: Work, column: ColumnPlan) -> None:
    """Rows that have a vector in the store and do not take it. Raises MigratorError where a trigger is the reason."""
    for _ in range(2):
        (rows,) = fetch_row(work.connection, _kept_back(column))
        if not rows:
            return
        # What was written during the last pass is filled by another one.
        _fill(work, column, column.shadow)
    (rows,) = fetch_row(work.connection, _kept_back(column))
    if rows:
        table, role = column.catalog.table.name, column.catalog.server.role
        raise MigratorError(
            f"{counted(rows, 'rows')} of {column.subject} cannot be filled: a trigger undoes or skips their update",
            meaning=f"one of those that fire: {', '.join(column.catalog.firing_triggers)}. Everything before cut-over "
            "was undone; the embedding store is kept.",
            remedy=f'ALTER TABLE "{table}" DISABLE TRIGGER ... for the time of the upgrade; or let a superuser run '
            f'GRANT SET ON PARAMETER session_replication_role TO "{role}"',
        )


def _start(work: Work, column: ColumnPlan) -> bool:
    """Adds shadow column and trigger. Returns whether it did: an interrupted run may have."""
    tree.refuse_other(work.connection, column)
    if column.adds_shadow and has_column(work.connection, column, column.shadow):
        return False
    if backup_table.helps(column):
        execute(work.connection, backup_table.index(column))

    def start() -> None:
        for statement in _start_statements(column):
            execute(work.connection, statement.query)

    with_short_locks(work.connection, start, tables=[column.catalog.table.oid], on_wait=work.waits_for_lock)
    return True


def lock_other_tables(work: Work) -> None:
    """Once filled. Where they were not locked until now others may have written to them: what went stale is renewed."""
    if work.other_tables.lock():
        for column in work.plan.columns:
            if column.catalog.read:
                _clear_stale(work, column)
                _fill(work, column, column.shadow)


def _updates(column: ColumnPlan, target: str, here: str, leaf: Relation) -> list[sql.Composed]:
    """What fills the rows `here`: of a "range" of blocks, or at some "places"."""
    pieces = {"here": query("fill", here, row=column.row), "table": leaf.addressed(column)}
    updates = [_update(column, target, pieces)]
    if backup_table.helps(column) and target == column.shadow:
        updates.insert(0, _from_backup(column, pieces))
    if column.kept is not None and not column.is_restore and target == column.shadow:
        updates.append(_keep(column, pieces, column.kept))
    return updates


def _clear_stale(work: Work, column: ColumnPlan) -> None:
    """Vectors that may be of another text than their row has: capture did not see that it changed."""
    in_backup = column.fills_retired and store.has_table(work.connection, column.upgrade_backup_name)
    if in_backup and column.upgraded_by == "embed":
        execute(work.connection, backup_table.index_by_text(column))
    clear = partial(_clear, column, in_backup=in_backup)
    _pass(work, column, lambda leaf: [clear(leaf)], portions.in_ranges(work.connection, column))


def _clearing(column: ColumnPlan) -> list[Statement]:
    """What `_clear_stale` sends where the backup is there."""
    lasts, again = "a range of blocks at a time", "" if column.marks_some else "an interrupted run goes on"
    sent = [
        column.statement(
            NAME,
            _clear(column, leaf, in_backup=column.fills_retired),
            "ROW EXCLUSIVE",
            lasts,
            only_if=again or leaf.only_if,
        )
        for leaf in tree.leaves(tree.planned(column))
    ]
    if column.fills_retired and column.upgraded_by == "embed":
        sent.insert(0, column.statement(NAME, backup_table.index_by_text(column), "none", "one scan of the backup"))
    return sent


def _clear(column: ColumnPlan, leaf: Relation, *, in_backup: bool) -> sql.Composed:
    stale = rows_left.stale(column, in_backup=in_backup)
    here = query("fill", "range", row=column.row)
    return query("fill", "clear", table=leaf.addressed(column), shadow=name(column.shadow), stale=stale, here=here)


def _update(column: ColumnPlan, target: str, pieces: dict[str, Query]) -> sql.Composed:
    shadow, pending = name(target), rows_left.pending(column)
    if column.method == "derive":
        return query(
            "fill",
            "from_live",
            shadow=shadow,
            derived=column.derived(name(column.live)),
            due=column.due,
            pending=pending,
            **pieces,
        )
    return query(
        "fill",
        "from_store",
        row=column.row,
        shadow=shadow,
        type=column.type_sql,
        store=column.store,
        due=column.due,
        pending=pending,
        text_hash=column.text_hash,
        **pieces,
    )


def _from_backup(column: ColumnPlan, pieces: dict[str, Query]) -> sql.Composed:
    return query(
        "fill",
        "from_backup",
        row=column.row,
        shadow=name(column.shadow),
        backup=column.upgrade_backup,
        same_row=backup_table.same_row(column),
        **pieces,
    )


def _keep(column: ColumnPlan, pieces: dict[str, Query], kept: Query) -> sql.Composed:
    return query(
        "fill",
        "keep",
        shadow=name(column.shadow),
        live=name(column.live),
        type=column.type_sql,
        kept=kept,
        **pieces,
    )


def _fill(work: Work, column: ColumnPlan, target: str, *, left: int | None = None) -> int:
    """Fills until nothing is left: texts that came after embed are embedded, rows that moved are found again.

    left: how many rows are, once an index finds them. Where writers are faster than a pass, what came during the last
    one is left to the phases that follow.
    """
    indexed, filled, before = left is not None, 0, sys.maxsize
    while True:
        if indexed and left is not None and left <= portions.FOUND_BY_INDEX:
            here, parts = "places", portions.by_index(work.connection, column, target)
        elif column.online:
            here, parts = "places", portions.in_places(work.connection, column, target)
        else:
            here, parts = "range", portions.in_ranges(work.connection, column)
        filled += _pass(work, column, partial(_updates, column, target, here), parts)
        left = rows_left.count(work.connection, column, target)
        if left == 0 or left >= before:
            return filled
        before = left
        if column.method == "embed":
            few = indexed and left <= portions.FOUND_BY_INDEX
            embed_missing(work, column, NAME, rows_left.waiting(column, target), few=few)


def fill_rest(work: Work, column: ColumnPlan, target: str) -> int:
    """Rows that arrived without a vector since: before cut-over in the shadow column, after it in the live one."""
    left = rows_left.count(work.connection, column, target)
    return _fill(work, column, target, left=left) if left else 0


def _pass(
    work: Work,
    column: ColumnPlan,
    updates_of: Callable[[Relation], list[sql.Composed]],
    parts: Iterable[Portion],
) -> int:
    """Sends the updates for one portion of the rows after the other. Returns how many were filled.

    updates_of: those of a table or partition.
    """
    # A crash of the server may lose the last of them, which are filled again; the commits after them wait for the disk.
    settings = {"synchronous_commit": "off"}
    if column.catalog.server.quiets_triggers:
        settings["session_replication_role"] = "replica"
    if not column.catalog.firing_triggers:
        # Nothing else can change the rows that this updates, so capture need not look at them.
        settings["migrator.fill"] = "on"

    def one_portion(portion: Portion, updates: list[sql.Composed]) -> int:
        # Of the try that succeeds: waiting for a lock holds none.
        start = time.monotonic()
        configure(work.connection, settings, local=True)
        probe_by_index(work.connection)
        here = sum(execute(work.connection, update, portion.parameters).rowcount for update in updates)
        portion.step.took(time.monotonic() - start)
        return here

    filled = 0
    at, updates = None, []
    for portion in parts:
        if portion.table != at:
            at, updates = portion.table, updates_of(portion.table)
        table = portion.table.oid
        # A row that a writer holds is waited for without holding the others of the portion. Triggers that fire may
        # write to what the text reads.
        tables = [table, *(each.oid for each in column.catalog.read)]
        here = with_short_locks(
            work.connection, partial(one_portion, portion, updates), tables=tables, on_wait=work.waits_for_lock
        )
        filled += here
        work.reporter.progress(NAME, column.subject, portion.progress)
        work.throttle.wait(here, table=table if column.online else None)
    return filled
