"""The plans whose statements are compared, by name; each as small as what it shows allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from migrator import EmbeddingChange, Hnsw, IvfFlat, Model, Verify
from migrator.catalog import Catalog, Column
from migrator.catalog.columns import Grant, OtherTable, Trigger
from migrator.catalog.deparsed import COLUMN
from migrator.catalog.dependents import BoundTrigger, Carried, Check, ParsedFunction, Policy, Publication, Statistics
from migrator.catalog.materialized_views import Materialised, ViewColumn, ViewIndex
from migrator.catalog.triggers import UpdateTrigger
from migrator.plan.column import Source
from migrator.plan.plan import Plan
from tests.support.catalogs import FOUND, SERVER, column, hnsw, partition, restoring, table, upgrading, view

OLD, NEW = Model("python:models:old", dimensions=384), Model("python:models:new", dimensions=768)
CHANGE = EmbeddingChange("documents", "embedding", text="body", from_=OLD, to=NEW, index=Hnsw("cosine"))
PLANS: dict[str, Callable[[], Plan]] = {}


def _plan(make: Callable[[], Plan]) -> Callable[[], Plan]:
    PLANS[make.__name__] = make
    return make


def change(**said: Any) -> EmbeddingChange:
    return dataclasses.replace(CHANGE, **said)


def vectors(dimensions: int | None = 384, **said: Any) -> Column:
    return column("embedding", 3, said.pop("type", "vector"), dimensions, **said)


def documents(
    at: Column | None = None,
    /,
    *,
    of_table: dict[str, Any] | None = None,
    server: dict[str, Any] | None = None,
    **said: Any,
) -> Catalog:
    """A table with a key, a text, and a vector column with an HNSW index."""
    at = at or vectors(not_null=False)
    found = table("documents", [column("id", 1, "int8"), column("body", 2, "text"), at])
    given: dict[str, Any] = {"indexes": [hnsw("documents_embedding_idx")], "views": [], "others": []}
    return Catalog(
        dataclasses.replace(SERVER, **server or {}),
        dataclasses.replace(found, **of_table or {}),
        at,
        **given | said,
    )


def upgraded(**said: Any) -> Catalog:
    """As the upgrade of CHANGE leaves it."""
    return documents(vectors(768, not_null=False), **said)


# ---- upgrades ----------------------------------------------------------------------------------------------------


@_plan
def window() -> Plan:
    return upgrading((CHANGE, documents()))


@_plan
def online() -> Plan:
    return upgrading((CHANGE, documents()), online=True)


@_plan
def not_null() -> Plan:
    attributes: dict[str, Any] = {
        "comment": "of 'old'",
        "default_text": "'[0]'::public.vector",
        "statistics_target": 50,
    }
    grants = [Grant("app", "reader", "SELECT", True), Grant("app", None, "UPDATE", False)]
    at = vectors(compression="l", options=["n_distinct=5"], grants=grants, **attributes)
    return upgrading((CHANGE, documents(at)))


@_plan
def halfvec() -> Plan:
    return upgrading((change(text=None, to=OLD, type="halfvec", index="same"), documents()))


@_plan
def truncated() -> Plan:
    shorter = dataclasses.replace(OLD, dimensions=128, matryoshka=True)
    return upgrading((change(text=None, to=shorter, index="same"), documents()))


@_plan
def index_only() -> Plan:
    return upgrading((change(text=None, to=OLD, index=Hnsw("cosine", m=32)), documents()))


@_plan
def bits() -> Plan:
    """And an index that is no vector index, carried over with comment and CLUSTER mark."""
    body = f"btree (id) WHERE ({COLUMN} IS NOT NULL)"
    beside = hnsw(
        "documents_filled", method="btree", key="id", opclass=None, options=[], body="btree (id)", plain=False,
        predicate="(embedding IS NOT NULL)", condition=f"({COLUMN} IS NOT NULL)", unique=True, comment="filled",
        clustered=True, definition=f"CREATE UNIQUE INDEX documents_filled ON public.documents USING {body}",
    )  # fmt: skip
    found = documents(indexes=[hnsw("documents_embedding_idx"), beside])
    return upgrading((change(index=Hnsw("cosine", on="bit")), found))


@_plan
def wide() -> Plan:
    """Both vectors do not fit in a page, so that the new one is EXTERNAL until the old one goes."""
    old, new = dataclasses.replace(OLD, dimensions=1_000), dataclasses.replace(NEW, dimensions=1_536)
    return upgrading((change(from_=old, to=new), documents(vectors(1_000, storage="p", not_null=False))))


@_plan
def no_index() -> Plan:
    return upgrading((change(index=None), documents()))


@_plan
def where() -> Plan:
    """In a column without dimensions; the other rows keep what they hold, and so do rows without a text."""
    at = vectors(None, not_null=False)
    cast = hnsw("documents_embedding_idx", key=f"(({COLUMN})::vector(384))", plain=False)
    alike = dataclasses.replace(NEW, dimensions=384)
    asked = change(to=alike, where="lang = 'de'", empty="skip", index=IvfFlat("l2", lists=50))
    return upgrading((asked, documents(at, indexes=[cast])))


@_plan
def priority() -> Plan:
    return upgrading((change(priority="id > 1000", max_failed_rows=5), documents()))


@_plan
def another_text() -> Plan:
    return upgrading((change(text="title || ' ' || body", from_text="body"), documents()))


@_plan
def questions() -> Plan:
    return upgrading((change(verify=Verify(queries="questions.jsonl", relevant="body", k=5)), documents()))


@_plan
def keyless() -> Plan:
    return upgrading((CHANGE, documents(of_table={"key": []})))


@_plan
def text_of_another_table() -> Plan:
    read = [OtherTable(16_500, "public", "authors")]
    return upgrading((CHANGE, documents()), findings=dataclasses.replace(FOUND, read=read))


def _fires() -> dict[str, Any]:
    """A trigger of a table of a role that may not set session_replication_role."""
    return {
        "server": {"may_quiet_triggers": False},
        "of_table": {"triggers": [Trigger("touched", True, True, True, "O")]},
        "update_triggers": [UpdateTrigger(16_400, "touched", "O")],
    }


@_plan
def disabled_triggers() -> Plan:
    return upgrading((CHANGE, documents(**_fires())))


@_plan
def firing_triggers() -> Plan:
    return upgrading((CHANGE, documents(**_fires())), online=True)


@_plan
def quiet_triggers() -> Plan:
    return upgrading((CHANGE, documents(**_fires())), online=True, quiet=True)


def _partitioned(at: Column) -> Catalog:
    """Two levels, an index whose parts they have, and a partition with a default and NOT NULL of its own."""

    def part(name: str, on: str, **said: Any) -> Any:
        return hnsw(name, root="documents_embedding_idx", definition=f"CREATE INDEX {name} ON public.{on}", **said)

    below = [
        partition(16_401, "documents_old", at, kind="p",
                  indexes=[part("documents_old_embedding_idx", "documents_old")]),
        partition(16_402, "documents_new", dataclasses.replace(at, comment="new", default_text="'[1]'::vector"),
                  own_not_null=True, indexes=[part("documents_new_embedding_idx", "documents_new", comment="part")]),
        partition(16_403, "documents_2020", at, parent=16_401,
                  indexes=[part("documents_2020_embedding_idx", "documents_2020", options=["m=8"])]),
    ]  # fmt: skip
    return documents(at, of_table={"kind": "p"}, partitions=below)


@_plan
def partitions() -> Plan:
    return upgrading((CHANGE, _partitioned(vectors())))


@_plan
def partitions_online() -> Plan:
    return upgrading((CHANGE, _partitioned(vectors(not_null=False))), online=True)


@_plan
def partitions_index_only() -> Plan:
    return upgrading((change(text=None, to=OLD, index=Hnsw("cosine", m=32)), _partitioned(vectors())))


def _children(at: Column) -> Catalog:
    """One child table that says the column itself too, and has an index alone."""
    own = dataclasses.replace(at, inherited=True)
    alone = hnsw("letters_embedding_idx", definition="CREATE INDEX letters_embedding_idx ON public.letters")
    below = [
        partition(16_401, "letters", own, indexes=[alone]),
        partition(16_402, "memos", dataclasses.replace(own, local=False)),
    ]
    indexes = [hnsw("documents_embedding_idx"), dataclasses.replace(alone, partition=16_401)]
    return documents(at, of_table={"key": []}, partitions=below, indexes=indexes)


@_plan
def inheritance() -> Plan:
    return upgrading((CHANGE, _children(vectors(not_null=False))))


@_plan
def several_columns() -> Plan:
    """Two of one table and one of another, and a view over both."""
    body = documents()
    title = column("title_embedding", 4, "vector", 384, not_null=False)
    first = dataclasses.replace(body.table, columns=[*body.table.columns, title])
    over = [
        view(
            "seen",
            "SELECT d.embedding, d.title_embedding, n.embedding AS other FROM public.documents d, public.notes n",
        )
    ]
    notes = dataclasses.replace(body.table, oid=16_500, name="notes")
    both = dataclasses.replace(body, table=first, views=over)
    return upgrading(
        (CHANGE, both),
        (
            change(column="title_embedding", text="title", index=None),
            dataclasses.replace(both, column=title, indexes=[]),
        ),
        (change(table="notes"), dataclasses.replace(body, table=notes, indexes=[], views=over)),
    )


@_plan
def views() -> Plan:
    """One over the other, with grants, comments, options and another owner."""
    grants = [Grant("boss", "reader", "SELECT", False)]
    seen = view(
        "seen", "SELECT id, embedding FROM public.documents", owner="boss", options=["security_barrier=true"],
        comment="seen", column_comments={"embedding": "vectors"}, grants=grants, has_grants=True,
        defaults={"id": "7"}, column_grants={"id": [Grant("boss", None, "UPDATE", False)]},
    )  # fmt: skip
    outer = view("outer", "SELECT id FROM public.seen WHERE embedding IS NOT NULL", depth=2)
    return upgrading((CHANGE, documents(views=[seen, outer])))


@_plan
def materialized_view() -> Plan:
    has = Materialised(
        True, "heap", None, True, False, True, True,
        [ViewIndex("near_id", "btree", "btree (id)", None, True, True, None, "key", True, {})],
        [ViewColumn("embedding", 10, [], "EXTERNAL", None)],
    )  # fmt: skip
    near = view("near", "SELECT id, embedding FROM public.documents", kind="m", materialised=has, comment="near")
    return upgrading((CHANGE, documents(views=[near])))


@_plan
def dependents() -> Plan:
    """Checks, policies of two tables, a trigger, statistics, a publication, functions."""
    checks = [
        Check("check a", "a", "sized", ["(vector_dims(embedding) = 384)"], False, True, True),
        Check("check b", "b", None, ["((embedding IS NOT NULL) OR (id > 0))"], True, False, True),
    ]
    policies = [
        Policy("policy own", "own", "mine", ["(embedding IS NOT NULL)", None],
               "public", "documents", True, "*", [None], "app"),
        Policy("policy of", "of", None, ["(id IN ( SELECT d.id FROM documents d WHERE (d.embedding IS NULL)))", "true"],
               "public", "others", False, "r", ["reader"], "boss"),
    ]  # fmt: skip
    definition = "CREATE TRIGGER seen AFTER UPDATE OF embedding ON public.documents FOR EACH ROW EXECUTE FUNCTION f()"
    carried = Carried(
        checks,
        policies,
        [BoundTrigger("trigger seen", "seen", "told", [definition], "A")],
        [Statistics("statistics s", "s", None, "public",
                    "CREATE STATISTICS public.s ON id, embedding FROM public.documents", "boss", 100)],
        [Publication("publication p", "p", None, ["id", "embedding"], "(id > 1)", True, "app", True)],
        [ParsedFunction("function first()", "first()", None,
                        "CREATE OR REPLACE FUNCTION public.first() RETURNS public.vector",
                        "CREATE OR REPLACE FUNCTION public.first() RETURNS public.vector RETURN "
                        "(SELECT embedding FROM public.documents LIMIT 1)", "app")],
        ["public.searches(text)"],
    )  # fmt: skip
    new = "CREATE OR REPLACE FUNCTION latest() RETURNS vector LANGUAGE sql AS 'SELECT embedding FROM documents'"
    return upgrading((change(functions=(new,)), documents(carried=carried, of_table={"publications": ["p"]})))


# ---- downgrades --------------------------------------------------------------------------------------------------


def _undoing(upgrade: Plan, source: Source, **said: Any) -> Plan:
    return restoring(upgrade, source, found=said.pop("found", None) or upgraded(), **said)


@_plan
def undo_from_retired_column() -> Plan:
    return _undoing(window(), "retired column")


@_plan
def undo_online() -> Plan:
    return _undoing(online(), "retired column")


@_plan
def undo_with_nulls() -> Plan:
    return _undoing(upgrading((CHANGE, documents(vectors()))), "retired column", found_nulls=True, texts_edited=True)


@_plan
def undo_from_backup() -> Plan:
    return _undoing(window(), "backup", found_nulls=True)


@_plan
def undo_from_backup_without_key() -> Plan:
    return _undoing(keyless(), "backup", found=upgraded(of_table={"key": []}))


@_plan
def undo_by_model() -> Plan:
    return _undoing(window(), "model")


@_plan
def undo_halfvec() -> Plan:
    found = documents(vectors(384, type="halfvec", not_null=False), indexes=[hnsw("documents_embedding_idx")])
    return _undoing(halfvec(), "retired column", found=found)


@_plan
def undo_index_only() -> Plan:
    return _undoing(index_only(), "retired column", found=documents())


@_plan
def undo_where() -> Plan:
    return _undoing(where(), "retired column", found=documents(vectors(None, not_null=False)))


@_plan
def undo_where_capture_was_off() -> Plan:
    plan = _undoing(where(), "retired column", found=documents(vectors(None, not_null=False)))
    (back,) = plan.columns
    bare = dataclasses.replace(back.catalog, table=dataclasses.replace(back.catalog.table, triggers=[]))
    return dataclasses.replace(plan, columns=(dataclasses.replace(back, catalog=bare),))


@_plan
def undo_partitions() -> Plan:
    return _undoing(partitions(), "retired column", found=_partitioned(vectors(768)))


@_plan
def unfinished() -> Plan:
    """Interrupted in fill."""
    left = ("fill", "index", "verify", "cut-over", "settle")
    return dataclasses.replace(window(), phases_done=("preflight", "backup", "embed"), phases_left=left)
