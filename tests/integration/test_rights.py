"""Whose code would run is found in the catalog, in whatever way a table comes to call it."""

from __future__ import annotations

import pytest

from migrator import hazards
from migrator.catalog import read_ledger_schema, rights
from migrator.hazards import Hazard
from migrator.postgres.address import Address
from migrator.postgres.connection import connect
from migrator.postgres.sql import name
from tests.support.attacker import PLANTED, Attacker
from tests.support.database import Database
from tests.support.tables import items

ITEMS = name("public", "items")
# What reads the table, or is read by it, and is made anew or parsed at work.
BESIDES = {
    "policy of another table": "CREATE TABLE others (id int); "
    "CREATE POLICY {called} ON others USING ({schema}.guard('') AND id IN (SELECT items.id FROM items))",
    "materialized view": "CREATE MATERIALIZED VIEW near AS SELECT embedding FROM items WHERE {schema}.guard(note)",
    "operator": "CREATE OPERATOR public.~~~ (FUNCTION = {schema}.guard, RIGHTARG = text); "
    "ALTER TABLE items ADD CHECK (~~~ note) NOT VALID",
    "type in a type": "CREATE TYPE public.pair AS (a {schema}.checked[], b int); "
    "ALTER TABLE items ADD COLUMN pair public.pair",
    "called by a function": "CREATE FUNCTION public.mine(text) RETURNS boolean LANGUAGE sql IMMUTABLE "
    "AS 'SELECT {schema}.guard($1)'; ALTER TABLE items ADD CHECK (public.mine(note)) NOT VALID",
    "called by a parsed body": "CREATE FUNCTION public.mine(text) RETURNS boolean LANGUAGE sql IMMUTABLE "
    "RETURN {schema}.guard($1); ALTER TABLE items ADD CHECK (public.mine(note)) NOT VALID",
    "child table": "CREATE TABLE children (CHECK ({schema}.guard(note))) INHERITS (items)",
    "event trigger": "CREATE FUNCTION {schema}.told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
    "ALTER FUNCTION {schema}.told() OWNER TO {schema}; "
    "CREATE EVENT TRIGGER {called} ON ddl_command_end EXECUTE FUNCTION {schema}.told()",
}


@pytest.fixture
def attacker(database: Database) -> Attacker:
    items(database, 5)
    return Attacker.made(database)


def found(database: Database, address: Address | None = None) -> list[Hazard]:
    with connect(address or database.address) as connection:
        return rights.examine(connection, ITEMS)


@pytest.mark.parametrize("kind", [*PLANTED, *BESIDES])
def test_functions_of_others_are_found(database: Database, attacker: Attacker, kind: str) -> None:
    assert found(database) == []
    planted = (PLANTED | BESIDES)[kind].format(schema=attacker.name, called="planted")
    with database.connect() as connection:
        connection.execute(planted.encode())
    attacker.forget()
    (hazard,) = found(database)
    assert (hazard.code, hazard.refuses, attacker.gained()) == ("functions-of-lesser-roles", True, [])
    assert f'of "{attacker.name}"' in hazard.problem


def test_functions_of_a_predefined_role_are_found(database: Database, attacker: Attacker) -> None:
    """The owner of a database may give functions to pg_database_owner."""
    database.execute(f"ALTER FUNCTION {attacker.name}.fired() OWNER TO pg_database_owner")
    database.execute(f"DROP FUNCTION {attacker.name}.gain(), {attacker.name}.told(text)")
    database.execute(f"DROP DOMAIN {attacker.name}.checked; DROP FUNCTION {attacker.name}.guard(text)")
    attacker.plant("trigger")
    (hazard,) = found(database)
    assert (hazard.code, hazard.refuses, attacker.gained()) == ("functions-of-lesser-roles", True, [])
    assert 'of "pg_database_owner"' in hazard.problem


def as_role(database: Database, role: str, *, login: str | None = None) -> Address:
    """As that role, or as `login` that took it."""
    return Address(database.as_role(login or role).address.parameters, role=role if login else None)


def test_a_member_of_the_owner_is_warned(database: Database, attacker: Attacker) -> None:
    member = f"{attacker.name}_member"
    attacker.owns_items()
    database.execute(f"CREATE ROLE {member} LOGIN CREATEDB IN ROLE {attacker.name}, pg_read_all_data")
    assert found(database, as_role(database, attacker.name)) == []
    warned = [hazards.rights.owner_runs_code({"public.items": attacker.name}, member, ["pg_read_all_data", member])]
    assert found(database, as_role(database, member)) == warned
    # SET ROLE is undone by whoever likes.
    assert found(database, as_role(database, attacker.name, login=member)) == warned
    for unsafe in ("pg_execute_server_program", "pg_read_server_files"):
        database.execute(f"GRANT {unsafe} TO {member}")
    refused = hazards.rights.owner_has_fewer_rights(
        "public.items", attacker.name, True, member, ["pg_execute_server_program", "pg_read_server_files"]
    )
    on_path = Address(database.as_role(member).address.parameters, role=attacker.name, search_path="public")
    assert found(database, on_path) == [refused]
    # Who has such rights may lend them.
    for unsafe in ("pg_execute_server_program", "pg_read_server_files"):
        database.execute(f"GRANT {unsafe} TO {attacker.name}")
    assert found(database, as_role(database, member)) == warned


def test_a_member_of_a_superuser_is_one(database: Database, attacker: Attacker) -> None:
    member = f"{attacker.name}_dba"
    attacker.owns_items()
    database.execute("CREATE ROLE test_root SUPERUSER NOLOGIN")
    database.execute(f"CREATE ROLE {member} LOGIN IN ROLE {attacker.name}, test_root")
    try:
        refused = hazards.rights.owner_has_fewer_rights("public.items", attacker.name, True, member, ["superuser"])
        assert found(database, as_role(database, member)) == [refused]
    finally:
        database.execute("DROP ROLE test_root")


def test_functions_of_third_roles_are_named_to_an_owner(database: Database, attacker: Attacker) -> None:
    owner = f"{attacker.name}_owner"
    database.execute(f"CREATE ROLE {owner} LOGIN; GRANT USAGE ON SCHEMA {attacker.name} TO {owner}")
    attacker.plant("CHECK")
    database.execute(f"ALTER TABLE items OWNER TO {owner}")
    functions = {f"{attacker.name}.{each}": attacker.name for each in ("gain()", "guard(text)")}
    named = hazards.rights.functions_of_other_roles("work on public.items", functions, owner)
    assert found(database, as_role(database, owner)) == [named]


def test_a_partition_of_another_role(database: Database, attacker: Attacker) -> None:
    database.execute("CREATE TABLE children () INHERITS (items)")
    database.execute(f"ALTER TABLE children OWNER TO {attacker.name}")
    refused = hazards.rights.owner_has_fewer_rights("public.children", attacker.name, True, "postgres", ["superuser"])
    assert found(database) == [refused]


def test_the_ledger_is_worked_on_as_its_owner(database: Database, attacker: Attacker) -> None:
    keepers, member = f"{attacker.name}_keepers", f"{attacker.name}_member"
    database.execute(f"CREATE ROLE {keepers}; CREATE ROLE {member} LOGIN IN ROLE {keepers}")
    database.execute(f"CREATE SCHEMA migrator AUTHORIZATION {keepers}")

    def untrusted(address: Address) -> Hazard | None:
        with connect(address) as connection:
            return read_ledger_schema(connection).untrusted

    # What the member itself made would be the member's.
    assert untrusted(as_role(database, member)) == hazards.rights.ledger_of_another(keepers, False, member)
    assert untrusted(as_role(database, keepers, login=member)) is None
    superuser = hazards.rights.ledger_owner_has_fewer_rights(keepers, False, "postgres", ["superuser"])
    assert untrusted(database.address) == superuser
    # After SET ROLE too.
    assert untrusted(as_role(database, keepers, login="postgres")) == superuser
    database.execute("CREATE TABLE migrator.planted ()")
    strange = hazards.rights.ledger_with_others_objects(keepers, ['table migrator.planted of "postgres"'])
    assert untrusted(as_role(database, keepers, login=member)) == strange
