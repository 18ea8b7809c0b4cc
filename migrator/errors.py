"""Everything that can end a command, with its exit code. Most texts of refusals are in hazards/."""

from __future__ import annotations

from functools import cache

from migrator.report import block

GO_ON = "run the same command again to go on"


def first_line(error: BaseException) -> str:
    """What a library or the database said, without hints and positions."""
    bare = "stopped from the keyboard" if isinstance(error, KeyboardInterrupt) else type(error).__name__
    return (str(error).strip() or bare).splitlines()[0]


class MigratorError(Exception):
    """What ends a command: told as one message, with the exit code of its kind.

    By itself: a failure. What it left behind `meaning` says: before cut-over everything but the store was undone.
    """

    exit_code = 1

    def __init__(self, problem: str, *, meaning: str = "", remedy: str = "") -> None:
        self.problem = problem
        self.meaning = meaning
        self.remedy = remedy
        super().__init__(problem)

    def __str__(self) -> str:
        """The message as a person sees it: what happened, what it means, what to do."""
        lines = [self.problem]
        if self.meaning:
            lines.append(self.meaning)
        if self.remedy:
            lines.append(f"fix: {self.remedy}")
        return block(*lines)


class UsageError(MigratorError):
    """The command or its options do not fit."""

    exit_code = 2


class Refused(MigratorError):
    """Refused by preflight; nothing was changed. code: that of the hazard, "" where it is none."""

    exit_code = 3

    def __init__(self, problem: str, *, meaning: str = "", remedy: str = "", code: str = "") -> None:
        super().__init__(problem, meaning=meaning, remedy=remedy)
        self.code = code


def in_revision(problem: str, *, meaning: str = "", remedy: str = "") -> Refused:
    """A mistake in a revision's own text, which plain `alembic` shows as one message, without a traceback."""
    return _in_revision()(problem, meaning=meaning, remedy=remedy)


@cache
def _in_revision() -> type[Refused]:
    """Made with the first mistake: Alembic takes half a second to import, and imports migrator meanwhile."""
    from alembic.util import CommandError

    class RefusedInRevision(Refused, CommandError):
        """Raised by Model(...), EmbeddingChange(...) and the like."""

    return RefusedInRevision


class VerificationFailed(MigratorError):
    """The proofs failed; the live column is as it was."""

    exit_code = 4


class ModelError(MigratorError):
    """A model failed on the texts it was given; on others it may do. problem: says nothing of what they hold."""


class OutOfMemory(ModelError):
    """The texts were too many, or too long, for the memory there is."""


class Interrupted(MigratorError):
    """Stopped by a person or a passing fault; what was done is kept."""

    exit_code = 5


def interrupted(error: BaseException) -> Interrupted:
    """What a signal, or Ctrl-C at a question, is told as. error: says which signal, if it is known."""
    said = str(error) if isinstance(error, KeyboardInterrupt) else ""
    return Interrupted(said or "interrupted", meaning="what was done so far is kept.", remedy=GO_ON)


class Busy(MigratorError):
    """Another migrator is at work on this database."""

    exit_code = 6


class Stopped(MigratorError):
    """The phase given to --stop-after is done; raised so that Alembic does not record the revision yet.

    meanwhile: what is otherwise than before until the run goes on.
    """

    exit_code = 0

    def __init__(self, phase: str, meanwhile: str = "") -> None:
        lines = [f"stopped after {phase}", meanwhile, "next: the same command without --stop-after goes on"]
        super().__init__(block(*(line for line in lines if line)))
