"""The databases that a command works on: every context that env.py runs, each with a history of revisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from migrator import hazards
from migrator.cli.project import Project
from migrator.cli.waits import briefly
from migrator.operations.compat import LOOKS_ONLY, RevisionStep, tokens
from migrator.operations.version_table import address_of_context
from migrator.postgres.address import Address
from migrator.postgres.connection import Connection, connect


@dataclass(frozen=True)
class Located:
    """One context of env.py: what it connects to, with its role and search_path, and the revisions it is at.

    heads: a tuple of identifiers, as Alembic hands them round; its annotations say otherwise.
    tokens: what script.py.mako calls the bodies of upgrade() and downgrade() of this context.
    """

    address: Address
    heads: Any
    tokens: tuple[str, str]

    @property
    def shown(self) -> str:
        """What tells it from the other contexts."""
        table = self.address.version_table
        return f"{self.address.shown}, version table {table.shown}" if table else self.address.shown

    def applied(self, script: ScriptDirectory) -> set[str]:
        """The revisions it has been through. Raises what Alembic raises if one that it is at has no file."""
        return {each.revision for each in script.iterate_revisions(self.heads, "base")} if self.heads else set()


Look = Callable[[Any, MigrationContext], Sequence[RevisionStep]]


def run_env(project: Project, look: Look, *, target: str | None = None, carries_out: bool = False) -> None:
    """Runs env.py. look: asked by each context, in their order, for the steps that Alembic is to take.

    carries_out: there may be steps, so that Alembic makes a version table that is not there.
    """

    def online(heads: Any, context: MigrationContext) -> Sequence[RevisionStep]:
        if context.connection is None:
            return []
        steps = look(heads, context)
        if not carries_out:
            # Its engine would keep the session for another use, and a role may have few.
            context.connection.detach()
        return steps

    config, script = project.config_with_database(), project.script
    with EnvironmentContext(config, script, fn=online, destination_rev=target, **{LOOKS_ONLY: not carries_out}):
        script.run_env()


def located(context: MigrationContext, heads: Any) -> Located:
    assert context.connection is not None
    return Located(address_of_context(context, context.connection), heads, tokens(context))


def locate(project: Project) -> list[Located]:
    """Every context, in the order of env.py. Raises Refused where they are not what the command is to work on."""
    found: list[Located] = []

    def look(heads: Any, context: MigrationContext) -> list[RevisionStep]:
        found.append(located(context, heads))
        return []

    with briefly():
        run_env(project, look)
    refuse_others(project, found)
    return found


def refuse_others(project: Project, found: Sequence[Located]) -> None:
    """Raises Refused where env.py runs no context, or connects elsewhere than a URL given for this command says."""
    if not found:
        raise hazards.revisions.no_context().refusal()
    databases = list(dict.fromkeys(each.address.shown for each in found))
    if project.asked_by is not None and len(databases) > 1:
        raise hazards.revisions.several_databases(databases, project.asked_by).refusal()
    for each in found:
        project.connected_to(each.address)


def databases(project: Project) -> list[Address]:
    """Each database that a context connects to once, as the first of its contexts does."""
    found: dict[str, Address] = {}
    for each in locate(project):
        found.setdefault(each.address.shown, each.address)
    return list(found.values())


@contextmanager
def looking(address: Address) -> Iterator[Connection]:
    """A connection to the database, in a read-only transaction, for commands that only look."""
    with connect(address) as connection:
        connection.read_only = True
        with connection.transaction():
            yield connection
