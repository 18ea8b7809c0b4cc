"""The vectors themselves: all there, sound, told apart as their texts are, and the model's."""

from __future__ import annotations

import numpy as np
from psycopg import sql

from migrator import rows_left
from migrator.database import execute, fetch_dicts
from migrator.errors import Refused
from migrator.plan import ColumnPlan, Statement
from migrator.proofs.proof import Proof, pieces, reads
from migrator.queries import query
from migrator.work import Session

# halfvec keeps 11 bits of a number; batches of other shapes move a float32 vector by less than this.
SAME_VECTOR = 0.999
# Among texts that differ, this share of vectors must differ too: a broken model gives all texts the same.
DISTINCT_VECTORS = 0.9


def statements(column: ColumnPlan, target: str) -> list[Statement]:
    """What the proofs of this file send, before cut-over."""
    sent = reads(column, rows_left.counting(column, target), _scan(column, target))
    if column.method != "embed":
        return sent
    only_if = "texts were embedded for the downgrade" if column.is_restore else ""
    return sent + reads(column, _sample(column, target), only_if=only_if)


def _scan(column: ColumnPlan, target: str) -> sql.Composed:
    return query("verify", "vectors", **pieces(column, target))


def _sample(column: ColumnPlan, target: str) -> sql.Composed:
    return query("verify", "sample", **pieces(column, target), text=column.text)


def coverage(session: Session, column: ColumnPlan, target: str) -> Proof:
    """Before cut-over writers may be at work: what they add meanwhile is filled then, as far as it is allowed there."""
    left = rows_left.count(session.connection, column, target)
    allowed = 0 if target == column.live else rows_left.BOUND
    said = f"{left} rows in scope have no vector" if left else "every row in scope has one"
    failed = session.ledger.failed_rows(column.id)
    return Proof("coverage", left <= allowed, f"{said}, but for {failed} that are set aside" if failed else said)


def sound(session: Session, column: ColumnPlan, target: str) -> list[Proof]:
    (found,) = fetch_dicts(session.connection, _scan(column, target), {"dimensions": column.dimensions})
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


def sample_agrees(session: Session, column: ColumnPlan, target: str) -> list[Proof]:
    """Rows embedded once more, compared with what is stored by cosine similarity."""
    rows = execute(session.connection, _sample(column, target), {"limit": column.change.verify.sample}).fetchall()
    if not rows:
        return []
    try:
        again = session.models.get(column.change.to).embed_documents([text for text, _ in rows])
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
