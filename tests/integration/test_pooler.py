"""Poolers: in session mode all is well; in transaction mode nothing is begun, and no setting is left with others."""

from __future__ import annotations

import pytest

from migrator.commands.runner import plan_upgrade
from migrator.errors import Refused
from migrator.runtime.context import Options
from tests.models import new
from tests.support.database import Database
from tests.support.pooler import pooled
from tests.support.proofs import rows_hold
from tests.support.running import REVISION, upgrade
from tests.support.tables import CHANGE, items


def test_a_pooler_in_transaction_mode_is_refused(database: Database) -> None:
    items(database)
    before = database.versions()
    with pooled(database, "transaction") as through:
        pinned = (
            "SELECT current_setting('TimeZone'), current_setting('statement_timeout'), current_setting('lock_timeout')"
        )
        settings = through.execute(pinned)
        with pytest.raises(Refused, match="is reached through a pooler in transaction mode") as caught:
            upgrade(through)
        assert caught.value.exit_code == 3
        with pytest.raises(Refused, match="pooler in transaction mode"):
            plan_upgrade(through.address, REVISION, [CHANGE], Options())
        assert through.execute(pinned) == settings
    assert database.versions() == before


def test_one_that_is_in_use_by_others_is_refused_too(database: Database) -> None:
    items(database)
    with pooled(database, "transaction") as through, through.connect() as first, through.connect() as second:
        first.execute("SELECT 1")
        second.execute("BEGIN; SELECT 1")
        with pytest.raises(Refused, match="pooler in transaction mode"):
            upgrade(through)


def test_a_pooler_in_session_mode_is_as_good_as_none(database: Database) -> None:
    items(database)
    with pooled(database, "session") as through:
        upgrade(through)
    assert rows_hold(database, new) == 200


# What each is short of: the looks at the pooler, and what a run needs besides.
@pytest.mark.parametrize(
    ("size", "code", "said"),
    [
        (2, "pooler-not-looked-at", "gave 2 sessions of 4 at once: no session within"),
        (4, "too-few-sessions", "6 sessions are needed at once, and only 5 could be opened: no session within"),
    ],
)
def test_a_pooler_in_session_mode_with_too_few_sessions_is_refused_with_the_number_needed(
    database: Database, monkeypatch: pytest.MonkeyPatch, size: int, code: str, said: str
) -> None:
    monkeypatch.setattr("migrator.postgres.pooler.ANSWER_S", 0.3)
    monkeypatch.setattr("migrator.preflight.sessions.PATIENCE_S", 0.3)
    items(database, 20)
    before = database.versions()
    with pooled(database, "session", size=size) as through:
        with pytest.raises(Refused) as refused:
            upgrade(through)
        assert (refused.value.code, said in refused.value.problem) == (code, True)
    assert database.versions() == before


def test_a_pooler_with_as_many_sessions_as_are_needed_is_enough(database: Database) -> None:
    """Without Alembic's."""
    items(database, 20)
    with pooled(database, "session", size=5) as through:
        upgrade(through)
    assert rows_hold(database, new) == 20
