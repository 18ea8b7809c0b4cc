"""What happens when a revision's upgrade() or downgrade() reaches one of migrator's operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from migrator import hazards
from migrator.change import EmbeddingChange, VectorColumn
from migrator.commands import runner
from migrator.errors import MigratorError, interrupted
from migrator.operations.collect import Revision, at_work, collected
from migrator.operations.compat import began_transaction, step_of_run
from migrator.operations.ops import ChangeEmbeddingOp, RestoreEmbeddingOp
from migrator.operations.recording import kept_waiting, record_at_once, try_recording
from migrator.operations.version_table import address_of_context
from migrator.postgres.address import Address
from migrator.runtime.context import Options
from migrator.runtime.progress import reporting
from migrator.runtime.signals import end_if_kept, heard

# Where the command line leaves its Options among the attributes of Alembic's Config.
OPTIONS = "migrator.options"


def reached(operations: Operations, operation: ChangeEmbeddingOp | RestoreEmbeddingOp) -> None:
    """What Alembic calls. The first of several restores does the work of all, in one cut-over."""
    if not collected(operations.migration_context, operation):
        carry_out(operations.migration_context)


def carry_out(context: MigrationContext, revision: Revision | None = None) -> None:
    """Does what the revision at work asks for. revision: as it was collected before; None: its body is running."""
    with _outside_transactions(context, revision) as (address, found, options):
        changes = changes_in(found)
        if changes:
            runner.upgrade(address, found.id, changes, options)
        else:
            runner.restore(address, found.id, columns_to_restore(found), options)


def refuse_mixed(revision: Revision) -> None:
    """A revision holds one change, or the restores of one, and nothing else. Raises Refused."""
    changes = [each for each in revision.operations if isinstance(each, ChangeEmbeddingOp)]
    if revision.does_more or len(changes) > 1 or (changes and len(revision.operations) > 1):
        raise hazards.revisions.several_operations(revision.id).refusal()
    if any(not each.changes for each in changes):
        raise hazards.revisions.no_columns(revision.id).refusal()


def changes_in(revision: Revision) -> Sequence[EmbeddingChange]:
    """Those of its one operation, if that is a change."""
    return [
        change
        for operation in revision.operations
        if isinstance(operation, ChangeEmbeddingOp)
        for change in operation.changes
    ]


def columns_to_restore(revision: Revision) -> list[VectorColumn]:
    return [
        column
        for operation in revision.operations
        if isinstance(operation, RestoreEmbeddingOp)
        for column in operation.columns
    ]


@contextmanager
def _outside_transactions(
    context: MigrationContext, revision: Revision | None
) -> Iterator[tuple[Address, Revision, Options]]:
    """Refuses what cannot work, then leaves Alembic's transaction for the time of the operation."""
    try:
        with heard():
            end_if_kept()
            if context.as_sql or context.connection is None:
                raise hazards.revisions.printed_as_sql().refusal()
            if began_transaction(context):
                raise hazards.revisions.transaction_outside().refusal()
            step, heads = step_of_run()
            revision = revision or at_work(context, step)
            refuse_mixed(revision)
            try_recording(context, [step], heads)
            address = address_of_context(context, context.connection)
            with context.autocommit_block(), kept_waiting(context.connection), _options(context) as options:
                yield address, revision, options
            record_at_once(context, revision.id)
    except (MigratorError, KeyboardInterrupt) as error:
        if _of_command_line(context) is not None:
            raise
        told = error if isinstance(error, MigratorError) else interrupted(error)
        # Alembic's own command line shows this as one message, without a traceback.
        raise CommandError(str(told)) from None


@contextmanager
def _options(context: MigrationContext) -> Iterator[Options]:
    given = _of_command_line(context)
    if given is not None:
        yield given
        return
    file = context.config.config_file_name if context.config else None
    with reporting() as reporter:
        yield Options(reporter, project=Path(file).parent if file else Path())


def _of_command_line(context: MigrationContext) -> Options | None:
    found: Options | None = context.config.attributes.get(OPTIONS) if context.config else None
    return found
