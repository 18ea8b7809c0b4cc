"""Partitioned tables, up and down: list over range and hash, a default partition, one that was attached."""

from __future__ import annotations

import re
import subprocess
import threading
from dataclasses import replace

import psycopg
import pytest

from migrator import EmbeddingChange, Hnsw
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.commands.backfill import backfill
from migrator.dependents import index_partitions
from migrator.dependents.index_partitions import Parts
from migrator.errors import Interrupted, MigratorError, Refused, Stopped
from migrator.phases import index
from migrator.plan.column import ColumnPlan
from migrator.plan.indexes import IndexToBuild
from migrator.plan.tree import Relation
from migrator.postgres.connection import Connection
from migrator.runtime.context import Options, Work
from tests.conftest import Server
from tests.integration.test_manual_rollback import at, roll_back
from tests.models import Hashed, new, old
from tests.support.database import Database
from tests.support.marks import with_more
from tests.support.proofs import checksum, rows_hold
from tests.support.running import BATCH, REVISION, At, abandon, downgrade, migrated, retire, upgrade, upgrade_until
from tests.support.tables import CHANGE, OLD, copy_in

COLUMNS = "id, tenant, body, note"
MODES = pytest.mark.parametrize("online", with_more([True], more=[False]), ids=["online", "window"])
# Each vector index that is not kept for a restore: its name, its table's, and that of the index it is a part of.
INDEXES = """
SELECT c.relname::text, t.relname::text, p.relname::text
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_am m ON m.oid = c.relam OR c.relam = 0
LEFT JOIN pg_inherits h ON h.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = h.inhparent
WHERE m.amname = 'hnsw' AND i.indisvalid AND c.relname !~ 'migrator_retired_' ORDER BY 1, 2
"""
# The change, with the table's name in text and scope.
QUALIFIED = replace(CHANGE, text="items.body || ''", where="items.id >= 0")


def partitioned(database: Database, rows: int = 200) -> None:
    """items by tenant: 1 by ranges of id, 2 by hash, 3 attached, and a default for the rest."""
    statements = (
        "CREATE TABLE items (id bigint, tenant int NOT NULL DEFAULT 1, body text NOT NULL, note text, "
        "embedding vector(48) CONSTRAINT given NOT NULL, PRIMARY KEY (id, tenant)) PARTITION BY LIST (tenant)",
        "CREATE TABLE items_1 PARTITION OF items FOR VALUES IN (1) PARTITION BY RANGE (id)",
        "CREATE TABLE items_1_low PARTITION OF items_1 FOR VALUES FROM (0) TO (40)",
        "CREATE TABLE items_1_high PARTITION OF items_1 FOR VALUES FROM (40) TO (100000)",
        "CREATE TABLE items_2 PARTITION OF items (embedding CONSTRAINT of_2 NOT NULL) FOR VALUES IN (2) "
        "PARTITION BY HASH (id)",
        "CREATE TABLE items_2_even PARTITION OF items_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE items_2_odd PARTITION OF items_2 (embedding CONSTRAINT odd NOT NULL) "
        "FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        "CREATE SCHEMA archive",
        "CREATE TABLE archive.items_3 (dropped int, embedding vector(48) CONSTRAINT there NOT NULL, note text, "
        "body text NOT NULL, tenant int NOT NULL DEFAULT 1, id bigint NOT NULL)",
        "ALTER TABLE archive.items_3 DROP COLUMN dropped",
        "ALTER TABLE items ATTACH PARTITION archive.items_3 FOR VALUES IN (3)",
        "CREATE TABLE items_rest PARTITION OF items DEFAULT",
        "CREATE TABLE staged (id bigint PRIMARY KEY, body text, note text, embedding vector(48))",
    )
    database.execute("; ".join(statements))
    write(database, range(rows))
    indexes = (
        "CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_cosine_ops)",
        "COMMENT ON INDEX items_embedding_idx IS 'by meaning'",
        "ALTER INDEX archive.items_3_embedding_idx RENAME TO of_the_archive",
        "COMMENT ON INDEX archive.of_the_archive IS 'seldom searched'",
        # Of partitions alone: of one with partitions of its own, and two of the same name.
        "CREATE INDEX alone ON items_2 USING hnsw (embedding vector_l2_ops)",
        "CREATE INDEX alone ON archive.items_3 USING hnsw (embedding vector_ip_ops) WHERE id > 3",
        "ANALYZE items",
    )
    database.execute("; ".join(indexes))


def write(database: Database, numbers: range) -> None:
    """Rows of all tenants, with the old model's vectors."""
    vectors = old().embed_queries([f"text {number}" for number in numbers])
    texts = [(number, number % 5 + 1, f"text {number}", f"note {number}") for number in numbers]
    rows = [(*text, vector) for text, vector in zip(texts, vectors, strict=True)]
    copy_in(database, "items", ["id", "tenant", "body", "note", "embedding"], rows)


def edit(database: Database, where: str, text: str, *settings: str, model: Hashed) -> None:
    """As an application edits rows: with the vector of the new text, which ends in the row's number."""
    for (number,) in database.execute(f"SELECT id FROM items WHERE {where} ORDER BY id"):
        body = f"{text} {number}"
        set_ = ", ".join(["body = %(body)s", "embedding = %(vector)s", *settings])
        vector = str(model.embed_queries([body])[0].tolist())
        database.execute(f"UPDATE items SET {set_} WHERE id = {number}", {"body": body, "vector": vector})


@MODES
def test_up_and_down_and_up_and_down(database: Database, online: bool) -> None:
    partitioned(database)
    schema, rows, indexes = database.dump(), checksum(database, COLUMNS), database.execute(INDEXES)
    for _ in range(2):
        upgrade(database, QUALIFIED, online=online)
        assert rows_hold(database, new) == 200
        assert database.execute(INDEXES) == indexes
        (status,) = migrated(database)
        assert (status.rows, status.rows_left) == (200, 0)
        database.execute("UPDATE items SET embedding = (SELECT embedding FROM items WHERE id = 7) WHERE id < 5")
        assert backfill(database.address, Options())["public.items.embedding"]["rows renewed"] == 5
        assert rows_hold(database, new) == 200
        downgrade(database)
        assert rows_hold(database, old) == 200
        assert checksum(database, COLUMNS) == rows
        assert database.dump() == schema


@MODES
def test_writes_while_it_is_filled_rows_that_move_among_them(database: Database, online: bool) -> None:
    partitioned(database)
    schema = database.dump()

    def writes() -> None:
        write(database, range(1_000, 1_040))
        edit(database, "id % 7 = 0", "edited", model=old())
        edit(database, "id IN (15, 16)", "moved", "tenant = 1", model=old())
        database.execute("UPDATE items SET tenant = 7 WHERE id IN (10, 11, 12)")
        database.execute("UPDATE items_1 SET id = id + 50000 WHERE id IN (5, 20)")
        database.execute("DELETE FROM items WHERE id IN (30, 31)")

    reporter = At("progress", "fill", writes)
    upgrade(database, reporter=reporter, online=online)
    assert reporter.acted
    assert rows_hold(database, new) == 238
    # A row that moves now loses its old vector, and gets it back on the way down.
    database.execute("UPDATE items SET tenant = 2 WHERE id IN (22, 23)")
    edit(database, "id = 41", "moved later", "tenant = 9", model=new())
    assert rows_hold(database, new) == 238
    rows = checksum(database, COLUMNS)
    downgrade(database)
    assert rows_hold(database, old) == 238
    assert checksum(database, COLUMNS) == rows
    assert database.dump() == schema


@MODES
@pytest.mark.parametrize("moment", [("progress", "fill"), ("done", "fill"), ("done", "index")], ids="-".join)
def test_a_partition_that_is_made_meanwhile(database: Database, moment: tuple[str, str], online: bool) -> None:
    partitioned(database, 100)

    def make() -> None:
        database.execute("CREATE TABLE items_6 PARTITION OF items FOR VALUES IN (6) PARTITION BY RANGE (id)")
        database.execute("CREATE TABLE items_6_all PARTITION OF items_6 DEFAULT")
        vectors = old().embed_queries(["text 500"])
        database.execute(
            "INSERT INTO items (id, tenant, body, embedding) VALUES (500, 6, 'text 500', %(vector)s)",
            {"vector": str(vectors[0].tolist())},
        )

    upgrade(database, reporter=At(*moment, make), online=online)
    assert rows_hold(database, new) == 101
    # Another one later.
    database.execute("CREATE TABLE items_7 PARTITION OF items FOR VALUES IN (7)")
    indexes = database.execute(INDEXES)
    assert ("items_7_embedding_idx", "items_7", "items_embedding_idx") in indexes
    assert ("items_6_embedding_idx", "items_6", "items_embedding_idx") in indexes
    assert ("items_6_all_embedding_idx", "items_6_all", "items_6_embedding_idx") in indexes
    assert database.value("SELECT count(*) FROM pg_class WHERE relname ~ '^migrator_left'") == 0
    downgrade(database)
    assert rows_hold(database, old) == 101
    assert database.execute(INDEXES) == indexes
    database.execute("CREATE TABLE items_8 PARTITION OF items FOR VALUES IN (8)")
    assert "migrator" not in database.dump()


@MODES
def test_a_crash_while_the_indexes_are_built(database: Database, monkeypatch: pytest.MonkeyPatch, online: bool) -> None:
    """Those that were built are kept, and one that was left invalid is built again."""
    partitioned(database, 100)
    schema = database.dump()
    upgrade_until_built(database, monkeypatch, 3, online=online)
    database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text ~ '^migrator_index_1_1_'")
    upgrade(database, online=online)
    assert rows_hold(database, new) == 100
    downgrade(database)
    assert database.dump() == schema
    upgrade_until_built(database, monkeypatch, 4, online=online)
    abandon(database)
    assert database.dump() == schema


def upgrade_until_built(database: Database, monkeypatch: pytest.MonkeyPatch, indexes: int, *, online: bool) -> None:
    """Interrupted when the index of so many partitions is built."""
    left = indexes
    build = index._build

    def counted(work: Work, column: ColumnPlan, wanted: IndexToBuild, leaf: Relation) -> None:
        nonlocal left
        if left == 0:
            raise psycopg.OperationalError("the server closed the connection unexpectedly")
        build(work, column, wanted, leaf)
        left -= 1

    monkeypatch.setattr(index, "_build", counted)
    with pytest.raises(Interrupted):
        upgrade(database, online=online)
    monkeypatch.undo()


def abandon_both_ways(database: Database, change: EmbeddingChange, *, online: bool = False) -> None:
    """An upgrade and a downgrade, each before its cut-over, and then carried out."""
    schema = database.dump()
    options = Options(stop_after="verify", batch_size=BATCH, online=online)
    with pytest.raises(Stopped):
        runner.upgrade(database.address, REVISION, [change], options)
    abandon(database)
    assert database.dump() == schema
    upgrade(database, change, online=online)
    upgraded = database.dump()
    with pytest.raises(Stopped):
        runner.restore(database.address, REVISION, [VectorColumn("items", "embedding")], options)
    abandon(database)
    assert database.dump() == upgraded
    downgrade(database)
    assert database.dump() == schema


@MODES
def test_promise_1_an_abandoned_upgrade_and_downgrade(database: Database, online: bool) -> None:
    partitioned(database, 100)
    abandon_both_ways(database, CHANGE, online=online)


@MODES
def test_a_partition_that_is_detached_meanwhile(server: Server, database: Database, online: bool) -> None:
    """Nothing of migrator's stays on it."""
    expected = server.new_database()
    detach = "ALTER TABLE items DETACH PARTITION archive.items_3"
    for each in (database, expected):
        partitioned(each, 100)
    expected.execute(detach)
    with pytest.raises(MigratorError, match=r"partitions were detached by others meanwhile: archive\.items_3"):
        upgrade(database, reporter=At("done", "verify", lambda: database.execute(detach)), online=online)
    assert database.dump() == expected.dump()
    upgrade(database, online=online)
    assert rows_hold(database, new) == 80


def test_a_partition_that_is_made_while_cut_over_asks_for_its_lock(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at before the lock holds no longer, so it is looked at again."""
    partitioned(database, 100)
    looked = index_partitions.now
    made: list[object] = []

    def make_and_look(connection: Connection, column: ColumnPlan) -> Parts:
        found = looked(connection, column)
        if not made:
            made.append(database.execute("CREATE TABLE items_6 PARTITION OF items FOR VALUES IN (6)"))
        return found

    monkeypatch.setattr(index_partitions, "now", make_and_look)
    reporter = At("", "", lambda: None)
    upgrade(database, reporter=reporter)
    assert [each for each in reporter.messages if "meanwhile" in each] == [
        "public.items.embedding: a table was rewritten, or a partition came, meanwhile: it is looked at first"
    ]
    assert ("items_6_embedding_idx", "items_6", "items_embedding_idx") in database.execute(INDEXES)
    assert rows_hold(database, new) == 100


def test_rows_that_a_writer_moves_while_they_are_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update that waits for such a row fails, for it is in another partition then."""
    partitioned(database, 100)
    # So that a try lasts until the writer commits.
    monkeypatch.setattr("migrator.postgres.locks.SHORT", "1min")
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
    with database.connect() as writer:

        def commit() -> None:
            while not database.value(waits):
                pass
            writer.execute("COMMIT")

        committing = threading.Thread(target=commit)

        def move() -> None:
            writer.execute("BEGIN; UPDATE items SET tenant = tenant % 5 + 1 WHERE id < 10")
            committing.start()

        upgrade(database, reporter=At("progress", "fill", move))
        committing.join()
    assert rows_hold(database, new) == 100


def test_a_partition_that_is_dropped_meanwhile(database: Database) -> None:
    partitioned(database, 100)
    upgrade(database, reporter=At("done", "fill", lambda: database.execute("DROP TABLE archive.items_3")))
    assert rows_hold(database, new) == 80


def test_another_index_alone(database: Database) -> None:
    partitioned(database, 100)
    schema = database.dump()
    change = replace(CHANGE, text=None, to=OLD, index=Hnsw("cosine", m=8, ef_construction=32))
    upgrade(database, change)
    assert database.dump() == schema.replace(
        "(embedding public.vector_cosine_ops)",
        "(embedding public.vector_cosine_ops) WITH (m='8', ef_construction='32')",
    )
    downgrade(database)
    assert database.dump() == schema
    upgrade_until(database, "verify", change)
    abandon(database)
    assert database.dump() == schema


def test_after_retire_the_backup_gives_the_old_vectors(database: Database) -> None:
    partitioned(database, 100)
    schema = database.dump()
    upgrade(database)
    retire(database, keep_backups=True)
    assert "migrator" not in database.dump()
    downgrade(database)
    assert rows_hold(database, old) == 100
    assert in_any_order(database.dump()) == in_any_order(schema)


def in_any_order(dump: str) -> list[str]:
    """Its lines, for a column that was made anew stands last."""
    return sorted(line.rstrip(",") for line in dump.splitlines())


def test_the_ledger_of_a_restored_dump_knows_partitions_by_name(server: Server, database: Database) -> None:
    """A dump and restore gives them other oids, by which indexes of theirs alone are found."""
    partitioned(database, 100)
    schema = database.dump()
    upgrade(database, replace(CHANGE, index="same"))
    at(database, REVISION)
    restored = [server.new_database() for _ in range(2)]
    for each in restored:
        # Which gives other oids than those of the database that was dumped.
        each.execute("CREATE TABLE first (); DROP TABLE first; DROP EXTENSION vector")
        psql = [str(each.binaries / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", each.url]
        subprocess.run(psql, input=database.whole_dump(), text=True, check=True, stdout=subprocess.DEVNULL)
    downgrade(restored[0])
    assert roll_back(restored[1], "-v", "marks=trusted").code == 0
    for each in restored:
        assert in_any_order(each.dump()) == in_any_order(schema)
        assert rows_hold(each, old) == 100


def test_a_run_that_an_earlier_version_planned_goes_on(database: Database) -> None:
    """Its ledger says less of partitions."""
    partitioned(database, 100)
    database.execute("DROP INDEX alone; DROP INDEX archive.alone")
    trigger = "BEFORE UPDATE ON items_rest FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    database.execute(f"CREATE TRIGGER same {trigger}")
    upgrade_until(database, "verify")
    later = "local|inherited|not_null_inherits|partition|root_on|other_parents"
    without = f"regexp_replace(catalog::text, '(, )?\"({later})\": (null|true|false|[0-9]+|\\[\\])(?=[,}}])', '', 'g')"
    database.execute(f"UPDATE migrator.change SET catalog = replace({without}, '{{, ', '{{')::jsonb")
    upgrade(database)
    assert rows_hold(database, new) == 100


def test_what_single_partitions_say_of_the_column_is_carried_over(database: Database) -> None:
    partitioned(database, 100)
    reader = f"{database.value('SELECT current_database()')}_reader"
    for statement in (
        f"CREATE ROLE {reader}",
        f"GRANT SELECT (embedding) ON items_2_odd TO {reader}",
        "COMMENT ON COLUMN items.embedding IS 'all'",
        "COMMENT ON COLUMN items_1.embedding IS 'of one'",
        "ALTER TABLE items ALTER COLUMN embedding SET STATISTICS 70",
        "ALTER TABLE items_rest ALTER COLUMN embedding SET STATISTICS 20",
        "ALTER TABLE items_1_low ALTER COLUMN embedding SET STATISTICS -1",
        "ALTER TABLE items_1_low ALTER COLUMN embedding SET (n_distinct = -0.5)",
    ):
        database.execute(statement)
    schema = database.dump()
    upgrade(database, replace(CHANGE, index="same"))
    retire(database, keep_backups=True)
    upgraded = database.dump().replace("vector(96)", "vector(48)")
    assert in_any_order(upgraded) == in_any_order(schema)
    downgrade(database)
    assert in_any_order(database.dump()) == in_any_order(schema)


KEYLESS = (
    "CREATE TABLE logs (at date, body text, embedding vector(48)) PARTITION BY RANGE (at)",
    "CREATE TABLE logs_new PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)",
    "CREATE TABLE logs_old PARTITION OF logs DEFAULT",
    "INSERT INTO logs (at, body) SELECT date '2024-12-25' + n, 'text ' || n % 9 FROM generate_series(1, 30) AS n",
)


def test_without_a_key_and_without_an_index(database: Database) -> None:
    for statement in KEYLESS:
        database.execute(statement)
    schema = database.dump()
    change = replace(CHANGE, table="logs", index="same")
    upgrade(database, change)
    assert rows_hold(database, new, table="logs") == 30
    downgrade(database, change)
    # Without a key those that had no vector cannot be told from rows written since.
    assert rows_hold(database, old, table="logs") == 30
    assert database.dump() == schema


REFUSED = {
    "is-a-partition": ("SELECT 1", replace(CHANGE, table="items_rest")),
    "dependent-not-carried": ("CREATE VIEW seen AS SELECT embedding FROM items_2_odd", CHANGE),
    "partition-differs": ("ALTER TABLE items_2 ALTER COLUMN embedding SET STORAGE PLAIN", CHANGE),
    "foreign-partition": (
        "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing; "
        "ALTER TABLE items DROP CONSTRAINT items_pkey; DROP INDEX items_embedding_idx; "
        "CREATE FOREIGN TABLE items_8 PARTITION OF items FOR VALUES IN (8) SERVER far",
        CHANGE,
    ),
}


@pytest.mark.parametrize(("code", "case"), REFUSED.items(), ids=REFUSED)
def test_what_is_refused(database: Database, code: str, case: tuple[str, EmbeddingChange]) -> None:
    partitioned(database, 10)
    statement, change = case
    database.execute(statement)
    before = database.dump()
    with pytest.raises(Refused) as refused:
        upgrade(database, change)
    assert refused.value.code == code
    assert database.dump() == before


def test_an_index_of_which_partitions_have_no_part_is_refused(database: Database) -> None:
    for statement in KEYLESS:
        database.execute(statement)
    database.execute("CREATE INDEX own ON logs_new USING hnsw (embedding vector_cosine_ops) WITH (m = 8)")
    database.execute("CREATE INDEX whole ON ONLY logs USING hnsw (embedding vector_cosine_ops)")
    database.execute("ALTER INDEX whole ATTACH PARTITION own")
    with pytest.raises(Refused, match="logs_old") as missing:
        upgrade(database, replace(CHANGE, table="logs", index="same"))
    assert missing.value.code == "partition-index-missing"


def test_an_index_of_each_partition_alone_is_replaced_where_it_is(database: Database) -> None:
    """A revision of the index alone, and its way back."""
    for statement in KEYLESS:
        database.execute(statement)
    for partition in ("logs_new", "logs_old"):
        database.execute(f"CREATE INDEX ON {partition} USING ivfflat (embedding vector_cosine_ops) WITH (lists = 1)")
    database.execute("UPDATE logs SET embedding = ('[' || right(body, 1) || repeat(',1', 47) || ']')::vector")
    schema = database.dump()
    change = replace(CHANGE, table="logs", to=OLD, index=Hnsw("l2", m=6))
    upgrade(database, change)
    definitions = "SELECT indexdef FROM pg_indexes WHERE tablename ~ '^logs' ORDER BY 1"
    assert [found.partition("USING ")[2] for (found,) in database.execute(definitions)] == [
        "hnsw (embedding vector_l2_ops) WITH (m='6', ef_construction='64')"
    ] * 2
    downgrade(database, change)
    assert database.dump() == schema


def test_a_partition_key_that_reads_the_column_is_refused(database: Database) -> None:
    """On every level: it would stay bound to the retired column, and every insert would fail."""
    database.execute(
        "CREATE TABLE items (id int, body text, embedding vector(48)) PARTITION BY LIST ((vector_dims(embedding))); "
        "CREATE TABLE items_384 PARTITION OF items FOR VALUES IN (48) PARTITION BY LIST (embedding); "
        "CREATE TABLE items_others PARTITION OF items DEFAULT PARTITION BY RANGE (id)"
    )
    before = database.dump()
    with pytest.raises(Refused) as refused:
        upgrade(database)
    assert str(refused.value).splitlines()[0] == (
        "a partition key reads public.items.embedding: public.items is partitioned by LIST "
        "(public.vector_dims(embedding)); public.items_384 is partitioned by LIST (embedding)"
    )
    assert database.dump() == before


@MODES
def test_the_manual_rollback_brings_all_partitions_back(database: Database, online: bool) -> None:
    partitioned(database, 100)
    database.execute("CREATE INDEX half ON items USING hnsw ((embedding::halfvec(48)) halfvec_l2_ops) WHERE id > 3")
    database.execute("CREATE TABLE items_6 PARTITION OF items FOR VALUES IN (6)")
    schema = database.dump()
    upgrade(database, replace(CHANGE, index="same"), online=online)
    if not online:
        # A partition that the ledger does not know.
        database.execute("DROP TABLE items_6")
        database.execute("CREATE TABLE items_6 PARTITION OF items FOR VALUES IN (6)")
    at(database, REVISION)
    if not online:
        # What it holds was not seen by the capture trigger.
        assert "may have changed unseen since the upgrade" in roll_back(database).err
    ended = roll_back(database, *(() if online else ("-v", "marks=trusted")))
    assert (ended.code, ended.err) == (0, "")
    assert rows_hold(database, old) == 100
    found, expected = (re.sub("items_6_embedding_idx1?", "", dump) for dump in (database.dump(), schema))
    assert in_any_order(found) == in_any_order(expected)
    database.execute("CREATE TABLE items_7 PARTITION OF items FOR VALUES IN (7)")
    assert "migrator" not in database.dump()
