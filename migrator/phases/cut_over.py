"""cut-over: swap of names, dependents carried over, ledger: one transaction, short lock waits, retries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec
from psycopg import Cursor, sql
from psycopg.rows import TupleRow

from migrator.catalog import read_catalog
from migrator.catalog.columns import TREE
from migrator.dependents import attributes, index_partitions, materialized_views, partition_columns, recreate, views
from migrator.dependents.index_partitions import Parts
from migrator.errors import GO_ON, Interrupted, MigratorError
from migrator.ledger.ledger import LIVE
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.step import Lock, Statement
from migrator.postgres.connection import configure, execute, fetch_row, search_path
from migrator.postgres.locks import with_short_locks
from migrator.postgres.sql import Query, name, query
from migrator.preflight import text_functions
from migrator.report import counted
from migrator.rows import capture, remaining, unseen_writes
from migrator.rows.fill import FillRest, lock_again
from migrator.rows.unseen_writes import CompareUnseen
from migrator.rows.writers import outwait_writers
from migrator.runtime.context import Work
from migrator.runtime.step import ColumnStep, Result, Step, sending
from migrator.runtime.text_locks import LetGo

NAME = "cut-over"
# Fills before the lock, and tries at the lock; each has less to do than the one before, unless writers are faster.
TRIES = 5
# Between two looks for the file that allows the cut-over.
HOLD_S = 1.0


class Swapped(Result):
    writes_left: int = msgspec.field(name="writes left")

    @property
    def summary(self) -> str:
        return counted(self.writes_left, "writes to settle")


def steps(plan: Plan) -> list[Step]:
    """The rest of fill; then one transaction."""
    return [*_steps_before(plan), _Swap(plan.columns)]


def _steps_before(plan: Plan) -> list[Step]:
    filled = [column for column in plan.columns if column.method != "index"]
    return [*map(CompareUnseen, filled), *map(_FillMissed, filled)]


def _lock(columns: Sequence[ColumnPlan]) -> list[Query]:
    """Views go first: whoever reads through them waits there. Then other tables whose policies read a column."""
    tables = {column.table.as_string(None): column.table for column in columns}
    others = [table for table in recreate.other_tables(columns) if table.as_string(None) not in tables]
    gone = [*materialized_views.dropped(columns), *views.dropped(columns)]
    return [*gone, *(query("cut_over", "lock", table=table) for table in [*others, *tables.values()])]


def _made_again(columns: Sequence[ColumnPlan]) -> list[Query]:
    """Functions last, for their bodies may read views."""
    return [
        *recreate.made(columns),
        *views.made(columns),
        *materialized_views.renamed(columns),
        *recreate.functions(columns),
    ]


def _functions(columns: Sequence[ColumnPlan]) -> list[Query]:
    """Those with a text for a body."""
    swapped = [column for column in columns if column.method != "index"]
    return [*recreate.compiled_anew(swapped), *recreate.changed_functions(columns)]


def _swap(column: ColumnPlan, parts: Parts) -> list[sql.Composed]:
    return _name_indexes(column, parts) if column.method == "index" else _swap_columns(column, parts)


def _swap_columns(column: ColumnPlan, parts: Parts) -> list[sql.Composed]:
    table, live = column.table, name(column.live)
    swap = [
        query("cut_over", "rename_column", table=table, old=live, new=name(column.retired)),
        query("cut_over", "rename_column", table=table, old=name(column.shadow), new=live),
    ]
    if column.is_restore:
        swap += attributes.changed_since(column)
        swap += partition_columns.drop(column, column.retired, partition_columns.own(column))
        swap += capture.drop(column)
        if column.adds_shadow:
            swap += attributes.carried_over(column)
        return [*swap, *_name_indexes(column, parts)]
    if column.catalog.column.not_null:
        swap.append(query("cut_over", "drop_not_null", table=table, column=name(column.retired)))
        swap += partition_columns.drop_not_nulls(column)
    return [
        *swap,
        *attributes.carried_over(column),
        *_name_indexes(column, parts),
        capture.while_settling(column),
    ]


def _name_indexes(column: ColumnPlan, parts: Parts) -> list[sql.Composed]:
    """The new indexes take the names of the old ones, with comment and CLUSTER mark. parts: those of partitions."""
    named: list[sql.Composed] = []
    if not column.is_restore:
        for old in column.upgrade.kept_indexes:
            place, number = tree.place(column, old), column.upgrade.index_numbers[old.identity]
            if place is not None:
                kept = name(column.kept_index(number))
                named.append(query("index", "rename", index=name(place.schema, old.name), new=kept))
                named += index_partitions.keep(column, old, number, parts)
                named += index_partitions.name_column(place, column.kept_index(number), column.live, column.retired)
    for index in column.indexes:
        place = tree.place(column, index)
        if place is None:
            continue
        named.append(query("index", "rename", index=name(place.schema, index.temporary), new=name(index.name)))
        named += index.marks(place.sql, place.schema)
        named += index_partitions.make_final(column, index, parts)
        if column.method != "index":
            named += index_partitions.name_column(place, index.name, column.shadow, column.live)
    return named


def run(work: Work) -> dict[str, Swapped]:
    """All columns in one transaction, with the ledger's word that they are live."""
    _hold(work)
    for _ in range(TRIES):
        lock_again(work)
        sent = sending(work, _steps_before(work.plan))
        # By change, how many writes had been missed that are filled now.
        filled = {step.column.id: missed for step, missed in sent if isinstance(step, _FillMissed)}
        try:
            return _Swap(work.plan.columns, filled).send(work)
        except LetGo:
            continue
        except _TooManyLeft as left:
            work.reporter.message(f"{left}: they are filled first")
        except _TreeChanged as changed:
            work.reporter.message(f"{changed}: it is looked at first")
    if work.other_tables.let_go:
        raise work.other_tables.always_let_go()
    raise Interrupted(
        f"{work.plan.subject}: each time more than {remaining.BOUND} rows were written without a vector meanwhile",
        meaning="cut-over did not begin; the live column is as it was.",
        remedy=f"slow the writers down for a moment, and {GO_ON}",
    )


def _hold(work: Work) -> None:
    """Waits for the file that allows the cut-over. What is written meanwhile is filled all along."""
    file = work.options.cutover_file
    if file is None:
        return
    while not file.exists():
        work.throttle.hold(f"the cut-over is held until {file.absolute()} exists", HOLD_S)
        for column in work.plan.columns:
            if column.method != "index":
                FillRest(column, column.shadow).send(work)
    work.throttle.wait(0)


class _FillMissed(ColumnStep):
    """Fills what is left, again while many writes are missed meanwhile. Returns how many had been missed before."""

    def made(self, column: ColumnPlan) -> Sequence[Statement]:
        return FillRest(column, column.shadow).statements

    def send(self, work: Work) -> int:
        column = self.column
        for _ in range(TRIES):
            missed = capture.missed(work.connection, column)
            outwait_writers(work, column, "cut-over did not begin; the live column is as it was.")
            FillRest(column, column.shadow).send(work)
            if capture.missed(work.connection, column) - missed <= remaining.BOUND:
                break
        return missed


class _TooManyLeft(Exception):
    """More rows than settle may be left with."""


class _TreeChanged(Exception):
    """Partitions, or what hangs on them, are not those that were looked at before the lock."""


@dataclass(frozen=True, eq=False)
class _Swap(Step):
    """One transaction, in which each part is sent for all columns before the next.

    filled: of each change, the writes missed whose rows were filled since.
    """

    columns: Sequence[ColumnPlan]
    filled: Mapping[int, int] = field(default_factory=dict)

    @property
    def statements(self) -> list[Statement]:
        columns, lock, lasts = self.columns, Lock.ACCESS_EXCLUSIVE, "milliseconds"
        subjects = tuple(column.subject for column in columns)
        swapped = [(column, _swap(column, index_partitions.planned(column))) for column in columns]
        return [
            *(Statement(subjects, each, Lock.NONE, lasts) for each in recreate.unbound_functions(columns)),
            *(Statement(subjects, each, lock, lasts) for each in (*_lock(columns), *recreate.dropped(columns))),
            *(column.statement(each, lock, lasts) for column, swap in swapped for each in swap),
            *(Statement(subjects, each, lock, lasts) for each in _made_again(columns)),
            *(Statement(subjects, each, Lock.NONE, lasts) for each in _functions(columns)),
        ]

    def send(self, work: Work) -> dict[str, Swapped]:
        """Raises _TooManyLeft, and Interrupted where a lock is not available."""
        tables = [column.catalog.table.oid for column in self.columns]
        swap = partial(_swap_all, work, self.columns, self.filled)
        return with_short_locks(work.connection, swap, tables=tables, on_wait=work.waits_for_lock)


def _swap_all(work: Work, planned: Sequence[ColumnPlan], filled: Mapping[int, int]) -> dict[str, Swapped]:
    for column in planned:
        tree.refuse_other(work.connection, column)
    columns = [tree.without_dropped(work.connection, column) for column in planned]
    # What takes its time is looked at while writers go on, views too, for they can be only while they are there.
    trees = [[each.oid for each in tree.now(work.connection, column)] for column in columns]
    before = [
        (_versions(work, column, tables).fetchone() or (None,))[0]
        for column, tables in zip(columns, trees, strict=True)
    ]
    parts = {column.id: index_partitions.now(work.connection, column) for column in columns}
    # Put together now, for with thousands of partitions that takes its time.
    swaps = [_swap(column, parts[column.id]) for column in columns]
    functions = _function_versions(work).fetchone()
    for column in columns:
        _refuse_changed(work, column, views_dropped=False)
    # From here on writers wait: statements are sent together, so that the way to the server counts but thrice.
    configure(work.connection, {"check_function_bodies": "off"}, local=True)
    with work.connection.pipeline():
        # A function takes no lock; what others do to one from here on fails, for this transaction wrote it last.
        functions_now = _function_versions(work)
        _send(work, recreate.unbound_functions(columns))
        _send(work, _lock(columns))
        under = [_versions(work, column, tables) for column, tables in zip(columns, trees, strict=True)]
        counts = [
            execute(work.connection, capture.counting(column)) if column.method != "index" else None
            for column in columns
        ]
    work.other_tables.refuse_unlocked()
    if functions_now.fetchone() != functions:
        raise _changed(work.plan.subject, "functions")
    for column, earlier, now in zip(columns, before, under, strict=True):
        versions, is_read = now.fetchone() or (None, True)
        if versions != earlier and column.catalog.partitions:
            raise _TreeChanged(f"{column.subject}: a table below it was made or changed meanwhile")
        if versions != earlier or (is_read and column.method != "index"):
            _refuse_changed(work, column, views_dropped=column.method != "index")
    left = {
        column.subject: Swapped(_few(column, missed, filled)) for column, missed in zip(columns, counts, strict=True)
    }
    path = columns[0].catalog.server.definition_path
    with work.connection.pipeline():
        # Nobody waits under the lock for the disk, or for a standby: the next commit, of the phase, waits for both,
        # and if a crash takes this one away it takes every later commit too.
        settings = {"search_path": search_path(path), "synchronous_commit": "off"}
        configure(work.connection, settings, local=True)
        _send(work, recreate.dropped(columns))
        for column, swapped in zip(columns, swaps, strict=True):
            _send(work, swapped)
            work.ledger.set_state(column.id, LIVE)
            if column.restores is not None:
                work.ledger.set_state(column.restores, "restored")
        _send(work, _made_again(columns))
        # Their texts mean what they mean to whoever wrote the revision.
        configure(work.connection, {"search_path": search_path(columns[0].catalog.server.search_path)}, local=True)
        _send(work, _functions(columns))
    return left


def _versions(work: Work, column: ColumnPlan, tables: list[int]) -> Cursor[TupleRow]:
    """What changes with anything that the catalog says of the table, but for views and functions.

    And whether any of these reads the column. tables: oids of the table and of its partitions.
    """
    return execute(work.connection, query("cut_over", "versions"), {"column": column.live, "tables": tables})


def _function_versions(work: Work) -> Cursor[TupleRow]:
    made_of = [each for column in work.plan.columns for each in column.findings.made_of or []]
    of_texts = [each.name for each in made_of if each.kind == "function"]
    names = {"functions": sorted({*recreate.function_names(work.plan.columns), *of_texts})}
    return execute(work.connection, query("carry", "function_versions"), names)


def _send(work: Work, statements: Sequence[Query]) -> None:
    for statement in statements:
        execute(work.connection, statement)


def _few(column: ColumnPlan, missed: Cursor[TupleRow] | None, filled: Mapping[int, int]) -> int:
    """The writes left for settle. filled: of each change, the writes missed whose rows were filled since.

    Raises _TooManyLeft.
    """
    row = missed.fetchone() if missed is not None else None
    left = int(row[0]) - filled[column.id] if row is not None else 0
    if left > remaining.BOUND:
        raise _TooManyLeft(f"{column.subject}: more than {remaining.BOUND} rows were written without a vector")
    return left


def _changed(subject: str, *differing: str) -> MigratorError:
    return MigratorError(
        f"{subject}: {' and '.join(differing)} of the table changed since this run was planned",
        meaning="what others changed meanwhile would be lost or left bound to the old column.",
        remedy="run the same command again, which plans with what is there now",
    )


def _refuse_changed(work: Work, column: ColumnPlan, *, views_dropped: bool) -> None:
    """Raises MigratorError where others changed what the plan was made for, the capture trigger among it."""
    table = column.catalog.table
    server = column.catalog.server
    found = read_catalog(work.connection, table.schema, table.name, column.live, server=server)
    present = found.signature()
    expected = column.catalog.signature()
    if views_dropped:
        expected["views"] = []
        expected["functions"] = []
    dropped = {index.identity for index in column.dropped_indexes}
    expected["indexes"] = [
        index.definition
        for index in column.catalog.own_indexes
        # Partitions are dropped by others, and what they had alone with them.
        if index.identity not in dropped and tree.place(column, index) is not None
    ]
    differing = [part for part, value in expected.items() if present[part] != value]
    differing += partition_columns.came(column.catalog, found)
    if column.method != "index":
        differing += partition_columns.changed(column.catalog, found)
    if differing:
        raise _changed(column.subject, *differing)
    if column.method == "index":
        return
    text_functions.refuse_changed(work.connection, column)
    trigger = {"table": table.oid, "trigger": column.trigger}
    if not fetch_row(work.connection, query("capture", "trigger_is_there", tree=TREE), trigger)[0]:
        raise MigratorError(
            f"the capture trigger of {column.subject} was dropped or disabled by others",
            meaning="writes may have been missed, so the shadow column cannot be trusted.",
            remedy="find out who did it, then run the same command again",
        )
    if unseen_writes.are_there(work, column):
        raise _TreeChanged(f"{column.subject}: a table was rewritten, or a partition came, meanwhile")
