"""The revision that an operation stands in, and what else stands there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import StringIO
from types import CodeType, FunctionType
from typing import Any

from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import NoInspectionAvailable

from migrator.operations.compat import RevisionStep, arguments_of_run, stand_for

# Among the options of a context.
_COLLECTED, _AT_WORK = "migrator_collected", "migrator_at_work"
OPERATIONS = frozenset({"change_embedding", "change_embeddings", "restore_embedding"})


@dataclass(frozen=True)
class Revision:
    """One direction of a revision. does_more: something else stands beside migrator's operations, or may do."""

    id: str
    operations: tuple[MigrateOperation, ...]
    does_more: bool


def collected(context: MigrationContext, operation: MigrateOperation) -> bool:
    """Whether the operation was only to be put on a list, as `read` does, instead of being carried out."""
    found: list[MigrateOperation] | None = context.opts.get(_COLLECTED)
    if found is None:
        return False
    found.append(operation)
    return True


def at_work(context: MigrationContext, step: RevisionStep) -> Revision:
    """The revision whose upgrade() or downgrade() is running and has come to one of its operations.

    Read once, however many operations it has. One that hides them while it is read may do anything.
    """
    known: tuple[RevisionStep, Revision] | None = context.opts.get(_AT_WORK)
    if known is None or known[0] is not step:
        found = read(step.revision.revision, step.migration_fn, context, reached=True)
        known = step, found if found.operations else replace(found, does_more=True)
        context.opts[_AT_WORK] = known
    return known[1]


def read(revision: str, function: Callable[..., None], outer: MigrationContext, *, reached: bool = False) -> Revision:
    """Runs upgrade() or downgrade() against no database: migrator's operations are collected, others only printed.

    They get what env.py gave to run_migrations(), as the template multidb's do.

    outer: the context at work, which `alembic.op` stands for again afterwards.
    reached: with a database it is known to reach an operation of migrator's.
    """
    operations: list[MigrateOperation] = []
    printed = StringIO()
    arguments = arguments_of_run()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        opts={"as_sql": True, "output_buffer": printed, "literal_binds": True, _COLLECTED: operations},
    )
    # A body that asks for it is to go the way that it goes with a database.
    context.as_sql = False
    try:
        with Operations.context(context):
            function(**arguments)
        does_more = bool(operations and printed.getvalue().strip())
    except Exception as error:
        # Whatever needs a database there, such as a query, is no operation of migrator's.
        if not (operations or reached or _asks_database(error)):
            raise
        does_more = True
    finally:
        stand_for(outer)
    return Revision(revision, tuple(operations), does_more)


def _asks_database(error: Exception) -> bool:
    """Whether it fails for want of a connection, or of what a query or sqlalchemy.inspect() would have given."""
    if isinstance(error, AttributeError):
        return isinstance(error.obj, MockConnection | None)
    return isinstance(error, NoInspectionAvailable)


def names_operations(function: Callable[..., Any]) -> bool:
    """Whether the function, or one of its module, names an operation of migrator's. Nothing is run."""
    module = getattr(function, "__globals__", {})
    own = [each for each in module.values() if isinstance(each, FunctionType) and each.__globals__ is module]
    return any(_names(each.__code__) for each in [function, *own] if isinstance(each, FunctionType))


def _names(code: CodeType) -> bool:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return bool(OPERATIONS & set(code.co_names)) or any(_names(each) for each in inner)
