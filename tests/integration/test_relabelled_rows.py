"""Rows that left the scope of an upgrade with its vectors: verify names them, and no downgrade mixes two models."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import hazards
from migrator.commands.verify import verify_live
from migrator.errors import Refused
from migrator.runtime.context import Options
from tests.models import new, old, vector
from tests.support.database import Database
from tests.support.proofs import nulls, rows_hold
from tests.support.running import downgrade, retire, upgrade
from tests.support.tables import CHANGE, items

WHERE = "note = 'article'"
SCOPED = dataclasses.replace(CHANGE, where=WHERE, index=None)
SUBJECT = "public.items.embedding"


def articles(database: Database) -> None:
    """Of 40 rows in a column without dimensions the even ones are articles."""
    items(database, 40)
    database.execute(
        "DROP INDEX items_embedding_idx; ALTER TABLE items ALTER embedding TYPE vector; "
        "UPDATE items SET note = CASE id % 2 WHEN 0 THEN 'article' ELSE 'other' END"
    )


def relabel(database: Database, where: str = "true") -> None:
    database.execute(f"UPDATE items SET note = 'essay' WHERE note = 'article' AND {where}")


def scope(database: Database) -> dict[str, tuple[bool | None, str]]:
    found = verify_live(database.address, Options())[SUBJECT]
    return {proof.name: (proof.passed, proof.detail) for proof in found}


def refusal(rows: int) -> str:
    gone, model = "python:tests.models:new", "python:tests.models:old"
    without = (
        f'UPDATE "public"."items" SET "embedding" = NULL WHERE ({WHERE}) IS NOT TRUE AND vector_dims("embedding") = 96'
    )
    return str(hazards.runs.rows_left_scope(SUBJECT, rows, WHERE, gone, model, without).refusal())


def test_verify_says_what_left_the_scope_and_when_it_proved_nothing(database: Database) -> None:
    articles(database)
    upgrade(database, SCOPED)
    assert scope(database)["scope"] == (True, f"20 rows of where={WHERE!r} with a vector")
    relabel(database, "id < 10")
    left = f"5 rows out of scope with a vector of this model: they left where={WHERE!r} since"
    assert scope(database)["scope"] == (False, f"{left}; rows in scope with a vector: 15")
    relabel(database)
    retire(database, stores=True)
    proofs = scope(database)
    assert proofs["vectors"] == (None, "no row in scope has a vector, so there is nothing to prove")
    nothing = f"no row of where={WHERE!r} has a vector, so nothing is proved of any"
    assert proofs["scope"] == (None, f"{nothing}; 20 rows out of scope with a vector of 96 dimensions")


def test_rows_of_another_scope_of_the_same_model_left_none(database: Database) -> None:
    articles(database)
    upgrade(database, SCOPED)
    upgrade(database, dataclasses.replace(SCOPED, where="note = 'other'"), revision="3")
    proofs = verify_live(database.address, Options())
    assert [(proof.name, proof.passed) for found in proofs.values() for proof in found if proof.name == "scope"] == [
        ("scope", True),
        ("scope", True),
    ]


def test_a_row_that_the_scope_beside_cannot_be_told_of_is_in_nobodys_way(database: Database) -> None:
    """Neither of the proofs nor of a downgrade."""
    articles(database)
    upgrade(database, dataclasses.replace(SCOPED, where=f"{WHERE} OR length(note) > 9 AND note::int > 0"))
    beside = dataclasses.replace(SCOPED, where="note = 'other'")
    upgrade(database, beside, revision="3")
    given = {"own": str(vector("own", old).tolist())}
    database.execute(
        "INSERT INTO items (id, body, note, embedding) VALUES (101, 'own', 'not a number', %(own)s)", given
    )
    found = [proof for proofs in verify_live(database.address, Options()).values() for proof in proofs]
    assert [(proof.name, proof.detail) for proof in found if proof.failed] == []
    downgrade(database, beside, revision="3")
    assert rows_hold(database, old, where="note <> 'article'") == 21


@pytest.mark.parametrize("source", ["retired column", "backup"])
def test_promise_7_a_downgrade_does_not_mix_two_models(database: Database, source: str) -> None:
    """Row 2 gets its old vector back; 4 was edited, 100 was written since, and both are no articles any more."""
    articles(database)
    upgrade(database, SCOPED)
    given = {"edited": str(vector("edited", new).tolist()), "written": str(vector("written", new).tolist())}
    database.execute("UPDATE items SET body = 'edited', embedding = %(edited)s WHERE id = 4", given)
    insert = "INSERT INTO items (id, body, note, embedding) VALUES (100, 'written', 'article', %(written)s)"
    database.execute(insert, given)
    relabel(database, "id IN (2, 4, 100)")
    if source == "backup":
        retire(database, keep_backups=True)
    with pytest.raises(Refused) as refused:
        downgrade(database, SCOPED)
    assert str(refused.value) == refusal(2)
    # Brought back into scope they are embedded again.
    database.execute("UPDATE items SET note = 'article' WHERE id = 4; ALTER TABLE items ALTER embedding DROP NOT NULL")
    database.execute(refused.value.remedy.partition("their vectors: ")[2])
    downgrade(database, SCOPED)
    assert rows_hold(database, old, where="id NOT IN (2, 100)") == 39
    assert 100 in nulls(database)


def test_rows_that_had_vectors_of_that_length_before_are_nobodys(database: Database) -> None:
    articles(database)
    given = {"own": str(vector("own", new).tolist())}
    database.execute("UPDATE items SET embedding = %(own)s WHERE id = 1", given)
    upgrade(database, SCOPED)
    database.execute("INSERT INTO items (id, body, note, embedding) VALUES (101, 'own', 'other', %(own)s)", given)
    downgrade(database, SCOPED)
    assert rows_hold(database, old, where="id NOT IN (1, 101)") == 39
    assert database.value("SELECT count(*) FROM items WHERE vector_dims(embedding) = 96") == 2
