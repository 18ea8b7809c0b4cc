"""verify: proves the shadow column before cut-over, and any live column later. Failing leaves the live column as is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from migrator.catalog.indexes import OPERATORS, IndexToBuild
from migrator.change import Distance, Model
from migrator.database import configure, execute, fetch_dicts, fetch_row
from migrator.embedders import Vectors
from migrator.errors import Refused, VerificationFailed
from migrator.phases import fill
from migrator.plan import ColumnPlan, Statement
from migrator.queries import Query, expression, fragment, name, query
from migrator.retrieval import Scores, read_queries, score
from migrator.work import Work

NAME = "verify"
# halfvec keeps 11 bits of a number; batches of other shapes move a float32 vector by less than this.
SAME_VECTOR = 0.999
# Among texts that differ, this share of vectors must differ too: a broken model gives all texts the same.
DISTINCT_VECTORS = 0.9
NEIGHBOURS = 10


@dataclass(frozen=True)
class Proof:
    """One proof of one column. detail says what was found, in words."""

    name: str
    passed: bool
    detail: str


def statements(column: ColumnPlan) -> tuple[Statement, ...]:
    target = column.live if column.method == "index" else column.shadow
    scan = query("verify", "vectors", **_pieces(column, target))
    searches = [_search(column, target, index.distance, "nearest", sql.SQL("true")) for index in column.indexes]
    return (
        Statement(NAME, scan, "ACCESS SHARE", "one scan; reads and writes go on"),
        *(
            Statement(NAME, search, "ACCESS SHARE", f"{column.change.verify.sample} times by the index")
            for search in searches
        ),
    )


def run(work: Work) -> dict[str, object]:
    """Raises VerificationFailed with every proof that failed."""
    result: dict[str, object] = {}
    failed = []
    for column in work.plan.columns:
        target = column.live if column.method == "index" else column.shadow
        if column.method != "index":
            # What was written since fill has texts that no store held then.
            fill.fill_rest(work, column, column.shadow)
        proofs = prove(work, column, target, [index.temporary for index in column.indexes])
        if column.is_restore:
            proofs = [_told_only(proof) for proof in proofs]
        result[column.subject] = [
            {"proof": proof.name, "passed": proof.passed, "detail": proof.detail} for proof in proofs
        ]
        for proof in proofs:
            work.reporter.message(f"{'proved' if proof.passed else 'FAILED'}  {proof.name}: {proof.detail}")
        failed += [f"{column.subject}: {proof.name}: {proof.detail}" for proof in proofs if not proof.passed]
    if failed:
        raise VerificationFailed(
            "verification failed:\n  " + "\n  ".join(failed),
            meaning="the live column is as it was; the embedding store is kept.",
            remedy="choose another model or index in the revision, or change the bound in verify=Verify(...) there",
        )
    return result


def _told_only(proof: Proof) -> Proof:
    """What comes back on a downgrade is what was there, good or bad; it can only be incomplete."""
    if proof.name == "coverage" or proof.name.startswith("index "):
        return proof
    return replace(proof, passed=True)


def prove(work: Work, column: ColumnPlan, target: str, indexes: list[str]) -> list[Proof]:
    """All proofs that apply. target: the column proved; indexes: the names of its vector indexes, in plan order."""
    proofs = [_coverage(work, column, target), *_vectors(work, column, target)]
    # A rollback needs no model, unless it embedded rows that were written since the upgrade.
    if column.method == "embed" and (target == column.live or not column.is_restore or _embedded(work, column)):
        proofs += _sample_agrees(work, column, target)
    for index, called in zip(column.indexes, indexes, strict=True):
        proofs += _index(work, column, target, index, called)
    if column.change.verify.queries is not None and not column.is_restore and _has_rows(work, column):
        proofs.append(_retrieval(work, column, target))
    return proofs


def _embedded(work: Work, column: ColumnPlan) -> bool:
    return work.ledger.change(column.id).texts_embedded > 0


def _coverage(work: Work, column: ColumnPlan, target: str) -> Proof:
    """Before cut-over writers may be at work: what they add meanwhile is filled then, as far as it is allowed there."""
    left = fill.count_left(work, column, target, fill.pending(work.connection, column))
    allowed = 0 if target == column.live else fill.LEFT_BOUND
    return Proof(
        "coverage",
        left <= allowed,
        f"{left} rows in scope have no vector" if left else "every row in scope has one",
    )


def _key(column: ColumnPlan, target: str) -> Query:
    """What a vector follows from: equal keys, equal vectors."""
    if column.change.text is not None:
        return column.text_hash
    live_type = column.type if target == column.live else column.catalog.column.type
    return sql.SQL("{}.{}({})").format(
        name(column.catalog.server.extension_schema), name(f"{live_type}_send"), name(column.live)
    )


def _pieces(column: ColumnPlan, target: str) -> dict[str, Query]:
    extension = name(column.catalog.server.extension_schema)
    norm = "vector_norm" if column.type == "vector" else "l2_norm"
    return {
        "extension": extension,
        "column": name(target),
        "table": column.table,
        "due": column.due,
        "key": _key(column, target),
        "type": fragment(column.type),
        "norm": sql.SQL("{}.{}(migrator_vector)").format(extension, name(norm)),
    }


def _vectors(work: Work, column: ColumnPlan, target: str) -> list[Proof]:
    (found,) = fetch_dicts(
        work.connection,
        query("verify", "vectors", **_pieces(column, target)),
        {"dimensions": column.dimensions},
    )
    other, zero, not_finite = found["other_dimensions"], found["zero"], found["not_finite"]
    sound = other + zero + not_finite == 0
    if sound:
        norms = f"{_number(found['least_norm'])} to {_number(found['greatest_norm'])}"
        detail = f"{found['vectors']} of {column.dimensions} dimensions, finite, none zero, norms {norms}"
    else:
        detail = f"{other} of other dimensions, {zero} zero, {not_finite} not finite"
    proofs = [Proof("vectors", sound, detail)]
    share = found["distinct_vectors"] / found["distinct_keys"] if found["distinct_keys"] else 1.0
    what = "texts" if column.change.text is not None else "live vectors"
    proofs.append(
        Proof(
            "duplicates",
            share >= DISTINCT_VECTORS,
            f"{found['distinct_vectors']} different vectors for {found['distinct_keys']} different {what}",
        )
    )
    return proofs


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _sample_agrees(work: Work, column: ColumnPlan, target: str) -> list[Proof]:
    """Rows embedded once more, compared with what is stored by cosine similarity."""
    pieces = {**_pieces(column, target), "text": column.text}
    rows = execute(
        work.connection, query("verify", "sample", **pieces), {"limit": column.change.verify.sample}
    ).fetchall()
    if not rows:
        return []
    try:
        again = work.models.get(column.change.to).embed_documents([text for text, _ in rows])
    except Refused as refusal:
        if not column.is_restore:
            raise
        return [Proof("sample", True, f"not taken, for the old model is no longer to be had ({refusal.problem})")]
    stored = np.array([_parsed(vector) for _, vector in rows])
    lengths = np.linalg.norm(again, axis=1) * np.linalg.norm(stored, axis=1)
    # A zero vector, which an application may have written, agrees with nothing.
    similarity = np.divide((again * stored).sum(axis=1), lengths, out=np.zeros(len(rows)), where=lengths > 0)
    least = float(similarity.min())
    return [
        Proof(
            "sample",
            least >= SAME_VECTOR,
            f"{len(rows)} rows embedded again agree with what is stored to {least:.4f} or better (cosine)",
        )
    ]


def _parsed(vector: str) -> list[float]:
    return [float(number) for number in vector.strip("[]").split(",")]


# ---- the index ---------------------------------------------------------------------------------------------------


def _index(work: Work, column: ColumnPlan, target: str, index: IndexToBuild, called: str) -> list[Proof]:
    schema = column.catalog.table.schema
    state = execute(work.connection, query("index", "state"), {"schema": schema, "index": called}).fetchone()
    if state is None or not state[0]:
        return [Proof(f"index {index.name}", False, "not there, or not valid and ready")]
    condition = expression(index.predicate) if index.predicate else sql.SQL("true")
    predicate = sql.SQL("AND {}").format(condition)
    sample = execute(
        work.connection,
        query("verify", "sample_vectors", **_pieces(column, target), predicate=predicate),
        {"limit": column.change.verify.sample},
    ).fetchall()
    if not sample:
        return [Proof(f"index {index.name}", True, "valid and ready; there is no row to search for")]
    vectors = [vector for (vector,) in sample]
    used = _plan_uses(work, column, target, index, condition, vectors[0], called, forced=True)
    freely = _plan_uses(work, column, target, index, condition, vectors[0], called, forced=False)
    recall = _recall(work, column, target, index, condition, vectors)
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


def _search(column: ColumnPlan, target: str, distance: Distance, named: str, condition: Query) -> sql.Composed:
    return query(
        "verify",
        named,
        table=column.table,
        column=name(target),
        condition=condition,
        extension=name(column.catalog.server.extension_schema),
        operator=sql.SQL(OPERATORS[distance]),
        type=sql.SQL("{}.{}").format(name(column.catalog.server.extension_schema), name(column.type)),
    )


def _plan_uses(
    work: Work,
    column: ColumnPlan,
    target: str,
    index: IndexToBuild,
    condition: Query,
    vector: str,
    called: str,
    *,
    forced: bool,
) -> bool:
    """Whether the planner takes the index for a nearest-neighbour query; forced: with sequential scans off."""
    with work.connection.transaction():
        if forced:
            configure(work.connection, {"enable_seqscan": "off", "enable_sort": "off"}, local=True)
        statement = _search(column, target, index.distance, "explain_nearest", condition)
        row = execute(work.connection, statement, {"vector": vector, "limit": NEIGHBOURS}).fetchone()
    return row is not None and _mentions(row[0], called)


def _mentions(node: Any, index: str) -> bool:
    if isinstance(node, dict):
        return node.get("Index Name") == index or any(_mentions(value, index) for value in node.values())
    return isinstance(node, list) and any(_mentions(value, index) for value in node)


def _recall(
    work: Work, column: ColumnPlan, target: str, index: IndexToBuild, condition: Query, vectors: list[str]
) -> float:
    """Share of the exact nearest rows that the index finds too, over the sampled rows.

    Exact search is one scan for all of them: a row that the index found is among the k nearest when fewer than k
    rows of the table are closer than it. Equal distances count in its favour.
    """
    connection = work.connection
    statement = _search(column, target, index.distance, "nearest", condition)
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
        _search(column, target, index.distance, "closer", condition),
        {"vectors": vectors, "distances": ["{" + ",".join(map(repr, each)) + "}" for each in found]},
    )
    for number, bucket, count in rows:
        closer[number, bucket] = count
    # Column j: rows closer than the j-th that the index found.
    ranks = closer.cumsum(axis=1)
    hits = sum(int(rank < NEIGHBOURS) for each, row in zip(found, ranks, strict=True) for rank in row[: len(each)])
    (present,) = fetch_row(
        connection, query("verify", "present", table=column.table, column=name(target), condition=condition)
    )
    return hits / (len(vectors) * min(NEIGHBOURS, present)) if present else 1.0


# ---- retrieval -----------------------------------------------------------------------------------------------------


def _has_rows(work: Work, column: ColumnPlan) -> bool:
    """Without rows there is nothing to find, and no model is loaded to find it with."""
    return bool(fetch_row(work.connection, query("verify", "has_rows", table=column.table))[0])


def _retrieval(work: Work, column: ColumnPlan, target: str) -> Proof:
    """The user's own queries under the old and the new model, by exact search."""
    verify = column.change.verify
    queries = read_queries(work.options.project / str(verify.queries))
    texts = [judged.query for judged in queries]
    new = score(queries, _rank(work, column, target, column.change.to, texts), verify.k)
    detail = f"new model {_shown(new, verify.k)}"
    if target == column.live:
        return Proof("retrieval", True, f"{detail}; there is no old model to compare with")
    old = score(queries, _rank(work, column, column.live, column.change.from_, texts), verify.k)
    fall = max(old.recall - new.recall, old.mrr - new.mrr, old.ndcg - new.ndcg)
    return Proof(
        "retrieval",
        fall <= verify.max_regression,
        f"{len(queries)} queries: old model {_shown(old, verify.k)}; {detail}; may fall by {verify.max_regression:.2f}",
    )


def _shown(scores: Scores, k: int) -> str:
    return f"recall@{k} {scores.recall:.3f}, MRR {scores.mrr:.3f}, nDCG@{k} {scores.ndcg:.3f}"


def _rank(work: Work, column: ColumnPlan, target: str, model: Model, texts: list[str]) -> list[list[str]]:
    vectors: Vectors = work.models.get(model).embed_queries(texts)
    verify = column.change.verify
    relevant = expression(verify.relevant) if verify.relevant else _primary_key(column)
    live_index = column.catalog.vector_indexes[:1]
    distance = column.indexes[0].distance if column.indexes else (live_index[0].distance if live_index else None)
    type_ = column.catalog.column.type if target == column.live else column.type
    statement = query(
        "verify",
        "ranked",
        relevant=relevant,
        table=column.table,
        column=name(target),
        extension=name(column.catalog.server.extension_schema),
        operator=sql.SQL(OPERATORS[distance or "cosine"]),
        type=sql.SQL("{}.{}").format(name(column.catalog.server.extension_schema), name(type_)),
    )
    ranked = []
    with work.connection.transaction():
        configure(work.connection, {"enable_indexscan": "off"}, local=True)
        for vector in vectors:
            written = "[" + ",".join(map(repr, vector.tolist())) + "]"
            try:
                rows = execute(work.connection, statement, {"vector": written, "limit": verify.k}).fetchall()
            except psycopg.errors.UndefinedColumn as error:
                raise Refused(
                    f"relevant={verify.relevant!r} is not an SQL expression over the row: {error.diag.message_primary}",
                    remedy="correct relevant= in the revision",
                ) from None
            ranked.append([value for (value,) in rows])
    return ranked


def _primary_key(column: ColumnPlan) -> sql.Composed:
    key = column.catalog.table.key
    if len(key) != 1:
        raise Refused(
            f"{column.subject}: the table has no key of one column to tell relevant rows by",
            remedy='write verify=Verify(..., relevant="an SQL expression") in the revision',
        )
    return sql.SQL("{}").format(name(key[0]))
