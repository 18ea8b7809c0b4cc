"""The database that a command works on, for commands that walk no revisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext

from migrator.address import Address
from migrator.cli.project import Project
from migrator.cli.waits import briefly
from migrator.operations.version_table import address_of_context


@dataclass(frozen=True)
class Located:
    """What env.py connects to, with its role and search_path, and the revisions that database is at.

    heads: a tuple of identifiers, as Alembic hands them round; its annotations say otherwise.
    """

    address: Address
    heads: Any


def address(project: Project) -> Address:
    return locate(project).address


def locate(project: Project) -> Located:
    found: list[Located] = []

    def look(heads: Any, context: MigrationContext) -> list[object]:
        if context.connection is not None:
            found.append(Located(project.connected_to(address_of_context(context, context.connection)), heads))
        return []

    config, script = project.config_with_database(), project.script
    with briefly(), EnvironmentContext(config, script, fn=look, dont_mutate=True):
        project.script.run_env()
    return found[0]
