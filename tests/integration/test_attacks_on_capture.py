"""What roles that may write to the table, or make functions, try with the capture trigger, from fill to retire."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrator.change import VectorColumn, Verify
from migrator.commands import runner
from migrator.errors import Refused, Stopped
from migrator.postgres.address import Address
from migrator.postgres.connection import Connection
from migrator.runtime.context import Options
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import nulls, rows_hold
from tests.support.running import BATCH, REVISION, downgrade, upgrade, upgrade_until
from tests.support.tables import CHANGE, items

SHADOW = "migrator_shadow_1"
ROLES = ("test_owner", "test_deployer", "test_planter", "test_tenant", "test_writer")


@pytest.fixture(autouse=True)
def roles(database: Database) -> None:
    for role in ROLES:
        database.execute(f"""
            DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
        """)


@contextmanager
def session_of(database: Database, role: str) -> Iterator[Connection]:
    """As if that role had connected itself: it cannot go back."""
    with database.connect() as connection:
        connection.execute(f"SET SESSION AUTHORIZATION {role}".encode())
        yield connection


# ---- names: nobody else decides what a text calls ----------------------------------------------------------------

PLANTED = {
    "function": (
        "upper(body)",
        "CREATE FUNCTION public.upper(varchar) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN "
        "EXECUTE 'INSERT INTO caught VALUES (current_user)'; RETURN 'planted'; END$$",
    ),
    "operator": (
        "body || '.'",
        "CREATE FUNCTION public.planted(varchar, text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN "
        "EXECUTE 'INSERT INTO caught VALUES (current_user)'; RETURN 'planted'; END$$; "
        "CREATE OPERATOR public.|| (FUNCTION = public.planted, LEFTARG = varchar, RIGHTARG = text)",
    ),
}


@pytest.mark.parametrize("database", [18, 16], indirect=True)
@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("stop", ["fill", "settle"])
def test_what_is_planted_in_the_search_path_is_not_called(database: Database, what: str, stop: str) -> None:
    text, plant = PLANTED[what]
    items(database, 20)
    database.execute("ALTER TABLE items ALTER COLUMN body TYPE varchar")
    database.execute("CREATE TABLE caught (who text); GRANT INSERT ON caught TO PUBLIC")
    change = dataclasses.replace(CHANGE, text=text, from_text="body")
    if stop == "settle":
        upgrade(database, change)
    else:
        upgrade_until(database, stop, change)
    database.execute("GRANT CREATE ON SCHEMA public TO test_planter")
    database.execute("GRANT SELECT, INSERT, UPDATE ON items TO test_planter")
    with session_of(database, "test_planter") as planter:
        planter.execute(plant.encode())
        planter.execute("UPDATE items SET body = 'edited' WHERE id = 1")
    assert database.execute("SELECT * FROM caught") == []
    database.execute("DROP OWNED BY test_planter")
    if stop == "fill":
        upgrade(database, change)
        assert database.execute("SELECT * FROM caught") == []
        assert rows_hold(database, new, text=text.replace("upper", "pg_catalog.upper").replace("||", "::text ||")) == 20


def test_what_a_run_alone_evaluates_calls_nothing_planted_meanwhile(database: Database, tmp_path: Path) -> None:
    """priority= and relevant= of a run that goes on: refused while others may plant, and qualified all along."""
    items(database, 20)
    called = database.value("SELECT quote_ident(current_database())")
    database.execute(f"GRANT CREATE ON DATABASE {called} TO test_owner; GRANT CREATE ON SCHEMA public TO test_owner")
    database.execute("ALTER TABLE items ALTER COLUMN body TYPE varchar, OWNER TO test_owner")
    address = database.as_role("test_owner").address
    database.execute("CREATE TABLE caught (who text); GRANT INSERT ON caught TO PUBLIC")
    (tmp_path / "questions.jsonl").write_text('{"query": "text 3", "relevant": ["TEXT 3"]}\n')
    verify = Verify(queries="questions.jsonl", relevant="upper(body)", max_regression=1.0)
    change = dataclasses.replace(CHANGE, priority="upper(body) > 'TEXT 15'", verify=verify)
    options = Options(project=tmp_path, stop_after="backup")
    with pytest.raises(Stopped):
        runner.upgrade(address, REVISION, [change], options)
    database.execute("GRANT CREATE ON SCHEMA public TO test_planter")
    with session_of(database, "test_planter") as planter:
        planter.execute(PLANTED["function"][1].encode())
    going_on = Options(project=tmp_path)
    with pytest.raises(Refused) as refused:
        runner.upgrade(address, REVISION, [change], going_on)
    assert refused.value.code == "open-schema"
    database.execute("REVOKE CREATE ON SCHEMA public FROM test_planter")
    # It is there still, and called like PostgreSQL's own.
    with pytest.raises(Refused) as refused:
        runner.upgrade(address, REVISION, [change], going_on)
    assert refused.value.code == "open-schema"
    database.execute("ALTER FUNCTION public.upper(varchar) OWNER TO test_owner")
    runner.upgrade(address, REVISION, [change], going_on)
    assert database.execute("SELECT * FROM caught") == []
    assert rows_hold(database, new) == 20


MAY_CREATE = {
    "everybody": "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "a role": "GRANT CREATE ON SCHEMA public TO test_planter",
    "a member": "GRANT CREATE ON SCHEMA public TO pg_monitor; GRANT pg_monitor TO test_planter",
    "its owner": "ALTER SCHEMA public OWNER TO test_planter; REVOKE CREATE ON SCHEMA public FROM test_planter",
    "the database's owner": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO test_planter', "
    "current_database()); END $$",
}


@pytest.mark.parametrize("how", MAY_CREATE)
def test_a_search_path_that_others_may_write_is_refused(database: Database, how: str) -> None:
    items(database, 20)
    called = database.value("SELECT quote_ident(current_database())")
    database.execute(f"GRANT CREATE ON DATABASE {called} TO test_owner; GRANT CREATE ON SCHEMA public TO test_owner")
    database.execute("ALTER TABLE items OWNER TO test_owner")
    database.execute(MAY_CREATE[how])
    before = database.versions()
    try:
        with pytest.raises(Refused) as refused:
            upgrade(database.as_role("test_owner"))
        # A superuser takes no name from there for whatever it does.
        with pytest.raises(Refused) as to_superuser:
            upgrade(database)
    finally:
        database.execute("REVOKE pg_monitor FROM test_planter")
    assert (refused.value.code, to_superuser.value.code) == ("open-schema", "schemas-of-lesser-roles")
    assert database.versions() == before


def test_a_schema_of_the_path_that_the_tables_owner_and_its_members_may_write(database: Database) -> None:
    items(database, 20)
    database.execute("GRANT test_owner TO test_writer; GRANT CREATE ON SCHEMA public TO test_owner, test_writer")
    database.execute(
        "ALTER TABLE items OWNER TO test_owner; GRANT CREATE ON DATABASE {} TO test_owner".format(
            database.value("SELECT quote_ident(current_database())")
        )
    )
    try:
        plan = runner.plan_upgrade(database.as_role("test_owner").address, REVISION, [CHANGE], Options())
    finally:
        database.execute("REVOKE test_owner FROM test_writer")
    assert [each.code for each in plan.hazards if each.refuses] == []


SAME = """
CREATE SCHEMA app;
CREATE FUNCTION app.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE
AS 'SELECT lower($1) OPERATOR(pg_catalog.=) lower($2)';
CREATE OPERATOR app.= (FUNCTION = app.same, LEFTARG = text, RIGHTARG = text);
"""
BY_APP = "app, pg_catalog, public"


@pytest.mark.parametrize(
    "text",
    [
        "NULLIF(body, 'TEXT 3')",
        "CASE body WHEN 'TEXT 3' THEN 'three' ELSE body END",
        "CASE WHEN body IS DISTINCT FROM 'TEXT 3' THEN body END",
        "(SELECT a.body FROM items a JOIN items b USING (body) LIMIT 1)",
    ],
)
def test_an_operator_that_only_the_search_path_finds_is_refused(database: Database, text: str) -> None:
    items(database, 20)
    database.execute(SAME)
    address = dataclasses.replace(database.address, search_path=BY_APP)
    before = database.versions()
    with pytest.raises(Refused) as refused:
        runner.plan_upgrade(address, REVISION, [dataclasses.replace(CHANGE, text=text, from_text="body")], Options())
    assert refused.value.code == "operator-by-search-path"
    assert database.versions() == before


def test_an_operator_is_kept_with_its_schema(database: Database) -> None:
    items(database, 20)
    database.execute(SAME.replace("app.=", "app.=="))
    address = dataclasses.replace(database.address, search_path=BY_APP)
    change = dataclasses.replace(CHANGE, text="CASE WHEN body == 'TEXT 3' THEN 'three' ELSE body END", from_text="body")
    with pytest.raises(Stopped):
        runner.upgrade(address, REVISION, [change], Options(stop_after="fill", batch_size=BATCH))
    database.execute("UPDATE items SET body = 'Text 3' WHERE id = 9")
    assert nulls(database, column=SHADOW) == []
    runner.upgrade(address, REVISION, [change], Options(batch_size=BATCH))
    assert rows_hold(database, new, text="CASE WHEN lower(body) = 'text 3' THEN 'three' ELSE body END") == 20


def test_a_generated_column_whose_operator_only_the_search_path_finds(database: Database) -> None:
    items(database, 20)
    database.execute(SAME)
    database.execute(
        f"SET search_path = {BY_APP}; "
        "ALTER TABLE items ADD COLUMN cleaned text GENERATED ALWAYS AS (NULLIF(body, 'TEXT 3')) STORED"
    )
    with pytest.raises(Refused) as refused:
        upgrade(database, dataclasses.replace(CHANGE, text="cleaned", from_text="body"))
    assert refused.value.code == "generated-by-search-path"


def test_a_function_that_looks_names_up_by_the_search_path(database: Database) -> None:
    items(database, 20)
    for statement in (
        "CREATE FUNCTION trimmed(body text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT btrim(body)'",
        "CREATE FUNCTION told(body text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN trimmed(body); END'",
    ):
        database.execute(statement)
    change = dataclasses.replace(CHANGE, text="told(body)", from_text="body")
    with pytest.raises(Refused) as refused:
        upgrade(database, change)
    assert refused.value.code == "function-by-search-path"
    remedy = refused.value.remedy.partition(": ")[2].partition(";")[0]
    database.execute(remedy)
    upgrade_until(database, "fill", change)
    database.execute("UPDATE items SET body = ' text 7 ' WHERE id = 3")
    assert nulls(database, column=SHADOW) == []
    upgrade(database, change)
    assert rows_hold(database, new, text="btrim(body)") == 20


# ---- the mark of the fill -----------------------------------------------------------------------------------------

FORGED = {
    "on": "SET migrator.fill = 'on'",
    "watched": "SET migrator.fill = 'watched'",
    "the transaction": "SELECT set_config('migrator.fill', pg_current_xact_id()::text, true)",
    "watched transaction": "SELECT set_config('migrator.fill', 'watched ' || pg_current_xact_id(), true)",
}


@pytest.mark.parametrize("how", FORGED)
@pytest.mark.parametrize("stop", ["fill", "cut-over"])
def test_no_other_role_is_taken_for_migrator(database: Database, how: str, stop: str) -> None:
    items(database, 20)
    database.execute("GRANT SELECT, INSERT, UPDATE ON items TO test_writer")
    upgrade_until(database, stop)
    with session_of(database, "test_writer") as writer:
        writer.execute("BEGIN")
        writer.execute(FORGED[how].encode())
        writer.execute("UPDATE items SET body = 'stale' WHERE id = 3")
        writer.execute("COMMIT")
    upgrade(database)
    assert rows_hold(database, new) == 20
    downgrade(database)
    assert rows_hold(database, old) == 20


def test_a_default_of_the_database_is_not_taken_for_the_mark(database: Database) -> None:
    """Whoever owns the database can set one, for the sessions of the table's owner too."""
    items(database, 20)
    upgrade_until(database, "fill")
    called = database.value("SELECT quote_ident(current_database())")
    for value in ("on", "watched", "", "1"):
        database.execute(f"ALTER DATABASE {called} SET migrator.fill = '{value}'")
        with database.connect() as writer:
            writer.execute(b"UPDATE items SET body = 'not stale ' || current_setting('migrator.fill') WHERE id = 3")
        assert nulls(database, column=SHADOW) == [3]
    upgrade(database)
    assert rows_hold(database, new) == 20


@pytest.mark.parametrize("online", [False, True], ids=["window", "online"])
def test_the_fill_is_not_looked_at_by_capture(database: Database, online: bool) -> None:
    """Nor are the writes of later phases, in other sessions of migrator."""
    items(database, 40)
    called = database.value("SELECT quote_ident(current_database())")
    database.execute(f"ALTER DATABASE {called} SET track_functions = 'pl'")
    options = Options(stop_after="fill", batch_size=BATCH, online=online)
    with pytest.raises(Stopped):
        runner.upgrade(database.address, REVISION, [CHANGE], options)
    assert calls(database) == 0
    database.execute("UPDATE items SET body = 'one more' WHERE id = 3")
    database.execute(f"UPDATE items SET {SHADOW} = NULL WHERE id = 5")
    looked = calls(database)
    assert looked > 0
    upgrade(database, online=online)
    assert rows_hold(database, new) == 40
    assert calls(database) == looked


def calls(database: Database) -> int:
    """Of the capture function, by sessions that have ended."""
    database.end_session()
    statement = "SELECT coalesce(pg_stat_get_function_calls('migrator.capture_1'::regproc), 0)"
    others = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    with database.connect() as connection:
        # A session writes down what it counted while it ends, and is listed until it has.
        while connection.execute(others.encode()).fetchone():
            pass
        (found,) = connection.execute(statement.encode()).fetchone() or (0,)
    return int(found)


# ---- whose rights --------------------------------------------------------------------------------------------------


def of_an_owner(database: Database) -> Address:
    """items belongs to test_owner; migrator works as test_deployer, a member of it, whose the ledger is."""
    items(database, 20)
    database.execute("CREATE SCHEMA app AUTHORIZATION test_owner; ALTER TABLE items OWNER TO test_owner")
    database.execute("ALTER TABLE items SET SCHEMA app; GRANT test_owner TO test_deployer")
    database.execute(
        "GRANT USAGE ON SCHEMA app TO test_writer; GRANT SELECT, INSERT, UPDATE ON app.items TO test_writer"
    )
    called = database.value("SELECT quote_ident(current_database())")
    database.execute(f"GRANT CREATE, TEMPORARY ON DATABASE {called} TO test_deployer")
    return database.as_role("test_deployer").address


OF_OWNER = dataclasses.replace(CHANGE, schema="app")
GIVEN = """
SELECT DISTINCT made || ' ' || privilege_type FROM (
  SELECT 'schema' AS made, nspacl AS acl FROM pg_namespace WHERE nspname = 'migrator'
  UNION ALL SELECT relname, relacl FROM pg_class WHERE relnamespace = 'migrator'::regnamespace
  UNION ALL SELECT proname, proacl FROM pg_proc WHERE pronamespace = 'migrator'::regnamespace) AS found, aclexplode(acl)
WHERE grantee = 'test_owner'::regrole AND made <> 'capture_1' ORDER BY 1
"""


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_capture_belongs_to_the_tables_owner(database: Database) -> None:
    address = of_an_owner(database)
    with pytest.raises(Stopped):
        runner.upgrade(address, REVISION, [OF_OWNER], Options(stop_after="fill", batch_size=BATCH))
    assert database.value("SELECT proowner::regrole::text FROM pg_proc WHERE proname = 'capture_1'") == "test_owner"
    assert database.value("SELECT proowner::regrole::text FROM pg_proc WHERE proname = 'lookup_1'") == "test_deployer"
    given = [each for (each,) in database.execute(GIVEN)]
    assert given == ["edited_1 USAGE", "lookup_1 EXECUTE", "missed_1 USAGE", "schema USAGE"]
    with session_of(database, "test_writer") as writer:
        writer.execute("UPDATE app.items SET body = 'text 9' WHERE id < 3")
        writer.execute("UPDATE app.items SET body = 'other' WHERE id = 3")
    assert nulls(database, table="app.items", column=SHADOW) == [3]
    runner.upgrade(address, REVISION, [OF_OWNER], Options(batch_size=BATCH))
    assert rows_hold(database, new, table="app.items") == 20
    with session_of(database, "test_writer") as writer:
        writer.execute("UPDATE app.items SET body = 'again' WHERE id = 4")
    runner.restore(address, REVISION, [VectorColumn("items", "embedding", "app")], Options(batch_size=BATCH))
    assert rows_hold(database, old, table="app.items") == 20
    assert database.execute(GIVEN) == []
    assert database.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'migrator'::regnamespace") == []


def test_the_tables_owner_cannot_read_what_is_migrators(database: Database) -> None:
    address = of_an_owner(database)
    with pytest.raises(Stopped):
        runner.upgrade(address, REVISION, [OF_OWNER], Options(stop_after="fill", batch_size=BATCH))
    with session_of(database, "test_owner") as owner:
        may = (
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v', 'S')"
            " AND CASE relkind WHEN 'S' THEN has_sequence_privilege(oid, 'SELECT, UPDATE') "
            "ELSE has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE') END"
        )
        assert owner.execute(may.encode()).fetchone() == (0,)
        assert owner.execute("SELECT has_schema_privilege('migrator', 'CREATE')").fetchone() == (False,)


def test_a_member_that_may_not_take_the_owners_role_is_refused(database: Database) -> None:
    address = of_an_owner(database)
    database.execute("REVOKE test_owner FROM test_deployer")
    database.execute("GRANT test_owner TO test_deployer WITH SET FALSE, INHERIT TRUE")
    try:
        with pytest.raises(Refused) as refused:
            runner.upgrade(address, REVISION, [OF_OWNER], Options())
    finally:
        database.execute("REVOKE test_owner FROM test_deployer")
    assert refused.value.code == "may-not-become-owner"


def test_nobody_but_the_tables_owner_looks_vectors_up(database: Database) -> None:
    items(database, 20)
    upgrade_until(database, "fill")
    database.execute("GRANT USAGE ON SCHEMA migrator TO test_planter")
    with session_of(database, "test_planter") as planter:
        for function in ("migrator.lookup_1(bytea)", "migrator.capture_1()"):
            allowed = planter.execute("SELECT has_function_privilege(%s, 'EXECUTE')", (function,)).fetchone()
            assert allowed == (False,)


# ---- an oracle -------------------------------------------------------------------------------------------------------

TENANTS = """
ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL;
ALTER TABLE items ADD COLUMN tenant text NOT NULL DEFAULT 'other';
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON items USING (tenant = current_user);
GRANT SELECT, INSERT, UPDATE ON items TO test_tenant;
"""
INSERT = "INSERT INTO {} (id, body, tenant) VALUES (1000, 'text 7', 'test_tenant'), (1001, 'not there', 'test_tenant')"
BY_FUNCTION = """
CREATE FUNCTION written() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    INSERT INTO items (id, body, tenant) VALUES (1000, 'text 7', 'test_tenant'), (1001, 'not there', 'test_tenant') $$
"""
BY_VIEW = """
ALTER TABLE items DISABLE ROW LEVEL SECURITY; REVOKE ALL ON items FROM test_tenant;
CREATE VIEW own WITH (security_barrier) AS SELECT * FROM items WHERE tenant = current_user;
GRANT SELECT, INSERT, UPDATE ON own TO test_tenant
"""
WRITES = {
    "insert": (TENANTS, INSERT.format("items"), "items"),
    "update": (
        TENANTS + "INSERT INTO items (id, body, tenant) VALUES (1000, 'a', 'test_tenant'), (1001, 'b', 'test_tenant')",
        "UPDATE items SET body = CASE id WHEN 1000 THEN 'text 7' ELSE 'not there' END",
        "items",
    ),
    "function": (TENANTS + BY_FUNCTION, "SELECT written()", "items"),
    "view": (TENANTS + BY_VIEW, INSERT.format("own"), "own"),
}


@pytest.mark.parametrize("stop", ["fill", "cut-over"])
@pytest.mark.parametrize("write", WRITES)
def test_a_tenant_does_not_learn_whether_another_has_a_text(database: Database, write: str, stop: str) -> None:
    prepared, statement, table = WRITES[write]
    items(database, 20)
    database.execute(prepared)
    upgrade_until(database, stop)
    target = SHADOW if stop == "fill" and table == "items" else "embedding"
    with session_of(database, "test_tenant") as tenant:
        tenant.execute(statement.encode())
        seen = tenant.execute(f"SELECT id FROM {table} WHERE {target} IS NOT NULL".encode()).fetchall()
    assert seen == []
    # Whoever sees all rows has it at once.
    database.execute("INSERT INTO items (id, body) VALUES (2000, 'text 7')")
    assert nulls(database, column=SHADOW if stop == "fill" else "embedding") == [1000, 1001]
    upgrade(database)
    assert rows_hold(database, new) == 23
