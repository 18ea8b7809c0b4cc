"""preflight: whatever would go wrong later is found here, before anything is changed. Reads only.

Raises Refused at once where nothing more can be looked at; else collects hazards, of which some refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql

from migrator import hazards, old_model, partition_hazards, rows_left, store
from migrator.catalog import Catalog, Server
from migrator.change import INDEX_LIMIT
from migrator.database import Connection, execute, fetch_dicts, fetch_row
from migrator.errors import Refused
from migrator.estimate import Counts, Estimate, Sample, estimate, take_sample
from migrator.hazards import Hazard
from migrator.ledger import Ledger, install_statements
from migrator.phases.embed import counting, wanted
from migrator.plan import ColumnPlan, Plan, Statement
from migrator.proofs.retrieval import relevant_value
from migrator.queries import Query, expression, name, query
from migrator.retrieval import read_queries
from migrator.work import Models, Options

NAME = "preflight"
OLDEST_POSTGRESQL = 140_000
OLDEST_PGVECTOR = (0, 7, 0)
SOUND_PGVECTOR = (0, 8, 3)
POSTGRESQL_COLUMNS = 1_600
# Rows on which a text is tried with and without the shadow column, and texts in the timed sample.
TRIED_ROWS = 100
SAMPLED_TEXTS = 32


@dataclass(frozen=True)
class Findings:
    """What was found about one column."""

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
    if not server.may_use_ledger:
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
    *,
    options: Options,
    sample: bool,
) -> Findings:
    """Everything about one column of the plan. sample: embed a timed sample where there is something to embed.

    Raises Refused where text, scope or model do not allow to look further.
    """
    catalog = column.catalog
    found = [
        *partition_hazards.kind(catalog),
        *_table(catalog),
        *_column(ledger, column),
        *_indexes(column),
        *_dependents(column),
        *_triggers(column),
        *partition_hazards.partitions(column),
    ]
    refuse_first(found)
    if column.method != "index":
        try_expressions(connection, column)
        _by_columns(connection, column)
    counts = _count(connection, column)
    found += _gaps(column, counts)
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
    return Findings(tuple(found), _estimate(column, counts, taken))


def refuse_declared(ledger: Ledger, column: ColumnPlan) -> None:
    """What follows from change, table and ledger alone, whoever is to upgrade. Raises Refused."""
    refuse_first([*partition_hazards.kind(column.catalog), *_column(ledger, column), *_indexes(column)])


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
    if table.row_security:
        found.append(hazards.row_security(table.name))
    if table.rules:
        found.append(hazards.rules_on_table(table.name, table.rules))
    if table.used_numbers >= POSTGRESQL_COLUMNS:
        found.append(hazards.used_up_columns(table.name, table.used_numbers))
    published = [each for each in table.publications if each not in server.publications_of_all]
    if published:
        found.append(hazards.published(table.name, published))
    return found


def _column(ledger: Ledger, column: ColumnPlan) -> list[Hazard]:
    catalog, change = column.catalog, column.change
    table, live = catalog.table, catalog.column
    found = []
    if live.generated:
        found.append(hazards.generated_column(table.name, live.name))
    if live.dimensions not in (None, change.from_.dimensions):
        expected = f"{live.type}({change.from_.dimensions})"
        found.append(hazards.live_column_differs(column.subject, live.type_text, expected))
    registered = ledger.registered(table.schema, table.name, live.name)
    if registered is not None and registered[0] != change.from_.name:
        found.append(hazards.other_model_in_column(column.subject, registered[0], change.from_.name))
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
    if live.default_text is not None and not fits:
        found.append(hazards.default_of_other_dimensions(column.subject, live.default_text))
    if column.method == "embed" and change.from_.dimensions == change.to.dimensions:
        found.append(hazards.equal_dimensions(column.subject))
    if column.method != "index":
        found.append(hazards.select_star(table.name, live.name))
    return found


def _same_indexes(column: ColumnPlan) -> bool:
    present = column.catalog.vector_indexes
    if column.change.index == "same":
        return True
    if column.change.index is None:
        return not present
    return [index.described() for index in present] == [column.change.index]


def _indexes(column: ColumnPlan) -> list[Hazard]:
    catalog = column.catalog
    found = [
        hazards.index_not_carried(column.subject, index.name, index.definition)
        for index in catalog.indexes
        if not (index.carried and index.valid) and not index.name.startswith("migrator_")
    ]
    present = [index.name for index in catalog.vector_indexes]
    if not column.is_restore and column.change.index not in ("same", None) and len(present) > 1:
        found.append(hazards.several_indexes(column.subject, present))
    if any(hazard.refuses for hazard in found):
        return found
    limit = INDEX_LIMIT["halfvec" if column.type == "halfvec" else "vector"]
    if column.indexes and column.dimensions > limit:
        found.append(hazards.over_index_limit(column.type, column.dimensions))
    return found


def _dependents(column: ColumnPlan) -> list[Hazard]:
    catalog = column.catalog
    if column.method == "index":
        return []
    found = [hazards.dependent_not_carried(column.subject, other) for other in catalog.others]
    for view in catalog.views:
        shown = f"view {view.schema}.{view.name}"
        if view.kind == "m":
            found.append(hazards.dependent_not_carried(column.subject, f"materialised {shown}"))
        elif view.has_more:
            having = f"{shown}, which has rules, triggers, defaults or column privileges of its own,"
            found.append(hazards.dependent_not_carried(column.subject, having))
        found += [hazards.dependent_on_view(shown, dependent) for dependent in view.dependents]
        roles = {view.owner, *(grant.grantor for grant in view.grants)}
        found += _not_a_member(catalog, roles, shown)
    retired = catalog.table.column(column.shadow) if column.is_restore else None
    grantors = {grant.grantor for grant in catalog.column.grants + (retired.grants if retired else [])}
    return found + _not_a_member(catalog, grantors, f"privileges on {column.subject}")


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
    own = "~migrator_capture_"
    others = [trigger for trigger in table.triggers if not trigger.name.startswith(own)]
    for trigger in others:
        if trigger.before and trigger.for_each_row and trigger.name.encode() > column.trigger.encode():
            found.append(hazards.trigger_sorts_last(table.name, trigger.name))
    if column.capture_was_off:
        found.append(hazards.capture_was_off(table.name))
    if column.catalog.firing_triggers:
        found.append(hazards.triggers_fire(table.name, column.catalog.firing_triggers))
    return found


# ---- text and scope ------------------------------------------------------------------------------------------


def try_expressions(connection: Connection, column: ColumnPlan) -> None:
    """Parses text, scope and priority as the database does; nothing is evaluated. Raises Refused."""
    change = column.change
    if change.text is not None:
        does_not_parse = partial(hazards.text_does_not_parse, change.text)
        type_ = _parse(connection, query("catalog", "text_type", text=column.text, table=column.table), does_not_parse)
        is_text, shown = fetch_row(connection, query("catalog", "is_text"), {"type": type_})
        if not is_text:
            raise hazards.text_is_not_text(change.text, shown).refusal()
        _parse(connection, _condition(column, sql.SQL("{} IS NULL").format(column.text)), does_not_parse)
    for argument, written in (("where", change.where), ("priority", change.priority)):
        if written is not None:
            condition = _condition(column, expression(written))
            _parse(connection, condition, partial(hazards.scope_does_not_parse, argument, written))


def _condition(column: ColumnPlan, condition: Query) -> sql.Composed:
    return query("catalog", "condition", table=column.table, condition=condition)


def _parse(connection: Connection, statement: Query, hazard: Callable[[str], Hazard]) -> int | None:
    """The type's oid of what the statement gives first. hazard: from the database's reason to what is told."""
    try:
        return _send(connection, statement)
    except psycopg.Error as error:
        raise hazard(_reason(error)).refusal() from None


def _send(connection: Connection, statement: Query) -> int | None:
    """Binary results need the extended protocol, which takes one statement only: `a; DROP TABLE b` does not parse."""
    with connection.transaction(), connection.cursor(binary=True) as cursor:
        execute(connection, sql.SQL("SET TRANSACTION READ ONLY"))
        cursor.execute(statement, {})
        return cursor.description[0].type_code if cursor.description else None


def _reason(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).splitlines()[0]


def _by_columns(connection: Connection, column: ColumnPlan) -> None:
    """Tries text and scope on a copy of some rows, as the capture trigger will use them.

    The copy is a temporary table in a transaction that is rolled back. Raises Refused where a text changes with the
    shadow column or by itself, or reads more than the row's columns.
    """
    table, text = column.catalog.table, column.change.text or ""
    copy = name(table.name)
    plain = tuple(known.name for known in table.columns if not known.generated)
    listed = sql.SQL(", ").join(name(each) for each in plain)
    hashes = query("catalog", "copy_hashes", copy=copy, text_hash=column.text_hash)
    with connection.transaction(force_rollback=True):
        try:
            _copy_table(connection, column, copy)
            rows = query("catalog", "copy_rows", copy=copy, columns=listed, table=column.table)
            execute(connection, rows, {"limit": TRIED_ROWS})
            (before,) = fetch_row(connection, hashes)
            added = query(
                "catalog", "copy_column", copy=copy, column=name(f"migrator_try_{column.id}"), type=column.type_sql
            )
            execute(connection, added)
            (after,) = fetch_row(connection, hashes)
            execute(connection, query("catalog", "copy_of_copy", copy=copy))
            execute(connection, query("catalog", "copy_view", copy=copy, text=column.text, scope=column.scope))
        except (psycopg.errors.ProgrammingError, psycopg.errors.DataError) as error:
            raise hazards.text_not_by_columns(text, _reason(error)).refusal() from None
        tables, calls, whole_row = fetch_row(connection, query("catalog", "copy_view_reads"))
        if tables:
            raise hazards.reads_other_tables(text, tables).refusal()
        if calls:
            raise hazards.changes_by_itself(text, calls).refusal()
        # Without a row to try it on, a text that reads the whole row is taken for one that changes.
        if before != after or (before is None and whole_row):
            raise hazards.whole_row_text(text).refusal()


def _copy_table(connection: Connection, column: ColumnPlan, copy: Query) -> None:
    try:
        execute(connection, query("catalog", "copy_of_table", copy=copy, table=column.table))
    except psycopg.errors.InsufficientPrivilege:
        raise hazards.may_not_create_temporary(column.catalog.server.role).refusal() from None


# ---- rows and models -----------------------------------------------------------------------------------------


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
    if column.capture_was_off:
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
    if column.method == "index" or not live.not_null:
        return []
    out_of_scope = 0 if column.keeps_out_of_scope else counts.rows - counts.in_scope
    without_text = counts.in_scope - counts.with_text if column.method == "embed" else 0
    if out_of_scope + without_text:
        return [hazards.rows_out_of_scope(column.subject, out_of_scope + without_text)]
    return []


def _queries(connection: Connection, column: ColumnPlan, models: Models, project: Path) -> None:
    """What verification will need is there now: the file of queries, what relevance is judged by, both models."""
    change = column.change
    if change.verify.queries is None or column.is_restore:
        return
    read_queries(project / change.verify.queries)
    if change.verify.relevant is None and len(column.catalog.table.key) != 1:
        raise hazards.no_relevant_key(column.subject).refusal()
    condition = _condition(column, sql.SQL("{} IS NULL").format(relevant_value(column)))
    _parse(connection, condition, partial(hazards.relevant_does_not_parse, change.verify.relevant or ""))
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


def _estimate(column: ColumnPlan, counts: Counts, taken: Sample | None) -> Estimate:
    width = 2 if column.type == "halfvec" else 4
    table, old, new = column.catalog.table, column.catalog.vector_indexes, column.indexes
    filled = counts.without_vector if column.fills_retired else counts.in_scope
    return estimate(
        column.subject,
        counts,
        taken,
        old_dimensions=column.change.from_.dimensions,
        new_bytes=width * column.dimensions + 8,
        dimensions=column.dimensions,
        old_index=old[0].method if old and not column.online else None,
        new_index=new[0].method if new and not column.keeps_old_index else None,
        filled=0 if column.method == "index" else filled,
        beside_index=bool(old) and not column.drops_index_early,
        row_bytes=table.blocks * table.block_size // max(counts.rows, 1),
    )
