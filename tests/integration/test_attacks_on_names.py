"""What a role that may create in the search path plants there after the upgrade, for others to call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migrator.commands import runner
from migrator.commands.backfill import backfill
from migrator.commands.status import UnreadableColumn, read_status
from migrator.commands.verify import verify_live
from migrator.errors import Refused
from migrator.runtime.context import Options
from tests.integration.test_manual_rollback import at, refused, roll_back
from tests.models import old
from tests.support.attacker import Attacker
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import REVISION, abandon, downgrade, retire, upgrade
from tests.support.tables import CHANGE, items

# Taken for PostgreSQL's own by statements of migrator's and of the manual rollback, whose types they fit better.
LIKE_OWN = """
CREATE FUNCTION public.same(oid, regclass) RETURNS boolean LANGUAGE plpgsql AS
    $$BEGIN PERFORM {schema}.gain(); RETURN $1 OPERATOR(pg_catalog.=) $2::oid; END$$;
CREATE OPERATOR public.= (FUNCTION = public.same, LEFTARG = oid, RIGHTARG = regclass);
CREATE FUNCTION public.format(text, text, text) RETURNS text LANGUAGE plpgsql AS
    $$BEGIN PERFORM {schema}.gain(); RETURN pg_catalog.format($1, $2, $3); END$$
"""
COMMANDS: dict[str, Callable[[Database], object]] = {
    "verify": lambda owner: verify_live(owner.address, Options()),
    "backfill": lambda owner: backfill(owner.address, Options()),
    "dry run": lambda owner: runner.plan_upgrade(owner.address, "3", [CHANGE], Options()),
    "downgrade": downgrade,
    "abandon": abandon,
    "retire": retire,
}


def planted(database: Database) -> Attacker:
    attacker = Attacker.made(database)
    database.execute(f"GRANT USAGE ON SCHEMA {attacker.name} TO PUBLIC")
    database.execute(f"GRANT CREATE ON SCHEMA public TO {attacker.name}")
    attacker.run(LIKE_OWN)
    attacker.forget()
    return attacker


def test_no_command_calls_what_is_planted_after_the_upgrade(database: Database) -> None:
    items(database, 20)
    called = database.value("SELECT current_database()")
    for statement in (
        f"CREATE ROLE {called}_owner LOGIN",
        f"GRANT CREATE ON DATABASE {called} TO {called}_owner",
        f"GRANT CREATE ON SCHEMA public TO {called}_owner",
        f"ALTER TABLE items OWNER TO {called}_owner",
    ):
        database.execute(statement)
    owner = database.as_role(f"{called}_owner")
    upgrade(owner)
    attacker = planted(database)
    for may_create in (True, False):
        for command, run in COMMANDS.items():
            with pytest.raises(Refused) as error:
                run(owner)
            assert (error.value.code, attacker.gained()) == ("open-schema", []), command
        (column,) = read_status(owner.address).columns
        assert isinstance(column, UnreadableColumn)
        assert "others may create functions" in column.unreadable
        assert attacker.gained() == []
        if may_create:
            attacker.may_not_create()
    database.execute(f"DROP OWNED BY {attacker.name}")
    downgrade(owner)
    assert rows_hold(database, old) == 20


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_the_manual_rollback_calls_nothing_planted(database: Database) -> None:
    items(database, 20)
    upgrade(database)
    at(database, REVISION)
    attacker = planted(database)
    stopped = "others may create functions where names are looked up, or have done so: schema public"
    assert (stopped in refused(roll_back(database)), attacker.gained()) == (True, [])
    # It is there still.
    attacker.may_not_create()
    assert (stopped in refused(roll_back(database)), attacker.gained()) == (True, [])
    database.execute("DROP OPERATOR public.= (oid, regclass); DROP FUNCTION public.format(text, text, text)")
    assert roll_back(database).code == 0
    assert (rows_hold(database, old), attacker.gained()) == (20, [])
