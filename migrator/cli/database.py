"""The database that a command works on, for commands that walk no revisions."""

from __future__ import annotations

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext

from migrator.cli.project import Project
from migrator.database import Address, address_of_connection


def address(project: Project) -> Address:
    """What env.py connects to, with its role and search_path."""
    found: list[Address] = []

    def look(_heads: object, context: MigrationContext) -> list[object]:
        if context.connection is not None:
            found.append(address_of_connection(context.connection))
        return []

    with EnvironmentContext(project.config_with_database(), project.script, fn=look, dont_mutate=True):
        project.script.run_env()
    return found[0]
