"""The vector indexes of a column, and the gaps in them: rows and partitions that they leave out."""

from __future__ import annotations

from psycopg import sql

from migrator.catalog import Catalog
from migrator.catalog.indexes import TableIndex
from migrator.catalog.partitions import Partition
from migrator.doctor.finding import Finding, of_index_without_partitions, of_invalid_index
from migrator.postgres.connection import Connection, fetch_row
from migrator.postgres.sql import expression, name, plain, query
from migrator.report import counted, first_of

# Partitions that a finding names, at most.
NAMED = 6
_NO_INDEX = "no vector index: every search reads the whole table"
_INVALID = "the index is invalid: it slows writes down and answers no query"


def examine(connection: Connection, catalog: Catalog) -> list[Finding]:
    if catalog.table.kind == "v":
        return [Finding("ok", catalog.subject, "a view: its vector indexes are those of the table whose rows it shows")]
    if catalog.table.kind != "p":
        found = [_index(connection, catalog, index) for index in catalog.vector_indexes]
        return [*found, *_children_without(catalog)] if found else [Finding("ok", catalog.subject, _NO_INDEX)]
    whole = [index for index in catalog.vector_indexes if index.partition is None]
    found = [_index(connection, catalog, index) for index in whole]
    found += [
        of_invalid_index(_shown(leaf.schema, index), f"on partition {leaf.shown}, {_INVALID}")
        for leaf in _leaves(catalog)
        for index in leaf.indexes
        if index.is_vector and not index.valid
    ]
    if not whole:
        found.append(_no_index(catalog))
    return found


def _index(connection: Connection, catalog: Catalog, index: TableIndex) -> Finding:
    shown = _shown(catalog.place(index).schema, index)
    if not index.valid and catalog.table.kind == "p":
        without = [
            leaf
            for leaf in _leaves(catalog)
            if not any((each.root_on, each.root) == index.identity for each in _valid(leaf))
        ]
        return of_index_without_partitions(shown, f"the index is invalid: it lacks {_listed(without, catalog)}")
    if not index.valid:
        return of_invalid_index(shown, _INVALID)
    if index.predicate is None:
        return Finding("ok", index.name, f"{_kind(index)}, valid")
    outside = _outside(connection, catalog, index)
    fact = f"{_kind(index)}, valid; outside of {index.predicate}: {counted(outside, 'rows with a vector')}"
    return Finding("ok", index.name, fact)


def _children_without(catalog: Catalog) -> list[Finding]:
    """Each child table has indexes of its own."""
    without = [child for child in catalog.partitions if not _valid(child)]
    return [_gap(catalog, without)] if without else []


def _no_index(catalog: Catalog) -> Finding:
    """Partitions may have one each."""
    without = [leaf for leaf in _leaves(catalog) if not _valid(leaf)]
    if len(without) == len(_leaves(catalog)):
        return Finding("ok", catalog.subject, _NO_INDEX)
    if not without:
        return Finding("ok", catalog.subject, "a vector index on every partition, none of the whole table")
    return _gap(catalog, without)


def _gap(catalog: Catalog, without: list[Partition]) -> Finding:
    return Finding(
        "warning",
        catalog.subject,
        f"no vector index on {_listed(without, catalog)}, which every search reads whole",
        "CREATE INDEX CONCURRENTLY on each of them",
    )


def _leaves(catalog: Catalog) -> list[Partition]:
    return [each for each in catalog.partitions if each.kind != "p"]


def _valid(leaf: Partition) -> list[TableIndex]:
    return [index for index in leaf.indexes if index.is_vector and index.valid]


def _listed(partitions: list[Partition], catalog: Catalog) -> str:
    names = [each.shown for each in partitions]
    shown = first_of(names[:NAMED], len(names))
    what = "partitions" if catalog.table.kind == "p" else "tables that inherit"
    return f"{len(names)} of {counted(len(_leaves(catalog)), what)} ({shown})"


def _shown(schema: str, index: TableIndex) -> str:
    return plain(name(schema, index.name))


def _kind(index: TableIndex) -> str:
    options = "".join(f", {option}" for option in index.options)
    return f"{index.method}, {index.distance or index.opclass}{options}"


def _outside(connection: Connection, catalog: Catalog, index: TableIndex) -> int:
    table = catalog.place(index).sql
    statement = query(
        "doctor",
        "outside",
        table=sql.SQL("ONLY {}").format(table) if catalog.has_children else table,
        column=name(catalog.column.name),
        predicate=expression(index.predicate or "true"),
    )
    return int(fetch_row(connection, statement)[0])
