"""Promise 9: what migrator makes is its owner's alone, whatever default privileges say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator.commands import runner
from migrator.errors import Refused
from migrator.runtime.context import Options
from tests.support.database import Database
from tests.support.running import downgrade, upgrade, upgrade_until
from tests.support.tables import CHANGE, items

ROLES = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'test_nosy') THEN
        CREATE ROLE test_nosy;
    END IF;
END $$
"""


def opened(database: Database) -> list[tuple[str, str]]:
    """Every privilege that anyone but the owner has on migrator's schema, relations and functions."""
    return database.execute("""
        SELECT made, grantee || ' ' || privilege_type
        FROM (SELECT nspname AS made, nspowner AS owner, coalesce(nspacl, acldefault('n', nspowner)) AS acl
              FROM pg_namespace WHERE nspname = 'migrator'
              UNION ALL
              SELECT relname, relowner, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                                                    relowner))
              FROM pg_class WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v', 'S')
              UNION ALL
              SELECT proname, proowner, coalesce(proacl, acldefault('f', proowner))
              FROM pg_proc WHERE pronamespace = 'migrator'::regnamespace) AS found, aclexplode(acl)
        WHERE grantee <> owner ORDER BY 1, 2
    """)


@pytest.mark.parametrize("grantee", ["PUBLIC", "test_nosy"])
def test_promise_9_what_migrator_makes_is_readable_by_its_owner_alone(database: Database, grantee: str) -> None:
    items(database)
    database.execute(ROLES)
    for privilege in ("ALL ON TABLES", "ALL ON SEQUENCES", "ALL ON FUNCTIONS", "ALL ON SCHEMAS"):
        database.execute(f"ALTER DEFAULT PRIVILEGES GRANT {privilege} TO {grantee}")
    upgrade_until(database, "fill")
    assert opened(database) == []
    upgrade(database)
    assert opened(database) == []
    downgrade(database)
    assert opened(database) == []
    assert database.value("SELECT count(*) FROM pg_class WHERE relnamespace = 'migrator'::regnamespace") > 10


TOLD = """
CREATE FUNCTION trimmed(body text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT btrim(body)';
CREATE FUNCTION told(body text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public."trimmed" (body); END';
ALTER FUNCTION trimmed OWNER TO test_nosy
"""


def test_a_function_that_a_writer_may_replace_is_not_run_with_more_rights_than_his(database: Database) -> None:
    items(database, 20)
    database.execute(ROLES)
    database.execute(TOLD)
    called = database.value("SELECT current_database()")
    for statement in (
        f"CREATE ROLE {called}_owner",
        f"CREATE ROLE {called}_keeper LOGIN IN ROLE {called}_owner, test_nosy",
        f"GRANT CREATE ON DATABASE {called} TO {called}_keeper",
        f"GRANT ALL ON SCHEMA public TO {called}_keeper, {called}_owner",
        f"ALTER TABLE items OWNER TO {called}_owner",
        f"ALTER FUNCTION told OWNER TO {called}_keeper",
    ):
        database.execute(statement)
    keeper = database.as_role(f"{called}_keeper")
    change = replace(CHANGE, text="told(body)", from_text="body")
    schema = database.dump()
    with pytest.raises(Refused, match=r"public\.trimmed\(text\) \(of test_nosy\)") as refused:
        upgrade(keeper, change)
    assert refused.value.code == "text-functions-of-others"
    assert database.dump() == schema
    # Of the table's owner triggers run too, whoever writes.
    database.execute(f"REVOKE ALL ON SCHEMA public FROM {called}_owner; ALTER TABLE items OWNER TO test_nosy")
    (told,) = (
        each
        for each in runner.plan_upgrade(keeper.address, "2", [change], Options()).hazards
        if each.code == "text-functions-of-owner"
    )
    assert "public.trimmed(text)" in told.problem
