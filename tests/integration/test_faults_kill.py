"""SIGKILL between any two messages to the server, again and again, at instants that a seed decides."""

from __future__ import annotations

import itertools
import random
import signal
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import psycopg
import pytest

from tests.models import EmbedLog, new, old
from tests.support.database import Database
from tests.support.killed import ended, kill, started
from tests.support.proofs import checksum, is_upgraded, rows_hold
from tests.support.running import BATCH, OLD_MODEL, PROBES, SAMPLE, downgrade, until_alone, upgrade
from tests.support.tables import TEXTS, insert, items

# An upgrade of that table sends some 400 messages, the first 110 of them before it begins.
MESSAGES = 400


def killed_after(messages: int, run: Callable[[], None]) -> bool:
    """Runs it in a process of its own that kills itself after so many messages. Whether it came to its end before."""
    sent, wait = itertools.count(), psycopg.Connection.wait

    def wait_or_die(connection: psycopg.Connection[Any], *arguments: Any, **named: Any) -> Any:
        if next(sent) == messages:
            kill()
        return wait(connection, *arguments, **named)

    with patch.object(psycopg.Connection, "wait", wait_or_die):
        code = ended(started(run))
    assert code in (0, -signal.SIGKILL)
    return code == 0


def kills_until_done(database: Database, seed: int, run: Callable[[], None]) -> int:
    """How often it was killed before it came to its end."""
    instants = random.Random(seed)
    for kills in itertools.count():
        if killed_after(instants.randrange(1, MESSAGES), run):
            return kills
        until_alone(database)
    raise AssertionError


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (2, 3))])
def test_killed_at_random_instants(
    database: Database,
    upgraded_schema: str,
    upgraded_schema_online: str,
    embed_log: EmbedLog,
    seed: int,
    online: bool,
) -> None:
    items(database)
    schema, rows = database.dump(), checksum(database)
    kills = kills_until_done(database, seed, partial(upgrade, database, online=online))
    is_upgraded(database, upgraded_schema_online if online else upgraded_schema)
    assert checksum(database) == rows
    # Each kill may cost a batch, and what proves that the model is the same; no text is lost that was stored.
    assert sum(embed_log.calls()) <= TEXTS + PROBES + SAMPLE + (kills + 1) * (sum(OLD_MODEL) + BATCH + PROBES + SAMPLE)
    insert(database, [(1_000, "later")], model=new())
    database.execute("UPDATE items SET body = 'edited ' || id WHERE id < 10")
    rows = checksum(database)
    kills_until_done(database, seed, partial(downgrade, database))
    assert rows_hold(database, old) == 201
    assert database.dump() == schema
    assert checksum(database) == rows
