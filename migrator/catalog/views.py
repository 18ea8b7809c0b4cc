"""Views that read a column, and what cannot be carried over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from migrator.catalog.columns import Grant, grants
from migrator.catalog.materialized_views import Materialised, read_materialised
from migrator.postgres.connection import Connection, execute, fetch_dicts
from migrator.postgres.sql import QualifiedName, query


@dataclass(frozen=True)
class ViewPart:
    """A rule or a trigger of a view."""

    name: str
    definition: str
    comment: str | None


@dataclass(frozen=True)
class View(QualifiedName):
    """A view that reads the column, itself or through another view. depth 1 reads the table.

    kind: as in pg_class.relkind; a table where a rule of it reads the column. defaults, column_grants: by column.
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
    dependents: list[str]
    defaults: dict[str, str] = field(default_factory=dict)
    column_grants: dict[str, list[Grant]] = field(default_factory=dict)
    rules: list[ViewPart] = field(default_factory=list)
    triggers: list[ViewPart] = field(default_factory=list)
    materialised: Materialised | None = None


def read_kinds(connection: Connection, table: int, column: int) -> set[str]:
    """The catalogs of what depends on the column, such as pg_policy, and prosrc where a function's text might name it.

    Asked first, for most columns have little, and a query about each kind takes the server longer to plan than to
    answer.
    """
    place = {"table": table, "column": column}
    return {kind for (kind,) in execute(connection, query("catalog", "kinds_of_dependents"), place)}


def read_views(connection: Connection, table: int, column: int, kinds: Collection[str]) -> list[View]:
    """Innermost first, the order in which they can be created. kinds: see read_kinds."""
    if "pg_rewrite" not in kinds:
        return []
    place = {"table": table, "column": column}
    pieces = {"grants": grants("c.relacl"), "grants_on_column": grants("a.attacl")}
    rows = fetch_dicts(connection, query("catalog", "views", **pieces), place)
    return [_view(connection, table, row) for row in rows]


def _view(connection: Connection, table: int, row: dict[str, Any]) -> View:
    given = row.pop("grants_on_columns")
    return View(
        **{
            **row,
            "grants": [Grant(**grant) for grant in row["grants"]],
            "column_grants": {column: [Grant(**grant) for grant in grants] for column, grants in given.items()},
            "rules": [ViewPart(**part) for part in row["rules"]],
            "triggers": [ViewPart(**part) for part in row["triggers"]],
            "materialised": read_materialised(connection, table, row["schema"], row["name"])
            if row["kind"] == "m"
            else None,
        }
    )


def read_others(connection: Connection, table: int, column: int) -> list[str]:
    """Everything else that depends on the column, as PostgreSQL describes it."""
    found = execute(connection, query("catalog", "other_dependents"), {"table": table, "column": column})
    return [row[0] for row in found]
