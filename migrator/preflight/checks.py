"""preflight: whatever would go wrong later is found here, before anything is changed. All its checks, in their order.

What it makes to try things is temporary, and rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from migrator import hazards
from migrator.catalog import Catalog, rights
from migrator.catalog.captured import read_captured
from migrator.catalog.revision_functions import try_statements
from migrator.dependents import recreate
from migrator.embedding import store
from migrator.hazards import Hazard
from migrator.ledger.ledger import Ledger, install_statements
from migrator.plan.column import ColumnPlan
from migrator.plan.estimate import Estimate
from migrator.plan.findings import Findings
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
from migrator.preflight.examination import Examination
from migrator.preflight.expressions import try_expressions, try_relevant, try_scope
from migrator.proofs.metrics import read_queries

NAME = "preflight"

# Gives hazards; or None, where it raises Refused by itself, or finds out what later checks need.
Check = Callable[[Examination], Iterable[Hazard] | None]


@dataclass(frozen=True)
class Stage:
    """Checks after which the first hazard that refuses ends preflight, so that what comes next can rely on them.

    does: what they look at. when: the columns that they are for.
    """

    does: str
    checks: tuple[Check, ...]
    when: Callable[[ColumnPlan], bool] = lambda _: True


@dataclass(frozen=True)
class Examined:
    """What preflight found about one column: findings for its plan, hazards, and what it will take."""

    findings: Findings
    hazards: tuple[Hazard, ...]
    estimate: Estimate


def statements(plan: Plan) -> list[Statement]:
    """What is made once preflight is through. Its own statements are those that a dry run sends."""
    if not plan.makes_ledger:
        return []
    return [Statement(plan.subjects, each, Lock.NONE, "milliseconds") for each in install_statements()]


def examine(at: Examination) -> Examined:
    """Everything about one column of the plan.

    Raises Refused for the first hazard that refuses, and where text, scope or model do not allow to look further.
    """
    found: list[Hazard] = []
    for stage in STAGES:
        if stage.when(at.column):
            for check in stage.checks:
                found += check(at) or ()
            refuse_first(found)
    views = estimates.size_of_views(at.connection, at.columns, at.column)
    return Examined(at.findings, tuple(found), estimates.estimated(at.column, at.counts, at.taken, views))


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


# ---- checks that find out what later ones need, or have a condition of their own ----------------------------------


def _qualify(at: Examination) -> None:
    at.find_out(qualified=search_path.qualify(at.connection, at.column))


def _find_functions(at: Examination) -> None:
    at.named = text_functions.find(at.connection, at.column)
    at.find_out(made_of=at.named.dependencies)


def _try_texts(at: Examination) -> None:
    column = at.column
    read = text_trial.examine(at.connection, column, at.columns, text_trial.argument_of(column))
    if column.change.other_text:
        old = text_trial.argument_of(column, old=True)
        text_trial.examine(at.connection, column.with_old_text, at.columns, old)
    at.find_out(read=read)


def _find_captured(at: Examination) -> None:
    if at.column.fills_retired:
        at.find_out(captured=read_captured(at.connection, at.catalog.table.oid, at.column.trigger))


def _count(at: Examination) -> None:
    at.counts = estimates.count(at.connection, at.column)


def _queries(at: Examination) -> None:
    """What verification will need is there now: the file of queries, what relevance is judged by, both models."""
    change = at.column.change
    if not at.counts.rows or change.verify.queries is None:
        return
    read_queries(at.options.project / change.verify.queries)
    if change.verify.relevant is None and len(at.catalog.table.key) != 1:
        raise hazards.texts.no_relevant_key(at.column.subject).refusal()
    for model in (change.from_, change.to):
        at.models.get(model)


def _old_model(at: Examination) -> list[Hazard]:
    found = old_model.examine(at.connection, at.models, at.column) if at.counts.rows else None
    return [found] if found else []


def _load_and_sample(at: Examination) -> None:
    if not (at.column.is_restore and at.options.without_old_model):
        at.taken = estimates.load_and_sample(at.connection, at.models, at.column, at.counts, sample=at.sample)


def _token_limits(at: Examination) -> None:
    if at.options.strict and at.counts.missing:
        token_limits.refuse_cut_short(at.connection, at.column, at.models.get(at.column.change.to))


def _upgrades(column: ColumnPlan) -> bool:
    """A downgrade is not refused for what its upgrade allowed, nor kept from trying."""
    return not column.is_restore


def _fills(column: ColumnPlan) -> bool:
    return column.method != "index"


def _upgrades_and_fills(column: ColumnPlan) -> bool:
    return _upgrades(column) and _fills(column)


STAGES = (
    # Privileges first, or a permission error is reported as an error in where=.
    Stage(
        "the table, by the catalog, and whose code runs in it",
        (
            lambda at: partitions.kind(at.catalog),
            lambda at: table.examine(at.catalog),
            lambda at: rights.examine(at.connection, at.column.table),
            lambda at: search_path.examine(at.connection, at.catalog),
        ),
    ),
    Stage(
        "what the revision says in SQL parses, and calls nothing of a lesser role",
        (
            lambda at: refuse_lesser_functions(at.connection, at.column),
            lambda at: try_scope(at.connection, at.column),
            lambda at: try_relevant(at.connection, at.column),
        ),
    ),
    Stage(
        "the column and what hangs on it, by the catalog",
        (
            lambda at: live_column.examine(at.ledger, at.column),
            lambda at: scope.examine(at.connection, at.column),
            lambda at: indexes.declared(at.column),
            lambda at: indexes.shared(at.columns, at.column),
            lambda at: dependents.examine(at.columns, at.column),
            lambda at: dependents.by_name(at.connection, at.column),
            lambda at: table.triggers(at.column),
            lambda at: table.capture_function(at.connection, at.column),
            lambda at: partitions.examine(at.column),
            lambda at: table.other_tools(at.connection, at.column),
            lambda at: trigger_functions.examine(at.connection, at.columns, at.column),
        ),
    ),
    Stage("updates of its rows are allowed", (lambda at: dependents.refused_updates(at.connection, at.column),)),
    Stage("event triggers let it pass", (lambda at: event_triggers.examine(at.connection, at.column),), _upgrades),
    Stage("triggers let updates pass", (lambda at: fired_triggers.examine(at.connection, at.column),)),
    Stage("text and scope parse", (lambda at: try_expressions(at.connection, at.column), _qualify), _fills),
    # Before one of them runs.
    Stage("whose functions they call", (_find_functions,), _fills),
    Stage(
        "capture may call them",
        (lambda at: text_functions.of_others(at.connection, at.column, at.named.functions),),
        _upgrades_and_fills,
    ),
    Stage(
        "text and scope, evaluated on some rows",
        (lambda at: text_trial.examine_scope(at.connection, at.column), _try_texts),
        _fills,
    ),
    Stage("tables that the text reads", (lambda at: other_tables.examine(at.connection, at.column),), _fills),
    Stage("tables whose writes were captured", (_find_captured,), _fills),
    Stage(
        "what text and scope ask of session, server and search path",
        (
            lambda at: search_path.try_functions(at.connection, at.column, at.named.functions),
            lambda at: surroundings.examine(at.connection, at.column, at.named),
        ),
        _upgrades_and_fills,
    ),
    Stage(
        "what cut-over makes again, tried",
        (lambda at: made_again.examine(at.connection, at.columns, at.column),),
        _fills,
    ),
    Stage(
        "materialized views, tried",
        (lambda at: materialized_views.examine(at.connection, at.columns, at.column),),
        _fills,
    ),
    Stage(
        "the dimensions in definitions",
        (lambda at: dimensions.examine(at.connection, at.columns, at.column),),
        _upgrades_and_fills,
    ),
    Stage("rows fit a page", (lambda at: row_size.examine(at.connection, at.column),), _fills),
    Stage("rows obey their CHECKs", (lambda at: dependents.unproved_checks(at.connection, at.column),), _fills),
    Stage("the new indexes, tried", (lambda at: indexes.examine(at.connection, at.column),), _upgrades),
    Stage(
        "the former functions, tried",
        (lambda at: try_statements(at.connection, at.column.subject, recreate.changed_functions([at.column])),),
        lambda column: column.is_restore,
    ),
    Stage(
        "the embedding store agrees with its model",
        (lambda at: store.refuse_without_vectors(at.connection, at.column),),
        lambda column: column.method == "embed",
    ),
    Stage("rows that left the scope", (lambda at: scope.left(at.connection, at.ledger, at.column),)),
    Stage("rows and texts, counted", (_count, lambda at: estimates.set_aside(at.connection, at.column))),
    Stage(
        "rows without a vector, and triggers that fire for each",
        (
            lambda at: live_column.gaps(at.column, at.counts),
            lambda at: table.firing(at.column, at.counts),
        ),
    ),
    Stage("what verification needs", (_queries,), _upgrades),
    Stage("the old model", (_old_model,), lambda column: column.method == "embed" and not column.is_restore),
    Stage("the new model, and a sample", (_load_and_sample,)),
    Stage("texts that the model cuts short", (_token_limits,), _upgrades),
)
