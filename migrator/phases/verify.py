"""verify: proves the shadow column before cut-over. Failing leaves the live column as it is."""

from __future__ import annotations

from dataclasses import replace

from migrator import proofs
from migrator.errors import VerificationFailed
from migrator.phases import fill
from migrator.plan import Plan, Statement
from migrator.proofs import Proof, checks
from migrator.work import Work

NAME = "verify"


def statements(plan: Plan) -> list[Statement]:
    sent = []
    for column in plan.columns:
        if column.method == "index":
            sent += proofs.statements(column, column.live)
        else:
            sent += [*fill.rest(column, column.shadow, NAME), *proofs.statements(column, column.shadow)]
            sent += checks.statements(plan.columns, column)
    return sent


def run(work: Work) -> dict[str, object]:
    """Raises VerificationFailed with every proof that failed."""
    result: dict[str, object] = {}
    failed = []
    for column in work.plan.columns:
        target = column.live if column.method == "index" else column.shadow
        if column.method != "index":
            # What was written since fill has texts that no store held then.
            fill.fill_rest(work, column, column.shadow)
        found = proofs.prove(work, column, target, [index.temporary for index in column.indexes])
        if column.method != "index":
            found += checks.hold(work, work.plan.columns, column)
        if column.is_restore:
            found = [_told_only(proof) for proof in found]
        result[column.subject] = [
            {"proof": proof.name, "passed": proof.passed, "detail": proof.detail} for proof in found
        ]
        for proof in found:
            work.reporter.message(f"{'proved' if proof.passed else 'FAILED'}  {proof.name}: {proof.detail}")
        failed += [f"{column.subject}: {proof.name}: {proof.detail}" for proof in found if not proof.passed]
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
