"""Whatever encoding database and client have: texts are the same, and so are their vectors."""

from __future__ import annotations

import dataclasses

import pytest

from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.commands.status import read_status
from migrator.errors import Refused
from migrator.postgres.address import Address, address_of_url, sqlalchemy_url
from migrator.runtime.context import Options
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import BATCH, REVISION
from tests.support.tables import CHANGE, items


def encoded(database: Database, encoding: str) -> tuple[Database, Address]:
    """A database beside it of that encoding, which tests look at in UTF-8; and as migrator is given it."""
    called = f"{database.value('SELECT current_database()')}_{encoding.lower()}"
    database.execute(f"CREATE DATABASE {called} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    url = database.url.replace(f"/{database.value('SELECT current_database()')}?", f"/{called}?")
    made = dataclasses.replace(database, url=f"{url}&client_encoding=UTF8")
    made.execute("CREATE EXTENSION vector")
    return made, address_of_url(sqlalchemy_url(url))


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_a_database_of_another_encoding_goes_up_and_down(database: Database, encoding: str) -> None:
    other, address = encoded(database, encoding)
    items(other, 20)
    other.execute(f"UPDATE items SET body = '{'日本' if encoding == 'EUC_JP' else 'Bücher'}' || id")
    other.execute("ALTER TABLE items RENAME TO 日本" if encoding == "EUC_JP" else "ALTER TABLE items RENAME TO bücher")
    table = "日本" if encoding == "EUC_JP" else "bücher"
    runner.upgrade(address, REVISION, [dataclasses.replace(CHANGE, table=table)], Options(batch_size=BATCH))
    assert rows_hold(other, new, table=table) == 20
    read_status(address)
    runner.restore(address, REVISION, [VectorColumn(table, "embedding")], Options(batch_size=BATCH))
    assert rows_hold(other, old, table=table, where="body < 'A'") == 0


@pytest.mark.parametrize("client", ["LATIN1", "SQL_ASCII", "EUC_JP"])
@pytest.mark.parametrize("given", ["environment", "url", "role"])
def test_a_client_encoding_of_others_changes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, client: str, given: str
) -> None:
    items(database, 20)
    database.execute("UPDATE items SET body = 'Bücher ' || id; ALTER TABLE items RENAME TO bücher")
    address = database.address
    if given == "environment":
        monkeypatch.setenv("PGCLIENTENCODING", client)
    elif given == "url":
        address = address_of_url(sqlalchemy_url(f"{database.url}&client_encoding={client}"))
    else:
        name = database.value("SELECT current_database()")
        database.execute(f"ALTER DATABASE {name} SET client_encoding = '{client}'")
    change = dataclasses.replace(CHANGE, table="bücher")
    runner.upgrade(address, REVISION, [change], Options(batch_size=BATCH))
    monkeypatch.delenv("PGCLIENTENCODING", raising=False)
    assert rows_hold(database, new, table="bücher") == 20


# A word in LATIN1, which a database of encoding SQL_ASCII takes as it is.
LATIN1 = "convert_from('\\x42fc63686572'::bytea, 'SQL_ASCII')"


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("VIEW %I AS SELECT embedding FROM items", r'relation "B\xfccher"'),
        ("FUNCTION %I() RETURNS bigint STABLE RETURN (SELECT count(embedding) FROM items)", r'function "B\xfccher"'),
        ("VIEW seen AS SELECT embedding FROM items WHERE body <> %L", "a name, a comment or a definition"),
    ],
    ids=["view", "function", "literal"],
)
def test_what_is_not_utf8_in_the_catalog_is_named(database: Database, made: str, named: str) -> None:
    other, address = encoded(database, "SQL_ASCII")
    items(other, 20)
    other.execute(f"DO $do$ BEGIN EXECUTE format($f$CREATE {made}$f$, {LATIN1}); END $do$")
    for plan in (runner.plan_upgrade, runner.upgrade):
        with pytest.raises(Refused) as refused:
            plan(address, REVISION, [CHANGE], Options())
        assert refused.value.code == "not-utf8"
        assert named in refused.value.meaning


def test_rows_that_are_not_utf8_are_set_aside(database: Database) -> None:
    other, address = encoded(database, "SQL_ASCII")
    items(other, 20)
    other.execute(f"UPDATE items SET body = {LATIN1} WHERE id = 7; UPDATE items SET note = {LATIN1}")
    with pytest.raises(Refused, match="id=7: invalid byte sequence"):
        runner.upgrade(address, REVISION, [CHANGE], Options())
    other.execute("ALTER TABLE items ALTER embedding DROP NOT NULL")
    runner.upgrade(address, REVISION, [dataclasses.replace(CHANGE, max_failed_rows=1)], Options())
    assert rows_hold(other, new, where="id <> 7") == 19
