"""A mistake in a revision's own text, as plain `alembic` shows it: one message, without a traceback."""

from __future__ import annotations

from alembic.util import CommandError

from migrator.errors import Refused


class RefusedInRevision(Refused, CommandError):
    """Raised by Model(...), EmbeddingChange(...) and the like."""
