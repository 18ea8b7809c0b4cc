"""preflight: whatever would go wrong later is found here, and nothing is changed.

Raises Refused at once where nothing more can be looked at; else collects hazards, of which some refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql

from migrator import (
    carry,
    dimension_trial,
    hazards,
    index_trial,
    lengths,
    materialised,
    materialised_trial,
    old_model,
    partition_hazards,
    row_copies,
    rows_left,
    store,
    tree,
    trial,
)
from migrator.catalog import Catalog, Server, others
from migrator.catalog.functions import try_statements
from migrator.catalog.indexes import carried_over
from migrator.change import INDEX_LIMIT
from migrator.database import Connection, execute, fetch_dicts, fetch_row, qualified_names
from migrator.errors import Refused
from migrator.estimate import Counts, Estimate, Sample, estimate, take_sample
from migrator.hazards import Hazard
from migrator.ledger import LIVE, RETIRED, Ledger, install_statements
from migrator.phases.embed import counting, wanted
from migrator.plan import ColumnPlan, Plan, Statement
from migrator.proofs.retrieval import relevant_value
from migrator.queries import Query, expression, fragment, name, query
from migrator.retrieval import read_queries
from migrator.work import Models, Options

NAME = "preflight"
OLDEST_POSTGRESQL = 140_000
# From then on the right to set a setting can be given to a role.
GRANTS_SETTINGS = 150_000
OLDEST_PGVECTOR = (0, 7, 0)
SOUND_PGVECTOR = (0, 8, 3)
POSTGRESQL_COLUMNS = 1_600
# What the names of migrator's own triggers begin with.
_OWN = "~migrator_capture_"
# Texts in the timed sample.
SAMPLED_TEXTS = 32


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
    return [Statement(NAME, plan.subjects, each, "none", "milliseconds") for each in install_statements()]


# ---- the server -----------------------------------------------------------------------------------------------


def server_hazards(server: Server) -> list[Hazard]:
    """What stands against working in this database at all."""
    found = []
    if server.version < OLDEST_POSTGRESQL:
        found.append(hazards.old_postgresql(server.version_text))
    if server.pgvector is None:
        found.append(hazards.no_pgvector(server.pgvector_available))
    elif _version(server.pgvector) < OLDEST_PGVECTOR:
        found.append(hazards.old_pgvector(server.pgvector, ".".join(map(str, OLDEST_PGVECTOR))))
    elif _version(server.pgvector) < SOUND_PGVECTOR:
        found.append(hazards.pgvector_with_known_fault(server.pgvector))
    if server.standby:
        found.append(hazards.standby())
    if server.schema_taken:
        found.append(hazards.schema_taken())
    elif not server.may_use_ledger:
        found.append(hazards.ledger_of_another(server.ledger_owner or "", server.role))
    elif server.ledger_owner is None and not server.may_create:
        found.append(hazards.may_not_create_schema(server.role))
    if server.publications_of_all:
        found.append(hazards.publication_of_all(server.publications_of_all))
    return found


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


# ---- the column ----------------------------------------------------------------------------------------------


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
        *partition_hazards.kind(catalog),
        *_table(catalog),
        *_column(ledger, column),
        *_indexes(column),
        *_dependents(columns, column),
        *_triggers(column),
        *partition_hazards.partitions(column),
        *_other_tools(connection, column),
        *row_copies.examine(connection, column),
    ]
    refuse_first(found)
    if column.method != "index":
        try_expressions(connection, column)
        read = trial.examine(connection, column)
        if column.change.other_text:
            try_expressions(connection, column.with_old_text)
            trial.examine(connection, column.with_old_text)
        if read:
            column = replace(column, catalog=replace(catalog, read=read))
            found += _other_tables(connection, column)
            refuse_first(found)
        _try_conditions(connection, columns, column)
        refuse_first(materialised_trial.examine(connection, columns, column))
        if not column.is_restore:
            found += dimension_trial.examine(connection, columns, column)
            refuse_first(found)
        found += _unproved_checks(connection, column)
    if column.is_restore:
        try_statements(connection, column.subject, carry.changed_functions([column]))
    else:
        found += index_trial.examine(connection, column)
        refuse_first(found)
    counts = _counted(connection, column)
    found += [*_gaps(column, counts), *_firing(column, counts)]
    refuse_first(found)
    if counts.rows:
        _queries(connection, column, models, options.project)
    if counts.rows and column.method == "embed" and not column.is_restore:
        about_old = old_model.examine(connection, models, column)
        found += [about_old] if about_old else []
        refuse_first(found)
    taken = None
    if not (column.is_restore and options.without_old_model):
        taken = _load_and_sample(connection, models, column, counts, sample=sample)
        if options.strict and counts.missing and not column.is_restore:
            lengths.refuse_cut_short(connection, column, models.get(column.change.to))
    views = materialised_trial.size(connection, columns, column)
    return Findings(column, tuple(found), _estimate(column, counts, taken, views))


def _other_tables(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """What follows from the locks on tables that the text reads."""
    catalog = column.catalog
    written = trial.written_by_triggers(connection, column, catalog.read)
    if written:
        return [hazards.triggers_write_other_tables(catalog.table.name, catalog.firing_triggers, written)]
    fired = [each.name for each in catalog.table.triggers if each.enabled in "OA" and not each.name.startswith(_OWN)]
    return [hazards.other_tables_locked(column.subject, [each.shown for each in catalog.read], fired)]


def refuse_unreadable(catalog: Catalog) -> None:
    """What is no table that migrator can change, or hides rows from this role. Raises Refused."""
    refuse_first([*partition_hazards.kind(catalog), *_row_security(catalog)])


def refuse_declared(ledger: Ledger, column: ColumnPlan) -> None:
    """What follows from change, table and ledger alone, whoever is to upgrade. Raises Refused."""
    refuse_first([*_column(ledger, column), *_indexes(column)])


def disk_hazards(server: Server, needed: int) -> list[Hazard]:
    """Whether the server has room for all columns together. needed: bytes."""
    free = server.free_disk()
    if free is None:
        return [hazards.disk_unknown(needed)]
    return [hazards.no_disk(needed, free)] if needed > free else []


def refuse_first(found: list[Hazard]) -> None:
    """Raises the first hazard that refuses."""
    for hazard in found:
        if hazard.refuses:
            raise hazard.refusal()


def _table(catalog: Catalog) -> list[Hazard]:
    table, server = catalog.table, catalog.server
    found = []
    if not table.owned:
        found.append(hazards.not_owner(table.name, table.owner, server.role))
    if not table.may_create:
        found.append(hazards.may_not_create_in(table.schema, server.role))
    if server.open_schemas:
        found.append(hazards.open_schemas(server.open_schemas))
    found += _row_security(catalog)
    if table.rules:
        found.append(hazards.rules_on_table(table.name, table.rules))
    if table.used_numbers >= POSTGRESQL_COLUMNS:
        found.append(hazards.used_up_columns(table.name, table.used_numbers))
    carried = {*server.publications_of_all, *(each.name for each in catalog.carried.publications)}
    published = [each for each in table.publications if each not in carried]
    if published:
        of_schema = table.publications_of_schema
        named = [each for each in published if each not in of_schema]
        found.append(
            hazards.published(table.name, named) if named else hazards.published_of_schema(table.name, of_schema)
        )
    return found


def _row_security(catalog: Catalog) -> list[Hazard]:
    return [hazards.row_security(catalog.table.name)] if catalog.table.row_security else []


def _column(ledger: Ledger, column: ColumnPlan) -> list[Hazard]:
    catalog, change = column.catalog, column.change
    table, live = catalog.table, catalog.column
    found = []
    if live.generated:
        found.append(hazards.generated_column(table.name, live.name))
    if live.dimensions not in (None, change.from_.dimensions):
        expected = f"{live.type}({change.from_.dimensions})"
        found.append(hazards.live_column_differs(column.subject, live.type_text, expected))
    registered = _registered(ledger, column)
    if registered is not None and registered != change.from_.name:
        found.append(hazards.other_model_in_column(column.subject, registered, change.from_.name))
    live_changes = {each.id for each in ledger.live_changes()}
    for known in table.columns:
        prefix, _, number = known.name.rpartition("_")
        is_retired = prefix == "migrator_retired" and number.isdigit() and int(number) in live_changes
        if known.name.startswith("migrator_") and not is_retired:
            found.append(hazards.left_by_another(table.name, known.name))
    if column.is_restore:
        return found
    if column.method == "index" and _same_indexes(column):
        found.append(hazards.same_column(column.subject))
    if column.method == "embed" and change.text is None:
        found.append(hazards.no_text(column.subject))
    fits = live.dimensions in (None, column.dimensions)
    if live.default_vector is not None and not fits:
        found.append(hazards.default_of_other_dimensions(column.subject, live.default_vector))
    if column.method == "embed" and change.from_.dimensions == change.to.dimensions:
        found.append(hazards.equal_dimensions(column.subject))
    if column.method != "index":
        found.append(hazards.select_star(table.name, live.name))
    return found


def _registered(ledger: Ledger, column: ColumnPlan) -> str | None:
    """The model that the ledger says the rows in scope hold; None where it does not say."""
    if column.has_dimensions:
        registered = ledger.registered(column.catalog.table.schema, column.catalog.table.name, column.live)
        return registered[0] if registered is not None else None
    # A column without dimensions may hold several models, each in a scope of its own.
    done = [
        each.change.to.name
        for each in ledger.carried_out()
        if each.restores is None
        and each.state in (LIVE, RETIRED)
        and each.catalog.subject == column.subject
        and each.change.where in (None, column.change.where)
    ]
    return done[-1] if done else None


def _same_indexes(column: ColumnPlan) -> bool:
    asked = column.change.index
    if asked == "same":
        return True
    present = [index.described() for index in column.replaced_indexes]
    return present == ([] if asked is None else [asked])


def _indexes(column: ColumnPlan) -> list[Hazard]:
    subject, catalog = column.subject, column.catalog
    found = [
        hazards.dependent_not_carried(
            subject, f"constraint {index.name} on table {catalog.table.schema}.{catalog.table.name}"
        )
        if index.of_constraint
        else hazards.index_not_carried(subject, index.name, index.definition)
        for index in catalog.own_indexes
        if not (index.carried and index.valid)
    ]
    if column.is_restore:
        return found
    replaced = [index.name for index in column.replaced_indexes]
    if column.change.index is not None and len(replaced) > 1:
        found.append(hazards.several_indexes(subject, replaced))
    if found:
        return found
    built = {index.name: index for index in column.indexes}
    for present in catalog.own_indexes:
        same = carried_over(present, "")
        kept = built.get(present.name, same)
        if present.reach == "both" and (kept.key, kept.body) != (same.key, same.body):
            found.append(hazards.index_spans_scope(subject, present.name, column.change.where or "true"))
    for index in column.vector_indexes:
        type_, size = index.operand
        if (size or column.dimensions) > INDEX_LIMIT[type_]:
            several = column.change.index == "same" and len(column.vector_indexes) > 1
            over = hazards.several_over_index_limit if several else hazards.over_index_limit
            found.append(over(type_, size or column.dimensions))
    return found


def _dependents(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Hazard]:
    catalog = column.catalog
    if column.method == "index":
        return []
    found = [hazards.dependent_not_carried(column.subject, other) for other in catalog.others]
    functions = {function.described for function in catalog.carried.functions}
    for view in catalog.views:
        shown = f"view {view.schema}.{view.name}"
        if view.materialised is not None:
            shown = f"materialised {shown}"
            why = materialised.not_carried(column, view, view.materialised)
            found += [hazards.dependent_not_carried(column.subject, f"{shown} ({each})") for each in why]
        elif view.kind != "v":
            found.append(hazards.dependent_not_carried(column.subject, f"a rule on {view.schema}.{view.name}"))
        bound = [each for each in view.dependents if each not in functions]
        found += [hazards.dependent_on_view(shown, dependent) for dependent in bound]
        given = [*view.grants, *(grant for grants in view.column_grants.values() for grant in grants)]
        found += _not_a_member(catalog, {view.owner, *(grant.grantor for grant in given)}, shown)
    for described, owner in catalog.carried.owners():
        found += _not_a_member(catalog, {owner}, described)
    views = [view for view in catalog.views if view.materialised is not None and view.materialised.populated]
    if views and not found:
        found.append(hazards.materialised_views(column.subject, [f"{view.schema}.{view.name}" for view in views]))
    found += dimension_trial.kept_as_written(column)
    found += _published(column)
    rewritten = carry.rewritten(columns, column)
    if rewritten:
        found.append(hazards.dimensions_rewritten(column.subject, rewritten))
    replaced = {function.name for function in catalog.replaced}
    by_name = [function for function in catalog.carried.functions_by_name if function not in replaced]
    if by_name and not column.is_restore:
        found.append(hazards.functions_by_name(column.subject, by_name))
    retired = catalog.table.column(column.shadow) if column.is_restore else None
    grantors = {grant.grantor for grant in catalog.column.grants + (retired.grants if retired else [])}
    return found + _not_a_member(catalog, grantors, f"privileges on {column.subject}")


def _published(column: ColumnPlan) -> list[Hazard]:
    """Publications with a list of columns, which the shadow column is not in."""
    table, carried = column.catalog.table, column.catalog.carried
    found = []
    updated = [publication.name for publication in carried.publications if publication.updates]
    if updated and not carried.replica_identity:
        found.append(hazards.no_replica_identity(table.name, updated))
    shipped = [publication.name for publication in carried.publications if column.live in publication.columns]
    if shipped:
        found.append(hazards.published_column(table.name, column.live, shipped, column.type_text))
    return found


def _try_conditions(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> None:
    """Parses what is to be made again over the new columns' types; nothing is evaluated. Raises Refused."""
    for each, condition, statement in carry.tries(columns, column):
        _parse(connection, column, statement, partial(hazards.dependent_does_not_fit, column.subject, each, condition))


def _unproved_checks(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """Every update of a row that violates a CHECK fails, whichever column it sets."""
    found = []
    for leaf in tree.leaves(tree.planned(column)):
        with qualified_names(connection):
            unproved = execute(connection, query("dependents", "unproved_checks"), {"table": leaf.oid}).fetchall()
        for check, condition in unproved:
            count = query("dependents", "violating", table=leaf.sql, condition=fragment(condition))
            (violating,) = fetch_row(connection, count)
            if violating:
                found.append(hazards.rows_violate_check(leaf.name, check, violating))
    return found


def _not_a_member(catalog: Catalog, roles: set[str], of: str) -> list[Hazard]:
    server = catalog.server
    if server.superuser:
        return []
    return [hazards.not_a_member(of, role, server.role) for role in sorted(roles - set(server.member_of))]


def _triggers(column: ColumnPlan) -> list[Hazard]:
    if column.method == "index":
        return []
    table = column.catalog.table
    found = []
    others = [trigger for trigger in table.triggers if not trigger.name.startswith(_OWN)]
    for trigger in others:
        if trigger.before and trigger.for_each_row and trigger.name.encode() > column.trigger.encode():
            found.append(hazards.trigger_sorts_last(table.name, trigger.name))
    if column.capture_was_off:
        found.append(hazards.capture_was_off(table.name))
    return found


def _firing(column: ColumnPlan, counts: Counts) -> list[Hazard]:
    """The user's triggers that the fill will fire."""
    catalog = column.catalog
    fires = [trigger for trigger in catalog.table.triggers if trigger.name in catalog.firing_triggers]
    if column.method == "index" or not fires or not counts.rows:
        return []
    rows = counts.without_vector if column.is_restore else counts.in_scope
    by_row = [trigger.name for trigger in fires if trigger.for_each_row]
    by_statement = [trigger.name for trigger in fires if not trigger.for_each_row]
    if catalog.server.quiets_triggers:
        return [hazards.triggers_always_fire(catalog.table.name, by_row, by_statement, rows)]
    grants = catalog.server.version >= GRANTS_SETTINGS
    role = catalog.server.role
    return [hazards.triggers_fire(catalog.table.name, by_row, by_statement, rows, role, grants)]


def _other_tools(connection: Connection, column: ColumnPlan) -> list[Hazard]:
    """What other tools do with the table."""
    table = column.catalog.table
    found = [hazards.change_in_flight(table.name, tool, mark) for tool, mark in others.in_flight(connection, table)]
    if column.method != "index" and not column.is_restore:
        writers = others.vectorizers(connection, table, column.live)
        if writers:
            make = hazards.two_writers if column.holds_old else hazards.writer_fails_later
            found.append(make(column.subject, writers))
    return found


# ---- text and scope ------------------------------------------------------------------------------------------


def try_expressions(connection: Connection, column: ColumnPlan) -> None:
    """Parses text, scope and priority as the database does; nothing is evaluated. Raises Refused."""
    change = column.change
    if change.text is not None:
        does_not_parse = partial(hazards.text_does_not_parse, change.text)
        text = expression(change.text)
        type_ = _parse(connection, column, query("catalog", "text_type", text=text, table=column.table), does_not_parse)
        is_text, shown = fetch_row(connection, query("catalog", "is_text"), {"type": type_})
        if not is_text:
            raise hazards.text_is_not_text(change.text, shown).refusal()
        _parse(connection, column, _condition(column, sql.SQL("{} IS NULL").format(text)), does_not_parse)
    for argument, written in (("where", change.where), ("priority", change.priority)):
        if written is not None:
            condition = _condition(column, expression(written))
            _parse(connection, column, condition, partial(hazards.scope_does_not_parse, argument, written))


def _condition(column: ColumnPlan, condition: Query) -> sql.Composed:
    return query("catalog", "condition", table=column.table, condition=condition)


def _parse(connection: Connection, column: ColumnPlan, statement: Query, hazard: Callable[[str], Hazard]) -> int | None:
    """The type's oid of what the statement gives first. hazard: from the database's reason to what is told."""
    try:
        return _send(connection, statement)
    except psycopg.Error as error:
        raise hazard(trial.reason(error, column)).refusal() from None


def _send(connection: Connection, statement: Query) -> int | None:
    """Binary results need the extended protocol, which takes one statement only: `a; DROP TABLE b` does not parse."""
    with connection.transaction(), connection.cursor(binary=True) as cursor:
        execute(connection, sql.SQL("SET TRANSACTION READ ONLY"))
        cursor.execute(statement, {})
        return cursor.description[0].type_code if cursor.description else None


# ---- rows and models -----------------------------------------------------------------------------------------


def _counted(connection: Connection, column: ColumnPlan) -> Counts:
    """Raises Refused where a text that needs settings cannot be had from a row; other errors say why themselves."""
    try:
        return _count(connection, column)
    except trial.EVALUATION as error:
        if not column.change.settings:
            raise
        raise hazards.text_not_by_columns(column.change.text or "", trial.reason(error, column)).refusal() from None


def _count(connection: Connection, column: ColumnPlan) -> Counts:
    """One scan; on a downgrade only rows without an old vector want one."""
    target = column.shadow if column.fills_retired and column.method != "index" else column.live
    (counted,) = fetch_dicts(
        connection,
        query(
            "catalog",
            "counts",
            scope=column.scope,
            text=column.text,
            text_hash=column.text_hash,
            column=name(target),
            table=column.table,
        ),
    )
    missing = 0
    if column.method == "embed" and counted["distinct_texts"]:
        missing = _missing(connection, column)
    return Counts(missing=missing, **counted)


def _missing(connection: Connection, column: ColumnPlan) -> int:
    if not column.is_restore:
        return _missing_of(connection, column, sql.SQL("true"))
    unmarked = 0
    if column.marks_some:
        in_backup = store.has_table(connection, column.upgrade_backup_name)
        stale = rows_left.stale(column, in_backup=in_backup, in_store=store.exists(connection, column))
        unmarked = _missing_of(connection, column, stale)
    return unmarked + _missing_of(connection, column, wanted(column))


def _missing_of(connection: Connection, column: ColumnPlan, pending: Query) -> int:
    texts = counting(column, pending, in_store=store.exists(connection, column))
    return int(fetch_row(connection, texts)[0])


def _gaps(column: ColumnPlan, counts: Counts) -> list[Hazard]:
    """Rows that would keep the column from being NOT NULL, or that a downgrade could give no vector."""
    live = column.catalog.column
    if column.is_restore:
        if column.method == "embed" and column.change.text is None and counts.without_vector:
            return [hazards.no_text_to_restore(column.subject, counts.without_vector)]
        return []
    if column.method == "index":
        return []
    out_of_scope = counts.rows - counts.in_scope
    without_text = counts.in_scope - counts.with_text if column.method == "embed" else 0
    found = []
    if column.change.empty == "refuse" and without_text:
        found.append(hazards.rows_without_text(column.subject, without_text))
    if column.change.outside == "keep" and out_of_scope and not column.holds_old:
        found.append(hazards.cannot_keep(column.subject, out_of_scope, 'outside="keep"', 'outside="null"'))
    if column.change.empty == "skip" and without_text:
        if column.holds_old:
            found.append(hazards.kept_without_text(column.subject, without_text, column.change.from_.name))
        else:
            found.append(hazards.cannot_keep(column.subject, without_text, 'empty="skip"', 'empty="null"'))
    end_null = out_of_scope * (not column.keeps_out_of_scope) + without_text * (not column.keeps_without_text)
    if live.not_null and end_null:
        found.append(hazards.rows_out_of_scope(column.subject, end_null))
    return found


def _queries(connection: Connection, column: ColumnPlan, models: Models, project: Path) -> None:
    """What verification will need is there now: the file of queries, what relevance is judged by, both models."""
    change = column.change
    if change.verify.queries is None or column.is_restore:
        return
    read_queries(project / change.verify.queries)
    if change.verify.relevant is None and len(column.catalog.table.key) != 1:
        raise hazards.no_relevant_key(column.subject).refusal()
    condition = _condition(column, sql.SQL("{} IS NULL").format(relevant_value(column)))
    _parse(connection, column, condition, partial(hazards.relevant_does_not_parse, change.verify.relevant or ""))
    for model in (change.from_, change.to):
        models.get(model)


def _load_and_sample(
    connection: Connection, models: Models, column: ColumnPlan, counts: Counts, *, sample: bool
) -> Sample | None:
    """Loads the model only where texts are missing, so that an empty table needs none."""
    if counts.missing == 0:
        return None
    try:
        embedder = models.get(column.change.to)
    except Refused as refused:
        if not column.is_restore:
            raise
        raise hazards.old_model_gone(column.subject, counts.missing, refused.problem).refusal() from None
    if not sample or not models.may_call(embedder):
        return None
    statement = query("catalog", "text_sample", text=column.text, table=column.table, scope=column.scope)
    texts = [text for (text,) in execute(connection, statement, {"limit": SAMPLED_TEXTS})]
    return take_sample(embedder, texts)


def _estimate(column: ColumnPlan, counts: Counts, taken: Sample | None, views: int) -> Estimate:
    """views: bytes of the materialised views that are filled a second time."""
    width = 2 if column.type == "halfvec" else 4
    table = column.catalog.table
    old = [index for index in column.dropped_indexes if index.is_vector]
    new = [index for index in column.vector_indexes if not column.keeps(index)]
    beside = [index for index in column.catalog.vector_indexes if index not in old]
    filled = counts.without_vector if column.fills_retired else counts.in_scope
    return estimate(
        column.subject,
        counts,
        taken,
        old_dimensions=column.change.from_.dimensions,
        new_bytes=width * column.dimensions + 8,
        dimensions=column.dimensions,
        old_index=old[0].method if old else None,
        new_index=new[0].method if new else None,
        filled=0 if column.method == "index" else filled,
        beside_index=bool(beside),
        row_bytes=table.blocks * table.block_size // max(counts.rows, 1),
        # As if they held vectors alone, where these grow.
        views=views * max(column.dimensions, column.change.from_.dimensions) // column.change.from_.dimensions,
    )
