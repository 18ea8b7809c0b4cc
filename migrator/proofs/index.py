"""A vector index: valid and ready, used by the planner, and as good as exact search up to its bound."""

from __future__ import annotations

from typing import Any

import numpy as np
from psycopg import sql

from migrator.catalog.indexes import IndexToBuild
from migrator.database import configure, execute, fetch_row
from migrator.index_parts import Attached, attached
from migrator.plan import ColumnPlan, Statement
from migrator.proofs.proof import Proof, pieces, reads, search
from migrator.queries import Query, expression, name, query
from migrator.work import Session

NEIGHBOURS = 10


def statements(column: ColumnPlan, target: str) -> list[Statement]:
    """What the proofs of every index send, where there is a row to search for."""
    sent = []
    for index in column.indexes:
        condition, times = _condition(index), f"{column.change.verify.sample} times by the index"
        explain, nearest, closer = (
            search(column, target, index.distance, named, condition)
            for named in ("explain_nearest", "nearest", "closer")
        )
        sent += reads(column, _sample(column, target, index))
        sent += reads(column, explain, lasts="milliseconds")
        sent += reads(column, nearest, lasts=times)
        sent += reads(column, closer)
        sent += reads(column, _present(column, target, condition), lasts="milliseconds")
    return sent


def _condition(index: IndexToBuild) -> sql.SQL:
    return expression(index.predicate or "true")


def _sample(column: ColumnPlan, target: str, index: IndexToBuild) -> sql.Composed:
    predicate = sql.SQL("AND {}").format(_condition(index))
    return query("verify", "sample_vectors", **pieces(column, target), predicate=predicate)


def _present(column: ColumnPlan, target: str, condition: Query) -> sql.Composed:
    return query("verify", "present", table=column.table, column=name(target), condition=condition)


def finds(session: Session, column: ColumnPlan, target: str, index: IndexToBuild, called: str) -> list[Proof]:
    schema = column.catalog.table.schema
    state = execute(session.connection, query("index", "state"), {"schema": schema, "index": called}).fetchone()
    if state is None or not state[0]:
        return [Proof(f"index {index.name}", False, "not there, or not valid and ready")]
    condition = _condition(index)
    sample = execute(
        session.connection, _sample(column, target, index), {"limit": column.change.verify.sample}
    ).fetchall()
    if not sample:
        return [Proof(f"index {index.name}", True, "valid and ready; there is no row to search for")]
    vectors = [vector for (vector,) in sample]
    names = {called, *(part.name for part in _parts(session, column, called))}
    used = _plan_uses(session, column, target, index, condition, vectors[0], names, forced=True)
    freely = _plan_uses(session, column, target, index, condition, vectors[0], names, forced=False)
    recall = _recall(session, column, target, index, condition, vectors)
    bound = column.change.verify.min_index_recall
    usage = "the planner uses it" if freely else "the planner prefers a scan at this size, rightly or not"
    return [
        Proof(
            f"index {index.name}",
            used,
            f"valid and ready; {usage}" if used else "the planner cannot use it, sequential scans being off",
        ),
        Proof(
            f"recall of {index.name}",
            recall >= bound,
            f"recall@{NEIGHBOURS} {recall:.3f} against exact search over {len(vectors)} rows, bound {bound:.2f}, "
            f"{_effort(index)}={_effort_value(column, index)}",
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


def _plan_uses(
    session: Session,
    column: ColumnPlan,
    target: str,
    index: IndexToBuild,
    condition: Query,
    vector: str,
    names: set[str],
    *,
    forced: bool,
) -> bool:
    """Whether the planner takes the index for a nearest-neighbour query; forced: with sequential scans off.

    names: of the index, and of its parts on partitions.
    """
    with session.connection.transaction():
        if forced:
            configure(session.connection, {"enable_seqscan": "off", "enable_sort": "off"}, local=True)
        statement = search(column, target, index.distance, "explain_nearest", condition)
        row = execute(session.connection, statement, {"vector": vector, "limit": NEIGHBOURS}).fetchone()
    return row is not None and _mentions(row[0], names)


def _mentions(node: Any, indexes: set[str]) -> bool:
    if isinstance(node, dict):
        return node.get("Index Name") in indexes or any(_mentions(value, indexes) for value in node.values())
    return isinstance(node, list) and any(_mentions(value, indexes) for value in node)


def _parts(session: Session, column: ColumnPlan, index: str) -> list[Attached]:
    if not column.is_partitioned:
        return []
    return attached(session.connection, column.catalog.table.schema, index)


def _recall(
    session: Session, column: ColumnPlan, target: str, index: IndexToBuild, condition: Query, vectors: list[str]
) -> float:
    """Share of the exact nearest rows that the index finds too, over the sampled rows.

    Exact search is one scan for all of them: a row that the index found is among the k nearest when fewer than k
    rows of the table are closer than it. Equal distances count in its favour.
    """
    connection = session.connection
    statement = search(column, target, index.distance, "nearest", condition)
    with connection.transaction():
        configure(
            connection,
            {_effort(index): str(_effort_value(column, index)), "enable_seqscan": "off", "enable_sort": "off"},
            local=True,
        )
        found = [
            [distance for (distance,) in execute(connection, statement, {"vector": vector, "limit": NEIGHBOURS})]
            for vector in vectors
        ]
    closer = np.zeros((len(vectors), NEIGHBOURS + 1), dtype=np.int64)
    rows = execute(
        connection,
        search(column, target, index.distance, "closer", condition),
        {"vectors": vectors, "distances": ["{" + ",".join(map(repr, each)) + "}" for each in found]},
    )
    for number, bucket, count in rows:
        closer[number, bucket] = count
    # Column j: rows closer than the j-th that the index found.
    ranks = closer.cumsum(axis=1)
    hits = sum(int(rank < NEIGHBOURS) for each, row in zip(found, ranks, strict=True) for rank in row[: len(each)])
    (present,) = fetch_row(connection, _present(column, target, condition))
    return hits / (len(vectors) * min(NEIGHBOURS, present)) if present else 1.0
