"""The health of a database, by what the catalog and the ledger say; no table is read."""

from __future__ import annotations

import shlex
from typing import Any

from migrator.catalog import Server, read_ledger_schema, read_server
from migrator.catalog.columns import tree
from migrator.change import Model
from migrator.doctor.finding import Finding, Findings, of_hazard, of_index_without_partitions, of_invalid_index
from migrator.ledger import current_columns
from migrator.ledger.ledger import Ledger
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, fetch_dicts, fetch_row
from migrator.postgres.sql import fragment, query
from migrator.preflight.server import known_faults, server_hazards
from migrator.report import counted, size


def examine_database(connection: Connection) -> Findings:
    """Server, privileges, ledger, indexes, disk, and every vector column; the models that the ledger names."""
    server = read_server(connection)
    schema = read_ledger_schema(connection)
    ledger = Ledger(connection, installed=schema.trusted)
    found = [
        Finding("ok", "server", f"PostgreSQL {server.version_text}, pgvector {server.pgvector or 'not installed'}"),
        *(of_hazard("server", hazard) for hazard in server_hazards(server, schema)),
        _disk(server),
        *_unfinished(ledger),
        *_invalid_indexes(connection),
    ]
    if not server.pgvector:
        return Findings(found)
    (methods,) = fetch_row(connection, query("doctor", "index_methods"))
    found += [of_hazard("server", hazard) for hazard in known_faults(server, methods)]
    held, _ = current_columns.columns(ledger)
    return Findings([*found, *_vector_columns(connection, held)], _models(ledger, held))


def _disk(server: Server) -> Finding:
    free = server.free_disk()
    if free is None:
        return Finding("ok", "disk", "what the server has free cannot be seen from here")
    return Finding("ok", "disk", f"{size(free)} free where the server's data lies")


def _unfinished(ledger: Ledger) -> list[Finding]:
    return [
        Finding(
            "warning",
            "ledger",
            f"the {run.direction} of revision {run.revision}{f' in {run.history}' * bool(run.history)} is unfinished",
            f"{run.command}, as before, goes on"
            + "; migrator abandon undoes it and keeps the store" * (not ledger.past_cut_over(run)),
        )
        for run in ledger.unfinished_of_all()
    ]


def _invalid_indexes(connection: Connection) -> list[Finding]:
    found = []
    for row in fetch_dicts(connection, query("doctor", "invalid_indexes")):
        if row["is_partitioned"]:
            fact = f"the index on {row['table']} is invalid: not every partition has one that is attached to it"
            found.append(of_index_without_partitions(row["index"], fact))
        else:
            fact = f"the index on {row['table']} is invalid: it slows writes down and answers no query"
            found.append(of_invalid_index(row["index"], fact))
    return found


def _vector_columns(connection: Connection, held: list[ColumnPlan]) -> list[Finding]:
    models: dict[str, list[str]] = {}
    for column in held:
        models.setdefault(column.subject, []).append(column.change.to.name)
    columns = fetch_dicts(connection, query("doctor", "vector_columns", tree=tree(fragment("c.oid"))))
    if not columns:
        return [Finding("ok", "columns", "there is no vector column")]
    return [_vector_column(row, models) for row in columns]


def _vector_column(row: dict[str, Any], models: dict[str, list[str]]) -> Finding:
    """models: what the ledger says that columns hold."""
    subject = f"{row['schema']}.{row['table']}.{row['column']}"
    model = ", ".join(models.get(subject, ())) or "a model that the ledger does not know"
    rows = f"about {counted(row['rows'], 'rows')}" if row["rows"] >= 0 else "never analysed"
    if row["partitions"] is not None:
        rows += f" in {counted(row['partitions'], 'partitions')}"
    indexes = ", ".join(row["indexes"]) or "no vector index"
    fact = f"{row['type']}, {rows}, {indexes}, {model}"
    if not row["has_dimensions"]:
        fact += f"; vectors of several dimensions fit in: migrator doctor {shlex.quote(subject)} looks which are there"
    return Finding("ok", subject, fact)


def _models(ledger: Ledger, held: list[ColumnPlan]) -> list[Model]:
    """Those that columns hold, and those that a downgrade may ask for rows written since."""
    named = [column.change.to for column in held]
    named += [change.change.from_ for change in ledger.live_changes()]
    return list(dict.fromkeys(named))
