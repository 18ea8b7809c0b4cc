"""The rows of the ledger: a run, and each column of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from migrator.catalog import Catalog
from migrator.change import EmbeddingChange
from migrator.names import retired_column, shadow_column
from migrator.plan.column import Direction, Source
from migrator.plan.findings import Findings
from migrator.plan.upgrade import UpgradePlan

# States of a change: before cut-over; while its column is the one the application uses; without its retired column.
UNFINISHED = "unfinished"
LIVE = "live"
RETIRED = "retired"


@dataclass(frozen=True)
class LedgerChange:
    """A row of migrator.change. catalog, findings: what had been found before anything was changed."""

    id: int
    restores: int | None
    change: EmbeddingChange
    catalog: Catalog
    findings: Findings
    state: str
    texts_embedded: int
    source: Source | None
    online: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> LedgerChange:
        return cls(
            row["id"],
            row["restores"],
            msgspec.convert(row["change"], EmbeddingChange),
            msgspec.convert(row["catalog"], Catalog),
            msgspec.convert(row["catalog"], Findings),
            row["state"],
            row["texts_embedded"],
            row["source"],
            row["online"],
        )

    @property
    def keeps_retired_column(self) -> bool:
        """Whether it is an upgrade whose retired column is still there."""
        if self.state != LIVE or self.restores is not None:
            return False
        return self.as_upgrade.method != "index"

    @property
    def as_upgrade(self) -> UpgradePlan:
        """The plan of the upgrade that it is, or as which it is looked at."""
        return UpgradePlan(
            id=self.id, change=self.change, catalog=self.catalog, findings=self.findings, online=self.online
        )

    @property
    def mark(self) -> str:
        """The column by which its table can be told, once made: that which it fills, or the one it retired."""
        if self.state != UNFINISHED:
            return retired_column(self.id)
        return (
            retired_column(self.restores)
            if self.restores and self.source == "retired column"
            else shadow_column(self.id)
        )


@dataclass(frozen=True)
class Run:
    """A row of migrator.run.

    history: Alembic's version table, as schema.table; "" where the ledger does not say.
    own: whether that is the one at work; None where the ledger does not say.
    """

    id: int
    revision: str
    direction: Direction
    history: str = ""
    own: bool | None = True

    @property
    def command(self) -> str:
        """What goes on with it, and begins nothing else."""
        if self.direction == "downgrade":
            return "migrator downgrade -1"
        return f"migrator upgrade {shlex.quote(self.revision)}"


def recorded(catalog: Catalog, findings: Findings) -> str:
    """Both as the one value that the ledger keeps."""
    return as_json(msgspec.to_builtins(catalog) | msgspec.to_builtins(findings))


def as_json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
