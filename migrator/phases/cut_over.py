"""cut-over: swap of names, dependents carried over, ledger: one transaction, short lock waits, retries."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from psycopg import Cursor, sql
from psycopg.rows import TupleRow

from migrator import capture, index_parts, partition_columns, rows_left, tree
from migrator.catalog import Catalog, read_catalog
from migrator.catalog.columns import TREE, Grant
from migrator.catalog.dependents import View
from migrator.database import (
    LOCK_PATIENCE_S,
    configure,
    describe_blockers,
    execute,
    fetch_row,
    search_path,
    with_short_locks,
)
from migrator.errors import GO_ON, Interrupted, MigratorError
from migrator.index_parts import Parts
from migrator.ledger import LIVE, Ledger, Run
from migrator.phases import fill
from migrator.plan import ColumnPlan, Plan, Statement
from migrator.queries import Query, fragment, literal, name, names, query, text_of
from migrator.work import Work

NAME = "cut-over"
# Fills before the lock, and tries at the lock; each has less to do than the one before, unless writers are faster.
TRIES = 5
# Between two looks for the file that allows the cut-over.
HOLD_S = 1.0


def statements(plan: Plan) -> list[Statement]:
    """The rest of fill; then, in one transaction, each part for all columns before the next."""
    lock, lasts = "ACCESS EXCLUSIVE", "milliseconds"
    filled = [column for column in plan.columns if column.method != "index"]
    return [
        *(statement for column in filled for statement in fill.rest(column, column.shadow, NAME)),
        *(Statement(NAME, plan.subjects, each, lock, lasts) for each in _lock(plan.columns)),
        *(
            column.statement(NAME, each, lock, lasts)
            for column in plan.columns
            for each in _swap(column, index_parts.planned(column))
        ),
        *(Statement(NAME, plan.subjects, each, lock, lasts) for each in _create_views(plan.columns)),
    ]


def _lock(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """Views go first, outermost first: whoever reads through them waits there."""
    dropped = [query("cut_over", "drop_view", view=view.sql) for _, view in reversed(_views(columns))]
    tables = {column.catalog.table.oid: column.table for column in columns}
    return [*dropped, *(query("cut_over", "lock", table=table) for table in tables.values())]


def _swap(column: ColumnPlan, parts: Parts) -> list[sql.Composed]:
    return _name_indexes(column, parts) if column.method == "index" else _swap_columns(column, parts)


def _create_views(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    return [statement for catalog, view in _views(columns) for statement in _create_view(catalog, view)]


def _views(columns: Sequence[ColumnPlan]) -> list[tuple[Catalog, View]]:
    """Every view that reads one of the columns, once and innermost first. Where no column is replaced, they stay."""
    found: dict[tuple[str, str], tuple[Catalog, View]] = {}
    for column in columns:
        for view in column.catalog.views if column.method != "index" else []:
            present = found.get((view.schema, view.name))
            if present is None or present[1].depth < view.depth:
                found[view.schema, view.name] = (column.catalog, view)
    return sorted(found.values(), key=lambda each: each[1].depth)


def _swap_columns(column: ColumnPlan, parts: Parts) -> list[sql.Composed]:
    table, live = column.table, name(column.live)
    swap = [
        query("cut_over", "rename_column", table=table, old=live, new=name(column.retired)),
        query("cut_over", "rename_column", table=table, old=name(column.shadow), new=live),
    ]
    if column.is_restore:
        swap += _changed_since(column)
        swap.append(query("cut_over", "drop_column", table=table, column=name(column.retired)))
        swap += capture.drop(column)
        if column.adds_shadow:
            swap += _attributes(column)
        return [*swap, *_name_indexes(column, parts)]
    if column.catalog.column.not_null:
        swap.append(query("cut_over", "drop_not_null", table=table, column=name(column.retired)))
        swap += partition_columns.drop_not_nulls(column)
    return [*swap, *_attributes(column), *_name_indexes(column, parts), capture.while_settling(column)]


def _changed_since(column: ColumnPlan) -> list[sql.Composed]:
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
                    grantee=_grantee(grant),
                )
            )
        if before.grants:
            changed.append(query("cut_over", "reset_role", role=name(column.catalog.server.role)))
        changed += _column_grants(column)
    return changed


def _name_indexes(column: ColumnPlan, parts: Parts) -> list[sql.Composed]:
    """The new indexes take the names of the old ones, with comment and CLUSTER mark. parts: those of partitions."""
    schema = column.catalog.table.schema
    named: list[sql.Composed] = []
    if column.online and not column.is_restore and column.method != "index":
        named += [
            query("index", "rename", index=name(schema, index.name), new=name(column.kept_index(number)))
            for number, index in enumerate(column.catalog.vector_indexes, 1)
        ]
        for number, old in enumerate(column.catalog.vector_indexes, 1):
            named += index_parts.keep(column, old, number, parts)
    for index in column.indexes:
        named.append(query("index", "rename", index=name(schema, index.temporary), new=name(index.name)))
        named += index.marks(column.table, schema)
        named += index_parts.make_final(column, index, parts)
    return named


def _attributes(column: ColumnPlan) -> list[sql.Composed]:
    """Default, statistics target, options, comment, storage and grants of the live column."""
    old, table, live = (column.before or column.catalog).column, column.table, name(column.live)
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
    return carried + _column_grants(column) + partition_columns.attributes(column, _replay)


def _options(column: ColumnPlan) -> list[sql.Composed]:
    options = column.catalog.column.options
    if not options:
        return []
    listed = fragment(", ".join(options))
    return [query("cut_over", "set_options", table=column.table, column=name(column.live), options=listed)]


def _column_grants(column: ColumnPlan) -> list[sql.Composed]:
    live = name(column.live)
    return _replay(
        column.catalog,
        column.catalog.column.grants,
        column.table,
        lambda grant: sql.SQL("{} ({})").format(fragment(grant.privilege), live),
    )


def _grantee(grant: Grant) -> Query:
    return sql.SQL("PUBLIC") if grant.grantee is None else name(grant.grantee)


def _replay(
    catalog: Catalog, grants: list[Grant], object_: Query, privilege: Callable[[Grant], Query]
) -> list[sql.Composed]:
    """GRANTs, each given again by the role that gave it, for only that role can take it back."""
    replayed = []
    for grant in grants:
        replayed.append(query("cut_over", "set_role", role=name(grant.grantor)))
        replayed.append(
            query(
                "cut_over",
                "grant",
                privilege=privilege(grant),
                object=object_,
                grantee=_grantee(grant),
                option=sql.SQL("WITH GRANT OPTION" if grant.grantable else ""),
            )
        )
    if grants:
        replayed.append(query("cut_over", "reset_role", role=name(catalog.server.role)))
    return replayed


def _create_view(catalog: Catalog, view: View) -> list[sql.Composed]:
    options = sql.SQL("WITH ({})").format(fragment(", ".join(view.options))) if view.options else sql.SQL("")
    made = [
        query(
            "cut_over",
            "create_view",
            view=view.sql,
            options=options,
            definition=fragment(view.definition.rstrip().rstrip(";")),
        ),
        query("cut_over", "own_view", view=view.sql, owner=name(view.owner)),
    ]
    if view.comment is not None:
        made.append(query("cut_over", "comment_on_view", view=view.sql, comment=literal(view.comment)))
    made += [
        query("cut_over", "comment_on_column", table=view.sql, column=name(column), comment=literal(comment))
        for column, comment in view.column_comments.items()
    ]
    made.append(query("privileges", "table_to_owner", object=text_of(view.sql)))
    if view.has_grants:
        made.append(query("cut_over", "revoke_owner", view=view.sql, owner=name(view.owner)))
        made += _replay(catalog, view.grants, view.sql, lambda grant: fragment(grant.privilege))
    return made


def is_done(ledger: Ledger, run: Run) -> bool:
    """The swap and the ledger's word for it are one transaction."""
    return all(change.state == LIVE for change in ledger.changes(run.id))


def run(work: Work) -> dict[str, object]:
    """All columns in one transaction, with the ledger's word that they are live."""
    _hold(work)
    for _ in range(TRIES):
        filled = _fill_rest(work)
        try:
            return _swap_all(work, filled)
        except _TooManyLeft as left:
            work.reporter.message(f"{left}: they are filled first")
        except _TreeChanged as changed:
            work.reporter.message(f"{changed}: it is looked at first")
    raise Interrupted(
        f"{work.plan.subject}: each time more than {rows_left.BOUND} rows were written without a vector meanwhile",
        meaning="cut-over did not begin; the live column is as it was.",
        remedy=f"slow the writers down for a moment, and {GO_ON}",
    )


def _hold(work: Work) -> None:
    """Waits for the file that allows the cut-over. What is written meanwhile is filled all along."""
    file = work.options.cutover_file
    if file is None:
        return
    while not file.exists():
        work.throttle.hold(f"the cut-over is held until {file} exists", HOLD_S)
        for column in work.plan.columns:
            if column.method != "index":
                fill.fill_rest(work, column, column.shadow)
    work.throttle.wait(0)


def _fill_rest(work: Work) -> dict[int, int]:
    """Fills what is left. Returns by change how many writes had been missed that are filled now."""
    return {column.id: _fill_missed(work, column) for column in work.plan.columns if column.method != "index"}


class _TooManyLeft(Exception):
    """More rows than settle may be left with."""


class _TreeChanged(Exception):
    """Partitions, or what hangs on them, are not those that were looked at before the lock."""


def _swap_all(work: Work, filled: dict[int, int]) -> dict[str, object]:
    """Raises _TooManyLeft, and Interrupted where a lock is not to be had."""
    tables = [column.catalog.table.oid for column in work.plan.columns]

    def swap() -> dict[str, object]:
        for column in work.plan.columns:
            tree.refuse_other(work.connection, column)
        columns = [tree.without_dropped(work.connection, column) for column in work.plan.columns]
        # What takes its time is looked at while writers go on, views too, for they can be only while they are there.
        trees = [[each.oid for each in tree.now(work.connection, column)] for column in columns]
        before = [
            (_versions(work, column, tables).fetchone() or (None,))[0]
            for column, tables in zip(columns, trees, strict=True)
        ]
        parts = {column.id: index_parts.now(work.connection, column) for column in columns}
        for column in columns:
            _refuse_changed(work, column, views_dropped=False)
        # From here on writers wait: statements are sent together, so that the way to the server counts but thrice.
        with work.connection.pipeline():
            _send(work, _lock(columns))
            under = [_versions(work, column, tables) for column, tables in zip(columns, trees, strict=True)]
            counts = [
                execute(work.connection, capture.counting(column)) if column.method != "index" else None
                for column in columns
            ]
        for column, earlier, now in zip(columns, before, under, strict=True):
            versions, has_views = now.fetchone() or (None, True)
            if versions != earlier and column.is_partitioned:
                raise _TreeChanged(f"{column.subject}: a partition was made or changed meanwhile")
            if versions != earlier or (has_views and column.method != "index"):
                _refuse_changed(work, column, views_dropped=column.method != "index")
        left: dict[str, object] = {
            column.subject: {"writes left": _few(column, missed, filled)}
            for column, missed in zip(columns, counts, strict=True)
        }
        # Definitions name every schema but pg_catalog, which therefore comes first; what cannot be named with one, such
        # as the operator of JOIN USING, is looked up where it was.
        path = dict.fromkeys(["pg_catalog", *columns[0].catalog.server.search_path])
        with work.connection.pipeline():
            # Nobody waits under the lock for the disk, or for a standby: the next commit, of the phase, waits for both,
            # and if a crash takes this one away it takes every later commit too.
            settings = {"search_path": search_path(path), "synchronous_commit": "off"}
            configure(work.connection, settings, local=True)
            for column in columns:
                _send(work, _swap(column, parts[column.id]))
                work.ledger.set_state(column.id, LIVE)
                if column.restores is not None:
                    work.ledger.set_state(column.restores, "restored")
            _send(work, _create_views(columns))
        return left

    return with_short_locks(work.connection, swap, tables=tables, on_wait=work.waits_for_lock)


def _versions(work: Work, column: ColumnPlan, tables: list[int]) -> Cursor[TupleRow]:
    """What changes with anything that the catalog says of the table, views apart; and whether any reads the column.

    tables: oids of the table and of its partitions.
    """
    numbers = {"table": column.catalog.table.oid, "column": column.catalog.column.number, "tables": tables}
    return execute(work.connection, query("cut_over", "versions"), numbers)


def _fill_missed(work: Work, column: ColumnPlan) -> int:
    """Fills what is left, again while many writes are missed meanwhile. Returns how many had been missed before."""
    for _ in range(TRIES):
        missed = capture.missed(work.connection, column)
        _outwait_writers(work, column)
        fill.fill_rest(work, column, column.shadow)
        if capture.missed(work.connection, column) - missed <= rows_left.BOUND:
            break
    return missed


def _outwait_writers(work: Work, column: ColumnPlan) -> None:
    """Until the writes that were counted can be seen by the fill, or are undone. Nobody waits for migrator meanwhile.

    Raises Interrupted where one stays under way too long.
    """
    start, pause = time.monotonic(), 0.05
    awaited = _writers(work, column)
    while awaited & _writers(work, column):
        blockers = describe_blockers(work.connection, [column.catalog.table.oid])
        if time.monotonic() - start > LOCK_PATIENCE_S:
            raise Interrupted(
                f"a write to {column.subject} did not end within {LOCK_PATIENCE_S:.0f} s; the table is {blockers}",
                meaning="cut-over did not begin; the live column is as it was.",
                remedy="end that transaction, then run the same command again",
            )
        work.reporter.message(f"waiting for writes to the table to end, {blockers}")
        work.options.stop.pause(pause)
        pause = min(pause * 2, 2.0)


def _writers(work: Work, column: ColumnPlan) -> set[str]:
    found = execute(work.connection, query("capture", "writers", tree=TREE), {"table": column.catalog.table.oid})
    return {transaction for (transaction,) in found.fetchall()}


def _send(work: Work, statements: Sequence[sql.Composed]) -> None:
    for statement in statements:
        execute(work.connection, statement)


def _few(column: ColumnPlan, missed: Cursor[TupleRow] | None, filled: dict[int, int]) -> int:
    """The writes left for settle. filled: of each change, the writes missed whose rows were filled since.

    Raises _TooManyLeft.
    """
    row = missed.fetchone() if missed is not None else None
    left = int(row[0]) - filled[column.id] if row is not None else 0
    if left > rows_left.BOUND:
        raise _TooManyLeft(f"{column.subject}: more than {rows_left.BOUND} rows were written without a vector")
    return left


def _refuse_changed(work: Work, column: ColumnPlan, *, views_dropped: bool) -> None:
    """Raises MigratorError where others changed what the plan was made for, the capture trigger among it."""
    table = column.catalog.table
    found = read_catalog(work.connection, table.schema, table.name, column.live)
    present = found.signature()
    expected = column.catalog.signature()
    if views_dropped:
        expected["views"] = []
    if column.drops_index_early or column.method == "index":
        expected["indexes"] = []
    differing = [part for part, value in expected.items() if present[part] != value]
    if column.method != "index":
        differing += partition_columns.changed(column.catalog, found)
    if differing:
        raise MigratorError(
            f"{column.subject}: {' and '.join(differing)} of the table changed since the upgrade was planned",
            meaning="what others changed meanwhile would be lost or left bound to the old column.",
            remedy="run the upgrade again, which plans with what is there now",
        )
    if column.method == "index":
        return
    trigger = {"table": table.oid, "trigger": column.trigger}
    if not fetch_row(work.connection, query("capture", "trigger_is_there", tree=TREE), trigger)[0]:
        raise MigratorError(
            f"the capture trigger of {column.subject} was dropped or disabled by others",
            meaning="writes may have been missed, so the shadow column cannot be trusted.",
            remedy="find out who did it, then run the upgrade again from the start",
        )
