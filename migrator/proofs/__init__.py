"""The proofs of a vector column, before cut-over and at any time after it."""

from __future__ import annotations

from migrator.plan.column import ColumnPlan
from migrator.plan.step import Statement
from migrator.proofs import recall, retrieval, vectors
from migrator.proofs.proof import READABLE, Proof
from migrator.rows.unreadable import tolerant
from migrator.runtime.context import Session, Work
from migrator.runtime.step import ColumnStep, Condition

__all__ = ["READABLE", "Proof", "Prove", "prove"]


class Prove(ColumnStep):
    """All proofs but those of CHECKs, before cut-over. Returns what was found."""

    def made(self, column: ColumnPlan) -> list[Statement]:
        target, embedded = self._target, self._embedded.text if column.is_restore else ""
        sent = [*vectors.statements(column, target, sampled_if=embedded), *recall.statements(column, target)]
        return sent + (retrieval.statements(column, target) if _wants_retrieval(column) else [])

    def send(self, work: Work) -> list[Proof]:
        column = self.column
        # A rollback needs no model, unless it embedded rows that were written since the upgrade.
        sample = not column.is_restore or self._embedded.test(work)
        return prove(work, column, self._target, [index.temporary for index in column.indexes], sample=sample)

    @property
    def _target(self) -> str:
        return self.column.live if self.column.method == "index" else self.column.shadow

    @property
    def _embedded(self) -> Condition:
        change = self.column.id
        return Condition(
            "texts were embedded for the downgrade", lambda work: work.ledger.change(change).texts_embedded > 0
        )


def prove(session: Session, column: ColumnPlan, target: str, indexes: list[str], *, sample: bool = True) -> list[Proof]:
    """All proofs but those of CHECKs. target: the column proved; indexes: names of its indexes, in plan order.

    sample: embed a sample of texts once more, where there are texts.
    """
    return tolerant(session.connection, column, lambda column: _prove(session, column, target, indexes, sample=sample))


def _prove(session: Session, column: ColumnPlan, target: str, indexes: list[str], *, sample: bool) -> list[Proof]:
    proofs = [vectors.coverage(session, column, target), *vectors.sound(session, column, target)]
    if column.method == "embed" and sample:
        proofs += vectors.sample_agrees(session, column, target)
    named = list(zip(column.indexes, indexes, strict=True))
    for built, called in named:
        others = [(each, other) for each, other in named if each.is_vector and each is not built]
        proofs += recall.finds(session, column, target, built, called, others)
    if _wants_retrieval(column) and retrieval.has_rows(session.connection, column):
        proofs.append(retrieval.keeps_up(session, column, target))
    return proofs


def _wants_retrieval(column: ColumnPlan) -> bool:
    return column.change.verify.queries is not None and not column.is_restore
