"""Whatever Alembic has no public or documented way to: each private name once, and why it is needed.

tests/unit/test_compat.py holds the installed Alembic to it: every name is there, with the signature relied on.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import HeadMaintainer, MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import rev_id, template_to_file

__all__ = [
    "LOOKS_ONLY",
    "TRIED",
    "RevisionStep",
    "after_recording",
    "arguments_of_run",
    "began_transaction",
    "downgrade_steps",
    "make_version_table",
    "recorder",
    "rev_id",
    "stand_for",
    "step_of_run",
    "template_to_file",
    "tokens",
    "upgrade_steps",
    "with_body",
]

# The releases on which the tests of this module and those of tests/acceptance that call `alembic` were run: 1.18.0,
# 1.19.2, 1.20.0 and 1.20.1. pyproject.toml begins with the first.
TRIED = ("1.18", "1.19", "1.20")

# An option of EnvironmentContext: Alembic makes no version table that is not there. `alembic current` gives it.
LOOKS_ONLY = "dont_mutate"

# ---- the steps between revisions ------------------------------------------------------------------------------------


def upgrade_steps(script: ScriptDirectory, target: str, heads: Any) -> list[RevisionStep]:
    """The steps of `alembic upgrade`. `alembic.command.upgrade` would carry them out; nothing public lists them."""
    return list(script._upgrade_revs(target, heads))


def downgrade_steps(script: ScriptDirectory, target: str, heads: Any) -> list[RevisionStep]:
    """The steps of `alembic downgrade`, likewise."""
    return list(script._downgrade_revs(target, heads))


def with_body(step: RevisionStep, body: Callable[[], None]) -> RevisionStep:
    """The step with another body than the revision's upgrade() or downgrade(), under its name.

    A step always takes these from the revision's file, and Alembic calls them with what env.py gave to
    run_migrations().
    """

    @functools.wraps(step.migration_fn)
    def instead(**_: object) -> None:
        body()

    other = copy.copy(step)
    other.migration_fn = instead
    return other


# ---- the run of steps in one context --------------------------------------------------------------------------------


def began_transaction(context: MigrationContext) -> bool:
    """Whether env.py handed over a connection on which it had begun a transaction, which Alembic then does not end."""
    return context._in_external_transaction


def stand_for(context: MigrationContext) -> None:
    """`alembic.op` works on this context again.

    After a `with Operations.context(...)` inside another, Alembic takes `op` away instead of restoring the outer one.
    """
    Operations(context)._install_proxy()


def arguments_of_run() -> Mapping[str, Any]:
    """What env.py gave to run_migrations() for the revisions' functions: Alembic keeps it in a local name."""
    found: Mapping[str, Any] = _run_migrations().get("kw", {})
    return found


def step_of_run() -> tuple[RevisionStep, set[str]]:
    """The step that Alembic is at, and the heads that its version table holds. Raises LookupError outside a run.

    Alembic hands both to callbacks alone, and to these only once the step is recorded.
    """
    found = _run_migrations()
    if "step" not in found:
        raise LookupError("the operation was not called from a revision's upgrade() or downgrade()")
    return found["step"], found["head_maintainer"].heads


def _run_migrations() -> Mapping[str, Any]:
    """The local names of Alembic's loop over the steps."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code is MigrationContext.run_migrations.__code__:
            return dict(frame.f_locals)
        frame = frame.f_back
    return {}


def tokens(context: MigrationContext) -> tuple[str, str]:
    """What script.py.mako calls the bodies of upgrade() and downgrade(): env.py says it, and nothing public tells."""
    return context.opts["upgrade_token"], context.opts["downgrade_token"]


# ---- the version table ----------------------------------------------------------------------------------------------


def make_version_table(context: MigrationContext) -> None:
    """Makes the version table if it is not there, as Alembic does; `alembic ensure_version` runs env.py for it."""
    if not context._has_version_table():
        context._ensure_version_table()


def recorder(context: MigrationContext, heads: Iterable[str]) -> Callable[[RevisionStep], None]:
    """What writes a step into the version table as Alembic does, each time it is called.

    Only to find out whether it can be written: Alembic offers it as a part of a whole run.
    """
    return HeadMaintainer(context, heads).update_to_step


def after_recording(context: MigrationContext, call: Callable[[], None]) -> None:
    """Calls it once, when the step at work has been recorded and before its transaction ends.

    Alembic takes such callbacks from env.py alone, as on_version_apply=.
    """
    before = context.on_version_apply_callbacks

    def once(**_: object) -> None:
        context.on_version_apply_callbacks = before
        call()

    context.on_version_apply_callbacks = (*before, once)
