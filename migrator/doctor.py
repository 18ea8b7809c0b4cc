"""The health of a database, and what is in a vector column: findings, each with its remedy. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from migrator import hazards
from migrator.catalog import Catalog, Server, read_catalog, read_server, scoped
from migrator.catalog.indexes import TableIndex
from migrator.change import EmbeddingChange, Model
from migrator.database import Connection, execute, fetch_dicts, fetch_row
from migrator.embedders import load
from migrator.errors import Refused
from migrator.hazards import Hazard
from migrator.ledger import Ledger
from migrator.plan import ColumnPlan
from migrator.preflight.server import server_hazards
from migrator.queries import expression, name, plain, query
from migrator.report import counted, size

Level = Literal["ok", "warning", "error"]
LEVELS: tuple[Level, ...] = ("ok", "warning", "error")


@dataclass(frozen=True)
class Finding:
    """What was looked at and found. remedy: "" where nothing need be done."""

    level: Level
    subject: str
    fact: str
    remedy: str = ""


@dataclass(frozen=True)
class ColumnFindings:
    """What is in a column. model: what the ledger says its vectors are of; to be tried once no connection is open."""

    findings: list[Finding]
    model: Model | None


def _hazard(subject: str, hazard: Hazard) -> Finding:
    return Finding("error" if hazard.refuses else "warning", subject, hazard.problem, hazard.remedy)


def _index(fact: str, index: str) -> Finding:
    remedy = f"REINDEX INDEX CONCURRENTLY {index}; or drop it where it is not needed"
    return Finding("error", index, fact, remedy)


# ---- the database ----------------------------------------------------------------------------------------------


def examine_database(connection: Connection) -> list[Finding]:
    """Server, privileges, ledger, indexes, disk, and every vector column by what the catalog says."""
    server = read_server(connection)
    found = [
        Finding("ok", "server", f"PostgreSQL {server.version_text}, pgvector {server.pgvector or 'not installed'}"),
        *(_hazard("server", hazard) for hazard in server_hazards(server)),
        _disk(server),
        *_unfinished(connection, server),
        *_invalid_indexes(connection),
    ]
    return found + (_vector_columns(connection, server) if server.pgvector else [])


def _ledger(connection: Connection, server: Server) -> Ledger:
    return Ledger(connection, installed=server.ledger and server.may_use_ledger)


def _disk(server: Server) -> Finding:
    free = server.free_disk()
    if free is None:
        return Finding("ok", "disk", "what the server has free cannot be seen from here")
    return Finding("ok", "disk", f"{size(free)} free where the server's data lies")


def _unfinished(connection: Connection, server: Server) -> list[Finding]:
    run = _ledger(connection, server).unfinished()
    if run is None:
        return []
    return [
        Finding(
            "warning",
            "ledger",
            f"the {run.direction} of revision {run.revision} is unfinished",
            f"{run.command}, as before, goes on; migrator abandon undoes it and keeps the store",
        )
    ]


def _invalid_indexes(connection: Connection) -> list[Finding]:
    return [
        _index(f"the index on {row['table']} is invalid: it slows writes down and answers no query", row["index"])
        for row in fetch_dicts(connection, query("doctor", "invalid_indexes"))
    ]


def _vector_columns(connection: Connection, server: Server) -> list[Finding]:
    models = {
        (row["table_schema"], row["table_name"], row["column_name"]): row["model"]
        for row in _ledger(connection, server).registry()
    }
    columns = fetch_dicts(connection, query("doctor", "vector_columns"))
    if not columns:
        return [Finding("ok", "columns", "there is no vector column")]
    return [_vector_column(row, models.get((row["schema"], row["table"], row["column"]))) for row in columns]


def _vector_column(row: dict[str, Any], model: str | None) -> Finding:
    subject = f"{row['schema']}.{row['table']}.{row['column']}"
    rows = f"about {counted(row['rows'], 'rows')}" if row["rows"] >= 0 else "never analysed"
    indexes = ", ".join(row["indexes"]) or "no vector index"
    fact = f"{row['type']}, {rows}, {indexes}, {model or 'a model that the ledger does not know'}"
    if row["has_dimensions"]:
        return Finding("ok", subject, fact)
    return Finding(
        "warning",
        subject,
        f"{fact}; the type has no dimensions, so vectors of several models fit in",
        f"migrator doctor {subject} looks which are in it",
    )


# ---- a column ----------------------------------------------------------------------------------------------------


def examine_column(connection: Connection, schema: str | None, table: str, column: str) -> ColumnFindings:
    """What is in the column; scans the table a few times. Raises Refused where there is no such vector column."""
    catalog = read_catalog(connection, schema, table, column)
    ledger = _ledger(connection, catalog.server)
    where = (catalog.table.schema, catalog.table.name, catalog.column.name)
    upgrade = ledger.live_upgrade(*where)
    change = upgrade[0].change if upgrade else None
    if catalog.table.row_security:
        # What is hidden cannot be counted, and what is counted without it would be wrong.
        type_ = Finding("ok", catalog.subject, catalog.column.type_text)
        return ColumnFindings([type_, *_may_see(catalog)], ledger.registered(*where))
    counts = _vectors(connection, catalog)
    found = [
        Finding("ok", catalog.subject, f"{catalog.column.type_text}, {counted(counts['rows_'], 'rows')}"),
        *_may_see(catalog),
        *_missing(connection, catalog, counts, change),
        *_dimensions(connection, catalog, change),
        *_lengths(catalog, counts),
        *_duplicates(connection, catalog, counts, change),
        *_indexes(connection, catalog),
    ]
    return ColumnFindings(found, ledger.registered(*where))


def examine_model(model: Model) -> Finding:
    """Whether the model of a column can still be loaded."""
    try:
        load(model)
    except Refused as refusal:
        return Finding("error", model.name, refusal.problem, refusal.remedy)
    return Finding("ok", model.name, f"loads, and gives {model.dimensions} dimensions")


def _vectors(connection: Connection, catalog: Catalog) -> dict[str, int]:
    (row,) = fetch_dicts(connection, query("doctor", "vectors", **_pieces(catalog)))
    return row


def _pieces(catalog: Catalog) -> dict[str, Any]:
    return {
        "schema": name(catalog.server.extension_schema),
        "column": name(catalog.column.name),
        "table": catalog.table.sql,
    }


def _may_see(catalog: Catalog) -> list[Finding]:
    table = catalog.table
    found = []
    if table.row_security:
        found.append(_hazard(catalog.subject, hazards.row_security(table.name)))
    if not table.owned:
        found.append(_hazard(catalog.subject, hazards.not_owner(table.name, table.owner, catalog.server.role)))
    return found


def _texts(connection: Connection, catalog: Catalog, change: EmbeddingChange) -> dict[str, int]:
    column = ColumnPlan(0, change, catalog)
    (row,) = fetch_dicts(
        connection,
        query(
            "doctor",
            "texts",
            column=name(catalog.column.name),
            table=catalog.table.sql,
            text=column.text,
            text_hash=column.text_hash,
            scope=column.scope,
        ),
    )
    return row


def _missing(
    connection: Connection, catalog: Catalog, counts: dict[str, int], change: EmbeddingChange | None
) -> list[Finding]:
    without = counts["rows_"] - counts["with_vector"]
    if not without:
        return [Finding("ok", catalog.subject, "every row has a vector")]
    if change is None or change.text is None or change.settings:
        return [
            Finding(
                "warning",
                catalog.subject,
                f"{counted(without, 'rows')} without a vector, which no search by vector finds",
                "the next upgrade gives one to every row that has a text",
            )
        ]
    with_text = _texts(connection, catalog, change)["without_vector"]
    if not with_text:
        return [
            Finding("ok", catalog.subject, f"{counted(without, 'rows')} without a vector, and without a text in scope")
        ]
    return [
        Finding(
            "warning",
            catalog.subject,
            f"{counted(with_text, 'rows')} with a text ({change.text}) and no vector, which no search by vector finds",
            f"write their vectors with {change.to.name}, or let the next upgrade do it",
        )
    ]


def _dimensions(connection: Connection, catalog: Catalog, change: EmbeddingChange | None) -> list[Finding]:
    """Several can only be in a column whose type has none; the scope of the last upgrade may tell them apart."""
    if catalog.column.dimensions is not None:
        return []
    found = [tuple(row) for row in execute(connection, query("doctor", "dimensions", **_pieces(catalog)))]
    shown = ", ".join(f"{vectors:,} of {dimensions}" for dimensions, vectors in found)
    if len(found) < 2:
        fact = f"all vectors have {found[0][0]} dimensions" if found else "there is no vector"
        return [Finding("ok", catalog.subject, fact)]
    where = change.where if change is not None else None
    if where is not None and len(scoped.dimensions(connection, catalog, where)) < 2:
        return [Finding("ok", catalog.subject, f"vectors of several dimensions stand in it: {shown}; one in {where}")]
    return [
        Finding(
            "error",
            catalog.subject,
            f"vectors of several dimensions stand in it: {shown}",
            "tell the models apart by a condition: one revision with where= for each of them",
        )
    ]


def _lengths(catalog: Catalog, counts: dict[str, int]) -> list[Finding]:
    zero, unit = counts["zero"], counts["unit"]
    others = counts["with_vector"] - zero - unit
    found = []
    if zero:
        found.append(
            Finding(
                "error",
                catalog.subject,
                f"{counted(zero, 'vectors')} of zeros alone: no search by cosine distance finds such a row",
                f"set them NULL, and the next upgrade embeds them: {_set_null(catalog)}",
            )
        )
    if unit and others:
        found.append(
            Finding(
                "warning",
                catalog.subject,
                f"{counted(unit, 'vectors')} of length 1 and {others:,} of another: they may be of several models",
                "find out what wrote the fewer ones; an upgrade embeds all rows with one model",
            )
        )
    elif others and any(index.distance == "ip" for index in catalog.vector_indexes):
        found.append(
            Finding(
                "warning",
                catalog.subject,
                "no vector has length 1, and an index searches by inner product, which prefers long vectors",
                'search by cosine distance: index=Hnsw(distance="cosine") in a revision; or normalize=True',
            )
        )
    elif unit or others:
        found.append(Finding("ok", catalog.subject, f"{'all' if unit else 'no'} vectors have length 1"))
    return found


def _set_null(catalog: Catalog) -> str:
    table, column = plain(catalog.table.sql), plain(name(catalog.column.name))
    return f"UPDATE {table} SET {column} = NULL WHERE vector_norm({column}::vector) = 0"


def _duplicates(
    connection: Connection, catalog: Catalog, counts: dict[str, int], change: EmbeddingChange | None
) -> list[Finding]:
    repeated = counts["with_vector"] - counts["distinct_"]
    if not repeated:
        return [Finding("ok", catalog.subject, "no vector repeats another")] if counts["with_vector"] else []
    fact = f"{repeated:,} of {counts['with_vector']:,} vectors repeat another"
    if change is None or change.text is None or change.settings:
        return [Finding("ok", catalog.subject, f"{fact}, as they should where texts are equal")]
    texts = _texts(connection, catalog, change)["distinct_texts"]
    if counts["distinct_"] >= texts:
        return [Finding("ok", catalog.subject, f"{fact}: their texts do too")]
    return [
        Finding(
            "warning",
            catalog.subject,
            f"{fact}: {texts:,} different texts have {counts['distinct_']:,} different vectors",
            "look whether those texts differ only beyond what the model reads, or were all embedded by one mistake",
        )
    ]


def _indexes(connection: Connection, catalog: Catalog) -> list[Finding]:
    if catalog.table.kind == "v":
        return [Finding("ok", catalog.subject, "a view: its vector indexes are those of the table whose rows it shows")]
    if not catalog.vector_indexes:
        return [Finding("ok", catalog.subject, "no vector index: every search reads the whole table")]
    found = []
    for index in catalog.vector_indexes:
        if not index.valid:
            shown = plain(name(catalog.table.schema, index.name))
            found.append(_index("the index is invalid: it slows writes down and answers no query", shown))
        elif index.predicate is None:
            found.append(Finding("ok", index.name, f"{_kind(index)}, valid"))
        else:
            outside = _outside(connection, catalog, index.predicate)
            fact = f"{_kind(index)}, valid; outside of {index.predicate}: {counted(outside, 'rows with a vector')}"
            found.append(Finding("ok", index.name, fact))
    return found


def _kind(index: TableIndex) -> str:
    options = "".join(f", {option}" for option in index.options)
    return f"{index.method}, {index.distance or index.opclass}{options}"


def _outside(connection: Connection, catalog: Catalog, predicate: str) -> int:
    statement = query(
        "doctor",
        "outside",
        table=catalog.table.sql,
        column=name(catalog.column.name),
        predicate=expression(predicate),
    )
    return int(fetch_row(connection, statement)[0])


# ---- all together ------------------------------------------------------------------------------------------------


def worst(findings: Sequence[Finding]) -> Level:
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")
