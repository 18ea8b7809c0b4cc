"""What hangs on a column besides its indexes: views, which are carried over, and the rest, which is not yet."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from migrator.catalog.columns import Grant
from migrator.database import Connection, execute, fetch_dicts
from migrator.queries import name, query


@dataclass(frozen=True)
class View:
    """A view that reads the column, itself or through another view. depth 1 reads the table.

    has_more: it has rules, triggers, defaults or column grants of its own, which are not carried over.
    dependents: what would keep it from being dropped besides other such views, as PostgreSQL describes it.
    """

    schema: str
    name: str
    kind: str
    depth: int
    definition: str
    owner: str
    options: list[str]
    comment: str | None
    column_comments: dict[str, str]
    grants: list[Grant]
    has_grants: bool
    has_more: bool
    dependents: list[str]

    @property
    def sql(self) -> sql.SQL:
        return name(self.schema, self.name)


def read_views(connection: Connection, table: int, column: int) -> list[View]:
    """Innermost first, the order in which they can be created."""
    rows = fetch_dicts(connection, query("catalog", "views"), {"table": table, "column": column})
    return [View(**{**row, "grants": [Grant(**grant) for grant in row["grants"]]}) for row in rows]


def read_others(connection: Connection, table: int, column: int) -> list[str]:
    """Everything else that depends on the column, as PostgreSQL describes it."""
    found = execute(connection, query("catalog", "other_dependents"), {"table": table, "column": column})
    return [row[0] for row in found]
