"""The columns of the ledger as they are called now: tables are renamed, moved to other schemas, and dropped."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import cast

from migrator.catalog import set_lookup_path
from migrator.catalog.rights import refuse_code_of_lesser_roles, refuse_lesser_functions
from migrator.change import VectorType
from migrator.ledger.ledger import LIVE, RETIRED, Ledger, LedgerChange
from migrator.ledger.plans import planned
from migrator.plan.column import ColumnPlan
from migrator.plan.restore import RestorePlan
from migrator.postgres.connection import Connection


def present(ledger: Ledger, change: LedgerChange) -> ColumnPlan | None:
    """The plan with the table's present name; None where the table, or its column, is no longer there."""
    found = ledger.present_table(change)
    if found is None:
        return None
    column = planned(ledger, change)
    oid, schema, called = found
    table = dataclasses.replace(column.catalog.table, oid=oid, schema=schema, name=called)
    catalog = dataclasses.replace(column.catalog, table=table)
    if called != column.catalog.table.name:
        # The server may have put the table's name before its columns.
        column = dataclasses.replace(column, findings=dataclasses.replace(column.findings, qualified={}))
    return dataclasses.replace(column, catalog=catalog)


def columns(ledger: Ledger) -> tuple[list[ColumnPlan], list[ColumnPlan]]:
    """Every migrated column by its last change: those that are there, by present name, and those whose table is not.

    Where the last one is of a scope and the rows out of it kept what they held, the changes before it count too, each
    with the rows that no later one has in its scope.
    """
    return _columns(ledger, _by_last)


def embedded(ledger: Ledger) -> tuple[list[ColumnPlan], list[ColumnPlan]]:
    """The same by the last change that embedded, where only index or type changed since: with the present type."""
    return _columns(ledger, _by_last_embedded)


def _columns(
    ledger: Ledger, held_by: Callable[[ColumnPlan, list[ColumnPlan]], list[ColumnPlan]]
) -> tuple[list[ColumnPlan], list[ColumnPlan]]:
    """held_by: what counts of a column, from a change of it and what counted before."""
    there: dict[tuple[int, str], list[ColumnPlan]] = {}
    gone: dict[str, ColumnPlan] = {}
    for change in ledger.carried_out():
        if change.state not in (LIVE, RETIRED):
            continue
        found = present(ledger, change)
        if found is None:
            column = planned(ledger, change)
            gone[column.subject] = column
            continue
        # A table that was upgraded under two names has its oid still.
        at = found.catalog.table.oid, found.live
        there[at] = held_by(found, there.get(at, []))
    held = [column for each in there.values() for column in each]
    return sorted(held, key=lambda column: column.subject), list(gone.values())


def _by_last(later: ColumnPlan, columns: list[ColumnPlan]) -> list[ColumnPlan]:
    return [*_left_by(later, columns), later]


def _by_last_embedded(later: ColumnPlan, columns: list[ColumnPlan]) -> list[ColumnPlan]:
    """Those of the same vectors, all of them kept."""
    vectors = later.change.to.of_documents
    empties = later.change.where is not None and not later.keeps_out_of_scope
    if later.method == "embed" or empties or all(each.change.to.of_documents != vectors for each in columns):
        return _by_last(later, columns)
    return [_with_type(column, cast(VectorType, later.type)) for column in columns]


def _with_type(column: ColumnPlan, type_: VectorType) -> ColumnPlan:
    typed = dataclasses.replace(column, change=dataclasses.replace(column.change, type=type_))
    if not isinstance(typed, RestorePlan):
        return typed
    before = typed.undone.catalog
    before = dataclasses.replace(before, column=dataclasses.replace(before.column, type=type_))
    return dataclasses.replace(typed, undone=dataclasses.replace(typed.undone, catalog=before))


def _left_by(later: ColumnPlan, columns: list[ColumnPlan]) -> list[ColumnPlan]:
    """What a later change of the same column leaves to those before it."""
    if not later.keeps_out_of_scope:
        return []
    left = []
    for column in columns:
        if column.change.where != later.change.where:
            where, qualified = (
                " AND ".join([*([f"({own})"] if own else []), f"({of_later}) IS NOT TRUE"])
                for own, of_later in ((column.change.where, later.change.where), (column.where, later.where))
            )
            known = column.findings
            findings = dataclasses.replace(known, qualified={**known.qualified, where: qualified})
            change = dataclasses.replace(column.change, where=where)
            left.append(dataclasses.replace(column, change=change, findings=findings))
    return left


def names(columns: list[ColumnPlan]) -> list[str]:
    """What each is called, with its scope where there are several of a column."""
    subjects = [column.subject for column in columns]
    return [
        f"{column.subject} where {column.change.where}" if subjects.count(column.subject) > 1 else column.subject
        for column in columns
    ]


def as_planned(connection: Connection, column: ColumnPlan) -> str:
    """Text and scope mean what they meant when the upgrade was planned: names are looked up as they were then.

    Returns the search_path that is set, for other connections. Raises Refused where the table belongs to a role
    with fewer rights than this session.
    """
    refuse_code_of_lesser_roles(connection, column.table)
    # Whoever owns a schema may have put another function in the place of one of it.
    refuse_lesser_functions(connection, column.table, [column.text, column.with_old_text.text, column.scope])
    return set_lookup_path(connection, column.catalog.server)
