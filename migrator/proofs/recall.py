"""A vector index: valid and ready, used by the planner, and as good as exact search up to its bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from psycopg import sql

from migrator.catalog.indexes import is_valid
from migrator.dependents.index_partitions import attached
from migrator.plan import tree
from migrator.plan.column import ColumnPlan
from migrator.plan.indexes import IndexToBuild
from migrator.plan.step import Statement
from migrator.postgres.connection import configure, execute, fetch_row, has_table
from migrator.postgres.sql import name, query
from migrator.proofs.proof import Proof, pieces, reads, rows, search
from migrator.runtime.context import Session

NEIGHBOURS = 10


def statements(column: ColumnPlan, target: str) -> list[Statement]:
    """What the proofs of every index send, where there is a row to search for."""
    sent = []
    for index in column.vector_indexes:
        times = f"{column.change.verify.sample} times by the index"
        sent += reads(column, _sample(column, target, index))
        sent += reads(column, search(column, target, index, "explain_nearest"), lasts="milliseconds")
        sent += reads(column, _nearest(column, target, index), lasts=times)
        sent += reads(column, search(column, target, index, "closer"))
        sent += reads(column, _present(column, target, index), lasts="milliseconds")
    return sent


def _nearest(column: ColumnPlan, target: str, index: IndexToBuild) -> sql.Composed:
    return search(column, target, index, "nearest_reranked" if index.of_bits else "nearest")


def _sample(column: ColumnPlan, target: str, index: IndexToBuild) -> sql.Composed:
    predicate = sql.SQL("AND {}").format(index.condition(target))
    return query(
        "verify", "sample_vectors", **pieces(column, target) | {"table": rows(column, index)}, predicate=predicate
    )


def _present(column: ColumnPlan, target: str, index: IndexToBuild) -> sql.Composed:
    condition = index.condition(target)
    return query("verify", "present", table=rows(column, index), column=name(target), condition=condition)


def finds(
    session: Session,
    column: ColumnPlan,
    target: str,
    index: IndexToBuild,
    called: str,
    others: Sequence[tuple[IndexToBuild, str]],
) -> list[Proof]:
    """others: the column's other vector indexes, of which one may answer the same queries and be preferred.

    called: what the index is called now, as are the others.
    """
    place, shown = tree.place(column, index), tree.shown(column, index)
    if place is None or (index.partition is not None and not has_table(session.connection, place.sql)):
        return [Proof(f"index {shown}", None, "the partition that had it is no longer there")]
    if not is_valid(session.connection, place.schema, called):
        return [Proof(f"index {shown}", False, "not there, or not valid and ready")]
    if not index.is_vector:
        return [Proof(f"index {shown}", True, "valid and ready")]
    sample = execute(
        session.connection, _sample(column, target, index), {"limit": column.change.verify.sample}
    ).fetchall()
    if not sample:
        return [Proof(f"index {shown}", True, "valid and ready; there is no row to search for")]
    vectors = [vector for (vector,) in sample]
    forced = _used(session, column, target, index, vectors[0], forced=True)
    names = _names(session, column, index, called)
    instead = [other for each, other in others if not names & forced and _names(session, column, each, other) & forced]
    used = bool(names & forced) or bool(instead)
    freely = bool(names & _used(session, column, target, index, vectors[0], forced=False))
    recall = _recall(session, column, target, index, vectors)
    bound = column.change.verify.min_index_recall
    reranked = f", {column.change.verify.ef_search} candidates ranked again by {index.distance}" * index.of_bits
    usage = (
        "the planner uses it"
        if freely
        else "the planner chooses a sequential scan, as expected for a table of this size"
    )
    if instead:
        usage = f"the planner prefers {instead[0]}, which answers the same queries"
    return [
        Proof(
            f"index {shown}",
            used,
            f"valid and ready; {usage}" if used else "the planner cannot use it, sequential scans being off",
        ),
        Proof(
            f"recall of {shown}",
            recall >= bound,
            f"recall@{NEIGHBOURS} {recall:.3f} against exact search over {len(vectors)} rows, bound {bound:.2f}, "
            f"{_effort(index)}={_effort_value(column, index)}{reranked}",
            binding=not column.is_restore,
        ),
    ]


def _effort(index: IndexToBuild) -> str:
    return "hnsw.ef_search" if index.method == "hnsw" else "ivfflat.probes"


def _effort_value(column: ColumnPlan, index: IndexToBuild) -> int:
    """ef_search as the revision says; for IVFFlat a tenth of the lists but 10 at least: one probe says nothing."""
    if index.method == "hnsw":
        return column.change.verify.ef_search
    lists = int(index.parameters.get("lists", "100"))
    return min(lists, max(10, lists // 10))


def _used(
    session: Session, column: ColumnPlan, target: str, index: IndexToBuild, vector: str, *, forced: bool
) -> set[str]:
    """The indexes that the planner takes for a nearest-neighbor query; forced: with sequential scans off."""
    with session.connection.transaction():
        if forced:
            configure(session.connection, {"enable_seqscan": "off", "enable_sort": "off"}, local=True)
        statement = search(column, target, index, "explain_nearest")
        row = execute(session.connection, statement, {"vector": vector, "limit": NEIGHBOURS}).fetchone()
    return set(_indexes(row[0])) if row is not None else set()


def _indexes(node: Any) -> Iterator[str]:
    """The names of all indexes in a plan."""
    if isinstance(node, dict):
        if "Index Name" in node:
            yield node["Index Name"]
        for value in node.values():
            yield from _indexes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _indexes(value)


def _names(session: Session, column: ColumnPlan, index: IndexToBuild, called: str) -> set[str]:
    """Of the index, and of its parts on partitions."""
    place = tree.place(column, index)
    if place is None or place.is_leaf:
        return {called}
    return {called, *(part.name for part in attached(session.connection, place.schema, called))}


def _recall(session: Session, column: ColumnPlan, target: str, index: IndexToBuild, vectors: list[str]) -> float:
    """Share of the exact nearest rows that the index finds too, over the sampled rows.

    An index of bits finds as many candidates as the effort says, which are then ranked by their exact distance.

    Exact search is one scan for all of them: a row that the index found is among the k nearest when fewer than k
    rows of the table are closer than it. Equal distances count in its favour.
    """
    connection, candidates = session.connection, column.change.verify.ef_search
    statement, limits = _nearest(column, target, index), {"limit": NEIGHBOURS, "candidates": candidates}
    with connection.transaction():
        # For all of them, since another one may be taken.
        efforts = {_effort(each): str(_effort_value(column, each)) for each in (*column.vector_indexes, index)}
        configure(connection, {**efforts, "enable_seqscan": "off", "enable_sort": "off"}, local=True)
        found = [
            [distance for (distance,) in execute(connection, statement, {"vector": vector, **limits})]
            for vector in vectors
        ]
    closer = np.zeros((len(vectors), NEIGHBOURS + 1), dtype=np.int64)
    rows = execute(
        connection,
        search(column, target, index, "closer"),
        {"vectors": vectors, "distances": ["{" + ",".join(map(repr, each)) + "}" for each in found]},
    )
    for number, bucket, count in rows:
        closer[number, bucket] = count
    # Column j: rows closer than the j-th that the index found.
    ranks = closer.cumsum(axis=1)
    hits = sum(int(rank < NEIGHBOURS) for each, row in zip(found, ranks, strict=True) for rank in row[: len(each)])
    (present,) = fetch_row(connection, _present(column, target, index))
    return hits / (len(vectors) * min(NEIGHBOURS, present)) if present else 1.0
