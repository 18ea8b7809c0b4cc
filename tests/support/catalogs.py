"""Catalogs and plans made without a database, by what is said of them; the rest is as in a small table."""

from __future__ import annotations

import dataclasses
from typing import Any

from migrator import EmbeddingChange
from migrator.catalog import Catalog, Column, Partition, Server, Table, View
from migrator.catalog.columns import Trigger
from migrator.catalog.indexes import TableIndex
from migrator.plan.column import Source
from migrator.plan.findings import Findings
from migrator.plan.plan import Plan
from migrator.plan.restore import RestorePlan
from migrator.plan.upgrade import UpgradePlan

SERVER = Server(
    version=180_004,
    version_text="18.4",
    pgvector="0.8.5",
    pgvector_schema="public",
    pgvector_available=True,
    role="app",
    superuser=False,
    member_of=["app"],
    search_path=["public"],
    may_create=True,
    may_quiet_triggers=True,
    maintenance_work_mem=64 * 1024 * 1024,
    data_directory=None,
    unix_socket=False,
    standby=False,
    publications_of_all=[],
)


def column(name: str, number: int, type_: str, dimensions: int | None = None, **said: Any) -> Column:
    """NOT NULL, unless it is said otherwise."""
    found = Column(
        name=name,
        number=number,
        type=type_,
        dimensions=dimensions,
        type_text=f"{type_}({dimensions})" if dimensions else type_,
        not_null=True,
        not_null_name=None,
        default_text=None,
        generated="",
        storage="e" if type_ == "vector" else "x",
        compression="",
        statistics_target=-1,
        options=None,
        comment=None,
        grants=[],
    )
    return dataclasses.replace(found, **said)


def hnsw(name: str, **said: Any) -> TableIndex:
    """Over the column itself, by cosine distance."""
    found = TableIndex(
        name=name,
        method="hnsw",
        definition=f"CREATE INDEX {name} ON public.documents USING hnsw (embedding)",
        valid=True,
        plain=True,
        opclass="vector_cosine_ops",
        options=["m=16", "ef_construction=64"],
        predicate=None,
        tablespace=None,
        comment=None,
        clustered=False,
        replica_identity=False,
        of_constraint=False,
    )
    return dataclasses.replace(found, **said)


def view(name: str, definition: str, **said: Any) -> View:
    found = View(
        schema="public",
        name=name,
        kind="v",
        depth=1,
        definition=definition,
        owner="app",
        options=[],
        comment=None,
        column_comments={},
        grants=[],
        has_grants=False,
        dependents=[],
    )
    return dataclasses.replace(found, **said)


def table(name: str, columns: list[Column], **said: Any) -> Table:
    """Of 100,000 rows, with the key id."""
    found = Table(
        oid=16_400,
        schema="public",
        name=name,
        kind="r",
        owner="app",
        owned=True,
        rows=100_000,
        blocks=25_000,
        bytes=200_000_000,
        block_size=8_192,
        row_security=False,
        may_create=True,
        used_numbers=len(columns),
        key=["id"],
        columns=columns,
        triggers=[],
        rules=[],
        publications=[],
    )
    return dataclasses.replace(found, **said)


def partition(oid: int, name: str, at: Column, **said: Any) -> Partition:
    """Of the table itself, holding rows."""
    found = Partition(
        oid=oid,
        schema="public",
        name=name,
        kind="r",
        parent=16_400,
        owner="app",
        owned=True,
        may_create=True,
        row_security=False,
        rows=10_000,
        blocks=2_500,
        own_not_null=False,
        column=at,
        indexes=[],
        dependents=[],
    )
    return dataclasses.replace(found, **said)


# Of a text that nothing but its columns decides, every write having been seen.
FOUND = Findings(made_of=[], captured=[])


def upgrading(*changes: tuple[EmbeddingChange, Catalog], **said: Any) -> Plan:
    """said: of the plan of each column, such as online."""
    numbered = enumerate(changes, 1)
    said = {"findings": FOUND} | said
    columns = [UpgradePlan(id=number, change=change, catalog=catalog, **said) for number, (change, catalog) in numbered]
    return Plan("0002", "upgrade", tuple(columns), ())


def restoring(upgrade: Plan, source: Source, *, found: Catalog, **said: Any) -> Plan:
    """A downgrade of a column. found: the table as the upgrade left it, but for the trigger and the retired column."""
    (done,) = upgrade.columns
    if source == "retired column":
        old = dataclasses.replace(done.catalog.column, name=done.retired, number=len(found.table.columns) + 1)
        trigger = Trigger(done.trigger, True, True, True, "A")
        kept = dataclasses.replace(
            found.table, columns=[*found.table.columns, old], triggers=[*found.table.triggers, trigger]
        )
        found = dataclasses.replace(found, table=kept)
    change = done.change
    back = dataclasses.replace(change.with_old_text(), from_=change.to, to=change.from_, type=None, index="same")
    column = RestorePlan(
        id=2,
        change=back,
        catalog=found,
        undone=done.upgrade,
        source=source,
        online=done.online,
        **{"findings": FOUND} | said,
    )
    return Plan("0002", "downgrade", (column,), ())
