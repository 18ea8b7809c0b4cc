"""What hangs on a column besides its indexes and views, and is made again on the column that takes its name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from psycopg import sql

from migrator.catalog.columns import TREE, Column, Table
from migrator.catalog.views import View
from migrator.postgres.connection import Connection, execute, fetch_dicts, fetch_row
from migrator.postgres.sql import QualifiedName, name, plain, query

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Dependent:
    """described: as PostgreSQL describes it."""

    described: str
    name: str
    comment: str | None


@dataclass(frozen=True)
class Expressed(Dependent):
    """What says something of the column by SQL. expressions: always as many of a kind, None where one is left out."""

    expressions: list[str | None]


@dataclass(frozen=True)
class Check(Expressed):
    """A CHECK constraint; its expression."""

    no_inherit: bool
    validated: bool
    enforced: bool

    @property
    def expression(self) -> str:
        return self.expressions[0] or "true"


@dataclass(frozen=True)
class Policy(Expressed):
    """A row-level security policy of this table or another; USING and WITH CHECK.

    command: as pg_policy.polcmd. A role of None is PUBLIC. owner: the table's.
    """

    schema: str
    table: str
    permissive: bool
    command: str
    roles: list[str | None]
    owner: str

    @property
    def table_sql(self) -> sql.SQL:
        return name(self.schema, self.table)


@dataclass(frozen=True)
class BoundTrigger(Expressed):
    """A trigger whose columns or WHEN name the column; its definition. enabled: as pg_trigger.tgenabled."""

    enabled: str


@dataclass(frozen=True)
class Statistics(QualifiedName, Dependent):
    """An extended statistics object. target: -1 for the server's default."""

    schema: str
    definition: str
    owner: str
    target: int


@dataclass(frozen=True)
class Publication(Dependent):
    """A publication of the table with a list of columns. reads: its list or its filter of rows names the column."""

    columns: list[str]
    filter: str | None
    updates: bool
    owner: str
    reads: bool


@dataclass(frozen=True)
class ParsedFunction(Dependent):
    """A function whose body is kept parsed. definition: as CREATE OR REPLACE. header: that without the body."""

    header: str
    definition: str
    owner: str


@dataclass(frozen=True)
class Carried:
    """All of them. replica_identity: whether updates of the table's rows, where published, can be told apart.

    functions_by_name: functions that find the column by its name when they run; they are compiled anew and stay as
    they are.
    """

    checks: list[Check] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)
    triggers: list[BoundTrigger] = field(default_factory=list)
    statistics: list[Statistics] = field(default_factory=list)
    publications: list[Publication] = field(default_factory=list)
    functions: list[ParsedFunction] = field(default_factory=list)
    functions_by_name: list[str] = field(default_factory=list)
    replica_identity: bool = True

    @property
    def described(self) -> list[str]:
        every = (self.checks, self.policies, self.triggers, self.statistics, self.publications, self.functions)
        return [each.described for kind in every for each in kind]

    @property
    def published(self) -> list[Publication]:
        """The publications that have to be told of the new column."""
        return [publication for publication in self.publications if publication.reads]

    def owners(self) -> list[tuple[str, str]]:
        """What is described, and whom migrator must be able to act as to make it again."""
        owned: list[Policy | Statistics | Publication | ParsedFunction] = [
            *self.policies,
            *self.statistics,
            *self.published,
            *self.functions,
        ]
        return [(each.described, each.owner) for each in owned]


def read_carried(
    connection: Connection,
    table: Table,
    column: Column,
    views: Sequence[View],
    kinds: Collection[str],
) -> Carried:
    """views: those that read the column. kinds: see dependents.read_kinds."""
    place = {"table": table.oid, "column": column.number, "views": [plain(view.sql) for view in views]}
    by_name = {"table": table.oid, "name": column.name}

    def read(what: str, kind: type[Kind], *, any_: bool) -> list[Kind]:
        if not any_:
            return []
        rows: list[dict[str, Any]] = fetch_dicts(connection, query("dependents", what), place)
        return [kind(**row) for row in rows]

    published = bool(table.publications)
    return Carried(
        read("checks", Check, any_="pg_constraint" in kinds),
        read("policies", Policy, any_="pg_policy" in kinds),
        read("triggers", BoundTrigger, any_="pg_trigger" in kinds),
        read("statistics", Statistics, any_="pg_statistic_ext" in kinds),
        read("publications", Publication, any_=published),
        read("functions", ParsedFunction, any_="pg_proc" in kinds or bool(views)),
        _functions_by_name(connection, by_name) if "prosrc" in kinds else [],
        not published or fetch_row(connection, query("dependents", "replica_identity"), place)[0],
    )


def _functions_by_name(connection: Connection, of: Mapping[str, object]) -> list[str]:
    statement = query("dependents", "functions_by_name", tree=TREE)
    return [called for (called,) in execute(connection, statement, of)]
