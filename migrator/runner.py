"""Walks the phases of a plan, resumes what was interrupted, and undoes what failed for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from migrator import hazards, present, secrets, store
from migrator.catalog import read_server
from migrator.catalog.columns import Table, read_table
from migrator.change import EmbeddingChange, VectorColumn
from migrator.database import (
    Address,
    Connection,
    connect,
    execute,
    fetch_row,
    has_no_room,
    is_passing,
    only_migrator,
)
from migrator.errors import GO_ON, Interrupted, MigratorError, Stopped, first_line
from migrator.ledger import LIVE, Ledger, Run
from migrator.phases import PHASES, backup, clean_up, cut_over, embed, fill, index, preflight, retire, verify
from migrator.plan import ColumnPlan, Plan
from migrator.planner import Planner, planned, unfinished_plan
from migrator.proofs import Proof, prove
from migrator.queries import SCHEMA, name, query
from migrator.report import Reporter, counted
from migrator.work import Models, Options, Session, Work, has_column, table_now


@contextmanager
def at_work(address: Address) -> Iterator[tuple[Connection, Ledger]]:
    """A connection that keeps other migrators out, and the ledger. Raises Busy."""
    with connect(address) as connection, only_migrator(connection):
        yield connection, open_ledger(connection)


def open_ledger(connection: Connection) -> Ledger:
    """Raises Refused where it belongs to a role that this one may not act as, or to a newer migrator."""
    server = read_server(connection)
    if not server.may_use_ledger:
        raise hazards.ledger_of_another(server.ledger_owner or "", server.role).refusal()
    return Ledger(connection, installed=server.ledger)


def refuse_unfinished(ledger: Ledger) -> None:
    """Raises Refused where a run is unfinished, for commands that need all of them done."""
    unfinished = ledger.unfinished()
    if unfinished is not None:
        raise hazards.unfinished_other(unfinished.revision, unfinished.direction).refusal()


# ---- up and down -------------------------------------------------------------------------------------------------


def upgrade(address: Address, revision: str, changes: Sequence[EmbeddingChange], options: Options) -> None:
    """Carries the changes out, or goes on with them; returns at once where they are done."""
    address = secrets.for_changes(address, changes)
    with at_work(address) as (connection, ledger):
        unfinished = ledger.unfinished()
        if unfinished is not None:
            _same_run(ledger, unfinished, revision, "upgrade", changes)
        elif _is_live(connection, ledger, revision, changes):
            options.reporter.message(f"revision {revision} is done already; Alembic records it now")
            return
        _carry_out(address, connection, ledger, options, unfinished, lambda planner: planner.upgrade(revision, changes))


def restore(address: Address, revision: str, columns: Sequence[VectorColumn], options: Options) -> None:
    """Gives the columns back what they held before the revision; returns at once where they have it."""
    address = secrets.for_ledger(address)
    with at_work(address) as (connection, ledger):
        unfinished = ledger.unfinished()
        if unfinished is not None:
            _same_run(ledger, unfinished, revision, "downgrade", None)
        elif _is_restored(connection, ledger, revision, columns):
            return
        _carry_out(address, connection, ledger, options, unfinished, lambda planner: planner.restore(revision, columns))


def unfinished(address: Address) -> Run | None:
    """The run that was begun and not brought to an end."""
    with connect(address) as connection:
        return open_ledger(connection).unfinished()


def refuse_busy(address: Address) -> None:
    """Raises Busy where a migrator is at work on the database."""
    with at_work(address):
        pass


def _same_run(
    ledger: Ledger, unfinished: Run, revision: str, direction: str, changes: Sequence[EmbeddingChange] | None
) -> None:
    """An interrupted run is gone on with as it was planned, or not at all."""
    if (unfinished.revision, unfinished.direction) != (revision, direction):
        raise hazards.unfinished_other(unfinished.revision, unfinished.direction).refusal()
    if changes is not None and [each.change for each in ledger.changes(unfinished.id)] != list(changes):
        raise hazards.unfinished_differs(revision).refusal()


def _is_live(connection: Connection, ledger: Ledger, revision: str, changes: Sequence[EmbeddingChange]) -> bool:
    """Whether the cut-over is done although Alembic has not recorded the revision: by the ledger and by the table."""
    for change in changes:
        table = read_table(connection, change.schema, change.table)
        found = table and ledger.live_upgrade(table.schema, table.name, change.column)
        if not table or not found or found[1] != revision or found[0].change != change:
            return False
        column = planned(ledger, found[0])
        kept = column.method == "index" or found[0].state != LIVE or table.column(column.retired) is not None
        if not kept or not _has_type(table, column):
            return False
    return True


def _is_restored(connection: Connection, ledger: Ledger, revision: str, columns: Sequence[VectorColumn]) -> bool:
    for wanted in columns:
        table = read_table(connection, wanted.schema, wanted.table)
        found = table and ledger.last_change(table.schema, table.name, wanted.column)
        if not table or not found or found[1] != revision or found[0].restores is None:
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
        plan, run = unfinished_plan(ledger, unfinished), unfinished
        _refuse_other_mode(run, plan, options)
        if cut_over.is_done(ledger, run):
            plan = _left_to_settle(connection, plan, options.reporter)
        _still_there(connection, plan)
        address = _as_planned(connection, address, plan)
        models.recording = True
        # What the last one waited for when it was killed.
        ledger.set_waiting(run, None)
        _models_at_hand(connection, ledger, models, plan, run)
        options.reporter.message(f"going on with the {run.direction} of revision {run.revision}")
    else:
        plan = make(Planner(connection, ledger, models, options))
        address = _as_planned(connection, address, plan)
        for hazard in plan.hazards:
            options.reporter.message(f"hazard  {hazard.problem}: {hazard.meaning}")
        if options.stop_after == preflight.NAME:
            raise Stopped(preflight.NAME)
        ledger.install()
        run = ledger.start(plan)
        ledger.phase_started(run, preflight.NAME)
        ledger.phase_done(run, preflight.NAME, {})
        models.recording = True
    work = Work(connection, address, ledger, models, options, plan, run)
    try:
        with options.stop.listening(options.reporter.message):
            _walk(work)
    except Stopped:
        raise
    except BaseException as error:
        _after(work, error)
        raise
    finally:
        work.other_tables.release()


def _refuse_other_mode(run: Run, plan: Plan, options: Options) -> None:
    """An interrupted run is gone on with in the mode it was planned in."""
    if options.online and not all(column.online for column in plan.columns):
        raise hazards.begun_in_window_mode(run.revision).refusal()


def _as_planned(connection: Connection, address: Address, plan: Plan) -> Address:
    """The address for further connections, on which text and scope mean what they meant too."""
    if not plan.columns:
        return address
    return replace(address, search_path=present.as_planned(connection, plan.columns[0]))


def _still_there(connection: Connection, plan: Plan) -> None:
    """Raises Refused where a table was dropped or renamed since, or hides rows now."""
    for column in plan.columns:
        now = table_now(connection, column)
        if now is None:
            raise hazards.table_replaced(column.subject).refusal()
        if now != column.catalog.table.sql.as_string(None):
            raise hazards.table_renamed_meanwhile(column.subject, now).refusal()
        (hidden,) = fetch_row(connection, query("others", "row_security"), {"table": column.catalog.table.oid})
        if hidden:
            raise hazards.row_security(column.catalog.table.name).refusal()


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
        if column.method == "embed" and fetch_row(connection, query("verify", "has_rows", table=column.table))[0]:
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
            raise Stopped(phase.NAME)
    ledger.finish(work.run, "done")


def _lock_other_tables(work: Work, phase: str) -> None:
    """Those that texts read, for the phases from fill to cut-over."""
    if phase not in (fill.NAME, index.NAME, verify.NAME, cut_over.NAME):
        work.other_tables.release()
    elif fill.NAME in work.ledger.phases_done(work.run):
        fill.lock_other_tables(work)
    else:
        work.other_tables.lock()


def _left(ledger: Ledger, run: Run) -> tuple[str, ...]:
    """The phases that are not done yet; cut-over, once done, is never done again."""
    done = ledger.phases_done(run)
    if fill.NAME not in {row["phase"] for row in ledger.phases(run.id)}:
        # What was written since an earlier --stop-after embed is backed up and embedded before the window too.
        done -= {backup.NAME, embed.NAME}
    if cut_over.is_done(ledger, run):
        done.add(cut_over.NAME)
    return tuple(phase.NAME for phase in PHASES if phase.NAME not in done)


def _summary(result: Mapping[str, object]) -> str:
    """A phase's result in a line: counts and names, of all columns."""
    parts = []
    for found in result.values():
        for key, value in found.items() if isinstance(found, dict) else ():
            if isinstance(value, list):
                parts.append(", ".join(map(str, value)))
            elif isinstance(value, int) and not isinstance(value, bool):
                parts.append(counted(value, key))
    return ", ".join(part for part in parts if part) or "done"


def _after(work: Work, error: BaseException) -> None:
    """What becomes of a run that broke off. Raises what is to be told; returns where the error tells itself."""
    if isinstance(error, Interrupted):
        return
    if is_passing(error):
        raise Interrupted(
            f"interrupted: {first_line(error)}",
            meaning="what was done so far is kept.",
            remedy=f"make room on the server's disk, then {GO_ON}" if has_no_room(error) else GO_ON,
        ) from error
    if not store.has_table(work.connection, f"{SCHEMA}.run"):
        raise MigratorError(
            f"the schema {SCHEMA} with the ledger was dropped by others meanwhile",
            meaning="what this run made in the table is not accounted for any more.",
            remedy="; ".join(map(_by_hand, work.plan.columns)),
        ) from error
    gone = []
    for column in work.plan.columns:
        table, now = column.catalog.table, table_now(work.connection, column)
        if now not in (None, table.sql.as_string(None)):
            renamed = hazards.table_renamed_meanwhile(column.subject, str(now))
            raise Interrupted(renamed.problem, meaning=renamed.meaning, remedy=renamed.remedy) from error
        if not has_column(work.connection, column, column.live):
            gone.append(f"the table of {column.subject}" if now is None else column.subject)
    if cut_over.is_done(work.ledger, work.run):
        raise MigratorError(
            f"failed after cut-over: {_quoted(error, work.plan)}",
            meaning="the new column is live and complete but for the rows that migrator status names.",
            remedy="mend the cause, then run the same command again",
        ) from error
    try:
        clean_up.undo(work.connection, work.ledger, work.run, work.plan, work.reporter)
    except (psycopg.Error, Interrupted) as second:
        raise MigratorError(
            f"{_quoted(error, work.plan)}; and putting everything back failed: {first_line(second)}",
            meaning="the live column is as it was; shadow column and capture trigger may still be there.",
            remedy="migrator abandon",
        ) from error
    if gone:
        raise MigratorError(
            f"{' and '.join(gone)} was dropped or renamed by others meanwhile",
            meaning="everything else was undone; the embedding store is kept.",
            remedy="bring it back, or take it out of the revision; then run the same command again",
        ) from error
    if isinstance(error, psycopg.Error):
        raise MigratorError(
            f"the database refused a statement: {_quoted(error, work.plan)}",
            meaning="everything before cut-over was undone; the embedding store is kept.",
            remedy="mend the cause, then run the same command again",
        ) from error


def _quoted(error: BaseException, plan: Plan) -> str:
    """What the error says; of a statement over texts that need settings, which it may quote, only its code."""
    if isinstance(error, psycopg.Error) and any(column.change.settings for column in plan.columns):
        return f"error {error.sqlstate}"
    context = (error.diag.context if isinstance(error, psycopg.Error) else None) or ""
    # A trigger's function, where it is one that refused; other contexts may quote rows.
    function = next((line for line in context.splitlines() if line.startswith("PL/pgSQL function ")), "")
    return f"{first_line(error)} ({function})" if function else first_line(error)


def _by_hand(column: ColumnPlan) -> str:
    """How a person undoes what a run made in a table, where no ledger tells of it."""
    lost = ", ".join(index.name for index in column.catalog.vector_indexes) or "its indexes"
    table = column.catalog.table.sql.as_string(None)
    return f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column.shadow}, and build again what is missing of {lost}"


# ---- plans only --------------------------------------------------------------------------------------------------


def plan_upgrade(address: Address, revision: str, changes: Sequence[EmbeddingChange], options: Options) -> Plan:
    """What `upgrade` would do, with a timed sample. Changes nothing."""
    address = secrets.for_changes(address, changes)
    return _plan(address, options, revision, "upgrade", changes, lambda planner: planner.upgrade(revision, changes))


def plan_restore(address: Address, revision: str, columns: Sequence[VectorColumn], options: Options) -> Plan:
    """What `restore` would do. Changes nothing."""
    address = secrets.for_ledger(address)
    return _plan(address, options, revision, "downgrade", None, lambda planner: planner.restore(revision, columns))


def _plan(
    address: Address,
    options: Options,
    revision: str,
    direction: str,
    changes: Sequence[EmbeddingChange] | None,
    make: Callable[[Planner], Plan],
) -> Plan:
    with connect(address) as connection:
        ledger = open_ledger(connection)
        unfinished = ledger.unfinished()
        if unfinished is None:
            models = Models(ledger, dry_run=True, timeout=options.model_timeout)
            return make(Planner(connection, ledger, models, options, sample=True))
        _same_run(ledger, unfinished, revision, direction, changes)
        plan = unfinished_plan(ledger, unfinished)
        _refuse_other_mode(unfinished, plan, options)
        _still_there(connection, plan)
        done = tuple(sorted(ledger.phases_done(unfinished)))
        return replace(plan, phases_done=done, phases_left=_left(ledger, unfinished))


# ---- the other commands --------------------------------------------------------------------------------------------


def abandonable(address: Address) -> str | None:
    """What `abandon` would undo, in words; None where nothing is unfinished. Raises where it is too late."""
    with at_work(address) as (_, ledger):
        run = ledger.unfinished()
        if run is None:
            return None
        _refuse_past_cut_over(ledger, run)
        done = ", ".join(row["phase"] for row in ledger.phases(run.id) if row["done"])
        return f"the {run.direction} of revision {run.revision}, of which is done: {done}"


def _refuse_past_cut_over(ledger: Ledger, run: Run) -> None:
    if cut_over.is_done(ledger, run):
        up, down = "migrator upgrade", "migrator downgrade -1"
        again, back = (up, down) if run.direction == "upgrade" else (down, up)
        raise MigratorError(
            f"the {run.direction} of revision {run.revision} is past cut-over",
            meaning="what is left is to settle it; nothing can be abandoned any more.",
            remedy=f"finish it: {again}; then go back, if you want to: {back}",
        )


def abandon(address: Address, options: Options) -> str:
    """Undoes the unfinished run; the store is kept. Returns what was done, in words."""
    with at_work(address) as (connection, ledger):
        run = ledger.unfinished()
        if run is None:
            return "nothing is unfinished"
        _refuse_past_cut_over(ledger, run)
        clean_up.undo(connection, ledger, run, unfinished_plan(ledger, run), options.reporter)
        return f"the {run.direction} of revision {run.revision} is undone; the embedding store is kept"


def verify_live(address: Address, options: Options) -> dict[str, list[Proof]]:
    """The proofs again for every column that an upgrade or downgrade made, as it is now, by column."""
    address = secrets.for_ledger(address)
    with connect(address) as connection:
        ledger = open_ledger(connection)
        session = Session(connection, address, ledger, Models(ledger), options)
        columns, gone = present.columns(ledger)
        for column in gone:
            options.reporter.message(f"{column.subject}: the table is no longer there, so nothing is proved of it")
        return {column.subject: _prove_live(session, column) for column in columns}


def _prove_live(session: Session, column: ColumnPlan) -> list[Proof]:
    present.as_planned(session.connection, column)
    try:
        return prove(session, column, column.live, [index.name for index in column.indexes])
    except psycopg.errors.ProgrammingError as error:
        # Columns that text or scope name may have been renamed or dropped by others since.
        return [Proof("readable", False, error.diag.message_primary or first_line(error))]


def retirable(address: Address, *, keep_backups: bool = False, stores: bool) -> list[str]:
    """What `retire_all` would drop, in words. Raises Busy."""
    with at_work(address) as (connection, ledger):
        kept = [each.described(keep_backup=keep_backups) for each in retire.leftovers(connection, ledger)]
        kept = [each for each in kept if each]
        return kept + ([f"embedding store {SCHEMA}.{table}" for table, _ in ledger.stores()] if stores else [])


def retire_all(address: Address, options: Options, *, keep_backups: bool = False, stores: bool) -> list[str]:
    """Drops every retired column and backup, and the embedding stores where asked. Returns what was dropped."""
    with at_work(address) as (connection, ledger):
        refuse_unfinished(ledger)
        dropped = []
        for kept in retire.leftovers(connection, ledger):
            dropped.append(kept.described(keep_backup=keep_backups))
            retire.run(connection, ledger, kept, options.reporter, keep_backup=keep_backups)
        if stores:
            for table, _ in ledger.stores():
                execute(connection, query("store", "drop", store=name(SCHEMA, table)))
                dropped.append(f"embedding store {SCHEMA}.{table}")
        return [each for each in dropped if each]
