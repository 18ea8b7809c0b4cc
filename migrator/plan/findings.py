"""What preflight found out about text and scope by trying them: with change and catalog, all that a plan is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from migrator.catalog.captured import Captured
from migrator.catalog.columns import OtherTable
from migrator.catalog.text_dependencies import Dependency


@dataclass(frozen=True)
class Findings:
    """Of one column. Ledgers of earlier versions have `read` alone.

    read: other tables and views that the text reads.
    made_of: what else text and scope depend on.
    captured: on an upgrade, tables of which capture has seen every write since the fill began; on a downgrade, all as
    they are now.
    qualified: what the revision says in SQL as it is written, and as the server writes it with every name's schema.
    """

    read: list[OtherTable] = field(default_factory=list)
    made_of: list[Dependency] | None = None
    captured: list[Captured] | None = None
    qualified: dict[str, str] = field(default_factory=dict)
