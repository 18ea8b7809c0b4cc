"""What is in a vector column: its table is read whole, a few times."""

from __future__ import annotations

from typing import Any

from psycopg.rows import TupleRow

from migrator import hazards
from migrator.catalog import VECTOR_TYPES, Catalog, read_catalog, read_ledger_schema, set_lookup_path
from migrator.catalog.columns import read_table, table_names
from migrator.doctor import dimensions, indexes, texts
from migrator.doctor.finding import Finding, Findings, of_hazard
from migrator.errors import UsageError
from migrator.ledger import current_columns
from migrator.ledger.ledger import Ledger
from migrator.names import is_own
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, fetch_dicts, fetch_row
from migrator.postgres.sql import name, plain, query
from migrator.preflight.table import capture_function
from migrator.report import counted
from migrator.rows.unreadable import tolerant


def examine_column(connection: Connection, schema: str | None, table: str, column: str) -> Findings:
    """What is in the column; scans the table a few times. Raises Refused where there is no such vector column."""
    catalog = read_catalog(connection, schema, table, column)
    set_lookup_path(connection, catalog.server)
    bookkeeping = read_ledger_schema(connection)
    ledger = Ledger(connection, installed=bookkeeping.trusted)
    held = _held(ledger, catalog)
    models = list(dict.fromkeys(each.change.to for each in held))
    if catalog.table.row_security:
        # What is hidden cannot be counted, and what is counted without it would be wrong.
        type_ = Finding("ok", catalog.subject, catalog.column.type_text)
        return Findings([type_, *_may_see(catalog)], models)
    counts = _vectors(connection, catalog)
    vectors = counts["with_vector"]
    found = [
        Finding("ok", catalog.subject, f"{catalog.column.type_text}, {counted(counts['rows_'], 'rows')}"),
        *([of_hazard("ledger", bookkeeping.untrusted)] if bookkeeping.untrusted else []),
        *_may_see(catalog),
        *(of_hazard(each.subject, found) for each in held for found in capture_function(connection, each)),
    ]
    read = None
    without = counts["rows_"] - vectors
    for each, called in zip(held, current_columns.names(held), strict=True):
        here = without if len(held) == 1 else _without_vector(connection, each)
        of_texts, read = _of_texts(connection, ledger, each, called, here)
        found += of_texts
    if not held:
        found += texts.missing(ledger, catalog.subject, None, None, without)
    found += [
        *dimensions.examine(connection, catalog, _scopes(ledger, catalog)),
        *_lengths(catalog, held, counts),
        *texts.repeated(catalog, read if len(held) == 1 else None, vectors, counts["distinct_"]),
        *indexes.examine(connection, catalog),
    ]
    return Findings(found, models)


def only_column(connection: Connection, written: list[str]) -> tuple[str | None, str, str]:
    """Schema, table and column as read_catalog takes them, where the column may be left out if there is one alone.

    written: [SCHEMA.]TABLE[.COLUMN] in parts. Two are TABLE.COLUMN, unless there is no such table and SCHEMA.TABLE is.
    Raises UsageError where the table has no vector column, or several; Refused where there is no such table.
    """
    schema, table = (None, written[0]) if len(written) < 3 else (written[0], written[1])
    found = read_table(connection, schema, table)
    if found is None and len(written) == 2:
        found = read_table(connection, written[0], written[1])
    elif len(written) > 1:
        return schema, table, written[-1]
    if found is None:
        raise hazards.columns.unknown_table(schema, table, table_names(connection)).refusal()
    columns = [each.name for each in found.columns if each.type in VECTOR_TYPES and not is_own(each.name)]
    if len(columns) != 1:
        several = f"has several vector columns: {', '.join(columns)}" if columns else "has no vector column"
        raise UsageError(
            f"{found.shown} {several}",
            remedy="name one: migrator doctor [SCHEMA.]TABLE.COLUMN; without a name it lists all of the database",
        )
    return found.schema, found.name, columns[0]


def _held(ledger: Ledger, catalog: Catalog) -> list[ColumnPlan]:
    """The column by the change that its vectors are of, or by those of its scopes; none where the ledger has none."""
    columns, _ = current_columns.embedded(ledger)
    at = (catalog.table.oid, catalog.column.name)
    return [each for each in columns if (each.catalog.table.oid, each.live) == at]


def _of_texts(
    connection: Connection, ledger: Ledger, held: ColumnPlan, called: str, without: int
) -> tuple[list[Finding], texts.Texts | None]:
    """called: the column, with its scope where it has several. without: how many rows have no vector."""
    current_columns.as_planned(connection, held)
    read = texts.read(connection, held)
    if isinstance(read, Finding):
        return [read, *texts.missing(ledger, called, held, None, without)], None
    found = [*texts.missing(ledger, called, held, read, without), *texts.not_evaluated(called, read)]
    return [*found, *texts.stale(called, held, read)], read


def _without_vector(connection: Connection, held: ColumnPlan) -> int:
    """How many rows of its scope have none."""

    def count(held: ColumnPlan) -> TupleRow:
        pieces = {"column": name(held.live), "scope": held.scope, "table": held.table}
        return fetch_row(connection, query("doctor", "without_vector", **pieces))

    return int(tolerant(connection, held, count)[0])


def _scopes(ledger: Ledger, catalog: Catalog) -> list[str]:
    """where= of the column's changes."""
    at = (catalog.table.oid, catalog.column.name)
    changes = [change for change in ledger.carried_out() if change.change.where is not None]
    there = [found for change in changes if (found := current_columns.present(ledger, change)) is not None]
    return [str(each.change.where) for each in there if (each.catalog.table.oid, each.live) == at]


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
        found.append(of_hazard(catalog.subject, hazards.columns.row_security(table.name)))
    if not table.owned:
        found.append(
            of_hazard(catalog.subject, hazards.columns.not_owner(table.name, table.owner, catalog.server.role))
        )
    return found


def _lengths(catalog: Catalog, held: list[ColumnPlan], counts: dict[str, int]) -> list[Finding]:
    zero, unit = counts["zero"], counts["unit"]
    others = counts["with_vector"] - zero - unit
    filled_by = "migrator backfill" if any(each.method == "embed" for each in held) else "the next upgrade"
    found = []
    if zero:
        found.append(
            Finding(
                "error",
                catalog.subject,
                f"{counted(zero, 'vectors')} of zeros alone: no search by cosine distance finds such a row",
                f"set them NULL, and {filled_by} embeds them: {_set_null(catalog)}",
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
