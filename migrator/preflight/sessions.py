"""How many sessions a run needs at once: a role, a database or a pooler may give fewer, and then it would break off.

They are opened beforehand, all of them at once, for nothing else counts what others have, and what a pooler gives.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import psycopg

from migrator import hazards
from migrator.errors import first_line
from migrator.plan.plan import Plan
from migrator.postgres.address import Address
from migrator.postgres.connection import Connection, bare, fetch_row
from migrator.postgres.pooler import LOOKS, answering, is_pooled
from migrator.postgres.sql import query

# A session that ended just now counts a moment longer, and a pooler lets wait.
PATIENCE_S = 5.0
_AGAIN_S = 0.02


def needed(plan: Plan, *, pooled: bool) -> dict[str, int]:
    """For what, and how many."""
    missing = any(estimate.counts.missing for estimate in plan.estimates)
    embeds = any(column.method == "embed" and (missing or not column.is_restore) for column in plan.columns)
    found = {
        "for Alembic": 1,
        "for the work": 1,
        "to read texts while vectors are stored": int(embeds),
        "to keep other tables, which a text reads, locked": int(any(column.findings.read for column in plan.columns)),
        "to see that the pooler is not in transaction mode": LOOKS * pooled,
    }
    return {purpose: count for purpose, count in found.items() if count}


def refuse_too_few(connection: Connection, address: Address, plan: Plan, *, held: int) -> None:
    """Opens what a run needs besides the sessions that are `held`. Raises Refused where it cannot."""
    pooled = is_pooled(connection)
    wanted = needed(plan, pooled=pooled)
    deadline = time.monotonic() + PATIENCE_S
    sessions = []
    with ExitStack() as opened:
        for number in range(held, sum(wanted.values())):
            try:
                another = opened.enter_context(_opened(partial(bare, address), deadline))
            except psycopg.OperationalError as error:
                reason = first_line(error).rpartition(" failed: ")[2]
                raise hazards.server.too_few_sessions(wanted, number, reason).refusal() from None
            sessions.append(another.info.backend_pid)
    if not pooled:
        _until_gone(connection, sessions)


def _until_gone(connection: Connection, sessions: list[int]) -> None:
    """Those that ended count no more: the run is about to open as many."""
    deadline = time.monotonic() + PATIENCE_S
    while fetch_row(connection, query("session", "are_there"), {"sessions": sessions})[0]:
        if time.monotonic() > deadline:
            return
        time.sleep(_AGAIN_S)


def _opened(connect: Callable[[], Connection], deadline: float) -> Connection:
    """Tries until then."""
    while True:
        try:
            return answering(connect, PATIENCE_S)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_AGAIN_S)
