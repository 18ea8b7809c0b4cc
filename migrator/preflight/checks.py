"""preflight: whatever would go wrong later is found here, before anything is changed.

What it makes to try things is temporary, and rolled back.

Raises Refused at once where nothing more can be looked at; else collects hazards, of which some refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migrator import hazards
from migrator.catalog import Catalog, rights
from migrator.catalog.captured import read_captured
from migrator.catalog.revision_functions import try_statements
from migrator.dependents import recreate
from migrator.embedding import store
from migrator.embedding.models import Models
from migrator.hazards import Hazard
from migrator.ledger.ledger import Ledger, install_statements
from migrator.plan.column import ColumnPlan
from migrator.plan.estimate import Estimate
from migrator.plan.plan import Plan
from migrator.plan.step import Lock, Statement
from migrator.postgres.connection import Connection
from migrator.postgres.sql import expression
from migrator.preflight import (
    dependents,
    dimensions,
    estimates,
    event_triggers,
    fired_triggers,
    indexes,
    live_column,
    made_again,
    materialized_views,
    old_model,
    other_tables,
    partitions,
    row_size,
    scope,
    search_path,
    surroundings,
    table,
    text_functions,
    text_trial,
    token_limits,
    trigger_functions,
)
from migrator.preflight.expressions import try_expressions, try_relevant, try_scope
from migrator.proofs.metrics import read_queries
from migrator.runtime.context import Options

NAME = "preflight"


@dataclass(frozen=True)
class Findings:
    """What was found about one column. column: with the tables that its text reads."""

    column: ColumnPlan
    hazards: tuple[Hazard, ...]
    estimate: Estimate


def statements(plan: Plan) -> list[Statement]:
    """What is made once preflight is through. Its own statements are those that a dry run sends."""
    if not plan.makes_ledger:
        return []
    return [Statement(plan.subjects, each, Lock.NONE, "milliseconds") for each in install_statements()]


def examine(
    connection: Connection,
    ledger: Ledger,
    models: Models,
    column: ColumnPlan,
    columns: Sequence[ColumnPlan],
    *,
    options: Options,
    sample: bool,
) -> Findings:
    """Everything about one column of the plan. columns: all of them.

    sample: embed a timed sample where there is something to embed.

    Raises Refused where text, scope or model do not allow to look further.
    """
    catalog = column.catalog
    found = [
        *partitions.kind(catalog),
        *table.examine(catalog),
        *rights.examine(connection, column.table),
        *search_path.examine(connection, catalog),
    ]
    # Privileges first, or a permission error is reported as an error in where=.
    refuse_first(found)
    refuse_lesser_functions(connection, column)
    try_scope(connection, column)
    try_relevant(connection, column)
    found += [
        *live_column.examine(ledger, column),
        *scope.examine(connection, column),
        *indexes.declared(column),
        *indexes.shared(columns, column),
        *dependents.examine(columns, column),
        *dependents.by_name(connection, column),
        *table.triggers(column),
        *table.capture_function(connection, column),
        *partitions.examine(column),
        *table.other_tools(connection, column),
        *trigger_functions.examine(connection, columns, column),
    ]
    refuse_first(found)
    refuse_first(dependents.refused_updates(connection, column))
    # A downgrade is not kept from trying.
    refuse_first([] if column.is_restore else event_triggers.examine(connection, column))
    refuse_first(fired_triggers.examine(connection, column))
    if column.method != "index":
        try_expressions(connection, column)
        column = search_path.qualify(connection, column)
        catalog = column.catalog
        named = text_functions.find(connection, column)
        # Before one of them runs. A downgrade is not refused for what its upgrade allowed.
        found += [] if column.is_restore else text_functions.of_others(connection, column, named.functions)
        refuse_first(found)
        text_trial.examine_scope(connection, column)
        read = text_trial.examine(connection, column, columns, text_trial.argument_of(column))
        if column.change.other_text:
            text_trial.examine(connection, column.with_old_text, columns, text_trial.argument_of(column, old=True))
        if read:
            column = replace(column, catalog=replace(catalog, read=read))
            found += other_tables.examine(connection, column)
            refuse_first(found)
        column = replace(column, catalog=replace(column.catalog, made_of=named.dependencies))
        if column.fills_retired:
            seen = read_captured(connection, catalog.table.oid, column.trigger)
            column = replace(column, catalog=replace(column.catalog, captured=seen))
        # A downgrade is not refused for what its upgrade allowed.
        if not column.is_restore:
            search_path.try_functions(connection, column, named.functions)
            found += surroundings.examine(connection, column, named)
        refuse_first(found)
        refuse_first(made_again.examine(connection, columns, column))
        refuse_first(materialized_views.examine(connection, columns, column))
        if not column.is_restore:
            found += dimensions.examine(connection, columns, column)
            refuse_first(found)
        found += row_size.examine(connection, column)
        refuse_first(found)
        found += dependents.unproved_checks(connection, column)
    if column.is_restore:
        try_statements(connection, column.subject, recreate.changed_functions([column]))
    else:
        found += indexes.examine(connection, column)
        refuse_first(found)
    if column.method == "embed":
        store.refuse_without_vectors(connection, column)
    refuse_first(scope.left(connection, ledger, column))
    counts = estimates.count(connection, column)
    found += estimates.set_aside(connection, column)
    refuse_first(found)
    found += [*live_column.gaps(column, counts), *table.firing(column, counts)]
    refuse_first(found)
    if counts.rows:
        _queries(column, models, options.project)
    if counts.rows and column.method == "embed" and not column.is_restore:
        about_old = old_model.examine(connection, models, column)
        found += [about_old] if about_old else []
        refuse_first(found)
    taken = None
    if not (column.is_restore and options.without_old_model):
        taken = estimates.load_and_sample(connection, models, column, counts, sample=sample)
        if options.strict and counts.missing and not column.is_restore:
            token_limits.refuse_cut_short(connection, column, models.get(column.change.to))
    views = estimates.size_of_views(connection, columns, column)
    return Findings(column, tuple(found), estimates.estimated(column, counts, taken, views))


def refuse_lesser_functions(connection: Connection, column: ColumnPlan) -> None:
    """What a revision says in SQL must call no function of a role with fewer rights, if only to be parsed with values.

    Raises Refused.
    """
    change = column.change
    said = (change.text, change.from_text, change.where, change.priority, change.verify.relevant)
    rights.refuse_lesser_functions(connection, column.table, [expression(each) for each in said if each])


def refuse_unreadable(catalog: Catalog) -> None:
    """What is no table that migrator can change, or hides rows from this role. Raises Refused."""
    refuse_first([*partitions.kind(catalog), *table.row_security(catalog)])


def refuse_declared(ledger: Ledger, column: ColumnPlan) -> None:
    """What follows from change, table and ledger alone, whoever is to upgrade. Raises Refused."""
    refuse_first([*live_column.examine(ledger, column), *indexes.declared(column)])


def refuse_first(found: list[Hazard]) -> None:
    """Raises the first hazard that refuses."""
    for hazard in found:
        if hazard.refuses:
            raise hazard.refusal()


def _queries(column: ColumnPlan, models: Models, project: Path) -> None:
    """What verification will need is there now: the file of queries, what relevance is judged by, both models."""
    change = column.change
    if change.verify.queries is None or column.is_restore:
        return
    read_queries(project / change.verify.queries)
    if change.verify.relevant is None and len(column.catalog.table.key) != 1:
        raise hazards.texts.no_relevant_key(column.subject).refusal()
    for model in (change.from_, change.to):
        models.get(model)
