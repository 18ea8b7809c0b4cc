"""Walks the phases of a plan, resumes what was interrupted, and undoes what failed for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from migrator import hazards
from migrator.catalog.columns import Table, read_table
from migrator.catalog.rights import refuse_code_of_lesser_roles, refuse_given_away
from migrator.catalog.server import require_pgvector
from migrator.change import EmbeddingChange, VectorColumn
from migrator.commands.planner import Planner
from migrator.commands.recovery import after
from migrator.embedding.models import Models
from migrator.errors import Stopped
from migrator.ledger import current_columns, text_settings
from migrator.ledger.ledger import LIVE, Ledger, Run
from migrator.ledger.plans import planned, unfinished_plan
from migrator.phases import NAMES, PHASES, backup, cut_over, embed, fill, index, verify
from migrator.plan.column import ColumnPlan, Direction
from migrator.plan.plan import Plan
from migrator.plan.tree import table_now
from migrator.postgres.address import Address
from migrator.postgres.connection import Connection, connect, fetch_row
from migrator.postgres.sql import plain, query
from migrator.preflight import checks, search_path, sessions, text_functions
from migrator.preflight.server import names_readable
from migrator.proofs.retrieval import has_rows
from migrator.report import Reporter
from migrator.rows.fill import lock_other_tables
from migrator.runtime.context import Options, Work
from migrator.runtime.session import at_work, in_the_way, open_ledger
from migrator.runtime.step import Result

# What a revision asks for: changes on the way up, columns to give back on the way down.
Wanted = Sequence[EmbeddingChange] | Sequence[VectorColumn]

# ---- up and down -------------------------------------------------------------------------------------------------


def upgrade(address: Address, revision: str, changes: Sequence[EmbeddingChange], options: Options) -> None:
    """Carries the changes out, or goes on with them; returns at once where they are done."""
    address = text_settings.for_changes(address, changes)
    with at_work(address, options.reporter.message) as (connection, ledger):
        unfinished = _own_run(connection, ledger, changes)
        if unfinished is not None:
            unfinished = _same_run(ledger, unfinished, revision, "upgrade", changes)
        elif _is_live(connection, ledger, revision, changes):
            options.reporter.message(f"revision {revision} is done already; Alembic records it now")
            return
        _carry_out(address, connection, ledger, options, unfinished, lambda planner: planner.upgrade(revision, changes))


def restore(address: Address, revision: str, columns: Sequence[VectorColumn], options: Options) -> None:
    """Gives the columns back what they held before the revision; returns at once where they have it."""
    address = text_settings.for_ledger(address, of=columns)
    with at_work(address, options.reporter.message) as (connection, ledger):
        unfinished = _own_run(connection, ledger, columns)
        if unfinished is not None:
            unfinished = _same_run(ledger, unfinished, revision, "downgrade", columns)
        elif _is_restored(connection, ledger, revision, columns):
            return
        _carry_out(address, connection, ledger, options, unfinished, lambda planner: planner.restore(revision, columns))


def _own_run(connection: Connection, ledger: Ledger, wanted: Wanted) -> Run | None:
    """The unfinished run of this history. Raises Refused where that of another works on a table of these.

    One of which an early ledger does not say whose it is belongs to whoever means its tables.
    """
    tables = [read_table(connection, each.schema, each.table) for each in wanted]
    oids = {table.oid for table in tables if table is not None}
    found = None
    for run in ledger.unfinished_of_all():
        shared = [each for each in ledger.changes(run) if oids & {*each.catalog.oids}]
        if run.own or (run.own is None and shared):
            found = run
        elif shared:
            subject = shared[0].catalog.subject
            said = run.revision, run.direction, run.history, run.command
            past = ledger.past_cut_over(run)
            raise hazards.runs.unfinished_elsewhere(subject, *said, past_cut_over=past).refusal()
    return found


def _same_run(ledger: Ledger, unfinished: Run, revision: str, direction: Direction, wanted: Wanted) -> Run:
    """An interrupted run is continued as it was planned, or not at all. Returns it under the present revision."""
    begun = [each.change for each in ledger.changes(unfinished)]
    if direction == "downgrade":
        same = {*wanted} == {VectorColumn(each.table, each.column, each.schema) for each in begun}
    else:
        same = begun == [*wanted]
    is_renamed = unfinished.revision != revision and same and ledger.is_of(unfinished, revision)
    if unfinished.direction != direction or not (is_renamed or unfinished.revision == revision):
        raise in_the_way(ledger, unfinished).refusal()
    if direction == "upgrade" and not same:
        raise hazards.runs.unfinished_differs(revision, past_cut_over=ledger.past_cut_over(unfinished)).refusal()
    return replace(unfinished, revision=revision)


def _is_live(connection: Connection, ledger: Ledger, revision: str, changes: Sequence[EmbeddingChange]) -> bool:
    """Whether the cut-over is done although Alembic has not recorded the revision: by the ledger and by the table."""
    own = ledger.changes_of(revision)
    for change in changes:
        table = read_table(connection, change.schema, change.table)
        last = table and ledger.live_upgrade(table, change.column)
        found = next(
            (each for each in own if table and each.catalog.table.oid == table.oid and each.change == change), None
        )
        # A later revision may have changed the column again.
        if not table or not last or not found or found.id > last[0].id:
            return False
        column = planned(ledger, found)
        kept = column.method == "index" or found.state != LIVE or table.column(column.retired) is not None
        if not kept or not _has_type(table, planned(ledger, last[0])):
            return False
    return True


def _is_restored(connection: Connection, ledger: Ledger, revision: str, columns: Sequence[VectorColumn]) -> bool:
    for wanted in columns:
        table = read_table(connection, wanted.schema, wanted.table)
        found = table and ledger.last_change(table, wanted.column)
        if not table or not found or not ledger.is_of(found[1], revision) or found[0].restores is None:
            return False
        if not _has_type(table, planned(ledger, found[0])):
            return False
    return True


def _has_type(table: Table, column: ColumnPlan) -> bool:
    """Whether the live column is of the type that the change gave it; the table may have been made anew since."""
    live = table.column(column.live)
    return live is not None and live.type == column.type and live.dimensions in (None, column.dimensions)


def _carry_out(
    address: Address,
    connection: Connection,
    ledger: Ledger,
    options: Options,
    unfinished: Run | None,
    make: Callable[[Planner], Plan],
) -> None:
    models = Models(ledger, timeout=options.model_timeout)
    if unfinished is not None:
        plan, run = unfinished_plan(ledger, unfinished, quiet=options.quiet_triggers), unfinished
        past = ledger.past_cut_over(run)
        if past:
            plan = _left_to_settle(connection, plan, options.reporter)
        else:
            _refuse_other_mode(run, plan, options)
            _distrust_settings(ledger, plan)
        # What the same command begins after it stays in that mode too.
        options.online |= any(column.online for column in plan.columns)
        _still_there(connection, plan)
        _same_tables(connection, plan, past_cut_over=past)
        if not past:
            _refuse_other_texts(connection, plan)
        address = _as_planned(connection, address, plan)
        if not past:
            _refuse_open_path(connection, plan)
            sessions.refuse_too_few(connection, address, plan, held=2)
        models.recording = True
        ledger.install()
        ledger.follow(run)
        # What the last one waited for when it was killed.
        ledger.set_waiting(run, None)
        _models_at_hand(connection, ledger, models, plan, run)
        options.reporter.message(f"going on with the {run.direction} of revision {run.revision}")
    else:
        with names_readable(connection):
            plan = make(Planner(connection, ledger, models, options))
        address = _as_planned(connection, address, plan)
        # Alembic's is open, and this one.
        sessions.refuse_too_few(connection, address, plan, held=2)
        for hazard in plan.hazards:
            options.reporter.message(hazard.told("hazard"))
        if options.stop_after == checks.NAME:
            raise Stopped(checks.NAME)
        ledger.install()
        run = ledger.start(plan)
        ledger.phase_started(run, checks.NAME)
        ledger.phase_done(run, checks.NAME, {"quiet_triggers": options.quiet_triggers})
        models.recording = True
    work = Work(connection, address, ledger, models, options, plan, run)
    try:
        with options.stop.listening(options.reporter.message):
            _walk(work)
    except Stopped:
        raise
    except BaseException as error:
        after(work, error)
        raise
    finally:
        work.other_tables.release()


def _refuse_other_mode(run: Run, plan: Plan, options: Options) -> None:
    """An interrupted run is continued in the mode it was planned in."""
    if options.online and not all(column.online for column in plan.columns):
        raise hazards.runs.begun_in_window_mode(run.revision).refusal()


def _as_planned(connection: Connection, address: Address, plan: Plan) -> Address:
    """The address for further connections, on which text and scope mean what they meant too."""
    if not plan.columns:
        return address
    return replace(address, search_path=current_columns.as_planned(connection, plan.columns[0]))


def _still_there(connection: Connection, plan: Plan) -> None:
    """Raises Refused where a table was dropped or renamed since, or hides rows now, or no vectors can be there."""
    require_pgvector(connection)
    for column in plan.columns:
        now = table_now(connection, column)
        if now is None:
            raise hazards.runs.table_replaced(column.subject).refusal()
        if now != plain(column.catalog.table.sql):
            raise hazards.runs.table_renamed_meanwhile(column.subject, now).refusal()
        refuse_code_of_lesser_roles(connection, column.table)
        refuse_given_away(connection, column.table, column.function)
        (hidden,) = fetch_row(connection, query("catalog", "row_security"), {"table": column.catalog.table.oid})
        if hidden:
            raise hazards.columns.row_security(column.catalog.table.name).refusal()


def _same_tables(connection: Connection, plan: Plan, *, past_cut_over: bool) -> None:
    """Raises Refused where the revision means another table by now, by a search_path that is not that of the run."""
    for column in plan.columns:
        named = read_table(connection, column.change.schema, column.change.table)
        if named is not None and named.oid != column.catalog.table.oid:
            path = ", ".join(column.catalog.server.search_path)
            raise hazards.runs.another_table_meant(
                column.subject, plan.revision, plan.direction, named.shown, path, past_cut_over=past_cut_over
            ).refusal()


def _refuse_open_path(connection: Connection, plan: Plan) -> None:
    """Raises Refused if others may by now create what a name in the revision would be taken for."""
    for column in plan.columns:
        checks.refuse_first(search_path.examine(connection, column.catalog))


def _refuse_other_texts(connection: Connection, plan: Plan) -> None:
    """Raises Refused where what texts are made of is another since: vectors are there of the texts as they were."""
    for column in plan.columns:
        changed = text_functions.changed(connection, column)
        if changed:
            raise hazards.runs.text_dependencies_changed(column.subject, changed).refusal()


def _distrust_settings(ledger: Ledger, plan: Plan) -> None:
    """Of a text that needs settings nobody wrote down what their values were: its rows are compared before cut-over."""
    for column in plan.columns:
        if column.change.settings:
            ledger.set_captured(column.id, [])


def _left_to_settle(connection: Connection, plan: Plan, reporter: Reporter) -> Plan:
    """Past cut-over: the plan without the columns whose table was dropped since, for which nothing is left to do."""
    left = tuple(column for column in plan.columns if table_now(connection, column) is not None)
    for column in plan.columns:
        if column not in left:
            reporter.message(f"{column.subject}: its table was dropped since cut-over")
    return replace(plan, columns=left)


def _models_at_hand(connection: Connection, ledger: Ledger, models: Models, plan: Plan, run: Run) -> None:
    """Raises Refused before a run goes on whose model is gone or is another now; what was done is kept."""
    if run.direction == "downgrade" or verify.NAME in ledger.phases_done(run):
        return
    for column in plan.columns:
        if column.method == "embed" and has_rows(connection, column):
            models.get(column.change.to)


def _walk(work: Work) -> None:
    """Every phase that is left."""
    ledger, reporter = work.ledger, work.reporter
    left = _left(ledger, work.run)
    for phase in PHASES:
        work.options.stop.check()
        if phase.NAME in left:
            work.throttle.wait(0)
            ledger.phase_started(work.run, phase.NAME)
            _lock_other_tables(work, phase.NAME)
            reporter.phase_started(phase.NAME, work.plan.subject)
            result = phase.run(work)
            work.throttle.go_on()
            ledger.phase_done(work.run, phase.NAME, result)
            reporter.phase_done(phase.NAME, work.plan.subject, _summary(result))
        if work.options.stop_after == phase.NAME and phase is not PHASES[-1]:
            raise Stopped(phase.NAME, _meanwhile(work.plan, phase.NAME))
    ledger.finish(work.run, "done")


def _meanwhile(plan: Plan, phase: str) -> str:
    """What a run that stops after this phase leaves otherwise than it was for whoever searches; "" for nothing."""
    without = [
        column.subject
        for column in plan.columns
        if column.adds_shadow and any(index.is_vector for index in column.dropped_indexes)
    ]
    if not without or phase not in (fill.NAME, index.NAME, verify.NAME):
        return ""
    return (
        f"until it goes on there is no vector index on {', '.join(without)}: searches are exact, and slow on a large "
        "table; migrator abandon builds the old one again"
    )


def _lock_other_tables(work: Work, phase: str) -> None:
    """Those that texts read, for the phases from fill, which locks them itself, to cut-over."""
    if phase in (index.NAME, verify.NAME, cut_over.NAME):
        lock_other_tables(work)
    elif phase != fill.NAME:
        work.other_tables.release()


def _left(ledger: Ledger, run: Run) -> tuple[str, ...]:
    """The phases that are not done yet; cut-over, once done, is never done again."""
    done = ledger.phases_done(run)
    if fill.NAME not in {row["phase"] for row in ledger.phases(run)}:
        # What was written since an earlier --stop-after embed is backed up and embedded before the window too.
        done -= {backup.NAME, embed.NAME}
    if ledger.past_cut_over(run):
        done.add(cut_over.NAME)
    return tuple(phase.NAME for phase in PHASES if phase.NAME not in done)


def _summary(result: Mapping[str, object]) -> str:
    """A phase's result in a line, of all columns."""
    parts = [found.summary for found in result.values() if isinstance(found, Result)]
    return ", ".join(part for part in parts if part) or "done"


# ---- plans only --------------------------------------------------------------------------------------------------


def plan_upgrade(
    address: Address,
    revision: str,
    changes: Sequence[EmbeddingChange],
    options: Options,
    after: Mapping[str, str] | None = None,
) -> Plan:
    """What `upgrade` would do, with a timed sample. Changes nothing.

    after: columns that revisions before it change, each with its revision; None if its turn has come.
    """
    address = text_settings.for_changes(address, changes)
    started: tuple[Direction, Wanted] | None = ("upgrade", changes) if after is None else None
    return _plan(address, options, revision, started, lambda planner: planner.upgrade(revision, changes, after or {}))


def plan_restore(
    address: Address,
    revision: str,
    columns: Sequence[VectorColumn],
    options: Options,
    after: Mapping[str, str] | None = None,
) -> Plan:
    """What `restore` would do. Changes nothing."""
    address = text_settings.for_ledger(address, of=columns)
    started: tuple[Direction, Wanted] | None = ("downgrade", columns) if after is None else None
    return _plan(address, options, revision, started, lambda planner: planner.restore(revision, columns, after or {}))


def _plan(
    address: Address,
    options: Options,
    revision: str,
    started: tuple[Direction, Wanted] | None,
    make: Callable[[Planner], Plan],
) -> Plan:
    """started: direction and columns of its run if it is begun already; None if it cannot be."""
    with connect(address) as connection:
        ledger = open_ledger(connection, address)
        unfinished = _own_run(connection, ledger, started[1]) if started else None
        if unfinished is None or started is None:
            models = Models(ledger, dry_run=True, timeout=options.model_timeout)
            with names_readable(connection):
                plan = make(Planner(connection, ledger, models, options, sample=True))
            sessions.refuse_too_few(connection, address, plan, held=1)
            return plan
        unfinished = _same_run(ledger, unfinished, revision, *started)
        plan = unfinished_plan(ledger, unfinished, quiet=options.quiet_triggers)
        past = ledger.past_cut_over(unfinished)
        if past:
            plan = _left_to_settle(connection, plan, options.reporter)
        else:
            _refuse_other_mode(unfinished, plan, options)
        _still_there(connection, plan)
        _same_tables(connection, plan, past_cut_over=past)
        done = ledger.phases_done(unfinished)
        in_order = tuple(phase for phase in NAMES if phase in done)
        return replace(plan, phases_done=in_order, phases_left=_left(ledger, unfinished))
