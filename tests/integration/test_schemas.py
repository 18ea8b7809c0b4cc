"""Every case of tests/schemas: up while the application writes, down, up and down again, in a window and online."""

from __future__ import annotations

import dataclasses
import difflib
import re
import runpy
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from alembic.runtime.migration import MigrationContext
from psycopg import sql

from migrator import EmbeddingChange
from migrator.catalog import Catalog, read_catalog
from migrator.ledger.ledger import Ledger, LedgerChange, Run
from migrator.operations.collect import read
from migrator.operations.ops import ChangeEmbeddingOp
from migrator.plan.upgrade import UpgradePlan
from migrator.postgres.connection import connect
from tests import models
from tests.support.cases import Application, Case, Embedded, cases
from tests.support.commands import migrator
from tests.support.database import Database
from tests.support.project import make_project

CARRIED_OUT, REFUSED = cases()
OLD, NEW = "sixteen", "twenty_four"
# Cases whose scope `migrator revision` finds by itself.
WHERE_IS_TOLD = ("collections", "discourse_ai", "without_dimension")
# Cases that are tried on PostgreSQL 16 too; every one takes some seconds.
ON_16 = (
    "as_owner",
    "column_settings",
    "inheritance",
    "key_none",
    "partitioned",
    "refused_forced_row_security",
    "refused_grantor",
    "refused_may_not_set_role",
    "supabase_guide",
    "user_triggers",
    "views",
)


# Cases that go up and down online too in `make test`, on PostgreSQL 18; all do in `make test-all`.
ONLINE_TOO = (
    "as_owner",
    "checks",
    "collections",
    "foreign_keys_deferrable",
    "generated_columns",
    "halfvec",
    "indexes_several",
    "inheritance",
    "key_none",
    "langchain_pgvector",
    "names_63_bytes",
    "partitioned",
    "policies",
    "user_triggers",
    "views",
)
WINDOW: list[str] = []
ONLINE = ["--online"]


def on_servers(found: list[Case]) -> list[Any]:
    """Each case with the versions of PostgreSQL that it is tried on."""
    return [
        pytest.param(case, version, id=f"{case.name}-{version}")
        for case in found
        for version in ([18, 16] if case.name in ON_16 else [18])
    ]


def in_modes(found: list[Case]) -> list[Any]:
    """The same, each with the modes in which it goes up and down, one after the other."""
    params = []
    for each in on_servers(found):
        case, version = each.values
        if version == 18 and (case.name in ONLINE_TOO or case.text("refused_online.txt") is not None):
            params.append(pytest.param(case, version, (WINDOW, ONLINE), id=each.id))
            continue
        params.append(pytest.param(case, version, (WINDOW,), id=f"{each.id}-window"))
        online = f"{each.id}-online"
        params.append(pytest.param(case, version, (ONLINE,), id=online, marks=pytest.mark.exhaustive))
    return params


def same(found: Iterable[object], expected: Iterable[object], what: str) -> None:
    """Asserts that both are equal, and shows the lines that are not."""
    before, after = ([line for each in lines for line in str(each).splitlines()] for lines in (expected, found))
    differing = "\n".join(difflib.unified_diff(before, after, "expected", "found", n=0, lineterm=""))
    assert not differing, f"{what}:\n{differing}"


def but_for_the_type(dump: str) -> list[str]:
    """The statements of a schema dump without what an upgrade changes by right.

    That is: type and dimensions of vector columns, the place of a column in its table, and what is kept for restore.
    """
    dump = re.sub(r"^--.*\n", "", dump, flags=re.MULTILINE)
    dump = re.sub(r"\b(halfvec|vector)\(\d+\)", "TYPE", dump)
    dump = re.sub(r"\b(16|24)\b", "DIMENSIONS", dump)
    dump = re.sub(r"\b(halfvec|vector)(_\w+_ops)", r"TYPE\2", dump)
    statements = []
    for statement in re.split(r";$", dump, flags=re.MULTILINE):
        lines = (line.rstrip(",") for line in statement.splitlines())
        kept = [line for line in lines if line and not re.search("migrator_(retired|capture)_", line)]
        if kept and re.match("(RE)?SET SESSION AUTHORIZATION", kept[0]):
            # About the privileges on the retired column.
            continue
        statements.append("\n".join(sorted(kept)))
    return sorted(filter(None, statements))


def numbers(vector: str | None) -> list[float] | None:
    """Of a vector as text."""
    return None if vector is None else [float(number) for number in vector[1:-1].split(",")]


class Walk:
    """A case on its way up and down, and what was found before."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._schema = application.database.dump()
        self._privileges = application.privileges()
        self._plans = application.plans(OLD)
        # Those of the last run, and of each its rows, as they were before the upgrade's cut-over.
        self._changes: list[LedgerChange] = []
        self._before: list[list[Embedded]] = []

    def up_and_down(self, *options: str) -> None:
        """The application writes while the upgrade stands before its cut-over, and between up and down."""
        application, database = self._application, self._application.database
        upgrade, downgrade = f"after upgrade {' '.join(options)}", f"after downgrade of upgrade {' '.join(options)}"
        rows = application.rows()
        self._run("upgrade", "--stop-after", "verify", *options)
        same(application.rows(), rows, "rows while the upgrade stands before its cut-over")
        application.write("during.sql", OLD)
        self._before = self._embedded()
        self._run_at_rest(upgrade, NEW, "upgrade", *options)
        same(but_for_the_type(database.dump()), but_for_the_type(self._schema), f"schema {upgrade}")
        application.write("between.sql", NEW)
        self._run_at_rest(downgrade, OLD, "downgrade", "0001")
        same(database.dump().splitlines(), self._schema.splitlines(), f"schema {downgrade}")

    def _run(self, *command: str) -> None:
        ended = migrator(*command, "--yes")
        assert ended.code == 0, ended.err
        with self._application.database.session() as connection:
            row = connection.execute("SELECT id, revision, direction FROM migrator.run ORDER BY id DESC").fetchone()
            assert row is not None
            self._changes = Ledger(connection, installed=True).changes(Run(*row))

    def _run_at_rest(self, what: str, live: str, *command: str) -> None:
        """Only the vectors of the changed columns are others afterwards. live: the model that is live then."""
        application = self._application
        changed = {change.change.column for change in self._changes}
        rest, results = application.rows(changed), application.results(NEW if live == OLD else OLD)
        self._run(*command)
        same(application.rows(changed), rest, f"rows {what}, without the vectors")
        same(application.results(live), results, f"what the queries give {what}")
        same(application.plans(live), self._plans, f"indexes that the queries use {what}")
        same(application.privileges(), self._privileges, f"privileges {what}")
        self._hold_right_vectors(what)

    def _embedded(self) -> list[list[Embedded]]:
        changed = {change.change.column for change in self._changes}
        return [self._application.embedded(change, changed) for change in self._changes]

    def _hold_right_vectors(self, what: str) -> None:
        """Each row holds the model's vector of its text; after a downgrade, the one that it held before."""
        for change, rows, before in zip(self._changes, self._embedded(), self._before, strict=True):
            asked = change.change
            model = getattr(models, asked.to.location.rpartition(":")[2])()
            texts = sorted({row.text for row in rows if row.text is not None})
            zeros = [0.0] * (asked.to.dimensions - model.dimensions)
            vectors = model.embed_queries(texts).tolist() if texts else []
            given = {text: [*vector, *zeros] for text, vector in zip(texts, vectors, strict=True)}
            known = defaultdict(list)
            for row in before:
                known[row.rest, row.text].append(numbers(row.vector))
            wrong = []
            for row in rows:
                right = [given[row.text] if row.in_scope and row.text else None]
                if row.in_scope:
                    stays = asked.empty == "skip" and not row.text
                else:
                    stays = asked.outside == "keep" or (asked.outside is None and not change.catalog.column.dimensions)
                if (row.rest, row.text) in known and (stays or change.restores is not None):
                    right = known[row.rest, row.text]
                if numbers(row.vector) not in right:
                    wrong.append(f"{row}, not {right}")
            subject = change.catalog.subject
            assert not wrong, f"{what} {len(wrong)} of {len(rows)} rows of {subject} hold another: {wrong[0]}"


def start(case: Case, database: Database, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    """The case's tables, and a project in the current directory."""
    for line in (case.text("environment.txt") or "").splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    application = Application(case, database)
    application.prepare()
    make_project(database, directory, monkeypatch)
    if case.user is not None:
        database.execute(f"ALTER TABLE alembic_version OWNER TO {case.user}")
        monkeypatch.setenv("DATABASE_URL", database.as_role(case.user).url)
    return application


def take_revision(case: Case) -> None:
    shutil.copy(case.directory / "revision.py", Path("versions", "0002.py"))


def proposes(case: Case, database: Database) -> None:
    """Asserts that `migrator revision` writes by itself what the case's revision says, where the database tells it."""
    for own in asked(case.directory / "revision.py"):
        proposed = proposal(own, where_is_told=case.name in WHERE_IS_TOLD)
        with connect((database.as_role(case.user) if case.user else database).address) as connection:
            catalog = read_catalog(connection, own.schema, own.table, own.column, where=own.where)
        same(indexes(proposed, catalog), indexes(own, catalog), f"indexes proposed for {catalog.subject}")
        written = dataclasses.replace(proposed, index=own.index, where=bare(proposed.where), functions=())
        same(
            [written],
            [dataclasses.replace(own, table=catalog.table.name, functions=())],
            f"change proposed for {catalog.subject}",
        )
        bodies = [[re.split(r"\$\w*\$", function)[1] for function in each.functions] for each in (proposed, own)]
        same(bodies[0], bodies[1], "functions proposed")


def proposal(own: EmbeddingChange, *, where_is_told: bool) -> EmbeddingChange:
    """What the command writes that is told only what a person knows. where_is_told: the rows tell the scope."""
    schema = sql.Identifier(own.schema, own.table) if own.schema else sql.Identifier(own.table)
    told = ["--table", schema.as_string(None), "--column", own.column, "--text", str(own.text)]
    told += ["--to", own.to.name, "--from", own.from_.name, "--empty", own.empty]
    told += ["--where", own.where] if own.where and not where_is_told else []
    told += ["--from-text", own.from_text] if own.from_text else []
    told += ["--outside", own.outside] if own.outside else []
    told += ["--type", own.type] if own.type else []
    told += [argument for setting in own.settings.items() for argument in ("--settings", "=".join(setting))]
    ended = migrator("revision", "-m", "proposed", *told)
    assert ended.code == 0, ended.err
    path = Path(ended.out.strip())
    (proposed,) = asked(path)
    path.unlink()
    return proposed


def asked(revision: Path) -> list[EmbeddingChange]:
    """The changes that a revision asks for."""
    context = MigrationContext.configure(dialect_name="postgresql")
    found = read("0002", runpy.run_path(str(revision))["upgrade"], context)
    return [change for each in found.operations if isinstance(each, ChangeEmbeddingOp) for change in each.changes]


def indexes(change: EmbeddingChange, catalog: Catalog) -> list[list[str]]:
    """The vector indexes to be built, with pgvector's defaults spelt out."""
    defaults = {"hnsw": {"m": "16", "ef_construction": "64"}, "ivfflat": {"lists": "100"}}
    return sorted(
        [
            each.name,
            each.opclass,
            each.key.replace('"', ""),
            str(defaults[each.method] | each.parameters),
            str(each.predicate),
        ]
        for each in UpgradePlan(id=0, change=change, catalog=catalog).vector_indexes
    )


def bare(condition: str | None) -> str | None:
    """Without the parentheses that the catalog puts around a predicate."""
    return condition[1:-1] if condition and condition.startswith("(") else condition


def test_the_cases_that_are_tried_further_are_there() -> None:
    assert {*ON_16, *ONLINE_TOO} <= {case.name for case in (*CARRIED_OUT, *REFUSED)}


@pytest.mark.parametrize(("case", "database", "modes"), in_modes(CARRIED_OUT), indirect=["database"])
def test_up_and_down_in_a_window_and_online(
    case: Case, database: Database, modes: tuple[list[str], ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = start(case, database, tmp_path, monkeypatch)
    proposes(case, database)
    take_revision(case)
    walk = Walk(application)
    for mode in modes:
        if mode == ONLINE and case.text("refused_online.txt") is not None:
            refuses(case, "refused_online.txt", database, mode)
        else:
            walk.up_and_down(*mode)


def refuses(case: Case, expected: str, database: Database, *tries: list[str]) -> None:
    """Asserts that each try to upgrade ends with that file's text, and changes nothing."""
    before = database.versions()
    for options in tries:
        ended = migrator("upgrade", "--yes", *options)
        same(ended.err.splitlines(), (case.text(expected) or "").splitlines(), "standard error")
        assert ended.code == 3
    same(database.versions(), before, "the database")


@pytest.mark.parametrize(("case", "database"), on_servers(REFUSED), indirect=["database"])
def test_refused_with_nothing_changed(
    case: Case, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(case, database, tmp_path, monkeypatch)
    take_revision(case)
    refuses(case, "refused.txt", database, [], ["--online"])
