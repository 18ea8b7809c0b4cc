"""The user's own queries under the old and the new model, by exact search."""

from __future__ import annotations

from psycopg import sql

from migrator.catalog.indexes import OPERATORS
from migrator.change import Model
from migrator.embedding.providers import Vectors
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Statement
from migrator.postgres.connection import Connection, configure, execute, fetch_row
from migrator.postgres.sql import Query, expression, name, query
from migrator.proofs.metrics import Scores, read_queries, score
from migrator.proofs.proof import Proof, reads
from migrator.runtime.context import Session


def relevant_value(column: ColumnPlan) -> Query:
    """What relevance is judged by; without relevant= the key, which preflight found to be of one column."""
    written = column.change.verify.relevant
    return expression(column.qualified(written)) if written else name(column.catalog.table.key[0])


def statements(column: ColumnPlan, target: str) -> list[Statement]:
    """What the proof sends, before cut-over."""
    lasts = "one scan for each question"
    return [
        *reads(column, _any_row(column), lasts="milliseconds"),
        *reads(column, _ranking(column, target), _ranking(column, column.live), lasts=lasts),
    ]


def _any_row(column: ColumnPlan) -> sql.Composed:
    return query("verify", "has_rows", table=column.table)


def has_rows(connection: Connection, column: ColumnPlan) -> bool:
    """Without rows there is nothing to find, and no model is loaded to find it with."""
    return bool(fetch_row(connection, _any_row(column))[0])


def keeps_up(session: Session, column: ColumnPlan, target: str) -> Proof:
    """The user's own queries under the old and the new model, by exact search."""
    verify = column.change.verify
    queries = read_queries(session.options.project / str(verify.queries))
    texts = [judged.query for judged in queries]
    new = score(queries, _rank(session, column, target, column.change.to, texts), verify.k)
    detail = f"new model {_shown(new, verify.k)}"
    if target == column.live and (column.method != "index" or column.change.to == column.change.from_):
        return Proof("retrieval", True, f"{detail}; there is no old model to compare with")
    old = score(queries, _rank(session, column, column.live, column.change.from_, texts), verify.k)
    fall = max(old.recall - new.recall, old.mrr - new.mrr, old.ndcg - new.ndcg)
    return Proof(
        "retrieval",
        fall <= verify.max_regression,
        f"{len(queries)} queries: old model {_shown(old, verify.k)}; {detail}; may fall by {verify.max_regression:.2f}",
    )


def _shown(scores: Scores, k: int) -> str:
    return f"recall@{k} {scores.recall:.3f}, MRR {scores.mrr:.3f}, nDCG@{k} {scores.ndcg:.3f}"


def _ranking(column: ColumnPlan, target: str) -> sql.Composed:
    distances = [index.distance for index in column.vector_indexes]
    distances += [index.distance for index in column.catalog.vector_indexes if index.distance is not None]
    type_ = column.catalog.column.type if target == column.live else column.type
    return query(
        "verify",
        "ranked",
        relevant=relevant_value(column),
        table=column.table,
        column=name(target),
        extension=name(column.catalog.server.extension_schema),
        operator=sql.SQL(OPERATORS[distances[0] if distances else "cosine"]),
        type=sql.SQL("{}.{}").format(name(column.catalog.server.extension_schema), name(type_)),
    )


def _rank(session: Session, column: ColumnPlan, target: str, model: Model, texts: list[str]) -> list[list[str]]:
    vectors: Vectors = session.models.get(model).embed_queries(texts)
    statement, k = _ranking(column, target), column.change.verify.k
    ranked = []
    with session.connection.transaction():
        configure(session.connection, {"enable_indexscan": "off"}, local=True)
        for vector in vectors:
            written = "[" + ",".join(map(repr, vector.tolist())) + "]"
            rows = execute(session.connection, statement, {"vector": written, "limit": k}).fetchall()
            ranked.append([value for (value,) in rows])
    return ranked
