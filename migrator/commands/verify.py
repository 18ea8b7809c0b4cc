"""The proofs again, at any time after cut-over, on the columns as they are now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from migrator.embedding.models import Models
from migrator.ledger import current_columns, text_settings
from migrator.plan.column import ColumnPlan
from migrator.postgres.address import Address
from migrator.postgres.connection import EVALUATION, Connection, connect, said
from migrator.proofs import READABLE, Proof, prove
from migrator.proofs.freshness import fresh
from migrator.proofs.scope import holds
from migrator.report import block
from migrator.runtime.context import Options, Session
from migrator.runtime.session import open_ledger


def verify_live(address: Address, options: Options) -> dict[str, list[Proof]]:
    """The proofs again for every column that an upgrade or downgrade made, as it is now, by column.

    And by scope, where a column has several.
    """
    address = text_settings.for_ledger(address)
    with connect(address) as connection:
        ledger = open_ledger(connection, address)
        session = Session(connection, address, ledger, Models(ledger), options)
        columns, gone = current_columns.columns(ledger)
        if not columns and not gone:
            run = ledger.unfinished()
            next_ = run.command if run is not None else "migrator upgrade --dry-run"
            options.reporter.message(
                block("no upgrade is done here yet, so there is nothing to prove", f"next: {next_}")
            )
        for column in gone:
            options.reporter.message(
                f"{column.subject}: table or column is no longer there, so nothing is proved of it"
            )
        found = {
            called: _prove_live(session, column, lambda column: _prove(session, column))
            for called, column in zip(current_columns.names(columns), columns, strict=True)
        }
        # After a change of index or type alone the texts are those of the change before it.
        embedded, _ = current_columns.embedded(ledger)
        for called, column in zip(current_columns.names(embedded), embedded, strict=True):
            known = found.setdefault(called, [])
            if not any(each.name == READABLE for each in known):
                known += _prove_live(session, column, partial(_of_texts, connection, embedded))
        return found


def _of_texts(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Proof]:
    return [fresh(connection, column), *holds(connection, column, columns)]


def _prove_live(session: Session, column: ColumnPlan, take: Callable[[ColumnPlan], list[Proof]]) -> list[Proof]:
    current_columns.as_planned(session.connection, column)
    try:
        return [replace(proof, restored=column.is_restore) for proof in take(column)]
    except EVALUATION as error:
        # Columns that text or scope name may have been renamed or dropped by others since.
        return [Proof(READABLE, False, said(error, secret=column.has_secret_text), restored=column.is_restore)]


def _prove(session: Session, column: ColumnPlan) -> list[Proof]:
    return prove(session, column, column.live, [index.name for index in column.indexes])
