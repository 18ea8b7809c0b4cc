"""Other tools at work on a table: changes in flight, by the marks they leave, and who else writes its vectors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migrator.catalog.columns import Table
from migrator.postgres.connection import Connection, execute, fetch_dicts, fetch_row
from migrator.postgres.sql import query

# What a tool's triggers, columns and tables are called while a change of its is under way; {table} is the table's name.
_TRIGGERS = {
    "pgroll": r"_pgroll_trigger_",
    "pg_osc": r"primary_to_audit_table_trigger$",
    "reshape": r"__reshape_",
    "pg_repack": r"(z_)?repack_trigger$",
    "vecshift": r"vecshift_",
}
_COLUMNS = {"pgroll": r"_pgroll_", "reshape": r"__reshape_"}
_TABLES = {
    "pg_osc": r"pgosc_(at|st)_{table}_",
    "pg_repack": r"(log|table)_\d+$",
    "gh-ost, or a tool like it": r"_{table}_(gho|ghc)$",
    "pt-online-schema-change, or a tool like it": r"__?{table}_new$",
}
# Supabase's guide to automatic embeddings: https://supabase.com/docs/guides/ai/automatic-embeddings
_SUPABASE = re.compile(r"queue_embeddings?$")
# pgai's vectorizers: https://github.com/timescale/pgai
_PGAI = re.compile(r"_vectorizer_(src|truncate)_trg_")
# pg_vectorize, whose jobs write to a column of the source table, or to a table of their own:
# https://github.com/tembo-io/pg_vectorize
_PG_VECTORIZE = "vectorize"
_JOBS_COLUMN = re.compile(r"(.*)_embeddings$")
_JOBS_TABLE = re.compile(r"_embeddings_(.*)")
_JOBS_FUNCTION = "handle_update_"


def in_flight(connection: Connection, table: Table) -> list[tuple[str, str]]:
    """Tool and mark of every change of another tool that is under way on the table."""
    triggers = [trigger.name for trigger in _triggers(connection, table)]
    named = {"table": table.oid, "schema": table.schema, "name": table.name}
    beside = [found for (found,) in execute(connection, query("third_party", "tables"), named)]
    columns = [column.name for column in table.columns]
    marks = [("trigger", _TRIGGERS, triggers), ("column", _COLUMNS, columns), ("table", _TABLES, beside)]
    return [
        (tool, f'{kind} "{called}"')
        for kind, patterns, names in marks
        for tool, pattern in patterns.items()
        for called in names
        if re.match(pattern.replace("{table}", re.escape(table.name)), called)
    ]


def vectorizers(connection: Connection, table: Table, column: str) -> list[str]:
    """What computes vectors for the column by itself, in words; not what is disabled."""
    found, of_pgai, job = [], [], _JOBS_COLUMN.match(column)
    for trigger in _triggers(connection, table):
        if not trigger.enabled:
            continue
        # Its last arguments name what it writes: the text's function, and the column.
        if _SUPABASE.match(trigger.function) and (not trigger.arguments or column in trigger.arguments):
            function = f"{trigger.schema}.{trigger.function}()"
            found.append(f'trigger "{trigger.name}", which calls {function} as Supabase\'s guide has it')
        elif _PGAI.match(trigger.name):
            of_pgai.append(f'trigger "{trigger.name}" of a vectorizer of pgai')
        elif job and (trigger.schema, trigger.function) == (_PG_VECTORIZE, _JOBS_FUNCTION + job[1]):
            found.append(f'trigger "{trigger.name}" of a job of pg_vectorize')
    if table.schema == _PG_VECTORIZE and (job := _JOBS_TABLE.match(table.name)):
        called = {"schema": _PG_VECTORIZE, "function": _JOBS_FUNCTION + job[1]}
        sources = [shown for (shown,) in execute(connection, query("third_party", "tables_with_trigger"), called)]
        found += [f"job {job[1]} of pg_vectorize, by triggers on {shown}" for shown in sources]
    if not fetch_row(connection, query("third_party", "has_vectorizers"))[0]:
        return found + of_pgai
    named = {"schema": table.schema, "name": table.name, "column": column}
    known = execute(connection, query("third_party", "vectorizers"), named)
    return found + [f"vectorizer {called} of pgai" for (called,) in known]


@dataclass(frozen=True)
class _Trigger:
    """schema, function: what it calls, with which arguments."""

    name: str
    enabled: bool
    schema: str
    function: str
    arguments: list[str]


def _triggers(connection: Connection, table: Table) -> list[_Trigger]:
    return [_Trigger(**row) for row in fetch_dicts(connection, query("third_party", "triggers"), {"table": table.oid})]
