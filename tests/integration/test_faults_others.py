"""What others do to table and ledger in the middle of a run: taken in, or told clearly, and never a dead end."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

import pytest

from migrator.commands.backfill import backfill
from migrator.commands.retire import retirable
from migrator.errors import GO_ON, Busy, Interrupted, MigratorError, Refused
from migrator.postgres.locks import with_short_locks
from migrator.rows import batches
from migrator.runtime.context import Options
from migrator.runtime.session import at_work
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import checksum, is_upgraded, rows_hold
from tests.support.running import At, abandon, downgrade, retire, upgrade, upgrade_until
from tests.support.tables import insert, items

# One before anything is made, one with the shadow column half filled, and the last before it goes live.
BEFORE_CUT_OVER = ("embed", "index", "cut-over")
PHASES = (*BEFORE_CUT_OVER, "settle")


@pytest.mark.parametrize("phase", PHASES)
def test_a_table_that_is_emptied(database: Database, phase: str) -> None:
    items(database)
    schema = database.dump()
    upgrade(database, reporter=At("started", phase, lambda: database.execute("TRUNCATE items")))
    insert(database, [(1_000, "later")], model=new())
    assert rows_hold(database, new) == 1
    downgrade(database)
    assert rows_hold(database, old) == 1
    assert database.dump() == schema


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
def test_promise_3_keys_that_are_updated_while_the_table_is_filled(
    database: Database, monkeypatch: pytest.MonkeyPatch, online: bool
) -> None:
    """Rows move out of the range being filled, and in the backup they have another key."""
    items(database)
    monkeypatch.setattr(batches, "ROWS", 40)
    move = "UPDATE items SET id = id + 1000 WHERE id % 3 = 0"
    upgrade(database, reporter=At("progress", "fill", lambda: database.execute(move)), online=online)
    assert rows_hold(database, new) == 200
    assert rows_hold(database, old, column="migrator_retired_1") == 200
    before = checksum(database)
    downgrade(database)
    assert rows_hold(database, old) == 200
    assert checksum(database) == before


@pytest.mark.parametrize("phase", BEFORE_CUT_OVER)
@pytest.mark.parametrize(
    ("statement", "gone"),
    [
        ("DROP TABLE items", "the table of public.items.embedding"),
        ("ALTER TABLE items DROP COLUMN embedding", "public.items.embedding"),
    ],
    ids=["table", "column"],
)
def test_a_table_or_column_that_is_dropped(database: Database, phase: str, statement: str, gone: str) -> None:
    items(database)
    with pytest.raises(MigratorError, match=f"^{gone} was dropped or renamed by others meanwhile") as caught:
        upgrade(database, reporter=At("started", phase, lambda: database.execute(statement)))
    assert caught.value.exit_code == 1
    nothing_is_left(database)
    database.execute("DROP TABLE IF EXISTS items")
    items(database)
    upgrade(database)
    assert rows_hold(database, new) == 200


def nothing_is_left(database: Database) -> None:
    """But the store."""
    assert database.value("SELECT state FROM migrator.run") == "undone"
    assert abandon(database) == "nothing is unfinished"
    assert database.value("SELECT count(*) FROM pg_class WHERE relname ~ '^(backup_|missed_)' AND relkind <> 'i'") == 0
    assert database.value("SELECT count(*) FROM pg_proc WHERE proname LIKE 'capture\\_%'") == 0


def test_the_extension_is_dropped(database: Database) -> None:
    """With it go the columns, and the vectors of store and backup."""
    items(database)
    upgrade_until(database, "fill")
    database.execute("DROP EXTENSION vector CASCADE")
    with pytest.raises(Refused, match=r"^the extension vector \(pgvector\) is not in this database"):
        upgrade(database)
    database.execute("CREATE EXTENSION vector")
    with pytest.raises(MigratorError, match=r"^public.items.embedding was dropped or renamed by others meanwhile"):
        upgrade(database)
    nothing_is_left(database)
    with pytest.raises(Refused, match='no column "embedding"') as caught:
        upgrade(database)
    assert caught.value.remedy.endswith("bring the column back from a backup of the database where it was dropped")
    database.execute("DROP TABLE items")
    items(database)
    with pytest.raises(Refused, match="has lost its vectors") as caught:
        upgrade(database)
    database.execute(caught.value.remedy.partition(";")[0])
    upgrade(database)
    assert rows_hold(database, new) == 200
    database.execute("DROP EXTENSION vector CASCADE")
    assert retire(database) == ["public.items.embedding, which is no longer there: table migrator.backup_2"]
    assert database.value("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == 0


def test_a_table_dropped_while_nobody_is_at_work(database: Database) -> None:
    """Whatever has its name now is not touched."""
    items(database)
    upgrade_until(database, "verify")
    database.execute("DROP TABLE items; CREATE TABLE items (id bigint, embedding vector(3))")
    before = database.dump()
    with pytest.raises(Refused, match="was dropped or replaced since the run was interrupted"):
        upgrade(database)
    abandon(database)
    nothing_is_left(database)
    assert database.dump() == before


def test_a_table_dropped_after_cut_over(database: Database) -> None:
    """Nothing is left to settle, so the run ends; and nothing is left to go back to, so that is retired."""
    items(database)
    with pytest.raises(MigratorError, match="failed after cut-over"):
        upgrade(database, reporter=At("started", "settle", lambda: database.execute("DROP TABLE items")))
    upgrade(database)
    assert database.value("SELECT state FROM migrator.run") == "done"
    assert backfill(database.address, Options()) == {}
    assert retire(database) != []
    assert retirable(database.address, keep_backups=False, stores=False) == []
    assert database.value("SELECT count(*) FROM pg_proc WHERE proname LIKE 'capture\\_%'") == 0


@pytest.mark.parametrize("phase", PHASES)
def test_a_table_that_is_renamed(database: Database, upgraded_schema: str, phase: str) -> None:
    items(database)
    rename = At("started", phase, lambda: database.execute('ALTER TABLE items RENAME TO "5%"'))
    told = r"^the table of public.items.embedding was renamed by others; it is \"public\".\"5%\" now"
    with pytest.raises(Interrupted, match=told) as caught:
        upgrade(database, reporter=rename)
    assert caught.value.remedy == "rename it back, and run the same command again"
    for command in (upgrade, abandon) if phase != "settle" else (upgrade,):
        with pytest.raises(Refused, match=told):
            command(database)
    database.execute('ALTER TABLE "5%" RENAME TO items')
    upgrade(database)
    is_upgraded(database, upgraded_schema)


DEPENDS = "public.items.embedding: what its text depends on changed since this run was planned: column body"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TABLE items DROP COLUMN body", DEPENDS),
        ("ALTER TABLE items ALTER body TYPE varchar(100)", DEPENDS),
        ("ALTER TABLE items ADD COLUMN more text", "public.items.embedding: columns of the table changed"),
    ],
    ids=["dropped", "altered", "added"],
)
def test_promise_1_a_table_that_is_altered(database: Database, statement: str, told: str) -> None:
    items(database)
    database.execute(statement)
    altered = database.dump()
    database.execute("DROP TABLE items")
    items(database)
    with pytest.raises(MigratorError, match=f"^{told}") as caught:
        upgrade(database, reporter=At("started", "index", lambda: database.execute(statement)))
    assert caught.value.exit_code == 1
    assert database.dump() == altered
    nothing_is_left(database)


def test_a_ledger_that_is_dropped(database: Database) -> None:
    items(database)
    with pytest.raises(MigratorError, match=r"^the schema migrator with the ledger was dropped by others") as caught:
        upgrade(database, reporter=At("started", "index", lambda: database.execute("DROP SCHEMA migrator CASCADE")))
    assert caught.value.remedy == (
        'ALTER TABLE "public"."items" DROP COLUMN IF EXISTS migrator_shadow_1, '
        "and build again what is missing of items_embedding_idx"
    )
    database.execute('ALTER TABLE "public"."items" DROP COLUMN IF EXISTS migrator_shadow_1')
    upgrade(database)
    assert rows_hold(database, new) == 200


def test_a_lock_that_is_not_to_be_had(database: Database) -> None:
    items(database)
    with database.connect() as reader, at_work(database.address) as (connection, _):
        reader.execute("BEGIN; SELECT FROM items LIMIT 1")
        pid = reader.info.backend_pid
        holder = rf'it is held by process {pid} \(role "postgres", no application name\), in a transaction since '
        table = database.value("SELECT 'items'::regclass::oid")
        with pytest.raises(Interrupted, match=rf"^could not get a lock on the table within 0 s; {holder}") as caught:
            with_short_locks(
                connection,
                lambda: connection.execute("LOCK items"),
                tables=[table],
                on_wait=lambda _: None,
                patience=0,
            )
    assert caught.value.remedy == "end that transaction, then run the same command again to go on"


def test_a_lock_that_nobody_holds_any_more(database: Database) -> None:
    """Whoever held it ended between the try and the look."""
    items(database)
    told: list[str] = []
    ended = iter(["DO $$ BEGIN RAISE lock_not_available; END $$", "SELECT"])
    with at_work(database.address) as (connection, _):
        table = database.value("SELECT 'items'::regclass::oid")
        with_short_locks(connection, lambda: connection.execute(next(ended)), tables=[table], on_wait=told.append)
        assert told == ["waiting for a lock on the table"]
        refuses = "DO $$ BEGIN RAISE lock_not_available; END $$"
        with pytest.raises(Interrupted) as caught:
            with_short_locks(
                connection,
                lambda: connection.execute(refuses),
                tables=[table],
                on_wait=told.append,
                patience=0,
            )
    assert (caught.value.problem, caught.value.remedy) == ("could not get a lock on the table within 0 s", GO_ON)


def test_two_migrators_that_begin_together(database: Database, upgraded_schema: str) -> None:
    """One does it; the other is told so, or finds it done."""
    items(database)
    together = threading.Barrier(2)
    ended: list[BaseException | None] = []

    def begin(run: Callable[[Database], None]) -> None:
        together.wait()
        try:
            run(database)
            ended.append(None)
        except Busy as busy:
            ended.append(busy)

    threads = [threading.Thread(target=begin, args=(upgrade,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert None in ended
    assert all(each is None or isinstance(each, Busy) for each in ended)
    is_upgraded(database, upgraded_schema)


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0], ids=["forwards", "backwards"])
def test_a_clock_that_jumps(
    database: Database, upgraded_schema: str, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """By a day each time that somebody looks at it."""
    items(database)
    now, looks = time.time(), itertools.count()
    monkeypatch.setattr(time, "time", lambda: now + jump * next(looks))
    upgrade(database)
    is_upgraded(database, upgraded_schema)
