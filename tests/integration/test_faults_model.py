"""A model that goes wrong on one text among many: what it gave before is kept, and that text is listed or told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator import Model
from migrator.errors import ModelError
from tests.models import EmbedLog, new, old
from tests.support.database import Database
from tests.support.proofs import checksum, nulls, rows_hold
from tests.support.running import OLD_MODEL, PROBES, SAMPLE, downgrade, upgrade
from tests.support.tables import CHANGE, TEXTS, insert, items

FICKLE = replace(CHANGE, to=Model("python:tests.models:fickle", dimensions=96))
NAME = "model python:tests.models:fickle"
# What the text says, and how it is told.
FAULTS = {
    "too big": f"{NAME} ran out of memory on 1 text",
    "not a number": f"{NAME} gave a vector that is not finite for 1 of 1 texts; the first of them has 12 characters",
    "infinite": f"{NAME} gave a vector that is not finite for 1 of 1 texts; the first of them has 8 characters",
    "zero": f"{NAME} gave a vector that is zero for 1 of 1 texts; the first of them has 4 characters",
    "fewer": f"{NAME} gave an array of shape (0, 96) where (1, 96) was expected",
    "shorter": f"{NAME} gave an array of shape (1, 95) where (1, 96) was expected",
    "nothing": f"{NAME} gave NoneType where a numpy array of float32 was expected",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_promise_3_its_row_is_set_aside_and_no_other(database: Database, embed_log: EmbedLog, fault: str) -> None:
    items(database)
    insert(database, [(1_000, fault)])
    schema, rows = database.dump(), checksum(database)
    upgrade(database, replace(FICKLE, max_failed_rows=1))
    assert rows_hold(database, new, where="id < 1000") == 200
    assert nulls(database) == [1_000]
    assert database.execute("SELECT rows, reason FROM migrator.failed_row WHERE text_hash <> ''") == [
        (1, FAULTS[fault])
    ]
    assert database.value("SELECT texts_embedded FROM migrator.change") == TEXTS
    # Its batch is halved four times until it stands alone; what was in the batch with it is given once more each time.
    assert sum(embed_log.calls()) <= sum(OLD_MODEL) + 3 * PROBES + SAMPLE + TEXTS + 1 + 2 * 16
    downgrade(database, FICKLE)
    assert rows_hold(database, old) == 201
    assert (database.dump(), checksum(database)) == (schema, rows)


@pytest.mark.parametrize("fault", ["too big", "not a number", "fewer"])
def test_promise_1_where_none_may_fail_everything_is_as_it_was(
    database: Database, embed_log: EmbedLog, fault: str
) -> None:
    """The batches before it are in the store, and are not paid for again."""
    items(database)
    # Texts of like length are embedded together, so that this one comes last.
    text = fault.ljust(40)
    insert(database, [(1_000, text)])
    schema, rows = database.dump(), checksum(database)
    with pytest.raises(ModelError) as caught:
        upgrade(database, FICKLE)
    assert caught.value.exit_code == 1
    assert caught.value.problem.startswith(NAME)
    assert rows_hold(database, old) == 201
    assert (database.dump(), checksum(database)) == (schema, rows)
    (store,) = database.execute("SELECT relname FROM pg_class WHERE relname LIKE 'store_%' AND relkind = 'r'")[0]
    stored = database.value(f"SELECT count(*) FROM migrator.{store}")
    assert stored > 0
    embed_log.calls()
    database.execute("DELETE FROM items WHERE id = 1000")
    upgrade(database, FICKLE)
    assert rows_hold(database, new) == 200
    assert sum(embed_log.calls()) == sum(OLD_MODEL) + PROBES + TEXTS - stored + SAMPLE
