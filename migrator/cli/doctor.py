"""`migrator doctor`: what ails a database or a vector column, and the remedy."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from migrator.cli.project import Project

if TYPE_CHECKING:
    from migrator.doctor import Finding


@click.command()
@click.argument("column", required=False, metavar="[[SCHEMA.]TABLE[.COLUMN]]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    help="Exit with 1 where there is a finding of that level, or a worse one.",
)
@click.pass_obj
@click.pass_context
def command(ctx: click.Context, project: Project, column: str | None, as_json: bool, fail_on: str | None) -> None:
    """Look for what is wrong with the database, or with what is in a vector column. Nothing is changed.

    A column's table is read whole, and the model that the ledger names for it is loaded. COLUMN may be left out where
    the table has one vector column.
    """
    from migrator.cli.output import show_json, show_note, show_result
    from migrator.doctor import LEVELS, worst

    findings = _of_column(project, column) if column else _of_database(project)
    if as_json:
        show_json({"findings": [dataclasses.asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            show_result(f"{finding.level:<7}  {finding.subject}: {finding.fact}")
            if finding.remedy:
                show_result(f"{'':<7}  fix: {finding.remedy}")
        if not column:
            show_note(f"next: migrator{project.option} doctor TABLE.COLUMN looks into a column")
    if fail_on and LEVELS.index(worst(findings)) >= LEVELS.index(fail_on):
        ctx.exit(1)


def _of_database(project: Project) -> list[Finding]:
    """Of every database that env.py connects to, by name where there are several."""
    from migrator.cli.check_project import waited_for
    from migrator.cli.database import databases, looking
    from migrator.doctor import Finding, examine_database, look_at_model
    from migrator.preflight.server import names_readable

    addresses = databases(project)
    findings = []
    for address in addresses:
        with looking(address) as connection, names_readable(connection), connection.transaction():
            found = examine_database(connection)
        each = [*found.found, *map(look_at_model, found.models)]
        if len(addresses) > 1:
            each = [dataclasses.replace(one, subject=f"{address.shown}: {one.subject}") for one in each]
        findings += each
    return [*findings, *(Finding("warning", each.subject, each.fact, each.remedy) for each in waited_for(project))]


def _of_column(project: Project, written: str) -> list[Finding]:
    """Of the column in the first database, by env.py's order of contexts, that has its table."""
    from migrator.cli.database import locate, looking
    from migrator.cli.identifiers import parts
    from migrator.doctor import examine_column, only_column, try_model
    from migrator.errors import Refused
    from migrator.preflight.server import names_readable

    named = parts(written, "[SCHEMA.]TABLE[.COLUMN]")
    refusal: Refused | None = None
    for each in locate(project):
        with looking(each.address) as connection, names_readable(connection), connection.transaction():
            try:
                column = only_column(connection, named)
            except Refused as error:
                refusal = refusal or error
                continue
            found = examine_column(connection, *column)
        return [*found.found, *map(try_model, found.models)]
    assert refusal is not None
    raise refusal
