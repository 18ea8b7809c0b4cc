"""`migrator revision`: a new revision file; what is not said is read from the database."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from migrator.change import DIMENSIONS, EF_CONSTRUCTION, ENVIRONMENT, LISTS, Distance, Empty, M, On, Outside, VectorType
from migrator.cli.project import Project

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory

    from migrator.change import EmbeddingChange
    from migrator.cli.database import Located
    from migrator.commands.infer_change import Inference, Said
    from migrator.hazards import Hazard


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
    "--from-text",
    metavar="EXPRESSION",
    help="What the present vectors were made of.  [by the ledger; the same where it does not say]",
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
    type=click.IntRange(*DIMENSIONS),
    metavar="N",
    help="Of the new model, which is not loaded then.  [the model is asked]",
)
@click.option("--type", "type_", type=click.Choice(get_args(VectorType)), help="The column's type.  [the present one]")
@click.option("--where", metavar="SQL", help="Condition for the rows in scope.  [all]")
@click.option(
    "--outside",
    type=click.Choice(get_args(Outside)),
    help="What becomes of vectors out of scope.  [kept where the new column can hold them, otherwise null]",
)
@click.option(
    "--empty",
    type=click.Choice(get_args(Empty)),
    default="null",
    show_default=True,
    help="What becomes of rows in scope without text: they end without a vector, keep theirs, or preflight refuses.",
)
@click.option(
    "--settings",
    multiple=True,
    metavar="NAME=env:VARIABLE",
    help="A setting that the text needs, such as a key, and the variable that holds its value; once for each.",
)
@click.option(
    "--distance",
    type=click.Choice(get_args(Distance)),
    help="What the index measures; l1 with hnsw alone.  [the present index's, otherwise cosine]",
)
@click.option(
    "--index",
    "method",
    type=click.Choice(["hnsw", "ivfflat", "none"]),
    help="The index on the column; none drops it.  [the present one; where there is none, none unless --distance, "
    "--m, --ef-construction, --lists or --on asks for one]",
)
@click.option(
    "--on",
    type=click.Choice(get_args(On)),
    help="What it indexes: the column, its half-precision copy, or a bit a number.  [as the present index; where that "
    "cannot hold so many dimensions, halfvec up to 4,000, otherwise bit]",
)
@click.option(
    "--m", type=click.IntRange(*M), metavar="N", help="hnsw: links a node.  [the present index's, otherwise 16]"
)
@click.option(
    "--ef-construction",
    type=click.IntRange(*EF_CONSTRUCTION),
    metavar="N",
    help="hnsw: candidates while building, twice --m at least.  [the present index's, otherwise 64]",
)
@click.option(
    "--lists", type=click.IntRange(*LISTS), metavar="N", help="ivfflat: clusters.  [the present index's, otherwise 100]"
)
@click.option("--head", metavar="REVISION", help="The revision that it comes after.  [the only head]")
@click.option("--splice", is_flag=True, help="With --head: that revision need not be a head.")
@click.option("--branch-label", metavar="LABEL", help="A label for the branch that begins with it.")
@click.option("--version-path", metavar="DIRECTORY", help="The directory of its file, one of version_locations.")
@click.option("--rev-id", metavar="ID", help="Its identifier.  [random]")
@click.option("--depends-on", metavar="REVISION", multiple=True, help="A revision that must be applied before it.")
@click.pass_obj
def command(
    project: Project,
    message: str,
    table: str,
    column: str,
    text: str,
    from_text: str | None,
    to: str,
    from_: str | None,
    dimensions: int | None,
    type_: VectorType | None,
    where: str | None,
    outside: Outside | None,
    empty: Empty,
    settings: tuple[str, ...],
    distance: Distance | None,
    method: str | None,
    on: On | None,
    m: int | None,
    ef_construction: int | None,
    lists: int | None,
    head: str | None,
    splice: bool,
    branch_label: str | None,
    version_path: str | None,
    rev_id: str | None,
    depends_on: tuple[str, ...],
) -> None:
    """Write a revision that takes a vector column to another model, type or index.

    Anything you leave out is inferred from the database. Nothing is changed. What preflight would refuse about table,
    text, scope and index is refused now; a model that is not available here, or does not fit, is a warning.
    """
    from migrator.cli.identifiers import parts
    from migrator.cli.output import pairs, show_note, show_result, shown_path
    from migrator.commands.infer_change import Said

    *schema, name = parts(table, "[SCHEMA.]TABLE")
    said = Said(
        schema=schema[0] if schema else None,
        table=name,
        column=column,
        text=text,
        from_text=from_text,
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
        on=on,
        empty=empty,
        outside=outside,
        settings=dict(_setting(each) for each in settings),
    )
    place = Place(head, splice, branch_label, version_path, rev_id, depends_on)
    # Several heads, or a revision that is not Python, end the command before a model is loaded.
    before = _before(project.script, place)
    changes, inference, warnings = _read(project, said, before)
    path = _write(project, message, place, changes)

    show_result(shown_path(path))
    show_note(pairs(inference.facts))
    for warning in warnings:
        show_note(warning.told("warning"))
    show_note(f"next: migrator{project.option} upgrade --dry-run")


def _setting(written: str) -> tuple[str, str]:
    """Name and variable. Raises UsageError."""
    from migrator.errors import UsageError

    name, equals, value = written.partition("=")
    if not equals or not value.startswith(ENVIRONMENT):
        # What was written may hold the secret itself.
        raise UsageError(
            "--settings does not name a variable of the environment",
            meaning="a value in a revision would stand in its history for good.",
            remedy=f"write --settings NAME={ENVIRONMENT}VARIABLE, such as --settings app.key={ENVIRONMENT}APP_KEY",
        )
    return name, value


@dataclass(frozen=True)
class Place:
    """Where in the history the revision goes, as `alembic revision` has it."""

    head: str | None
    splice: bool
    branch_label: str | None
    version_path: str | None
    rev_id: str | None
    depends_on: tuple[str, ...]


def _before(script: ScriptDirectory, place: Place) -> list[Script]:
    """The revisions that come before it, the first first. Raises what Alembic raises if that is not known."""
    heads = script.get_current_head() if place.head is None else place.head
    if heads is None or heads == "base":
        return []
    tips = tuple(each.revision for each in script.get_revisions(heads))
    return list(reversed(list(script.iterate_revisions(tips, "base"))))


def _read(
    project: Project, said: Said, before: list[Script]
) -> tuple[dict[tuple[str, str], EmbeddingChange], Inference, list[Hazard]]:
    """The change by what the template calls its places, where it comes from, and what to warn of.

    env.py may run several contexts: each pair of places gets the change of its first context that has the table. Raises
    Refused for what preflight would refuse.
    """
    from migrator.cli.database import locate
    from migrator.cli.output import shown_path
    from migrator.errors import Refused

    changes: dict[tuple[str, str], EmbeddingChange] = {}
    about: list[tuple[Inference, list[Hazard]]] = []
    refusals: list[Refused] = []
    for located in locate(project):
        if located.tokens in changes:
            continue
        applied = located.applied(project.script)
        unapplied = [shown_path(revision.path) for revision in before if revision.revision not in applied]
        try:
            change, inference, warnings = _read_in(located, said, unapplied)
        except Refused as refusal:
            if refusal.code != "unknown-table":
                raise
            refusals.append(refusal)
        else:
            changes[located.tokens] = change
            about.append((inference, warnings))
    if not about:
        raise refusals[0]
    return changes, *about[0]


def _read_in(located: Located, said: Said, unapplied: list[str]) -> tuple[EmbeddingChange, Inference, list[Hazard]]:
    """The same in one context. unapplied: files of the revisions that have to come before it."""
    from migrator import hazards
    from migrator.commands.infer_change import Inference
    from migrator.errors import Refused
    from migrator.plan.upgrade import UpgradePlan
    from migrator.postgres.connection import configure, connect
    from migrator.preflight.checks import refuse_declared, refuse_lesser_functions, refuse_unreadable
    from migrator.preflight.expressions import try_expressions, try_scope
    from migrator.runtime.session import open_ledger

    early: list[Hazard] = [hazards.revisions.unapplied_revisions(unapplied)] if unapplied else []

    @contextmanager
    def as_yet() -> Iterator[None]:
        """What is refused now may be right once the revisions before it are applied."""
        try:
            yield
        except Refused as refusal:
            if not unapplied:
                raise
            early.append(hazards.revisions.refused_as_yet(refusal))

    # No transaction is open while a model is asked.
    with connect(located.address) as connection:
        configure(connection, {"default_transaction_read_only": "on"})
        ledger = open_ledger(connection, located.address)
        inference = Inference.read(connection, ledger, said)
        catalog = inference.catalog
        with as_yet():
            refuse_unreadable(catalog)

        def try_texts(change: EmbeddingChange) -> None:
            refuse_lesser_functions(connection, UpgradePlan(id=0, change=change, catalog=catalog))
            with as_yet():
                try_scope(connection, UpgradePlan(id=0, change=change, catalog=catalog))
                try_expressions(connection, UpgradePlan(id=0, change=change, catalog=catalog))

        change = inference.change(try_texts)
        with as_yet():
            refuse_declared(ledger, UpgradePlan(id=0, change=change, catalog=catalog))
    return change, inference, early + inference.warnings


def _write(project: Project, message: str, place: Place, changes: Mapping[tuple[str, str], EmbeddingChange]) -> str:
    """The path of the new file, made from the project's own script.py.mako. Raises Refused if that has no place."""
    from migrator import hazards
    from migrator.cli.output import shown_path
    from migrator.operations.compat import rev_id
    from migrator.operations.render import import_line, render_change, render_restore

    bodies: dict[str, str] = {}
    for (up, down), change in changes.items():
        bodies[up] = textwrap.indent(render_change(change), "    ").lstrip()
        bodies[down] = render_restore(change.table, change.column, change.schema)
    revision = project.script.generate_revision(
        place.rev_id or rev_id(),
        message,
        head=place.head,
        splice=place.splice,
        branch_labels=place.branch_label,
        version_path=place.version_path,
        depends_on=list(place.depends_on) or None,
        config=project.config,
        imports=import_line("\n".join(map(render_change, changes.values()))),
        **bodies,
    )
    if revision is None:
        raise LookupError("Alembic wrote the revision to a file that it does not take for one")
    file = Path(revision.path)
    written = file.read_text(encoding="utf-8")
    if any(written.count(called) < len(changes) for called in ("op.change_embedding(", "op.restore_embedding(")):
        file.unlink()
        raise hazards.revisions.template_without_place(
            shown_path(Path(project.script.dir, "script.py.mako")), bodies
        ).refusal()
    return revision.path
