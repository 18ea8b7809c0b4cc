"""Alembic's `op` with the types of migrator's operations: `from migrator import op` in a revision.

`from alembic import op` has the same operations; type checkers do not know them there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

import alembic.op
from alembic.operations import Operations

from migrator.operations.ops import ChangeEmbeddingOp, RestoreEmbeddingOp

__all__ = ["change_embedding", "change_embeddings", "restore_embedding"]

Arguments = ParamSpec("Arguments")


def _of_the_revision(method: Callable[Concatenate[Operations, Arguments], None]) -> Callable[Arguments, None]:
    """The operation on whatever revision Alembic carries out."""

    @wraps(method)
    def operation(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        # The module stands for the Operations of the moment.
        method(cast(Operations, alembic.op), *arguments, **named)

    # Registering an operation moves its docstring to Operations, and leaves another one behind.
    operation.__doc__ = getattr(Operations, method.__name__).__doc__
    signature = inspect.signature(method)
    without_operations = list(signature.parameters.values())[1:]
    operation.__signature__ = signature.replace(parameters=without_operations)  # type: ignore[attr-defined]
    return operation


change_embedding = _of_the_revision(ChangeEmbeddingOp.change_embedding)
change_embeddings = _of_the_revision(ChangeEmbeddingOp.change_embeddings)
restore_embedding = _of_the_revision(RestoreEmbeddingOp.restore_embedding)
