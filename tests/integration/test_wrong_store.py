"""An embedding store that contradicts its model: found by verify's fresh sample, and dropped by one command."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from migrator.commands.retire import drop_stores_of, stores_of
from migrator.commands.verify import verify_live
from migrator.errors import UsageError, VerificationFailed
from migrator.runtime.context import Options
from tests.models import EmbedLog, Hashed, Vectors, new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import OLD_MODEL, PROBES, SAMPLE, batches, upgrade, upgrade_until
from tests.support.tables import NEW, TEXTS, items

WRONG = "it contradicts its model: of 32 sampled texts that {store} holds, 32 have another vector there than"


def store(database: Database) -> str:
    found = "SELECT relname FROM pg_class WHERE relname LIKE 'store_%' AND relkind = 'r'"
    return f'"migrator"."{database.value(found)}"'


def embed_in_another_order(database: Database, monkeypatch: pytest.MonkeyPatch, *, until: str) -> None:
    """As a plug-in that mixed up the answers of its batches; too few texts are in one to tell."""
    embed = Hashed.embed_documents

    def reverse(self: Hashed, texts: Sequence[str]) -> Vectors:
        vectors = embed(self, texts)
        return vectors if len(texts) <= PROBES + 1 else vectors[::-1].copy()

    with monkeypatch.context() as patched:
        patched.setattr(Hashed, "embed_documents", reverse)
        upgrade_until(database, until)


def test_the_fresh_sample_decides_and_the_store_is_dropped_by_one_command(
    database: Database, monkeypatch: pytest.MonkeyPatch, embed_log: EmbedLog
) -> None:
    items(database)
    embed_in_another_order(database, monkeypatch, until="embed")
    with pytest.raises(VerificationFailed) as failed:
        upgrade(database)
    assert WRONG.format(store=store(database)) in failed.value.problem
    assert failed.value.remedy == (
        "drop the wrong vectors with migrator retire --store python:tests.models:new, and run the same command again, "
        "which embeds their texts anew; if it fails again, the model does not give a text the same vector twice"
    )
    assert rows_hold(database, old) == 200
    (named,) = stores_of(database.address, NEW.name)
    assert named.startswith(f"embedding store {store(database).replace(chr(34), '')} of {NEW.name}, ")
    embed_log.calls()
    dropped = drop_stores_of(database.address, NEW.name)
    assert dropped == [named.rpartition(", ")[0]]
    upgrade(database)
    assert embed_log.calls() == [*OLD_MODEL, PROBES, *batches(TEXTS), SAMPLE]
    assert rows_hold(database, new) == 200


def test_of_a_live_column_verify_says_so_too(database: Database) -> None:
    items(database)
    upgrade(database)
    # As an upgrade would have left it whose sample missed the wrong ones.
    database.execute(f"""
        UPDATE {store(database)} AS s SET embedding = (
            SELECT embedding FROM {store(database)} AS o WHERE o.text_hash > s.text_hash ORDER BY o.text_hash LIMIT 1)
        WHERE EXISTS (SELECT FROM {store(database)} AS o WHERE o.text_hash > s.text_hash)
    """)
    database.execute(f"""
        UPDATE items SET embedding = s.embedding FROM {store(database)} AS s
        WHERE s.text_hash = sha256(convert_to(body, 'UTF8'))
    """)
    (found,) = verify_live(database.address, Options()).values()
    (proof,) = [each for each in found if each.wrong_store]
    assert (proof.name, proof.passed, proof.wrong_store) == ("embedding store", False, NEW.name)
    assert proof.detail.startswith(WRONG.format(store=store(database)))


def test_a_model_without_a_store_is_named_with_those_that_have_one(database: Database) -> None:
    items(database)
    upgrade(database)
    with pytest.raises(UsageError, match=r"there is no embedding store of nobody:x") as refused:
        stores_of(database.address, "nobody:x")
    assert refused.value.remedy == f"name the model of one that is there: {NEW.name}"
