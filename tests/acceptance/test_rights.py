"""A superuser at work runs nobody else's code: who owns a table, a function or a ledger gains nothing by it."""

from __future__ import annotations

import json
import subprocess

import pytest

from migrator import hazards
from migrator.hazards import Hazard
from tests.support.attacker import PLANTED, Attacker
from tests.support.commands import Ended, migrator
from tests.support.project import ROOT, Project, change
from tests.support.tables import items

BOTH = pytest.mark.parametrize("database", [18, 16], indirect=True)
SUPERUSER = ["superuser"]
DOCTOR = ("doctor", "public.items.embedding")
REVISION = (
    *("revision", "-m", "another model", "--table", "items", "--column", "embedding", "--text", "body"),
    *("--to", "python:tests.models:new"),
)
# All that plan or change something where a revision is pending.
BEFORE = (("upgrade", "--dry-run"), ("upgrade", "--yes"), REVISION, DOCTOR)
# And after it.
AFTER = (("downgrade", "0001", "--dry-run"), ("downgrade", "0001", "--yes"), ("backfill",), ("verify",))


@pytest.fixture
def attacker(project: Project) -> Attacker:
    """A role of the same database; items and a revision for it are there."""
    items(project.database, 20)
    project.write(change())
    return Attacker.made(project.database)


def refused(hazard: Hazard) -> Ended:
    assert hazard.refuses
    return Ended(3, "", f"error: {hazard.refusal()}\n")


@BOTH
def test_a_superuser_on_the_table_of_a_lesser_role(attacker: Attacker) -> None:
    attacker.owns_items()
    attacker.plant(*PLANTED)
    error = refused(hazards.rights.owner_has_fewer_rights("public.items", attacker.name, True, "postgres", SUPERUSER))
    for command in BEFORE:
        ended = migrator(*command)
        assert (attacker.gained(), ended) == ([], error), command


def test_a_version_table_of_a_lesser_role(project: Project, attacker: Attacker) -> None:
    """What Alembic will record is tried, in a dry run too, and a trigger there would run."""
    project.database.execute(f"ALTER TABLE alembic_version OWNER TO {attacker.name}")
    project.database.execute(
        f"CREATE TRIGGER planted BEFORE INSERT OR UPDATE ON alembic_version "
        f"FOR EACH ROW EXECUTE FUNCTION {attacker.name}.fired()"
    )
    error = refused(
        hazards.rights.owner_has_fewer_rights("public.alembic_version", attacker.name, True, "postgres", SUPERUSER)
    )
    for command in BEFORE[:2]:
        ended = migrator(*command)
        assert (attacker.gained(), ended) == ([], error), command


@BOTH
def test_functions_of_a_lesser_role_on_a_superusers_table(attacker: Attacker) -> None:
    attacker.plant(*PLANTED)
    names = ("fired()", "guard(text)", "told(text)", "gain()")
    owners = {f"{attacker.name}.{each}": attacker.name for each in sorted(names)}
    error = refused(hazards.rights.functions_of_lesser_roles("work on public.items", owners, "postgres", SUPERUSER))
    for command in BEFORE:
        ended = migrator(*command)
        assert (attacker.gained(), ended) == ([], error), command


@pytest.mark.parametrize("argument", ["text", "where", "priority"])
def test_a_revision_that_calls_a_function_of_a_lesser_role(project: Project, attacker: Attacker, argument: str) -> None:
    # To plan such a call is to evaluate it.
    call = f"{attacker.name}.told('x')"
    project.write(change(**{argument: repr(f"{call} = 'x'" if argument == "where" else f"body || {call}")}))
    owners = {f"{attacker.name}.{each}": attacker.name for each in ("gain()", "told(text)")}
    work = "what a revision says of public.items"
    error = refused(hazards.rights.functions_of_lesser_roles(work, owners, "postgres", SUPERUSER))
    for command in BEFORE[:2]:
        ended = migrator(*command)
        assert (attacker.gained(), ended) == ([], error), command
    ended = migrator(*REVISION, "--from", "python:tests.models:old", "--where", f"{call} = 'x'")
    assert (attacker.gained(), ended) == ([], error)


def test_a_function_that_a_schemas_owner_replaced(project: Project, attacker: Attacker) -> None:
    mine = f"CREATE FUNCTION {attacker.name}.mine(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'"
    project.database.execute(mine)
    project.write(change(text=repr(f"{attacker.name}.mine(body)")))
    assert project.upgraded().code == 0
    # The capture trigger would call it too.
    assert migrator("retire", "--yes").code == 0
    attacker.run("DROP FUNCTION {schema}.mine; ALTER FUNCTION {schema}.told RENAME TO mine")
    owners = {f"{attacker.name}.{each}": attacker.name for each in ("gain()", "mine(text)")}
    work = "what a revision says of public.items"
    hazard = hazards.rights.functions_of_lesser_roles(work, owners, "postgres", SUPERUSER)
    for command in (("verify",), ("backfill",)):
        ended = migrator(*command)
        assert (attacker.gained(), ended) == ([], refused(hazard)), command
    (column,) = json.loads(migrator("status", "--json").out)["columns"]
    assert (attacker.gained(), column["unreadable"]) == ([], f"{hazard.problem}; {hazard.remedy}")


@BOTH
def test_a_superuser_meets_the_ledger_of_a_lesser_role_as_data(
    project: Project, attacker: Attacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    attacker.owns_items()
    attacker.may_work()
    monkeypatch.setenv("DATABASE_URL", project.database.as_role(attacker.name).url)
    assert project.upgraded().code == 0
    # The owner writes into its ledger what others are to run.
    for place in ("{change,text}", "{change,where}"):
        told = f"{attacker.name}.told(body) || body" if "text" in place else f"{attacker.name}.guard('')"
        attacker.run(f"UPDATE migrator.change SET change = jsonb_set(change, '{{{{{place[8:-1]}}}}}', '\"{told}\"')")
    attacker.run(
        "CREATE OR REPLACE VIEW migrator.registry AS SELECT table_schema, table_name, column_name, "
        "CASE WHEN {schema}.gain() THEN '' END AS model, 1 AS dimensions, change -> 'to' AS declared, "
        "''::text AS scope, id AS change_id FROM migrator.change"
    )
    attacker.forget()
    attacker.may_not_create()
    monkeypatch.setenv("DATABASE_URL", project.database.url)
    hazard = hazards.rights.ledger_owner_has_fewer_rights(attacker.name, True, "postgres", SUPERUSER)
    for command in (*AFTER, REVISION, ("abandon", "--yes"), ("retire", "--yes")):
        ended = migrator(*command)
        assert (attacker.gained(), ended) == ([], refused(hazard)), command
    about_table = hazards.rights.owner_has_fewer_rights("public.items", attacker.name, True, "postgres", SUPERUSER)
    assert migrator(*DOCTOR) == refused(about_table)
    found = json.loads(migrator("doctor", "--json").out)["findings"]
    assert {"level": "error", "subject": "server", "fact": hazard.problem, "remedy": hazard.remedy} in found
    (column,) = json.loads(migrator("status", "--json").out)["columns"]
    assert column["unreadable"] == f"{hazard.problem}; {hazard.remedy}"
    assert (column["column"], "in_scope" in column) == ("public.items.embedding", False)
    assert attacker.gained() == []
    # What is refused to others its owner can do.
    attacker.may_work()
    attacker.run("UPDATE migrator.change SET change = change - 'where' || '{{\"text\": \"body\"}}'")
    monkeypatch.setenv("DATABASE_URL", project.database.as_role(attacker.name).url)
    assert project.downgraded().code == 0


@BOTH
def test_a_ledger_that_was_planted(project: Project, attacker: Attacker) -> None:
    attacker.may_work()
    attacker.may_not_create()
    attacker.run("CREATE SCHEMA migrator; CREATE TABLE migrator.ledger_version (version int)")
    attacker.run("CREATE VIEW migrator.run AS SELECT {schema}.gain() AS state, 1 AS id")
    attacker.run("CREATE TABLE migrator.change (id {schema}.checked DEFAULT {schema}.told('x'))")
    attacker.run("CREATE TRIGGER seen BEFORE INSERT ON migrator.change EXECUTE FUNCTION {schema}.fired()")
    attacker.run("CREATE TABLE migrator.phase (CHECK ({schema}.guard('')))")
    attacker.run("ALTER TABLE migrator.phase ENABLE ROW LEVEL SECURITY")
    attacker.run("CREATE POLICY seen ON migrator.phase USING ({schema}.gain())")
    attacker.run("CREATE RULE seen AS ON UPDATE TO migrator.phase DO ALSO SELECT {schema}.gain()")
    attacker.run("CREATE TABLE migrator.model () INHERITS (migrator.phase)")
    attacker.forget()
    error = refused(hazards.rights.ledger_owner_has_fewer_rights(attacker.name, True, "postgres", SUPERUSER))
    for command in (("upgrade", "--dry-run"), ("upgrade", "--yes"), ("verify",), ("backfill",)):
        ended = migrator(*command)
        assert (attacker.gained(), ended) == ([], error), command
    schema = attacker.name
    planted = [
        f"constraint phase_check on table migrator.model with function {schema}.guard(text)",
        f"constraint phase_check on table migrator.phase with function {schema}.guard(text)",
        f"default value for column id of table migrator.change with function {schema}.told(text)",
        f"default value for column id of table migrator.change with type {schema}.checked",
        "policy seen on table migrator.phase",
        "rule seen on table migrator.phase",
        f"table migrator.change with type {schema}.checked",
        "table migrator.model with inheritance",
        "table migrator.phase with inheritance",
        "table migrator.phase with row-level security",
        "trigger seen on table migrator.change",
        "view migrator.run",
    ]
    ended = migrator("status")
    assert (attacker.gained(), ended) == ([], refused(hazards.rights.ledger_with_others_objects(schema, planted)))
    assert project.database.value("SELECT count(*) FROM migrator.ledger_version") == 0


@BOTH
def test_a_table_that_was_given_away_since(
    project: Project, attacker: Attacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.upgraded().code == 0
    attacker.owns_items()
    attacker.plant(*PLANTED)
    hazard = hazards.rights.owner_has_fewer_rights("public.items", attacker.name, True, "postgres", SUPERUSER)
    for command in (*AFTER, REVISION, DOCTOR, ("retire", "--yes"), ("retire", "--keep-backups", "--yes")):
        ended = migrator(*command)
        assert (attacker.gained(), ended) == ([], refused(hazard)), command
    (column,) = json.loads(migrator("status", "--json").out)["columns"]
    assert column["unreadable"] == f"{hazard.problem}; {hazard.remedy}"
    assert attacker.gained() == []
    done = by_hand(project, "manual_rollback.sql", table="items", column="embedding", to="0001")
    assert (done.code, attacker.gained()) == (3, [])
    assert f"the table of public.items.embedding or the ledger belongs to {attacker.name}" in done.err
    # The ledger goes where the table went, and its new owner goes back.
    attacker.unplant()
    attacker.may_work()
    assert by_hand(project, "hand_over.sql", owner=attacker.name) == Ended(0, "", "")
    monkeypatch.setenv("DATABASE_URL", project.database.as_role(attacker.name).url)
    assert project.downgraded().code == 0
    assert project.database.value("SELECT count(DISTINCT relowner) FROM pg_class WHERE relname ~ '^migrator'") <= 1


@pytest.mark.parametrize("phase", ["fill", "cut-over"])
def test_a_table_that_is_given_away_in_the_middle_of_a_run(
    project: Project, attacker: Attacker, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    database, second = project.database, f"{attacker.name}_second"
    attacker.owns_items()
    attacker.may_work()
    monkeypatch.setenv("DATABASE_URL", database.as_role(attacker.name).url)
    assert project.upgraded("--stop-after", phase).code == 0
    database.execute(f"CREATE ROLE {second}; ALTER TABLE items OWNER TO {second}")
    error = refused(hazards.rights.owner_out_of_reach("table", "public.items", second, attacker.name))
    commands = [("upgrade", "--yes"), ("downgrade", "0001", "--yes")]
    for command in [*commands, ("abandon", "--yes")] if phase == "fill" else commands:
        assert migrator(*command) == error, command
    # As it says.
    database.execute(f"GRANT {second} TO {attacker.name}")
    assert project.upgraded().code == 0
    database.execute(f"REVOKE {second} FROM {attacker.name}")
    assert migrator("retire", "--yes") == error


@BOTH
def test_a_search_path_that_a_lesser_role_decides(project: Project, attacker: Attacker) -> None:
    assert project.upgraded().code == 0
    database = project.database.value("SELECT current_database()")
    project.database.execute(f"ALTER DATABASE {database} OWNER TO {attacker.name}")
    attacker.run(f"ALTER DATABASE {database} SET search_path = {{schema}}, pg_catalog, public")
    for function in ("current_setting(text) RETURNS text", "set_config(text, text, boolean) RETURNS text"):
        attacker.run(
            f"CREATE FUNCTION {{schema}}.{function} LANGUAGE plpgsql AS "
            "$$BEGIN PERFORM {schema}.gain(); RETURN 'public'; END$$"
        )
    attacker.run(
        "CREATE FUNCTION {schema}.pg_backend_pid() RETURNS int LANGUAGE plpgsql AS "
        "$$BEGIN PERFORM {schema}.gain(); RETURN 1; END$$"
    )
    attacker.forget()
    hazard = hazards.rights.schemas_of_lesser_roles(
        {"public": attacker.name, attacker.name: attacker.name}, "postgres", SUPERUSER
    )
    for command in (*AFTER, REVISION, DOCTOR, ("doctor",), ("abandon", "--yes"), ("retire", "--yes")):
        ended = migrator(*command)
        assert (attacker.gained(), ended) == ([], refused(hazard)), command
    # As names were looked up at the upgrade, they are afterwards.
    attacker.run(f"ALTER DATABASE {database} RESET search_path")
    hazard = hazards.rights.schemas_of_lesser_roles({"public": attacker.name}, "postgres", SUPERUSER)
    for command in (("backfill",), ("status",)):
        assert (migrator(*command), attacker.gained()) == (refused(hazard), []), command


def by_hand(project: Project, script: str, **variables: str) -> Ended:
    given = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
    psql = project.database.binaries / "psql"
    done = subprocess.run(
        [psql, "-X", *given, "-f", ROOT / "sql" / script, project.database.url],
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
