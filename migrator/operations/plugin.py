"""What Alembic loads by its entry point `alembic.plugins`: plain `alembic` then knows migrator's operations.

Alembic calls setup() while it is being imported itself, so what needs Alembic or the rest of migrator is imported
inside the functions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations import Operations
    from alembic.runtime.plugins import Plugin

    from migrator.operations.ops import ChangeEmbeddingOp, RestoreEmbeddingOp


def setup(plugin: Plugin) -> None:
    """Registers operations, implementations, renderers and comparators."""
    # `alembic.autogenerate`, where it is documented, is still being imported.
    from alembic.autogenerate.render import renderers
    from alembic.operations import Operations

    from migrator.operations import autogenerate
    from migrator.operations.ops import ChangeEmbeddingOp, RestoreEmbeddingOp

    Operations.register_operation("change_embedding")(ChangeEmbeddingOp)
    Operations.register_operation("change_embeddings")(ChangeEmbeddingOp)
    Operations.register_operation("restore_embedding")(RestoreEmbeddingOp)
    Operations.implementation_for(ChangeEmbeddingOp)(_reached)
    Operations.implementation_for(RestoreEmbeddingOp)(_reached)
    renderers.dispatch_for(ChangeEmbeddingOp)(_render_change)
    renderers.dispatch_for(RestoreEmbeddingOp)(_render_restore)
    autogenerate.register(plugin)


def _reached(operations: Operations, operation: ChangeEmbeddingOp | RestoreEmbeddingOp) -> None:
    from migrator.operations.implementation import reached

    reached(operations, operation)


def _render_change(context: AutogenContext, operation: ChangeEmbeddingOp) -> str:
    from migrator.operations.render import import_line, render_change, render_changes

    one = len(operation.changes) == 1
    source = render_change(operation.changes[0]) if one else render_changes(operation.changes)
    context.imports.add(import_line(source))
    return source


def _render_restore(_context: AutogenContext, operation: RestoreEmbeddingOp) -> list[str]:
    from migrator.operations.render import render_restore

    return [render_restore(each.table, each.column, each.schema) for each in operation.columns]


class _Plugin(ModuleType):
    """A module that is also the list of itself: before 1.20.1 Alembic takes what the entry point names for a list."""

    def __iter__(self) -> Iterator[ModuleType]:
        yield self


sys.modules[__name__].__class__ = _Plugin
