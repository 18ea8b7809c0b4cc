"""A plan is the whole truth and changes nothing: no row, no table, no ledger."""

from __future__ import annotations

import dataclasses
import re

import pytest

from migrator import EmbeddingChange
from migrator.change import VectorColumn
from migrator.commands import runner
from migrator.commands.backfill import backfill
from migrator.commands.verify import verify_live
from migrator.phases import PHASES, statements
from migrator.plan.estimate import FILL_BESIDE_INDEX_ROWS_PER_S, FILL_ROWS_PER_S, IVFFLAT_DIMENSIONS_PER_S
from migrator.plan.plan import Plan
from migrator.postgres.sql import readable
from migrator.runtime.context import Options
from tests.models import EmbedLog, new
from tests.support.database import Database
from tests.support.running import (
    OLD_MODEL,
    PROBES,
    REVISION,
    At,
    downgrade,
    downgrade_until,
    migrated,
    upgrade,
    upgrade_until,
)
from tests.support.tables import CHANGE, insert, items

TIMED_SAMPLE = 32


def plan_upgrade(database: Database, change: EmbeddingChange = CHANGE, *, online: bool = False) -> Plan:
    return runner.plan_upgrade(database.address, REVISION, [change], Options(online=online))


def plan_downgrade(database: Database) -> Plan:
    return runner.plan_restore(database.address, REVISION, [VectorColumn("items", "embedding")], Options())


def listed(plan: Plan, phase: str) -> list[tuple[str, str]]:
    """The phase's statements, each by its first line, with its lock."""
    return [
        (readable(statement.query).splitlines()[0], statement.lock)
        for statement in statements(plan)
        if statement.phase == phase
    ]


def test_a_plan_changes_nothing(database: Database, embed_log: EmbedLog) -> None:
    """The first tries the old model, and loads the new one and times a sample, after one text to warm up."""
    items(database)
    before = database.whole_dump()
    plan_upgrade(database)
    assert database.whole_dump() == before
    assert embed_log.calls() == [*OLD_MODEL, PROBES, 1, TIMED_SAMPLE]


def test_a_plan_changes_nothing_where_a_ledger_is(database: Database) -> None:
    items(database)
    upgrade(database)
    insert(database, [(1000, "later")], model=new())
    before = database.whole_dump()
    plan_downgrade(database)
    assert database.whole_dump() == before
    downgrade(database)
    before = database.whole_dump()
    plan_upgrade(database)
    assert database.whole_dump() == before


@pytest.mark.parametrize("phase", ["backup", "fill", "verify", "cut-over"])
def test_the_plan_of_an_interrupted_run_says_what_is_done(database: Database, phase: str) -> None:
    items(database)
    upgrade_until(database, phase)
    before = database.whole_dump()
    plan = plan_upgrade(database)
    names = ["preflight", *(each.NAME for each in PHASES)]
    assert plan.phases_done == tuple(names[: names.index(phase) + 1])
    assert database.whole_dump() == before


def test_counts_of_an_upgrade(database: Database) -> None:
    """200 rows of 150 texts; 20 rows out of scope, 10 without a text, 7 without a vector, 30 texts in the store."""
    items(database)
    change = dataclasses.replace(CHANGE, where="id >= 20")
    stored = dataclasses.replace(CHANGE, table="stored", column="v")
    database.execute(
        "ALTER TABLE items ALTER COLUMN body DROP NOT NULL, ALTER COLUMN embedding DROP NOT NULL; "
        "CREATE TABLE stored AS SELECT body, embedding AS v FROM items WHERE id BETWEEN 50 AND 79; "
        "UPDATE items SET body = NULL WHERE id BETWEEN 20 AND 29; UPDATE items SET embedding = NULL WHERE id >= 193"
    )
    runner.upgrade(database.address, "1", [stored], Options())
    (estimate,) = plan_upgrade(database, change).estimates
    assert dataclasses.asdict(estimate.counts) == {
        "rows": 200,
        "in_scope": 180,
        "with_text": 170,
        # Texts 0 to 29 are in scope by the rows 150 to 179; 20 to 29 are so by these alone.
        "distinct_texts": 150,
        "missing": 120,
        "without_vector": 7,
        "vectors_outside": 20,
        "vectors_without_text": 10,
    }


def test_counts_of_a_downgrade(database: Database) -> None:
    items(database)
    upgrade(database)
    insert(database, [(1000 + number, f"later {number % 3}") for number in range(5)], model=new())
    database.execute("UPDATE items SET body = 'edited' WHERE id < 10")
    (estimate,) = plan_downgrade(database).estimates
    counts = estimate.counts
    assert (counts.rows, counts.without_vector, counts.missing) == (205, 15, 4)


def test_times_online(database: Database) -> None:
    """The fill goes into the old index too, and a rollback has no index to build: that of the window has."""
    items(database)
    (window,), (online,) = (plan_upgrade(database, online=each).estimates for each in (False, True))
    build = 200 * 48 / IVFFLAT_DIMENSIONS_PER_S
    slower = 200 / FILL_BESIDE_INDEX_ROWS_PER_S - 200 / FILL_ROWS_PER_S
    assert online.window - window.window == pytest.approx(slower)
    assert window.rollback - online.rollback == pytest.approx(build)
    upgrade(database, online=True)
    (estimate,) = plan_downgrade(database).estimates
    assert estimate.window == pytest.approx(online.rollback)


def test_what_is_missing_is_not_counted_twice(database: Database, embed_log: EmbedLog) -> None:
    """A second plan after an upgrade and a downgrade finds everything stored, and does not call the new model."""
    items(database)
    upgrade(database)
    downgrade(database)
    embed_log.calls()
    (estimate,) = plan_upgrade(database).estimates
    assert (estimate.counts.distinct_texts, estimate.counts.missing) == (150, 0)
    assert embed_log.calls() == OLD_MODEL


def test_statements_of_the_cut_over_with_their_lock(database: Database) -> None:
    items(database)
    database.execute("CREATE VIEW inner_ AS SELECT * FROM items; CREATE VIEW outer_ AS SELECT * FROM inner_")
    found = listed(plan_upgrade(database), "cut-over")
    texts = [text for text, lock in found if lock == "ACCESS EXCLUSIVE"]
    assert texts[:4] == [
        'DROP VIEW "public"."outer_", "public"."inner_"',
        'LOCK TABLE "public"."items" IN ACCESS EXCLUSIVE MODE',
        'ALTER TABLE "public"."items" RENAME COLUMN "embedding" TO "migrator_retired_1"',
        'ALTER TABLE "public"."items" RENAME COLUMN "migrator_shadow_1" TO "embedding"',
    ]
    created = [text for text in texts if text.startswith("CREATE VIEW")]
    assert [text.split()[2] for text in created] == ['"public"."inner_"', '"public"."outer_"']


def test_each_phase_lists_its_statements(database: Database) -> None:
    items(database)
    plan = plan_upgrade(database)
    locks = {phase.NAME: {lock for _, lock in listed(plan, phase.NAME)} for phase in PHASES}
    assert locks == {
        "backup": {"ACCESS SHARE", "none"},
        "embed": {"ACCESS SHARE", "none"},
        "fill": {"ACCESS EXCLUSIVE", "ROW EXCLUSIVE", "ACCESS SHARE", "none"},
        "index": {"SHARE UPDATE EXCLUSIVE"},
        "verify": {"ROW EXCLUSIVE", "ACCESS SHARE", "none"},
        "cut-over": {"ACCESS EXCLUSIVE", "ROW EXCLUSIVE", "ACCESS SHARE", "none"},
        "settle": {"ACCESS EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE", "ACCESS SHARE", "none"},
    }


def test_views_over_several_columns_are_made_anew_once(database: Database) -> None:
    """As cut-over does it: all views are dropped, all tables locked, all columns swapped, all views made again."""
    items(database)
    database.execute("ALTER TABLE items ADD COLUMN other vector(48); CREATE TABLE others AS TABLE items")
    database.execute("CREATE VIEW seen AS SELECT i.embedding, i.other, o.embedding AS third FROM items i, others o")
    changes = [CHANGE, dataclasses.replace(CHANGE, column="other"), dataclasses.replace(CHANGE, table="others")]
    plan = runner.plan_upgrade(database.address, REVISION, changes, Options())
    verbs = re.compile("DROP VIEW|LOCK TABLE|CREATE VIEW|ALTER TABLE .* RENAME COLUMN .* TO .migrator_retired")
    subjects = plan.subjects
    found = [(match[0], statement.columns) for statement in statements(plan)
             if (match := verbs.match(readable(statement.query)))]  # fmt: skip
    assert [(text.partition('"')[0].strip(), columns) for text, columns in found] == [
        ("DROP VIEW", subjects),
        ("LOCK TABLE", subjects),
        ("LOCK TABLE", subjects),
        *[("ALTER TABLE", (subject,)) for subject in subjects],
        ("CREATE VIEW", subjects),
    ]


def test_a_downgrade_embeds_what_its_plan_counts(database: Database, embed_log: EmbedLog) -> None:
    """A row that had no vector before the upgrade gets none back, so that its text is not paid for."""
    items(database)
    database.execute("ALTER TABLE items ALTER COLUMN embedding DROP NOT NULL")
    database.execute("UPDATE items SET embedding = NULL, body = 'none ' || id WHERE id < 5")
    upgrade(database)
    database.execute("UPDATE items SET body = 'edited' WHERE id IN (10, 11)")
    (estimate,) = plan_downgrade(database).estimates
    assert estimate.counts.missing == 1
    embed_log.calls()
    downgrade_until(database, "embed")
    # The model is checked by the plan, and once more when the run records it.
    assert embed_log.calls() == [PROBES, 1]
    downgrade(database)
    assert database.value("SELECT count(*) FROM items WHERE embedding IS NULL") == 5
    said = "every row in scope that has a text has a vector, but for 5 that had none before the upgrade"
    assert migrated(database)[0].coverage == said
    (proofs,) = verify_live(database.address, Options()).values()
    assert (proofs[0].detail, proofs[0].restored) == (said, True)
    reporter = At("", "", lambda: None)
    backfill(database.address, Options(reporter))
    assert reporter.messages == [
        "public.items.embedding: 5 rows with a text had no vector before the upgrade that was undone, and are left "
        "without; the next upgrade gives them one"
    ]
