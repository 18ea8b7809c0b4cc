"""Tables and columns as the database describes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from migrator.postgres.connection import Connection, execute, fetch_dicts, qualified_names
from migrator.postgres.sql import QualifiedName, Query, fragment, query


@dataclass(frozen=True)
class Grant:
    """A privilege given. grantee None is PUBLIC."""

    grantor: str
    grantee: str | None
    privilege: str
    grantable: bool


@dataclass(frozen=True)
class Column:
    """A column. dimensions: None where the type carries none. generated: "s" stored, "v" virtual, "" neither.

    not_null_name: the name of its NOT NULL constraint, which PostgreSQL keeps from version 18 on, as it does
    not_null_valid: that it is not NOT VALID; not_null_inherits: nor NO INHERIT. inherited: it is that of a table above;
    local: the table says it itself, be it inherited too.
    """

    name: str
    number: int
    type: str
    dimensions: int | None
    type_text: str
    not_null: bool
    not_null_name: str | None
    default_text: str | None
    generated: str
    storage: str
    compression: str
    statistics_target: int
    options: list[str] | None
    comment: str | None
    grants: list[Grant]
    not_null_valid: bool = True
    not_null_inherits: bool = True
    inherited: bool = False
    local: bool = True

    @property
    def storage_sql(self) -> str:
        return {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}[self.storage]

    @property
    def default_vector(self) -> str | None:
        """Its default; None where that is NULL, which PostgreSQL prints with the type that was declared."""
        is_null = re.fullmatch(r'NULL::[\w."]+(\(\d+\))?', self.default_text or "")
        return None if is_null else self.default_text

    @property
    def compression_sql(self) -> str | None:
        """None: by the server's setting."""
        return {"p": "pglz", "l": "lz4"}.get(self.compression)


@dataclass(frozen=True)
class Trigger:
    """partition: oid of the partition or child table that has it alone; None where it is the table's."""

    name: str
    on_update: bool
    for_each_row: bool
    before: bool
    enabled: str
    partition: int | None = None


@dataclass(frozen=True)
class OtherTable(QualifiedName):
    """A table or view that a text reads besides its row."""

    oid: int
    schema: str
    name: str


@dataclass(frozen=True)
class Table(QualifiedName):
    """A table. kind as in pg_class.relkind; key: the columns that tell rows apart, () where there are none, nor where
    others inherit from it, whose rows no key of its own tells apart.

    owned: whether the role at work may act as its owner. rows: the planner's estimate. used_numbers: columns used up
    of PostgreSQL's 1,600. row_security: it applies to the role at work; has_policies: to some role. may_create: the
    role may make indexes in the table's schema. rows, blocks and bytes are those of partitions and child tables too.
    partition_of: the topmost table it is a partition of. parents, children: by plain inheritance. of_type: the
    composite type it is of.
    publications_of_schema: those that publish it with all tables of a schema. whole_row_identity: published updates are
    told apart by all columns (REPLICA IDENTITY FULL).
    """

    oid: int
    schema: str
    name: str
    kind: str
    owner: str
    owned: bool
    rows: int
    blocks: int
    bytes: int
    block_size: int
    row_security: bool
    may_create: bool
    used_numbers: int
    key: list[str]
    columns: list[Column]
    triggers: list[Trigger]
    rules: list[str]
    publications: list[str]
    partition_of: str | None = None
    parents: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    of_type: str | None = None
    publications_of_schema: list[str] = field(default_factory=list)
    whole_row_identity: bool = False
    has_policies: bool = False

    def column(self, wanted: str) -> Column | None:
        return next((column for column in self.columns if column.name == wanted), None)


def read_table(connection: Connection, schema: str | None, table: str) -> Table | None:
    """The table of that name, bare or quoted as in SQL; None where there is none."""
    exact = unquoted(table)
    rows = fetch_dicts(
        connection,
        query("catalog", "find_table", tree=tree(fragment("c.oid"))),
        {"table": exact, "schema": schema and unquoted(schema)},
    )
    if not rows:
        return None
    found = rows[0]
    oid = {"table": found["oid"]}
    with qualified_names(connection):
        return _described(connection, found, oid)


def tree(root: Query) -> Query:
    """Oids of a relation and of all below it, as a sub-select. root: its oid, as an expression."""
    return query("partitions", "tree", root=root)


# The same, of the parameter `table`.
TREE = tree(sql.SQL("%(table)s"))
# Whether a row of pg_trigger fires where only vector columns are updated.
FIRES_ON_UPDATE = query("catalog", "fires_on_update")


def _described(connection: Connection, found: dict[str, Any], oid: dict[str, object]) -> Table:
    # Most databases have none, and planning the query about them takes longer than any other here.
    any_published = found.pop("any_published")
    published = query("catalog", "publications", tree=TREE)
    publications = execute(connection, published, oid).fetchall() if any_published else []
    return Table(
        **found,
        used_numbers=_one(connection, "attribute_numbers", oid, tree=TREE) or 0,
        key=[] if found["children"] else _one(connection, "key", oid) or [],
        columns=read_columns(connection, found["oid"]),
        triggers=[
            Trigger(**row)
            for row in fetch_dicts(connection, query("catalog", "triggers", tree=TREE, on_update=FIRES_ON_UPDATE), oid)
        ],
        rules=[row[0] for row in execute(connection, query("catalog", "rules_on_table"), oid)],
        publications=[publication for publication, _ in publications],
        publications_of_schema=[publication for publication, of_schema in publications if of_schema],
        whole_row_identity=bool(publications) and bool(_one(connection, "whole_row_identity", oid, tree=TREE)),
    )


def grants(acl: str) -> sql.Composed:
    """The grants of an access control list, a column of the system's catalogs, as an expression: a JSON array."""
    return query("catalog", "grants", acl=fragment(acl))


def read_columns(connection: Connection, table: int) -> list[Column]:
    return [
        Column(**{**row, "grants": [Grant(**grant) for grant in row["grants"]]})
        for row in fetch_dicts(connection, query("catalog", "columns", grants=grants("a.attacl")), {"table": table})
    ]


def table_names(connection: Connection) -> list[tuple[str, str]]:
    """Schema and name of every table that is the user's."""
    return [(schema, table) for schema, table in execute(connection, query("catalog", "table_names"))]


def unquoted(written: str) -> str:
    if len(written) > 1 and written[0] == written[-1] == '"':
        return written[1:-1].replace('""', '"')
    return written


def _one(connection: Connection, name: str, parameters: dict[str, object], **pieces: Query) -> Any:
    row = execute(connection, query("catalog", name, **pieces), parameters).fetchone()
    return row[0] if row else None
