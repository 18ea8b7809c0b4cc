"""Materialized views that read a column of the plan: each has a twin, built over the shadow column before cut-over.

At cut-over the old one is dropped and the twin takes its name, so that nothing under the lock grows with the table. A
twin gets its query from the old one's text, while the names of live and shadow column are exchanged for a moment:
PostgreSQL binds it by the column's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from migrator.catalog.deparsed import says_dimensions
from migrator.catalog.indexes import VECTOR_METHODS
from migrator.catalog.materialized_views import Materialised, ViewColumn, ViewIndex
from migrator.catalog.views import View
from migrator.dependents import views
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.step import Lock, Statement
from migrator.postgres.connection import configure, execute, search_path
from migrator.postgres.locks import with_short_locks
from migrator.postgres.sql import fragment, literal, name, query
from migrator.runtime.context import Work
from migrator.runtime.step import Step


@dataclass(frozen=True)
class Twin:
    """column: the first that the view reads. name: what the twin is called until cut-over."""

    column: ColumnPlan
    view: View
    has: Materialised
    name: str

    @property
    def sql(self) -> sql.SQL:
        return name(self.view.schema, self.name)

    def index(self, number: int) -> str:
        """What an index of the twin is called until cut-over."""
        return f"{self.name}_{number}"


def not_carried(column: ColumnPlan, view: View, has: Materialised) -> list[str]:
    """Why it cannot be carried over; empty where it can."""
    old, new = column.change.from_.dimensions, column.change.to.dimensions
    why = []
    if view.depth > 1:
        why.append("it reads another view of the column")
    if has.read_by_views:
        why.append("another view reads it")
    if not has.owner_reads:
        why.append(f"its owner {view.owner} may not read every column of the table")
    if not has.may_be_made:
        why.append(
            f"{column.catalog.server.role} and its owner {view.owner} must be allowed to create in {view.schema}"
        )
    if old != new and says_dimensions(view.definition, old):
        why.append(f"its query says {old} dimensions")
    for index in has.indexes:
        text = f"{index.body} {index.predicate or ''}"
        if not index.valid:
            why.append(f"its index {index.name} is invalid")
        elif old != new and says_dimensions(text, old):
            why.append(f"its index {index.name} says {old} dimensions")
        elif index.method in VECTOR_METHODS and column.type != column.catalog.column.type:
            why.append(f"its index {index.name} is for {column.catalog.column.type}")
    return why


def twins(columns: Sequence[ColumnPlan]) -> list[Twin]:
    """Every materialized view that reads one of the columns, once. Where no column is replaced, they stay."""
    found: dict[tuple[str, str], Twin] = {}
    for column in columns:
        for number, view in enumerate(column.catalog.views if column.method != "index" else (), 1):
            if view.materialised is not None:
                twin = Twin(column, view, view.materialised, f"migrator_view_{column.id}_{number}")
                found.setdefault((view.schema, view.name), twin)
    return list(found.values())


# ---- before cut-over ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Build(Step):
    """Makes and fills the twins, or those that are left."""

    columns: Sequence[ColumnPlan]

    @property
    def statements(self) -> list[Statement]:
        found = twins(self.columns)
        return [*_making(self.columns, found), *(each for twin in found for each in _populating(twin))]

    def send(self, work: Work) -> None:
        found = twins(self.columns)
        left = [twin for twin in found if _populated(work, twin) is None]
        if left:
            self._make(work, left)
        for twin in found:
            if not _populated(work, twin):
                for statement in _populating(twin):
                    execute(work.connection, statement.query)

    def _make(self, work: Work, left: Sequence[Twin]) -> None:
        def make() -> None:
            path = search_path(self.columns[0].catalog.server.definition_path)
            configure(work.connection, {"search_path": path}, local=True)
            with work.connection.pipeline():
                for statement in _making(self.columns, left):
                    execute(work.connection, statement.query)

        tables = [column.catalog.table.oid for column in self.columns]
        with_short_locks(work.connection, make, tables=tables, on_wait=work.waits_for_lock)


def _making(columns: Sequence[ColumnPlan], left: Sequence[Twin]) -> list[Statement]:
    """In one transaction, in which shadow and live columns exchange their names and take them back."""
    replaced = [column for column in columns if column.method != "index"] if left else []
    there = [
        _rename(column, old, new)
        for column in replaced
        for old, new in ((column.live, column.retired), (column.shadow, column.live))
    ]
    back = [
        _rename(column, old, new)
        for column in replaced
        for old, new in ((column.live, column.shadow), (column.retired, column.live))
    ]
    made = [twin.column.statement(each, Lock.ACCESS_SHARE, "milliseconds") for twin in left for each in _create(twin)]
    return [*there, *made, *back]


def _populating(twin: Twin) -> list[Statement]:
    if not twin.has.populated:
        return []
    refresh = query("materialized_views", "refresh", twin=twin.sql)
    lasts = "the whole query and its indexes; reads and writes go on"
    return [
        twin.column.statement(refresh, Lock.ACCESS_SHARE, lasts),
        twin.column.statement(query("store", "analyze", table=twin.sql), Lock.NONE, "a sample of the rows is read"),
    ]


def _populated(work: Work, twin: Twin) -> bool | None:
    """Whether the twin holds rows; None where there is none."""
    at = {"schema": twin.view.schema, "twin": twin.name}
    row = execute(work.connection, query("materialized_views", "state"), at).fetchone()
    return bool(row[0]) if row else None


def _rename(column: ColumnPlan, old: str, new: str) -> Statement:
    statement = query("cut_over", "rename_column", table=column.table, old=name(old), new=name(new))
    return column.statement(statement, Lock.ACCESS_EXCLUSIVE, "milliseconds")


def _create(twin: Twin) -> list[sql.Composed]:
    """An empty view with all that the old one has."""
    view, has = twin.view, twin.has
    made = [
        query(
            "materialized_views",
            "create",
            twin=twin.sql,
            method=name(has.method),
            options=sql.SQL("WITH ({})").format(fragment(", ".join(view.options))) if view.options else sql.SQL(""),
            tablespace=_tablespace(has.tablespace),
            definition=fragment(view.definition),
        )
    ]
    for column in has.columns:
        made += _column(twin, column)
    for number, index in enumerate(has.indexes, 1):
        made += _index(twin, index, twin.index(number))
    made.append(query("materialized_views", "own", twin=twin.sql, owner=name(view.owner)))
    if view.comment is not None:
        made.append(query("materialized_views", "comment", twin=twin.sql, comment=literal(view.comment)))
    return made + views.comments_and_grants(twin.column.catalog, view, twin.sql)


def _tablespace(called: str | None) -> sql.SQL | sql.Composed:
    return sql.SQL("TABLESPACE {}").format(name(called)) if called else sql.SQL("")


def _column(twin: Twin, column: ViewColumn) -> list[sql.Composed]:
    at = {"table": twin.sql, "column": name(column.name)}
    made = []
    if column.statistics >= 0:
        made.append(query("cut_over", "set_statistics", target=sql.Literal(column.statistics), **at))
    if column.options:
        made.append(query("cut_over", "set_options", options=fragment(", ".join(column.options)), **at))
    if column.storage is not None:
        made.append(query("cut_over", "set_storage", storage=fragment(column.storage), **at))
    if column.compression is not None:
        compression = fragment(column.compression)
        pieces = {"twin": twin.sql, "column": name(column.name), "compression": compression}
        made.append(query("materialized_views", "set_compression", **pieces))
    return made


def create_index(index: ViewIndex, called: str, view: sql.SQL) -> sql.Composed:
    return query(
        "materialized_views",
        "create_index",
        kind=sql.SQL("UNIQUE INDEX" if index.unique else "INDEX"),
        index=name(called),
        twin=view,
        body=fragment(index.body),
        tablespace=_tablespace(index.tablespace),
        predicate=fragment(f"WHERE {index.predicate}" if index.predicate else ""),
    )


def _index(twin: Twin, index: ViewIndex, called: str) -> list[sql.Composed]:
    schema = twin.view.schema
    made = [create_index(index, called, twin.sql)]
    if index.comment is not None:
        made.append(query("index", "comment", index=name(schema, called), comment=literal(index.comment)))
    if index.clustered:
        made.append(query("index", "cluster_on", table=twin.sql, index=name(called)))
    for number, target in index.statistics.items():
        pieces = {"number": sql.Literal(int(number)), "target": sql.Literal(target)}
        made.append(query("index", "set_statistics", index=name(schema, called), **pieces))
    return made


# ---- cut-over and after ------------------------------------------------------------------------------------------


def dropped(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    return [query("materialized_views", "drop", view=twin.view.sql) for twin in twins(columns)]


def renamed(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """The twins take the names of the old ones, and their indexes those of theirs."""
    made = []
    for twin in twins(columns):
        made.append(query("materialized_views", "rename", twin=twin.sql, new=name(twin.view.name)))
        for number, index in enumerate(twin.has.indexes, 1):
            called = name(twin.view.schema, twin.index(number))
            made.append(query("index", "rename", index=called, new=name(index.name)))
    return made


@dataclass(frozen=True, eq=False)
class Refresh(Step):
    """What was written since they were filled, where that keeps nobody from reading them."""

    columns: Sequence[ColumnPlan]

    @property
    def statements(self) -> list[Statement]:
        lasts = "the whole query; reads and writes go on"
        return [
            twin.column.statement(
                query("materialized_views", "refresh_live", view=twin.view.sql), Lock.ACCESS_SHARE, lasts
            )
            for twin in twins(self.columns)
            if twin.has.populated and twin.has.concurrent
        ]

    def send(self, work: Work) -> None:
        for statement in self.statements:
            execute(work.connection, statement.query)


def abandoned(plan: Plan, column: ColumnPlan) -> list[sql.Composed]:
    """What drops the twins that read the column, before it goes."""
    return [
        query("materialized_views", "drop_twin", twin=twin.sql)
        for twin in twins(plan.columns)
        if any((view.schema, view.name) == (twin.view.schema, twin.view.name) for view in column.catalog.views)
    ]
