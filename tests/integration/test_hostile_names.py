"""Names that would end a quoted block, a string or a comment of the SQL that migrator writes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from psycopg import sql

from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import downgrade, upgrade
from tests.support.tables import CHANGE

SCHEMA, TABLE, COLUMN = "$$ \\ '; --", '$migrator$; DROP TABLE "kept', "$body_1$ $$\n\\' */ %s {0}"
# What others made before, so that migrator tries what it does under their event trigger.
EVENTS = """
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_start EXECUTE FUNCTION watch();
"""


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_names_that_end_what_is_quoted(database: Database) -> None:
    schema, column = sql.Identifier(SCHEMA), sql.Identifier(COLUMN)
    table = sql.Identifier(SCHEMA, TABLE)
    texts = [f"text {n}" for n in range(40)]
    with database.connect() as connection:
        for statement in (
            sql.SQL("CREATE SCHEMA {}").format(schema),
            sql.SQL("CREATE TABLE {} (id int, body text, {} vector(48)) PARTITION BY RANGE (id)").format(table, column),
            sql.SQL("CREATE TABLE {} PARTITION OF {} DEFAULT").format(sql.Identifier(SCHEMA, f"{TABLE} 1"), table),
            sql.SQL("CREATE INDEX {} ON {} USING hnsw ({} vector_cosine_ops)").format(
                sql.Identifier(f"{COLUMN} i"), table, column
            ),
        ):
            connection.execute(statement)
        insert = sql.SQL("INSERT INTO {} VALUES (%s, %s, %s)").format(table)
        for n, (text, vector) in enumerate(zip(texts, old().embed_queries(texts), strict=True)):
            connection.execute(insert, (n, text, str(vector.tolist())))
    database.execute(EVENTS)
    change = replace(CHANGE, schema=SCHEMA, table=TABLE, column=COLUMN)
    at = {"table": table.as_string(None), "column": column.as_string(None)}
    upgrade(database, change)
    assert rows_hold(database, new, table=at["table"], column=at["column"]) == 40
    downgrade(database, change)
    assert rows_hold(database, old, table=at["table"], column=at["column"]) == 40
