"""`migrator upgrade`: carries pending revisions out, or goes on with what was interrupted."""

from __future__ import annotations

import click

from migrator.cli.project import Project

# DESIGN of the phases: docs/explanation.md. Written out, for help must not import them.
PHASES = ("preflight", "backup", "embed", "fill", "index", "verify", "cut-over")


@click.command()
@click.argument("revision", default="head")
@click.option("--dry-run", is_flag=True, help="Print what would be done, with locks, times and disk; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print the plan as one JSON document.")
@click.option("--stop-after", type=click.Choice(PHASES), help="Stop after this phase; the next upgrade goes on.")
@click.option(
    "--batch-size",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Texts a call of the model; goes before batch_size= of the revision.  [16, growing to 2,048 while calls are "
    "short]",
)
@click.option("--yes", is_flag=True, help="Do not ask before beginning.")
@click.pass_obj
def command(
    project: Project,
    revision: str,
    dry_run: bool,
    as_json: bool,
    stop_after: str | None,
    batch_size: int | None,
    yes: bool,
) -> None:
    """Upgrade to REVISION (head by default).

    What was interrupted is gone on with by the same command. Embedding runs before the window:
    `migrator upgrade --stop-after embed` does it while the application works.
    """
    from migrator.cli import carry_out
    from migrator.work import Options

    if dry_run:
        carry_out.dry_run(project, revision, "upgrade", as_json=as_json)
    else:
        options = Options(stop_after=stop_after, batch_size=batch_size)
        carry_out.carry_out(project, revision, "upgrade", options, yes=yes)
