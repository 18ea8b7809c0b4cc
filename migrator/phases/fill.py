"""fill: add the shadow column, capture writes from here on, and fill it from the store in small transactions.

On a downgrade the retired column is filled where its vectors went stale.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from psycopg import sql

from migrator import capture, rows_left, store
from migrator.database import configure, execute, fetch_row, with_short_locks
from migrator.phases.embed import by_index, embed_missing, embed_pages
from migrator.plan import ColumnPlan, Statement
from migrator.queries import Query, fragment, name, query
from migrator.report import Progress
from migrator.work import Work, block_ranges, split

NAME = "fill"
# Rows an UPDATE: a fraction of a second's work, so that a concurrent writer of one of them waits that long at most.
RANGE_ROWS = 2_000
# In online mode writers are at work, and each row goes into the old index too: so few rows that they wait as shortly
# as for a lock.
RANGE_S = 0.03
# Rows that writers move out of the range being filled are caught by the next pass; each leaves far fewer.
PASSES = 20
# Up to so many rows left are found at once, and are filled without going through the table's blocks.
REST_ROWS = 5_000


def start_statements(column: ColumnPlan) -> tuple[Statement, ...]:
    """One transaction: from it on no write is missed."""
    if column.method == "index":
        return ()
    ddl: list[Query] = []
    if not column.is_restore:
        ddl.append(query("fill", "add_shadow", table=column.table, shadow=name(column.shadow), type=column.type_sql))
        ddl.append(
            query(
                "fill",
                "set_storage",
                table=column.table,
                shadow=name(column.shadow),
                storage=fragment(storage(column)),
            )
        )
    ddl.append(capture.while_filling(column))
    if not column.is_restore:
        ddl.extend(capture.create_trigger(column))
        if column.drops_index_early:
            schema = column.catalog.table.schema
            ddl.extend(
                query("fill", "drop_index", index=name(schema, index.name)) for index in column.catalog.vector_indexes
            )
    return tuple(Statement(NAME, statement, "ACCESS EXCLUSIVE", "milliseconds") for statement in ddl)


def statements(column: ColumnPlan) -> tuple[Statement, ...]:
    if column.method == "index":
        return ()
    updates = [Statement(NAME, _update(column, sql.SQL("true")), "ROW EXCLUSIVE", "a range of blocks at a time")]
    if column.keeps_out_of_scope and not column.is_restore:
        updates.append(Statement(NAME, _keep(column), "ROW EXCLUSIVE", "a range of blocks at a time"))
    return (*start_statements(column), *updates)


def storage(column: ColumnPlan) -> str:
    """The live column's storage, unless both vectors would not fit in a page; then EXTERNAL until retire."""
    live = column.catalog.column
    old = (2 if live.type == "halfvec" else 4) * (live.dimensions or column.dimensions)
    if live.storage == "p" and not fits_page(column, beside=old):
        return "EXTERNAL"
    return live.storage_sql


def fits_page(column: ColumnPlan, *, beside: int = 0) -> bool:
    """Whether a row holds the new vector in its page, with so many bytes of another vector beside it."""
    width = 2 if column.type == "halfvec" else 4
    return beside + width * column.dimensions + 200 <= store.PLAIN_LIMIT_BYTES


def run(work: Work) -> dict[str, object]:
    result: dict[str, object] = {}
    for column in work.plan.columns:
        if column.method == "index":
            continue
        _start(work, column)
        result[column.subject] = {"rows": _fill(work, column, column.shadow)}
    return result


def _start(work: Work, column: ColumnPlan) -> None:
    """Adds shadow column and trigger, unless an interrupted run did."""
    if not column.is_restore:
        present = fetch_row(
            work.connection,
            query("cut_over", "has_column"),
            {"table": column.catalog.table.oid, "column": column.shadow},
        )[0]
        if present:
            return

    def start() -> None:
        for statement in start_statements(column):
            execute(work.connection, statement.query)

    with_short_locks(work.connection, start, tables=[column.catalog.table.oid], on_wait=work.waits_for_lock)


def _update(column: ColumnPlan, pending: Query, *, target: str | None = None) -> sql.Composed:
    shadow = name(target or column.shadow)
    if column.method == "derive":
        return query(
            "fill",
            "from_live",
            table=column.table,
            shadow=shadow,
            derived=column.derived(name(column.live)),
            due=column.due,
            pending=pending,
        )
    return query(
        "fill",
        "from_store",
        table=column.table,
        shadow=shadow,
        type=column.type_sql,
        store=column.store,
        due=column.due,
        pending=pending,
        text_hash=column.text_hash,
    )


def _keep(column: ColumnPlan) -> sql.Composed:
    return query(
        "fill",
        "out_of_scope",
        table=column.table,
        shadow=name(column.shadow),
        live=name(column.live),
        type=column.type_sql,
        scope=column.scope,
    )


def _fill(work: Work, column: ColumnPlan, target: str) -> int:
    """Fills until nothing is left: texts that came after embed are embedded, rows that moved are found again.

    Where writers are at work something always is; what came during the last pass is left to `fill_rest`.
    """
    wanted = rows_left.pending(work.connection, work.ledger, column)
    updates = [_update(column, wanted, target=target)]
    if column.keeps_out_of_scope and not column.is_restore and target == column.shadow:
        updates.append(_keep(column))
    filled = 0
    before = None
    for _ in range(PASSES):
        filled += _pass(work, column, target, updates)
        left = rows_left.count(work.connection, column, target, wanted)
        if left == 0 or (before is not None and left > before / 2):
            return filled
        before = left
        if column.method == "embed":
            still = sql.SQL("{} IS NULL AND {}").format(name(target), wanted)
            embed_missing(work, column, NAME, still)
    return filled


def fill_rest(work: Work, column: ColumnPlan, target: str) -> int:
    """Rows that arrived without a vector since: before cut-over in the shadow column, after it in the live one.

    Again and again, for as long as there are fewer each time.
    """
    wanted = rows_left.pending(work.connection, work.ledger, column)
    if column.method != "embed" or work.options.without_old_model:
        left = rows_left.count(work.connection, column, target, wanted)
        return _fill(work, column, target) if left else 0
    filled = 0
    before = REST_ROWS + 1
    while True:
        found = _find_rest(work, column, target, wanted)
        if len(found) > REST_ROWS:
            filled += _fill(work, column, target)
        elif not found or len(found) >= before:
            return filled
        else:
            before = len(found)
            missing = {text_hash: text for _, text_hash, text, stored in found if not stored}
            if missing:
                embed_pages(work, column, NAME, iter([missing]), len(missing))
            filled += _fill_rows(work, column, target, wanted, [row for row, *_ in found])


def _find_rest(work: Work, column: ColumnPlan, target: str, wanted: Query) -> list[tuple[str, bytes, str, bool]]:
    """Of the rows left: ctid, text's hash, text, and whether the store holds its vector. One more than are taken."""
    statement = query(
        "fill",
        "rest",
        table=column.table,
        target=name(target),
        text=column.text,
        text_hash=column.text_hash,
        store=column.store,
        due=column.due,
        pending=wanted,
    )
    found: list[tuple[str, bytes, str, bool]] = execute(work.connection, statement, {"limit": REST_ROWS + 1}).fetchall()
    return found


def _fill_rows(work: Work, column: ColumnPlan, target: str, wanted: Query, rows: list[str]) -> int:
    """Fills the rows at those places; one that a writer moved meanwhile is found again."""
    here = sql.SQL("{table}.ctid = ANY (%(rows)s::tid[]) AND {wanted}").format(table=column.table, wanted=wanted)
    update = _update(column, here, target=target)
    pace = _Pace(column)
    filled = 0
    while rows:
        some, rows = rows[: pace.rows], rows[pace.rows :]
        filled += _in_short(work, column, [update], {"first": "(0,0)", "last": "(4294967295,0)", "rows": some}, pace)
    return filled


def _pass(work: Work, column: ColumnPlan, target: str, updates: list[sql.Composed]) -> int:
    pace = _Pace(column)
    filled = 0
    for bounds, done, blocks in block_ranges(work.connection, column, RANGE_ROWS):
        for part in _parts(work, column, target, bounds, pace) if column.online else [bounds]:
            here = _in_short(work, column, updates, part, pace)
            filled += here
            work.throttle.wait(here, table=column.catalog.table.oid if column.online else None)
        work.reporter.progress(NAME, column.subject, Progress(done, blocks, "blocks"))
    return filled


def _parts(
    work: Work, column: ColumnPlan, target: str, bounds: dict[str, str], pace: _Pace
) -> Iterator[dict[str, str]]:
    """The range, in so small parts that none has more to fill than the pace allows."""
    (left,) = fetch_row(
        work.connection, query("fill", "left_in_range", table=column.table, target=name(target)), bounds
    )
    return split(bounds, -(-left // pace.rows) or 1)


class _Pace:
    """How many rows an UPDATE fills."""

    def __init__(self, column: ColumnPlan) -> None:
        self._fixed = not column.online
        self.rows = RANGE_ROWS if self._fixed else 16

    def took(self, seconds: float, filled: int) -> None:
        if filled and not self._fixed:
            self.rows = max(1, min(int(RANGE_S * filled / max(seconds, 1e-4)), 2 * self.rows, RANGE_ROWS))


def _in_short(
    work: Work, column: ColumnPlan, updates: list[sql.Composed], parameters: Mapping[str, object], pace: _Pace
) -> int:
    """The updates in one transaction, with short waits for the rows that writers hold. Returns how many were filled."""
    # A crash of the server may lose the last of them, which are filled again; what comes after them is waited for.
    settings = {"synchronous_commit": "off"}
    if column.catalog.server.quiets_triggers:
        settings["session_replication_role"] = "replica"
    if not column.catalog.firing_triggers:
        # Nothing else can change the rows that this updates, so capture need not look at them.
        settings["migrator.fill"] = "on"

    def transaction() -> int:
        configure(work.connection, settings, local=True)
        by_index(work.connection)
        start = time.monotonic()
        filled = sum(execute(work.connection, update, parameters).rowcount for update in updates)
        pace.took(time.monotonic() - start, filled)
        return filled

    # A row that a writer holds is waited for without holding the others of the range.
    return with_short_locks(
        work.connection, transaction, tables=[column.catalog.table.oid], on_wait=work.waits_for_lock
    )
