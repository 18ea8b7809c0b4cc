"""abandon: undoes an unfinished run on request; the embedding store is kept."""

from __future__ import annotations

from migrator.catalog.rights import refuse_code_of_lesser_roles, refuse_given_away
from migrator.commands import undo
from migrator.errors import MigratorError
from migrator.ledger import current_columns
from migrator.ledger.ledger import Ledger, Run
from migrator.ledger.plans import unfinished_plan
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.postgres.address import Address
from migrator.postgres.connection import Connection
from migrator.report import Reporter, block
from migrator.runtime.session import at_work


def abandonable(address: Address) -> str | None:
    """What `abandon` would undo, in words; None where nothing is unfinished. Raises where it is too late."""
    with at_work(address) as (connection, ledger):
        run = ledger.unfinished()
        if run is None:
            return None
        _refuse_past_cut_over(ledger, run)
        _refuse_others(connection, unfinished_plan(ledger, run))
        done = ", ".join(row["phase"] for row in ledger.phases(run) if row["done"])
        return f"the {run.direction} of revision {run.revision}, of which is done: {done}"


def abandon(address: Address, reporter: Reporter) -> str:
    """Undoes the unfinished run; the store is kept. Returns what was done, in words."""
    with at_work(address, reporter.message) as (connection, ledger):
        run = ledger.unfinished()
        if run is None:
            return "nothing is unfinished"
        ledger.bring_up_to_date()
        _refuse_past_cut_over(ledger, run)
        plan = unfinished_plan(ledger, run)
        _refuse_others(connection, plan)
        current_columns.as_planned(connection, plan.columns[0])
        undo.undo(connection, ledger, run, plan, reporter)
        done = f"the {run.direction} of revision {run.revision} is undone; the embedding store is kept"
        return block(done, *(line for each in plan.columns if not each.catalog.table.oid for line in _not_found(each)))


def _refuse_others(connection: Connection, plan: Plan) -> None:
    """Raises Refused where a table belongs to a role with fewer rights, or to one that this session may not act as."""
    for column in plan.columns:
        refuse_code_of_lesser_roles(connection, column.table)
        refuse_given_away(connection, column.table, column.function)


def _not_found(column: ColumnPlan) -> list[str]:
    """What stays of a column whose table may be there under another name, as after a restore, line by line."""
    return [
        f"not undone: {column.subject}, whose table is not found in this database",
        "if it has another name here, run with that name:",
        *(f"{each};" for each in undo.by_hand(column)),
    ]


def _refuse_past_cut_over(ledger: Ledger, run: Run) -> None:
    if ledger.past_cut_over(run):
        back = "migrator downgrade -1" if run.direction == "upgrade" else "migrator upgrade"
        raise MigratorError(
            f"the {run.direction} of revision {run.revision} is past cut-over",
            meaning="what is left is to settle it; nothing can be abandoned any more.",
            remedy=f"finish it: {run.command}; then go back, if you want to: {back}",
        )
