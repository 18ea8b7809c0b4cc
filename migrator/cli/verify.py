"""`migrator verify`: the proofs again, on the columns as they are now."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from migrator.cli.project import Project
from migrator.report import block

if TYPE_CHECKING:
    from migrator.proofs import Proof


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(project: Project, as_json: bool) -> None:
    """Prove every migrated column again: coverage, vectors, a sample embedded anew, index, retrieval."""
    from migrator.cli.apply import home
    from migrator.cli.database import locate
    from migrator.cli.output import by_context, json_by_context, show_json, show_result
    from migrator.commands.verify import verify_live
    from migrator.errors import VerificationFailed
    from migrator.runtime.context import Options
    from migrator.runtime.progress import reporting

    with reporting() as reporter:
        options = Options(reporter, project=home(project))
        found = [(each.shown, verify_live(each.address, options)) for each in locate(project)]
    if as_json:
        show_json(json_by_context([(name, _as_json(proofs)) for name, proofs in found]))
    elif any(proofs for _, proofs in found):
        show_result(by_context([(name, _as_text(proofs)) for name, proofs in found]))
    failed = [
        (f"{subject}: {each.name}", each)
        for _, proofs in found
        for subject, of_column in proofs.items()
        for each in of_column
        if each.failed
    ]
    if failed:
        raise VerificationFailed(
            f"verification failed: {', '.join(name for name, _ in failed)}",
            meaning="the column is live and holds what is described above.",
            remedy=_remedy([each for _, each in failed]),
        )


def _as_json(proofs: dict[str, list[Proof]]) -> dict[str, Any]:
    return {
        subject: [{"proof": each.name, "passed": each.passed, "detail": each.detail} for each in found]
        for subject, found in proofs.items()
    }


def _as_text(proofs: dict[str, list[Proof]]) -> str:
    lines: list[str] = []
    for subject, found in proofs.items():
        lines += [subject, *(f"  {each.told}" for each in found)]
    return block(*lines)


def _remedy(failed: list[Proof]) -> str:
    """What helps, as columns of failed proofs were upgraded last, or downgraded, or cannot be read at all."""
    from migrator.proofs import READABLE
    from migrator.proofs.scope import NAME as SCOPE

    restored = {each.restored for each in failed if each.name != READABLE}
    ways = []
    if any(each.name == READABLE for each in failed):
        ways.append("give back what text and scope name: ALTER TABLE ... RENAME COLUMN ... TO ...")
    wrong = dict.fromkeys(each.wrong_store for each in failed if each.wrong_store)
    if wrong:
        dropping = " and ".join(f"migrator retire --store {shlex.quote(model)}" for model in wrong)
        ways.append(f"migrator downgrade -1, then {dropping}, then migrator upgrade embeds their texts anew")
    if any(each.name == SCOPE for each in failed):
        ways.append(
            "bring rows that left the scope back into it, or embed them with the model of the scope they are in"
        )
    if False in restored:
        ways.append("migrator backfill gives rows without a vector, or with that of another text, theirs")
    if True in restored:
        ways.append(
            "after a downgrade migrator backfill embeds only rows without a vector: set wrong vectors NULL (UPDATE ... "
            "SET ... = NULL WHERE ..., where need be after ALTER COLUMN ... DROP NOT NULL), then run it"
        )
    ways.append("migrator doctor TABLE.COLUMN looks closer")
    if False in restored:
        ways.append("migrator downgrade -1 goes back")
    return "; ".join(ways)
