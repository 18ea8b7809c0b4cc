"""verify: proves the shadow column before cut-over. Failing leaves the live column as it is."""

from __future__ import annotations

import shlex

import msgspec

from migrator.errors import VerificationFailed
from migrator.phases.cut_over import TRIES
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.preflight import text_functions
from migrator.proofs import Proof, Prove
from migrator.proofs.check_constraints import ProveChecks
from migrator.report import block
from migrator.rows.fill import FillRest, lock_again
from migrator.rows.unseen_writes import CompareUnseen
from migrator.runtime.context import Work
from migrator.runtime.step import Step, Unlisted, sending
from migrator.runtime.text_locks import LetGo

NAME = "verify"


class Proved(msgspec.Struct):
    """A proof, as the ledger keeps it."""

    proof: str
    passed: bool | None
    detail: str


def steps(plan: Plan) -> list[Step]:
    found: list[Step] = []
    for column in plan.columns:
        if column.method == "index":
            found.append(Prove(column))
            continue
        found += [
            Unlisted(column, lambda work, column: text_functions.refuse_changed(work.connection, column)),
            CompareUnseen(column),
            # What was written since fill has texts that no store held then.
            FillRest(column, column.shadow),
            Unlisted(column, lambda work, _: lock_again(work)),
            Prove(column),
            ProveChecks(column, plan.columns),
        ]
    return found


def run(work: Work) -> dict[str, list[Proved]]:
    """Raises VerificationFailed with every binding proof that failed.

    Raises Interrupted where texts that other tables have a part in may have changed meanwhile.
    """
    for _ in range(TRIES):
        found = [
            (step.column, proof)
            for step, proofs in sending(work, steps(work.plan))
            if isinstance(step, Prove | ProveChecks)
            for proof in _told(work, proofs)
        ]
        failed = [(column, proof) for column, proof in found if proof.binding and proof.failed]
        if not failed:
            result: dict[str, list[Proved]] = {}
            for column, proof in found:
                result.setdefault(column.subject, []).append(Proved(proof.name, proof.passed, proof.detail))
            return result
        try:
            work.other_tables.refuse_unlocked()
        except LetGo:
            continue
        raise _failed(work, failed)
    raise work.other_tables.always_let_go()


def _told(work: Work, proofs: list[Proof]) -> list[Proof]:
    for proof in proofs:
        told = proof.told if proof.binding or not proof.failed else f"found   {proof.name}: {proof.detail}"
        work.reporter.message(told)
    return proofs


def _failed(work: Work, failed: list[tuple[ColumnPlan, Proof]]) -> VerificationFailed:
    remedy = "choose another model or index in the revision, or change the bound in verify=Verify(...) there"
    if work.plan.direction == "downgrade":
        remedy = (
            "mend what stands against the old vectors, such as a CHECK made since the upgrade, and run the same "
            "command again"
        )
    wrong_stores = [proof.wrong_store for _, proof in failed if proof.wrong_store]
    if wrong_stores:
        dropping = " and ".join(
            f"migrator retire --store {shlex.quote(model)}" for model in dict.fromkeys(wrong_stores)
        )
        remedy = (
            f"drop the wrong vectors with {dropping}, and run the same command again, which embeds "
            "their texts anew; if it fails again, the model does not give a text the same vector twice"
        )
    return VerificationFailed(
        block(
            "verification failed:",
            *(f"  {column.subject}: {proof.name}: {proof.detail}" for column, proof in failed),
        ),
        meaning="the live column is as it was; the embedding store is kept.",
        remedy=remedy,
    )
