"""Keeps `alembic revision --autogenerate` from proposing to drop what migrator made and may still need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.operations.ops import (
    DropColumnOp,
    DropIndexOp,
    DropTableOp,
    MigrateOperation,
    ModifyTableOps,
    UpgradeOps,
)
from alembic.util import DispatchPriority, PriorityDispatchResult

from migrator.names import SCHEMA, is_own

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin


def register(plugin: Plugin) -> None:
    """After every other comparator, so that what they proposed can be looked at."""
    plugin.add_autogenerate_comparator(leave_migrators_alone, "schema", priority=DispatchPriority.LAST)


def leave_migrators_alone(
    _context: AutogenContext, upgrade_ops: UpgradeOps, _schemas: set[str | None]
) -> PriorityDispatchResult:
    """Takes out drops of retired and shadow columns, of their indexes, and of the ledger, backups and stores."""
    kept: list[MigrateOperation] = []
    for operation in upgrade_ops.ops:
        if isinstance(operation, ModifyTableOps):
            operation.ops = [part for part in operation.ops if not _drops_migrators(part)]
            if operation.is_empty():
                continue
        elif _drops_migrators(operation):
            continue
        kept.append(operation)
    upgrade_ops.ops = kept
    return PriorityDispatchResult.CONTINUE


def _drops_migrators(operation: MigrateOperation) -> bool:
    if isinstance(operation, DropColumnOp):
        return is_own(operation.column_name)
    if isinstance(operation, DropIndexOp):
        return is_own(str(operation.index_name)) or operation.schema == SCHEMA
    return isinstance(operation, DropTableOp) and operation.schema == SCHEMA
