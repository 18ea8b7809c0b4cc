"""A project whose env.py works for the tenant that TENANT names: a schema each, with its tables and version table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.models import Hashed
from tests.support.commands import Ended, migrator
from tests.support.database import Database
from tests.support.project import Project, change
from tests.support.proofs import rows_hold
from tests.support.tables import items

ENV = """
import os

from alembic import context
from migrator.env import engine

with engine(context.config).connect() as connection:
    connection.exec_driver_sql(os.environ["PATH_OF_TENANT"])
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True, **{options})
    with context.begin_transaction():
        context.run_migrations()
"""
COUNT = 20


@dataclass(frozen=True)
class Tenants:
    """Each is a schema with a table items, at revision 0001; 0002 changes the column embedding of that table."""

    project: Project
    patch: pytest.MonkeyPatch

    @property
    def database(self) -> Database:
        return self.project.database

    def command(self, tenant: str, *arguments: str) -> Ended:
        """A command of migrator's, with that tenant's schema in front of the search path."""
        self.patch.setenv("PATH_OF_TENANT", f'SET search_path TO "{tenant}", public')
        return migrator(*arguments)

    def done(self, tenant: str, *arguments: str, code: int = 0) -> Ended:
        ended = self.command(tenant, *arguments)
        assert ended.code == code, ended.err
        return ended

    def revision(self, tenant: str) -> str:
        return str(self.database.value(f'SELECT version_num FROM "{tenant}".alembic_version'))

    def holds(self, tenant: str, model: Callable[[], Hashed]) -> bool:
        """Asserts that every row has that model's vector, to the bit."""
        return rows_hold(self.database, model, table=f'"{tenant}".items') == COUNT


def make_tenants(project: Project, patch: pytest.MonkeyPatch, *names: str, options: str = "{}") -> Tenants:
    """options: of context.configure, as source."""
    database = project.database
    database.execute("DROP TABLE alembic_version")
    items(database, COUNT)
    for name in names:
        database.execute(f'CREATE SCHEMA "{name}"')
        database.execute(f'CREATE TABLE "{name}".items (LIKE public.items INCLUDING ALL)')
        database.execute(f'INSERT INTO "{name}".items SELECT * FROM public.items')
        database.execute(f'CREATE TABLE "{name}".alembic_version (version_num varchar(32) PRIMARY KEY)')
        database.execute(f"INSERT INTO \"{name}\".alembic_version VALUES ('0001')")
    database.execute("DROP TABLE public.items")
    (env,) = Path().rglob("env.py")
    env.write_text(ENV.replace("{options}", options))
    project.write(change())
    return Tenants(project, patch)
