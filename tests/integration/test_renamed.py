"""A table that was renamed, moved, dropped or replaced since its upgrade."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator.cli.status import as_text
from migrator.commands.backfill import backfill
from migrator.commands.status import read_status
from migrator.commands.verify import verify_live
from migrator.errors import Refused
from migrator.proofs import Proof
from migrator.runtime.context import Options
from tests.models import old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import At, downgrade, migrated, retire, upgrade
from tests.support.tables import CHANGE, items

RENAMES = ["ALTER TABLE items RENAME TO things", "CREATE SCHEMA archive; ALTER TABLE items SET SCHEMA archive"]
NAMES = ["public.things", "archive.items"]
KEPT = "column migrator_retired_1 (python:tests.models:old, 48) and table migrator.backup_1"


def verify(database: Database, reporter: At | None = None) -> dict[str, list[Proof]]:
    return verify_live(database.address, Options(reporter or At("", "", lambda: None)))


@pytest.mark.parametrize(("statement", "name"), list(zip(RENAMES, NAMES, strict=True)))
def test_a_renamed_table_is_worked_on_under_its_new_name(database: Database, statement: str, name: str) -> None:
    items(database)
    upgrade(database)
    database.execute(statement)
    # Another one of its former name is not taken for it.
    database.execute("CREATE TABLE items (id int, body text, embedding vector(96))")
    proofs = verify(database)
    assert list(proofs) == [f"{name}.embedding"]
    assert all(proof.passed for proof in proofs[f"{name}.embedding"])
    (column,) = migrated(database)
    assert (column.column, column.with_vector) == (f"{name}.embedding", 200)
    assert retire(database) == [f"{name}.embedding: {KEPT}"]
    assert database.value("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == 0
    assert "migrator_retired" not in database.dump()


@pytest.mark.parametrize(
    ("statement", "name", "back"),
    [
        (RENAMES[0], NAMES[0], 'ALTER TABLE "public"."things" RENAME TO "items"'),
        (RENAMES[1], NAMES[1], 'ALTER TABLE "archive"."items" SET SCHEMA "public"'),
    ],
)
@pytest.mark.parametrize("another", [False, True])
def test_a_downgrade_of_a_renamed_table_says_how_to_go_on(
    database: Database, statement: str, name: str, back: str, another: bool
) -> None:
    items(database)
    before = database.dump()
    upgrade(database)
    database.execute(statement)
    if another:
        database.execute("CREATE TABLE items (id int, body text, embedding vector(96))")
    unchanged = database.versions()
    with pytest.raises(Refused) as refused:
        downgrade(database)
    assert str(refused.value) == (
        f"the table of public.items.embedding is called {name} since the upgrade\n"
        "the ledger and the revision know it by its former name.\n"
        f"fix: give it that name for the time of the downgrade: {back}"
    )
    assert database.versions() == unchanged
    if another:
        database.execute("DROP TABLE items")
    database.execute(back)
    downgrade(database)
    assert rows_hold(database, old) == 200
    database.execute("DROP SCHEMA IF EXISTS archive")
    assert database.dump() == before


@pytest.mark.parametrize("again", [False, True])
def test_a_table_that_is_gone_is_passed_over_and_said(database: Database, again: bool) -> None:
    items(database)
    upgrade(database)
    database.execute("DROP TABLE items")
    if again:
        items(database)
    reporter = At("", "", lambda: None)
    assert verify(database, reporter) == {}
    assert reporter.messages == [
        "public.items.embedding: table or column is no longer there, so nothing is proved of it"
    ]
    assert "  cannot be read: table or column is no longer there" in as_text(read_status(database.address))
    if again:
        with pytest.raises(Refused, match='retired column "migrator_retired_1"'):
            downgrade(database)
    assert retire(database) == ["public.items.embedding, which is no longer there: table migrator.backup_1"]
    assert database.execute("SELECT relname FROM pg_class WHERE relname ~ '^(backup|missed|capture)_'") == []
    assert database.execute("SELECT proname FROM pg_proc WHERE proname ~ '^capture_'") == []
    assert retire(database) == []


def test_a_column_that_the_text_names_is_gone(database: Database) -> None:
    items(database)
    upgrade(database, replace(CHANGE, text="concat_ws(' ', note, body)", from_text="body"))
    database.execute("ALTER TABLE items RENAME COLUMN body TO words")
    (proof,) = verify(database)["public.items.embedding"]
    assert (proof.name, proof.passed) == ("readable", False)
    assert proof.detail == 'column "body" does not exist'
    for command, argument in (
        (downgrade, "from_text='body' is not an SQL expression over the row: "),
        (lambda it: backfill(it.address, Options(At("", "", lambda: None))), ""),
    ):
        with pytest.raises(Refused, match=f'fit its table any more: {argument}column "body" does not exist') as refused:
            command(database)
        assert refused.value.code == "names-gone"
    database.execute("ALTER TABLE items RENAME COLUMN words TO body")
    database.execute("ALTER TABLE items ALTER COLUMN body TYPE json USING to_json(body)")
    with pytest.raises(Refused, match="from_text='body' gives json, not text") as refused:
        downgrade(database)
    assert "or ALTER COLUMN ... TYPE ..." in refused.value.remedy
    database.execute("ALTER TABLE items ALTER COLUMN body TYPE text USING body #>> '{}'")
    # An upgrade made before such a scope was refused: there it is not a name that is wrong.
    database.execute("CREATE TABLE chosen (id bigint)")
    recorded = "UPDATE migrator.change SET change = jsonb_set(change, '{where}', %(where)s)"
    database.execute(recorded, {"where": '"id IN (SELECT id FROM chosen)"'})
    with pytest.raises(Refused) as refused:
        downgrade(database)
    assert refused.value.code == "where-reads-tables"
    database.execute(recorded, {"where": "null"})
    downgrade(database)
    assert rows_hold(database, old) == 200


def test_the_ledger_of_a_restored_dump_knows_its_tables_by_name(database: Database) -> None:
    items(database)
    upgrade(database, CHANGE)
    # What a dump and restore does to the oid.
    database.execute("UPDATE migrator.change SET catalog = jsonb_set(catalog, '{table,oid}', '1')")
    assert list(verify(database)) == ["public.items.embedding"]
    downgrade(database)
    assert rows_hold(database, old) == 200
