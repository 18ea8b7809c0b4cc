"""The vectors themselves: all there, sound, told apart as their texts are, and the model's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from numpy.typing import ArrayLike
from psycopg import sql

from migrator.embedding.similarity import SAME_VECTOR, agreement, embedded_now
from migrator.errors import Refused
from migrator.plan.column import ColumnPlan
from migrator.plan.step import Statement
from migrator.postgres.connection import Connection, execute, fetch_dicts, has_table
from migrator.postgres.sql import name, plain, query
from migrator.proofs.proof import Proof, pieces, reads
from migrator.report import counted, first_of
from migrator.rows import remaining
from migrator.rows.unreadable import has_key_apart
from migrator.runtime.context import Session

# Among texts that differ, this share of vectors must differ too: a broken model gives all texts the same.
DISTINCT_VECTORS = 0.9
# So many stale rows are named.
NAMED_ROWS = 5


def statements(column: ColumnPlan, target: str, *, sampled_if: str = "") -> list[Statement]:
    """What the proofs of this file send, before cut-over. sampled_if: when a sample is taken."""
    sent = reads(column, remaining.counting(column, target), _scan(column, target))
    if column.method != "embed":
        return sent
    if remaining.may_be_null_by_right(column):
        sent += reads(column, remaining.counting_null_by_right(column, target))
    sent += reads(column, _sample(column, target), only_if=sampled_if)
    sent += reads(column, _stored(column), lasts="a few rows", only_if="rows hold another vector than the model's")
    if has_key_apart(column):
        sent += reads(column, _keys(column), lasts="a few rows", only_if="rows hold another vector than the model's")
    return sent


def _scan(column: ColumnPlan, target: str) -> sql.Composed:
    return query("verify", "vectors", **pieces(column, target))


def _sample(column: ColumnPlan, target: str) -> sql.Composed:
    return query("verify", "sample", **pieces(column, target), text=column.text)


def coverage(session: Session, column: ColumnPlan, target: str) -> Proof:
    """Before cut-over writers may be at work: what they add meanwhile is filled then, as far as it is allowed there."""
    left = remaining.count(session.connection, column, target)
    allowed = 0 if target == column.live else remaining.BOUND
    proved, failed = left <= allowed, session.ledger.failed_rows(column.id)
    had_none = remaining.count_null_by_right(session.connection, column, target)
    exceptions = [f"{had_none:,} that had none before the upgrade"] if had_none else []
    exceptions += [f"{failed} that are set aside"] if failed else []
    if proved and left:
        exceptions.append(f"{counted(left, 'rows')} written meanwhile, which cut-over fills")
    said = remaining.in_words(column, 0 if proved else left, 0)
    return Proof("coverage", proved, f"{said}, but for {' and '.join(exceptions)}" if exceptions else said)


def sound(session: Session, column: ColumnPlan, target: str) -> list[Proof]:
    (found,) = fetch_dicts(session.connection, _scan(column, target), {"dimensions": column.dimensions})
    if not found["vectors"] and target == column.live:
        return [Proof("vectors", None, "no row in scope has a vector, so there is nothing to prove")]
    other, zero, not_finite = found["other_dimensions"], found["zero"], found["not_finite"]
    sound = other + zero + not_finite == 0
    if sound:
        norms = f"{_number(found['least_norm'])} to {_number(found['greatest_norm'])}"
        detail = f"{found['vectors']} of {column.dimensions} dimensions, finite, none zero, norms {norms}"
    else:
        detail = f"{other} of other dimensions, {zero} zero, {not_finite} not finite"
    binding = not column.is_restore
    proofs = [Proof("vectors", sound, detail, binding)]
    share = found["distinct_vectors"] / found["distinct_keys"] if found["distinct_keys"] else 1.0
    what = "texts" if column.change.text is not None else "live vectors"
    proofs.append(
        Proof(
            "duplicates",
            share >= DISTINCT_VECTORS,
            f"{found['distinct_vectors']} different vectors for {found['distinct_keys']} different {what}",
            binding,
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
        now = embedded_now(session.models.get(column.change.to), (text for text, _, _ in rows))
    except Refused as refusal:
        if not column.is_restore:
            raise
        return [Proof("sample", None, f"the old model is no longer available ({refusal.problem})")]
    similarity = agreement(now, [(text, vector) for text, vector, _ in rows])
    least = float(similarity.min())
    shown = f"{len(rows)} rows embedded again agree with what is stored to {least:.4f} or better (cosine)"
    stale = [place for (_, _, place), similar in zip(rows, similarity, strict=True) if similar < SAME_VECTOR]
    if stale:
        shown = (
            f"{len(stale)} of {len(rows)} rows do not hold the model's vector of their present text"
            f"{_named(session, column, stale)}; the farthest has a cosine of {least:.4f} to it"
        )
    sample = Proof("sample", not stale, shown, binding=not column.is_restore)
    return [sample, *_store_contradicts(session.connection, column, now)] if stale else [sample]


def _store_contradicts(connection: Connection, column: ColumnPlan, now: Mapping[str, ArrayLike]) -> list[Proof]:
    """Whether it is the store that is wrong: it has other vectors of the sampled texts than the model gives now."""
    if not has_table(connection, column.store):
        return []
    hashes = {hashlib.sha256(text.encode()).digest(): text for text in now}
    found = execute(connection, _stored(column), {"hashes": [*hashes]}).fetchall()
    stored = [(hashes[bytes(text_hash)], vector) for text_hash, vector in found]
    wrong = int((agreement(now, stored) < SAME_VECTOR).sum()) if stored else 0
    if not wrong:
        return []
    model, table = column.change.to.name, plain(column.store)
    detail = (
        f"it contradicts its model: of {counted(len(stored), 'sampled texts')} that {table} holds, {wrong} have "
        f"another vector there than {model} gives now"
    )
    return [Proof("embedding store", False, detail, binding=not column.is_restore, wrong_store=model)]


def _stored(column: ColumnPlan) -> sql.Composed:
    return query("verify", "stored", store=column.store)


def _named(session: Session, column: ColumnPlan, places: Sequence[str]) -> str:
    """The first of these rows by their key, never by their text. places: each row's table and ctid."""
    if not has_key_apart(column):
        return ""
    rows = execute(session.connection, _keys(column), {"places": list(places), "limit": NAMED_ROWS}).fetchall()
    key = column.catalog.table.key
    named = [" ".join(f"{part}={value}" for part, value in zip(key, row, strict=True)) for row in rows]
    return f": {first_of(named, len(places))}"


def _keys(column: ColumnPlan) -> sql.Composed:
    key = sql.SQL(", ").join(sql.SQL("{}::text").format(name(part)) for part in column.catalog.table.key)
    return query("verify", "keys", key=key, table=column.table)
