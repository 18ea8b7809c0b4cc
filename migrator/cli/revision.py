"""`migrator revision`: a new revision file; what is not said is read from the database."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from migrator.change import STORED_LIMIT, Distance, VectorType
from migrator.cli.project import Project

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from migrator.change import EmbeddingChange
    from migrator.cli.inference import Inference, Said
    from migrator.hazards import Hazard
    from migrator.plan import ColumnPlan


@click.command()
@click.option("-m", "--message", required=True, metavar="MESSAGE", help="What the revision is about.")
@click.option("--table", required=True, metavar="[SCHEMA.]TABLE", help="The table.")
@click.option("--column", required=True, metavar="COLUMN", help="Its vector column.")
@click.option(
    "--text",
    required=True,
    metavar="EXPRESSION",
    help="What the model reads: an SQL expression over the row.",
)
@click.option(
    "--to",
    required=True,
    metavar="MODEL",
    help="The new model: sentence-transformers:NAME, of the hub or a directory, or python:PACKAGE.MODULE:FACTORY. "
    "The column's own, where only type, dimensions or index are to change.",
)
@click.option(
    "--from",
    "from_",
    metavar="MODEL",
    help="The model that the column holds now, named alike.  [from the ledger; needed for a column's first upgrade]",
)
@click.option(
    "--dimensions",
    type=click.IntRange(1, STORED_LIMIT),
    metavar="N",
    help="Of the new model, which is not loaded then.  [the model is asked]",
)
@click.option("--type", "type_", type=click.Choice(["vector", "halfvec"]), help="The column's type.  [the present one]")
@click.option("--where", metavar="SQL", help="Condition for the rows in scope.  [all]")
@click.option(
    "--distance",
    type=click.Choice(["cosine", "l2", "ip", "l1"]),
    help="What the index measures; l1 with hnsw alone.  [the present index's, else cosine]",
)
@click.option(
    "--index",
    "method",
    type=click.Choice(["hnsw", "ivfflat", "none"]),
    help="The index on the column; none drops it.  [the present one; where there is none, none unless --distance, "
    "--m, --ef-construction or --lists asks for one]",
)
@click.option(
    "--m", type=click.IntRange(2, 100), metavar="N", help="hnsw: links a node.  [the present index's, else 16]"
)
@click.option(
    "--ef-construction",
    type=click.IntRange(4, 1_000),
    metavar="N",
    help="hnsw: candidates while building, twice --m at least.  [the present index's, else 64]",
)
@click.option(
    "--lists", type=click.IntRange(1, 32_768), metavar="N", help="ivfflat: clusters.  [the present index's, else 100]"
)
@click.pass_obj
def command(
    project: Project,
    message: str,
    table: str,
    column: str,
    text: str,
    to: str,
    from_: str | None,
    dimensions: int | None,
    type_: VectorType | None,
    where: str | None,
    distance: Distance | None,
    method: str | None,
    m: int | None,
    ef_construction: int | None,
    lists: int | None,
) -> None:
    """Write a revision that takes a vector column to another model, type or index.

    What is not said is read from the database, which is not changed. What preflight would refuse of it is refused now.
    """
    from migrator.cli.display import pairs, show_note, show_result, shown_path
    from migrator.cli.inference import Said
    from migrator.cli.names import parts

    *schema, name = parts(table, "[SCHEMA.]TABLE")
    said = Said(
        schema=schema[0] if schema else None,
        table=name,
        column=column,
        text=text,
        where=where,
        to=to,
        from_=from_,
        dimensions=dimensions,
        type=type_,
        method=method,
        distance=distance,
        m=m,
        ef_construction=ef_construction,
        lists=lists,
    )
    # Several heads, or a revision that is not Python, end the command before a model is loaded.
    script = project.script
    script.get_current_head()
    change, inference, warnings = _read(project, said)
    path = _write(project, script, message, change)

    show_result(shown_path(path))
    show_note(pairs(inference.facts))
    for warning in warnings:
        show_note(f"warning: {warning.problem}\n  {warning.meaning}\n  fix: {warning.remedy}")
    show_note(f"next: migrator{project.option} upgrade --dry-run")


def _read(project: Project, said: Said) -> tuple[EmbeddingChange, Inference, list[Hazard]]:
    """The change, where it comes from, and what to warn of. Raises Refused for what preflight would refuse."""
    from migrator import hazards
    from migrator.catalog import read_server
    from migrator.cli.database import locate
    from migrator.cli.inference import Inference
    from migrator.database import configure, connect
    from migrator.errors import Refused
    from migrator.ledger import Ledger
    from migrator.phases.preflight import refuse_declared, try_expressions
    from migrator.plan import ColumnPlan

    located = locate(project)
    unapplied = [step.revision.revision for step in project.script._upgrade_revs("heads", located.heads)]
    early: list[Hazard] = [hazards.unapplied_revisions(unapplied)] if unapplied else []

    # No transaction is open while a model is asked.
    with connect(located.address) as connection:
        configure(connection, {"default_transaction_read_only": "on"})
        ledger = Ledger(connection, installed=read_server(connection).ledger)
        inference = Inference.read(connection, ledger, said)
        catalog = inference.catalog

        def check(what: Callable[[ColumnPlan], None], change: EmbeddingChange) -> None:
            """What is refused now may be right once the revisions before it are applied."""
            try:
                what(ColumnPlan(0, change, catalog))
            except Refused as refusal:
                if not unapplied:
                    raise
                early.append(hazards.refused_as_yet(refusal))

        change = inference.change(partial(check, partial(try_expressions, connection)))
        check(partial(refuse_declared, ledger), change)
    return change, inference, early + inference.warnings


def _write(project: Project, script: ScriptDirectory, message: str, change: EmbeddingChange) -> str:
    """The path of the new file, made from the project's own script.py.mako."""
    import textwrap

    from alembic.util import rev_id

    from migrator.operations.render import import_line, render_change, render_restore

    upgrade = render_change(change)
    revision = script.generate_revision(
        rev_id(),
        message,
        config=project.config,
        imports=import_line(upgrade),
        upgrades=textwrap.indent(upgrade, "    ").lstrip(),
        downgrades=render_restore(change.table, change.column, change.schema),
    )
    if revision is None:
        raise LookupError("Alembic wrote the revision to a file that it does not take for one")
    return revision.path
