"""The user's triggers where the role is the table's owner and no more: none fires while rows are filled."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.commands.backfill import backfill
from migrator.errors import Stopped
from migrator.hazards import Hazard
from migrator.phases import statements
from migrator.plan.plan import Plan
from migrator.postgres.sql import readable
from migrator.report import Silent
from migrator.rows import batches
from migrator.runtime.context import Options
from tests.conftest import Server
from tests.integration.test_statements import compare, compare_locks
from tests.models import new, old
from tests.support.database import Database, script
from tests.support.proofs import rows_hold
from tests.support.running import BATCH, REVISION, At, Holding, downgrade, upgrade, upgrade_until
from tests.support.server import OwnServer
from tests.support.statements import log_statements, unseen
from tests.support.tables import CHANGE, begin_autovacuum, items

# One in each state, and one on another column, which a vector does not fire.
TRIGGERS = """
CREATE TABLE queue (told text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO queue VALUES (TG_NAME); RETURN NEW; END';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := ''touched''; RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER always AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER replica AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER "off" AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER of_body AFTER UPDATE OF body ON items FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER "each 100%" AFTER UPDATE ON items FOR EACH STATEMENT EXECUTE FUNCTION tell();
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION tell();
ALTER TABLE items ENABLE ALWAYS TRIGGER always;
ALTER TABLE items ENABLE REPLICA TRIGGER replica;
ALTER TABLE items DISABLE TRIGGER "off";
"""
STATES = "SELECT tgname::text, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal AND tgname !~ '^~' ORDER BY 1"
FOUND = [
    ("always", "A"),
    ("each 100%", "O"),
    ("later", "O"),
    ("of_body", "O"),
    ("off", "D"),
    ("replica", "R"),
    ("touch", "O"),
]
ROWS = "SELECT id, body, note FROM items ORDER BY id"
ONLINE = Options(batch_size=BATCH, online=True)
QUIET = Options(batch_size=BATCH, online=True, quiet_triggers=True)


class Watching(Silent):
    """Looks at the triggers' states from another session whenever there is progress."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.seen: set[tuple[tuple[str, str], ...]] = set()

    def progress(self, *_: object) -> None:
        self.seen.add(tuple(self._database.execute(STATES)))


def fired(database: Database) -> list[str]:
    return [told for (told,) in database.execute("SELECT DISTINCT told FROM queue ORDER BY 1")]


def plan(database: Database, options: Options) -> Plan:
    return runner.plan_upgrade(database.address, REVISION, [CHANGE], options)


def about_triggers(plan: Plan) -> list[Hazard]:
    return [hazard for hazard in plan.hazards if hazard.code.startswith("trigger")]


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_in_a_window_none_fires_and_each_keeps_its_state(database: Database, keeper: Database) -> None:
    script(keeper, TRIGGERS + "ALTER TABLE items ALTER embedding DROP NOT NULL")
    rows, schema = keeper.execute(ROWS), keeper.dump()
    assert keeper.execute(STATES) == FOUND
    assert about_triggers(plan(keeper, Options())) == []
    watching = Watching(keeper)
    upgrade(keeper, reporter=watching)
    assert rows_hold(keeper, new) == 40
    script(
        database,
        "SET session_replication_role = replica; UPDATE items SET embedding = NULL WHERE id < 5; "
        "UPDATE items SET embedding = (SELECT embedding FROM items WHERE id = 7) WHERE id IN (10, 11); TRUNCATE queue",
    )
    assert backfill(keeper.address, Options(reporter=watching))["public.items.embedding"] == {
        "rows filled": 5,
        "rows renewed": 2,
        "rows failed": 0,
    }
    assert rows_hold(keeper, new) == 40
    downgrade(keeper, reporter=watching)
    assert rows_hold(keeper, old) == 40
    assert watching.seen == {tuple(FOUND)}
    assert (fired(keeper), keeper.execute(ROWS), keeper.dump()) == ([], rows, schema)


def test_online_they_fire_unless_the_option_is_given(keeper: Database) -> None:
    script(keeper, TRIGGERS)
    rows = keeper.execute(ROWS)
    (hazard,) = about_triggers(plan(keeper, ONLINE))
    assert hazard.code == "triggers-fire"
    assert hazard.remedy.startswith("--quiet-triggers disables them in each transaction that fills rows")
    assert about_triggers(plan(keeper, QUIET)) == []
    with pytest.raises(Stopped):
        runner.upgrade(keeper.address, REVISION, [CHANGE], dataclasses.replace(QUIET, stop_after="embed"))
    # The run knows what it was begun with.
    runner.upgrade(keeper.address, REVISION, [CHANGE], ONLINE)
    assert rows_hold(keeper, new) == 40
    # What the application edits meanwhile fires them, and is not lost.
    keeper.execute("UPDATE items SET body = 'edited' WHERE id = 1")
    assert fired(keeper) == ["always", "each 100%", "later", "of_body"]
    keeper.execute("TRUNCATE queue")
    columns = [VectorColumn(CHANGE.table, CHANGE.column)]
    runner.restore(keeper.address, REVISION, columns, Options(batch_size=BATCH, quiet_triggers=True))
    assert rows_hold(keeper, old) == 40
    assert (fired(keeper), keeper.execute(STATES)) == ([], FOUND)
    assert keeper.execute(ROWS)[2:] == rows[2:]
    runner.upgrade(keeper.address, "3", [CHANGE], ONLINE)
    assert fired(keeper) == ["always", "each 100%", "later"]


def test_a_superuser_quiets_triggers_that_always_fire_by_the_option(database: Database) -> None:
    items(database, rows=40)
    script(database, TRIGGERS)
    (hazard,) = about_triggers(plan(database, Options()))
    assert hazard.code == "triggers-always-fire"
    options = Options(batch_size=BATCH, quiet_triggers=True)
    assert about_triggers(plan(database, options)) == []
    runner.upgrade(database.address, REVISION, [CHANGE], options)
    assert rows_hold(database, new) == 40
    assert (fired(database), database.execute(STATES)) == ([], FOUND)


def test_an_interrupted_run_that_goes_on_quiets_them(keeper: Database) -> None:
    script(keeper, TRIGGERS)
    upgrade_until(keeper, "embed")
    upgrade(keeper)
    assert rows_hold(keeper, new) == 40
    assert (fired(keeper), keeper.execute(STATES)) == ([], FOUND)


# ---- what is sent ------------------------------------------------------------------------------------------------


def test_the_plan_lists_what_is_sent(server: Server, database: Database, keeper: Database, tmp_path: Path) -> None:
    script(keeper, TRIGGERS)
    log_statements(database)
    # For what the application does meanwhile, which is not logged.
    database.execute("GRANT SET ON PARAMETER log_statement TO keeper")
    listed = [readable(each.query) for each in statements(plan(keeper, Options())) if each.phase == "fill"]
    lock = listed.index('LOCK TABLE ONLY "public"."items" IN SHARE ROW EXCLUSIVE MODE')
    assert listed[lock + 1] == (
        'ALTER TABLE "public"."items" DISABLE TRIGGER "always", DISABLE TRIGGER "each 100%", DISABLE TRIGGER "later", '
        'DISABLE TRIGGER "touch"'
    )
    assert listed[lock + 2].startswith('UPDATE "public"."items"')
    assert listed[lock + 3] == (
        'ALTER TABLE "public"."items" ENABLE ALWAYS TRIGGER "always", ENABLE TRIGGER "each 100%", '
        'ENABLE TRIGGER "later", ENABLE TRIGGER "touch"'
    )
    script(keeper, "ALTER TABLE items ALTER embedding DROP NOT NULL, ADD COLUMN title text")
    compare(server, keeper, tmp_path, "upgrade", (CHANGE,))
    unseen(keeper, "DELETE FROM items WHERE id >= 5000")
    compare(server, keeper, tmp_path, "downgrade", (CHANGE,))


def test_each_statement_takes_the_lock_that_the_plan_says(
    keeper: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(keeper, TRIGGERS)
    compare_locks(keeper, tmp_path, monkeypatch, (CHANGE,))


# ---- tables below ------------------------------------------------------------------------------------------------

# Of the whole, of one partition alone, and disabled in one.
OF_PARTITIONS = """
CREATE TABLE parts (id bigint, body text NOT NULL, note text, embedding vector(48) NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (20);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (20) TO (1000);
"""
OF_HEIRS = """
CREATE TABLE parts (id bigint, body text NOT NULL, note text, embedding vector(48) NOT NULL);
CREATE TABLE parts_low () INHERITS (parts);
CREATE TABLE parts_high () INHERITS (parts);
"""
ON_PARTS = """
INSERT INTO {low} SELECT * FROM items WHERE id < 20;
INSERT INTO {high} SELECT * FROM items WHERE id >= 20;
DROP TABLE items;
ALTER TABLE parts RENAME TO items;
CREATE TRIGGER whole AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER alone AFTER UPDATE ON parts_high FOR EACH ROW EXECUTE FUNCTION tell();
ALTER TABLE parts_high ENABLE ALWAYS TRIGGER alone;
"""
STATES_BELOW = """
SELECT tgrelid::regclass::text, tgname::text, tgenabled::text FROM pg_trigger
WHERE NOT tgisinternal AND tgname !~ '^~' ORDER BY 1, 2
"""


@pytest.mark.parametrize("database", [18, 16], indirect=True)
@pytest.mark.parametrize(("made", "last"), [(OF_PARTITIONS, "parts_low"), (OF_HEIRS, "parts_high")])
def test_triggers_of_tables_below(keeper: Database, made: str, last: str) -> None:
    script(keeper, TRIGGERS)
    into = {"low": "parts_low", "high": "parts_high"} if made == OF_PARTITIONS else {"low": "parts", "high": last}
    script(keeper, made + ON_PARTS.format(**into))
    # A partition's own say on the trigger that it has from its table.
    if made == OF_PARTITIONS:
        script(keeper, f"ALTER TABLE {last} ENABLE ALWAYS TRIGGER whole; ALTER TABLE items DISABLE TRIGGER whole")
        script(keeper, f"ALTER TABLE {last} ENABLE ALWAYS TRIGGER whole")
    states = keeper.execute(STATES_BELOW)
    upgrade(keeper)
    assert rows_hold(keeper, new) == 40
    downgrade(keeper)
    assert rows_hold(keeper, old) == 40
    assert (fired(keeper), keeper.execute(STATES_BELOW)) == ([], states)


# ---- locks -------------------------------------------------------------------------------------------------------


def test_a_writer_is_waited_for_and_loses_nothing(keeper: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ROWS", 10)
    script(keeper, TRIGGERS)
    with keeper.connect() as writer:
        reporter = Holding("progress", "fill", writer, "UPDATE items SET body = 'edited' WHERE id = 1")
        upgrade(keeper, reporter=reporter)
    assert any(message.startswith("waiting for a lock on the table, held by process") for message in reporter.messages)
    assert rows_hold(keeper, new) == 40
    # The application's own write fired them.
    assert fired(keeper) == ["always", "each 100%", "later", "of_body"]


def test_deferred_constraints_stand_while_triggers_are_disabled(keeper: Database) -> None:
    script(keeper, TRIGGERS)
    script(
        keeper,
        "CREATE TABLE topics (id bigint PRIMARY KEY); INSERT INTO topics SELECT id FROM items; "
        "ALTER TABLE items ADD CONSTRAINT topic FOREIGN KEY (id) REFERENCES topics DEFERRABLE INITIALLY DEFERRED; "
        "ALTER TABLE items ADD CONSTRAINT one UNIQUE (id, body) DEFERRABLE INITIALLY DEFERRED; "
        "CREATE TABLE notes (item bigint REFERENCES items ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED); "
        "INSERT INTO notes SELECT id FROM items",
    )
    schema = keeper.dump()
    upgrade(keeper)
    assert rows_hold(keeper, new) == 40
    downgrade(keeper)
    assert (fired(keeper), keeper.dump()) == ([], schema)


def test_autovacuum_gives_way_to_an_owner_who_is_no_superuser(
    vacuumed: Database, own_server: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "ROWS", 100)
    items(vacuumed)
    script(vacuumed, TRIGGERS)
    name = vacuumed.value("SELECT current_database()")
    script(vacuumed, f"CREATE ROLE mere LOGIN; GRANT CREATE, TEMPORARY ON DATABASE {name} TO mere")
    script(vacuumed, "ALTER TABLE items OWNER TO mere; ALTER TABLE queue OWNER TO mere")
    script(vacuumed, "GRANT CREATE ON SCHEMA public TO mere")
    log = own_server.directory / "log"
    before = len(log.read_text("utf-8"))
    reporter = At("progress", "fill", lambda: begin_autovacuum(vacuumed))
    upgrade(replace(vacuumed, url=vacuumed.url.replace("postgres@", "mere@")), reporter=reporter)
    assert any(message.startswith("waiting for a lock on the table") for message in reporter.messages)
    assert "canceling autovacuum task" in log.read_text("utf-8")[before:]
    assert rows_hold(vacuumed, new) == 200
