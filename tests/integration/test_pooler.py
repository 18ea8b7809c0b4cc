"""Poolers: in session mode all is well; in transaction mode nothing is begun, and no setting is left with others."""

from __future__ import annotations

import pytest

from migrator.errors import Refused
from migrator.runner import plan_upgrade
from migrator.work import Options
from tests.database import Database
from tests.models import new
from tests.pooler import pooled
from tests.proofs import rows_hold
from tests.running import REVISION, upgrade
from tests.tables import CHANGE, items


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
