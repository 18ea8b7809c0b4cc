"""What hangs on the column of a partitioned table besides its vector index: there after the upgrade, and back again."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import EmbeddingChange
from migrator.commands import runner
from migrator.errors import Refused, Stopped
from migrator.runtime.context import Options
from tests.integration.test_dependents import ROLES, TOUCH
from tests.integration.test_partitions import COLUMNS, MODES, edit, partitioned
from tests.models import new, old
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.proofs import checksum, rows_hold
from tests.support.running import BATCH, REVISION, At, abandon, downgrade, upgrade
from tests.support.tables import CHANGE

SAME = dataclasses.replace(CHANGE, index="same")
INDEXES = """
CREATE INDEX half ON items USING hnsw ((embedding::halfvec(48)) halfvec_l2_ops) WITH (m = 6);
CREATE INDEX bits ON items USING hnsw ((binary_quantize(embedding)::bit(48)) bit_hamming_ops) WHERE note IS NOT NULL;
CREATE INDEX unit_length ON items USING btree ((vector_norm(embedding)), id);
CREATE UNIQUE INDEX only_one ON items USING btree (id, tenant, (embedding IS NULL));
CREATE INDEX todo ON items USING btree (id) WHERE embedding IS NULL;
ALTER INDEX unit_length ALTER COLUMN 1 SET STATISTICS 321;
ALTER INDEX items_2_odd_vector_norm_id_idx ALTER COLUMN 1 SET STATISTICS 12;
ALTER INDEX items_2_odd_vector_norm_id_idx RENAME TO odd_length;
ALTER INDEX items_rest_embedding_idx1 SET (m = 8);
COMMENT ON INDEX half IS 'half';
ALTER TABLE items_rest CLUSTER ON items_rest_vector_norm_id_idx;
"""
DEPENDENTS = f"""{TOUCH}
ALTER TABLE items ADD CONSTRAINT long CHECK (vector_dims(embedding) = 48 AND id >= 0);
ALTER TABLE items ADD CONSTRAINT small CHECK (id < 100000 OR vector_norm(embedding) < 2) NOT VALID;
COMMENT ON CONSTRAINT long ON items IS 'it''s 100%';
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY known ON items FOR SELECT TO test_reader USING (vector_dims(embedding) = 48 AND id < 10);
CREATE TRIGGER of_it BEFORE UPDATE OF embedding ON items FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER filled AFTER UPDATE ON items FOR EACH ROW
    WHEN (old.embedding IS DISTINCT FROM new.embedding) EXECUTE FUNCTION touch();
ALTER TABLE items ENABLE REPLICA TRIGGER of_it;
COMMENT ON TRIGGER filled ON items IS 'it''s 100%';
CREATE STATISTICS of_both (mcv) ON tenant, embedding FROM items;
ALTER STATISTICS of_both SET STATISTICS 50;
COMMENT ON STATISTICS of_both IS 'both';
CREATE VIEW seen AS SELECT id, embedding FROM items WHERE tenant = 1;
CREATE VIEW again AS SELECT embedding FROM seen;
GRANT SELECT ON again TO test_reader;
CREATE FUNCTION nearest(searched vector) RETURNS SETOF bigint LANGUAGE sql
BEGIN ATOMIC SELECT id FROM items ORDER BY embedding <=> searched LIMIT 3; END;
ALTER TABLE items_1_low ALTER COLUMN embedding SET COMPRESSION pglz;
ALTER TABLE items ALTER COLUMN embedding SET COMPRESSION pglz;
CREATE PUBLICATION told FOR TABLE items (id, tenant, embedding) WITH (publish_via_partition_root);
"""


def prepared(database: Database, statements: str) -> None:
    partitioned(database, 60)
    database.execute(ROLES)
    database.execute(statements)


# Of the user's indexes on every level.
DEFINITIONS = """
SELECT i.indrelid::regclass::text, c.relname::text, replace(pg_get_indexdef(c.oid), '96', '48')
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace::regnamespace::text IN ('public', 'archive') AND c.relname !~ '^migrator_' AND i.indisvalid
ORDER BY 1, 2
"""


@pytest.mark.parametrize("online", with_more([False], more=[True]), ids=["window", "online"])
def test_indexes_of_every_kind(database: Database, online: bool) -> None:
    prepared(database, INDEXES)
    schema, rows, before = database.dump(), checksum(database, COLUMNS), database.execute(DEFINITIONS)
    stop_and_abandon(database, SAME, online=online)
    assert database.dump() == schema
    for _ in range(2):
        upgrade(database, SAME, online=online)
        assert rows_hold(database, new) == 60
        assert database.execute(DEFINITIONS) == before
        downgrade(database, SAME)
        assert rows_hold(database, old) == 60
        assert checksum(database, COLUMNS) == rows
        assert database.dump() == schema


def stop_and_abandon(database: Database, change: EmbeddingChange, *, online: bool) -> None:
    options = Options(stop_after="verify", batch_size=BATCH, online=online)
    with pytest.raises(Stopped):
        runner.upgrade(database.address, REVISION, [change], options)
    abandon(database)


@MODES
def test_dependents(database: Database, online: bool) -> None:
    prepared(database, DEPENDENTS)
    schema, rows = database.dump(), checksum(database, COLUMNS)
    stop_and_abandon(database, SAME, online=online)
    assert database.dump() == schema
    for _ in range(2):
        upgrade(database, SAME, online=online)
        assert rows_hold(database, new) == 60
        downgrade(database, SAME)
        assert rows_hold(database, old) == 60
        assert checksum(database, COLUMNS) == rows
        assert database.dump() == schema


TAKES_ROW = """
CREATE FUNCTION embedding_input(items) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.body';
"""


@MODES
def test_a_text_that_takes_the_row(database: Database, online: bool) -> None:
    prepared(database, TAKES_ROW)
    schema = database.dump()

    def writes() -> None:
        edit(database, "id % 7 = 0", "edited", model=old())

    change = dataclasses.replace(SAME, text="embedding_input(items)")
    upgrade(database, change, online=online, reporter=At("progress", "fill", writes))
    assert rows_hold(database, new) == 60
    edit(database, "id % 5 = 0", "later", model=new())
    downgrade(database, change)
    assert rows_hold(database, old) == 60
    assert database.dump() == schema


REFUSED = {
    "own check": (
        "ALTER TABLE items_2_odd ADD CONSTRAINT long CHECK (vector_dims(embedding) = 48)",
        "constraint long on table public.items_2_odd",
    ),
    "trigger": (
        f"{TOUCH}; CREATE TRIGGER of_it BEFORE UPDATE OF embedding ON items FOR EACH ROW EXECUTE FUNCTION touch(); "
        "ALTER TABLE items_2_odd DISABLE TRIGGER of_it",
        "trigger of_it on table public.items_2_odd",
    ),
}


@pytest.mark.parametrize(("statements", "named"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(database: Database, statements: str, named: str) -> None:
    prepared(database, statements)
    before = database.dump()
    with pytest.raises(Refused, match=named) as refused:
        upgrade(database)
    assert refused.value.code == "dependent-not-carried"
    assert database.dump() == before


def test_a_trigger_of_one_partition_that_a_session_ran_before(database: Database) -> None:
    """Its function, and those that take the partition's rows or name it, are compiled with the column's type."""
    partitioned(database, 60)
    database.execute("""
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN NEW.note := vector_dims(NEW.embedding); RETURN NEW; END';
        CREATE TRIGGER note BEFORE UPDATE ON items_1_low FOR EACH ROW EXECUTE FUNCTION note();
        CREATE FUNCTION dims(item items_1_low) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER
        AS 'SELECT vector_dims(item.embedding)';
        CREATE FUNCTION dims(number int) RETURNS int LANGUAGE plpgsql STABLE AS $$
        DECLARE found items_1_low.embedding%TYPE;
        BEGIN
            SELECT embedding INTO found FROM items_1_low WHERE id = number;
            RETURN vector_dims(found);
        END $$
    """)
    with database.connect() as session:

        def dimensions() -> set[object]:
            session.execute("UPDATE items SET body = body WHERE id = 5")
            row = session.execute("SELECT dims(i), dims(5), note::int FROM items_1_low i WHERE id = 5").fetchone()
            return {*(row or ())}

        assert dimensions() == {48}
        upgrade(database, dataclasses.replace(CHANGE, type="halfvec"), reporter=At("done", "fill", dimensions))
        assert dimensions() == {96}
