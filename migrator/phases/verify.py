"""verify: proves the shadow column before cut-over. Failing leaves the live column as it is."""

from __future__ import annotations

from migrator import proofs
from migrator.errors import VerificationFailed
from migrator.phases.cut_over import TRIES
from migrator.plan.plan import Plan
from migrator.plan.statement import Statement
from migrator.preflight import text_functions
from migrator.proofs import check_constraints
from migrator.report import block
from migrator.rows import fill, unseen_writes
from migrator.runtime.context import Work
from migrator.runtime.text_locks import LetGo

NAME = "verify"


def statements(plan: Plan) -> list[Statement]:
    sent = []
    for column in plan.columns:
        if column.method == "index":
            sent += proofs.statements(column, column.live)
        else:
            sent += unseen_writes.statements(column, NAME)
            sent += [*fill.rest(column, column.shadow, NAME), *proofs.statements(column, column.shadow)]
            sent += check_constraints.statements(plan.columns, column)
    return sent


def run(work: Work) -> dict[str, object]:
    """Raises VerificationFailed with every binding proof that failed.

    Raises Interrupted where texts that other tables have a part in may have changed meanwhile.
    """
    for _ in range(TRIES):
        result, failed, wrong_stores = _prove(work)
        if not failed:
            return result
        try:
            work.other_tables.refuse_unlocked()
        except LetGo:
            continue
        raise _failed(work, failed, wrong_stores)
    raise work.other_tables.always_let_go()


def _prove(work: Work) -> tuple[dict[str, object], list[str], list[str]]:
    """What each column's proofs found; the binding ones that failed, in words; and models whose stores are wrong."""
    result: dict[str, object] = {}
    failed = []
    wrong_stores = []
    for column in work.plan.columns:
        target = column.live if column.method == "index" else column.shadow
        if column.method != "index":
            text_functions.refuse_changed(work.connection, column)
            unseen_writes.compare(work, column)
            # What was written since fill has texts that no store held then.
            fill.fill_rest(work, column, column.shadow)
            if work.other_tables.let_go:
                fill.lock_other_tables(work)
        found = proofs.prove(work, column, target, [index.temporary for index in column.indexes])
        if column.method != "index":
            found += check_constraints.hold(work, work.plan.columns, column)
        result[column.subject] = [
            {"proof": proof.name, "passed": proof.passed, "detail": proof.detail} for proof in found
        ]
        for proof in found:
            told = proof.told if proof.binding or not proof.failed else f"found   {proof.name}: {proof.detail}"
            work.reporter.message(told)
            if proof.binding and proof.failed:
                failed.append(f"{column.subject}: {proof.name}: {proof.detail}")
                wrong_stores += [proof.wrong_store] if proof.wrong_store else []
    return result, failed, wrong_stores


def _failed(work: Work, failed: list[str], wrong_stores: list[str]) -> VerificationFailed:
    remedy = "choose another model or index in the revision, or change the bound in verify=Verify(...) there"
    if work.plan.direction == "downgrade":
        remedy = (
            "mend what stands against the old vectors, such as a CHECK made since the upgrade, and run the same "
            "command again"
        )
    if wrong_stores:
        dropping = " and ".join(f"migrator retire --store {model}" for model in dict.fromkeys(wrong_stores))
        remedy = (
            f"drop the wrong vectors with {dropping}, and run the same command again, which embeds "
            "their texts anew; if it fails again, the model does not give a text the same vector twice"
        )
    return VerificationFailed(
        block("verification failed:", *(f"  {each}" for each in failed)),
        meaning="the live column is as it was; the embedding store is kept.",
        remedy=remedy,
    )
