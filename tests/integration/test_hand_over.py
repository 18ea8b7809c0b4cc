"""sql/hand_over.sql: the ledger gets another owner, and nobody gets that role's rights by it."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from migrator.doctor.column import examine_column
from migrator.errors import Refused
from migrator.postgres.connection import connect
from tests.integration.test_manual_rollback import at, roll_back
from tests.models import old
from tests.support.attacker import Attacker
from tests.support.commands import Ended
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import REVISION, downgrade, upgrade, upgrade_until
from tests.support.tables import CHANGE, items

SCRIPT = Path(__file__).parents[2] / "sql" / "hand_over.sql"
FUNCTIONS = """
SELECT proname::text, pg_get_userbyid(proowner)::text FROM pg_proc
WHERE pronamespace = 'migrator'::regnamespace ORDER BY 1
"""


@pytest.fixture
def attacker(database: Database) -> Attacker:
    """Owns the table and works with migrator; `keeper`, a member, takes the ledger over."""
    items(database, 20)
    made = Attacker.made(database)
    made.owns_items()
    for statement in (
        f"GRANT CREATE ON DATABASE {database.value('SELECT current_database()')} TO {made.name}",
        f"GRANT CREATE ON SCHEMA public TO {made.name}",
        f"CREATE ROLE {made.name}_keeper LOGIN",
        f"GRANT {made.name} TO {made.name}_keeper",
    ):
        database.execute(statement)
    return made


def hand_over(database: Database, owner: str) -> Ended:
    psql = database.binaries / "psql"
    done = subprocess.run(
        [psql, "-X", "-v", f"owner={owner}", "-f", SCRIPT, database.url], capture_output=True, text=True, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_the_ledgers_new_owner_runs_nothing_of_the_tables(database: Database, attacker: Attacker) -> None:
    owner, keeper = database.as_role(attacker.name), f"{attacker.name}_keeper"
    said = "CREATE OR REPLACE FUNCTION {{schema}}.said(text) RETURNS text LANGUAGE plpgsql {} AS $$BEGIN {} END$$"
    attacker.run(said.format("IMMUTABLE", "RETURN $1;"))
    upgrade(owner, dataclasses.replace(CHANGE, text=f"{attacker.name}.said(body)", from_text="body"))
    assert hand_over(database, keeper) == Ended(0, "", "")
    assert database.execute(FUNCTIONS) == [("capture_1", attacker.name)]
    # Whoever writes to the table has its owner's function run.
    attacker.run(said.format("VOLATILE", "PERFORM set_config('caught.by', current_user, false); RETURN $1;"))
    with database.connect() as writer:
        writer.execute("UPDATE items SET body = 'edited' WHERE id = 1")
        assert writer.execute("SELECT current_setting('caught.by', true)").fetchone() == (attacker.name,)
    attacker.run(said.format("IMMUTABLE", "RETURN $1;"))
    downgrade(database.as_role(keeper))
    assert rows_hold(database, old) == 20
    assert database.execute(FUNCTIONS) == []


PLANTED = {
    "function migrator.gain()": "CREATE FUNCTION migrator.gain() RETURNS void LANGUAGE sql SECURITY DEFINER "
    "AS 'SELECT'",
    "trigger seen on table migrator.change": "CREATE TRIGGER seen BEFORE UPDATE ON migrator.change "
    "FOR EACH ROW EXECUTE FUNCTION {schema}.fired()",
    "rule seen on table migrator.phase": "CREATE RULE seen AS ON UPDATE TO migrator.phase DO ALSO "
    "SELECT {schema}.gain()",
    "policy seen on table migrator.model": "CREATE POLICY seen ON migrator.model USING ({schema}.gain())",
    "constraint seen on table migrator.run": "ALTER TABLE migrator.run ADD CONSTRAINT seen CHECK ({schema}.guard(''))",
}


def test_what_the_old_owner_planted_is_not_handed_over(database: Database, attacker: Attacker) -> None:
    owner, keeper = database.as_role(attacker.name), f"{attacker.name}_keeper"
    upgrade_until(owner, "fill")
    unfinished = hand_over(database, keeper)
    assert (unfinished.code, "a run is unfinished" in unfinished.err) == (3, True)
    upgrade(owner)
    for statement in PLANTED.values():
        attacker.run(statement)
    attacker.forget()
    stopped = hand_over(database, keeper)
    assert (stopped.code, attacker.gained()) == (3, [])
    assert f"objects that migrator did not make: {', '.join(sorted(PLANTED))}" in stopped.err
    assert (
        database.value("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'migrator'") == attacker.name
    )


@pytest.fixture
def given_away(database: Database, attacker: Attacker) -> Database:
    """The database as the table's next owner, after its former one changed what the capture trigger does."""
    keeper = f"{attacker.name}_keeper"
    upgrade(database.as_role(attacker.name))
    # From here on vectors are marked as this role wants.
    attacker.run(
        "CREATE FUNCTION {schema}.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$SELECT pg_catalog.decode('00', 'hex')$$"
    )
    attacker.run("ALTER FUNCTION migrator.capture_1() SET search_path = {schema}, pg_catalog")
    database.execute("UPDATE items SET body = 'unmarked' WHERE id = 1")
    for statement in (
        f"ALTER TABLE items OWNER TO {keeper}",
        f"GRANT CREATE ON SCHEMA public TO {keeper}",
        f"REVOKE CREATE ON SCHEMA public FROM {attacker.name}",
        f"REVOKE {attacker.name} FROM {keeper}",
    ):
        database.execute(statement)
    return database.as_role(keeper)


def test_whoever_had_the_table_before_marks_nothing_of_it(database: Database, given_away: Database) -> None:
    assert hand_over(
        database, database.value("SELECT relowner::regrole::text FROM pg_class WHERE relname = 'items'")
    ) == (Ended(0, "", ""))
    assert database.execute(FUNCTIONS) == []
    downgrade(given_away)
    assert rows_hold(database, old) == 20


def test_a_downgrade_does_not_go_by_the_trigger_of_a_former_owner(
    database: Database, attacker: Attacker, given_away: Database
) -> None:
    # As after a hand-over by an administrator's own statements.
    keeper = f"{attacker.name}_keeper"
    database.execute(f"ALTER SCHEMA migrator OWNER TO {keeper}")
    database.execute(f"GRANT {keeper} TO {attacker.name}; REASSIGN OWNED BY {attacker.name} TO {keeper}")
    database.execute(
        f"ALTER FUNCTION migrator.capture_1() OWNER TO {attacker.name}; REVOKE {keeper} FROM {attacker.name}"
    )
    at(database, REVISION)
    assert "is of a former owner of the table" in roll_back(given_away).err
    with pytest.raises(Refused) as refused:
        downgrade(given_away)
    assert refused.value.code == "capture-of-another-owner"
    assert "DROP FUNCTION migrator.capture_1() CASCADE" in refused.value.remedy
    with connect(given_away.address) as connection:
        found = examine_column(connection, None, "items", "embedding").found
    assert refused.value.problem in [each.fact for each in found if each.level == "error"]
    given_away.execute("DROP FUNCTION migrator.capture_1() CASCADE")
    downgrade(given_away)
    assert rows_hold(database, old) == 20


def test_who_may_run_programs_does_not_roll_another_roles_table_back(database: Database, attacker: Attacker) -> None:
    """By hand neither: a function of the table's owner would run them."""
    member = f"{attacker.name}_runs"
    upgrade(database.as_role(attacker.name))
    at(database, REVISION)
    database.execute(f"CREATE ROLE {member} LOGIN IN ROLE {attacker.name}, pg_execute_server_program")
    database.execute(f"ALTER TABLE alembic_version OWNER TO {attacker.name}")
    stopped = roll_back(database.as_role(member))
    assert (stopped.code, f"or the ledger belongs to {attacker.name}" in stopped.err) == (3, True)
    database.execute(f"REVOKE pg_execute_server_program FROM {member}")
    assert roll_back(database.as_role(member)).code == 0
    assert rows_hold(database, old) == 20
