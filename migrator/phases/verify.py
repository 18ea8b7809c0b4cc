"""verify: proves the shadow column before cut-over. Failing leaves the live column as it is."""

from __future__ import annotations

from migrator import filling, proofs
from migrator.errors import VerificationFailed
from migrator.plan import Plan, Statement
from migrator.proofs import checks
from migrator.work import Work

NAME = "verify"


def statements(plan: Plan) -> list[Statement]:
    sent = []
    for column in plan.columns:
        if column.method == "index":
            sent += proofs.statements(column, column.live)
        else:
            sent += [*filling.rest(column, column.shadow, NAME), *proofs.statements(column, column.shadow)]
            sent += checks.statements(plan.columns, column)
    return sent


def run(work: Work) -> dict[str, object]:
    """Raises VerificationFailed with every binding proof that failed."""
    result: dict[str, object] = {}
    failed = []
    for column in work.plan.columns:
        target = column.live if column.method == "index" else column.shadow
        if column.method != "index":
            # What was written since fill has texts that no store held then.
            filling.fill_rest(work, column, column.shadow)
        found = proofs.prove(work, column, target, [index.temporary for index in column.indexes])
        if column.method != "index":
            found += checks.hold(work, work.plan.columns, column)
        result[column.subject] = [
            {"proof": proof.name, "passed": proof.passed, "detail": proof.detail} for proof in found
        ]
        for proof in found:
            told = proof.told if proof.binding or not proof.failed else f"found   {proof.name}: {proof.detail}"
            work.reporter.message(told)
            if proof.binding and proof.failed:
                failed.append(f"{column.subject}: {proof.name}: {proof.detail}")
    if failed:
        remedy = "choose another model or index in the revision, or change the bound in verify=Verify(...) there"
        if work.plan.direction == "downgrade":
            remedy = (
                "mend what stands against the old vectors, such as a CHECK made since the upgrade, and run the same "
                "command again"
            )
        raise VerificationFailed(
            "verification failed:\n  " + "\n  ".join(failed),
            meaning="the live column is as it was; the embedding store is kept.",
            remedy=remedy,
        )
    return result
