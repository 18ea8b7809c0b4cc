"""Random interleavings of writes, crashes, resumes, up and down. After each step no row, no edit and no vector is lost.

An application writes each text with its vector of the model that is live. So at any moment, whatever was begun, broken
off or undone, the live column holds the right vector of every present text.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from migrator.errors import Interrupted, MigratorError
from migrator.report import Progress
from tests.conftest import Server
from tests.models import new, old
from tests.support.proofs import rows_hold
from tests.support.running import abandon, downgrade, terminate, upgrade
from tests.support.tables import items

ROWS = 12
KINDS = ["edit", "insert", "edit", "delete", "rekey", "touch"]
# Of those that the table begins with, that others have, and that nobody has: the store knows them or does not.
TEXTS = st.one_of(st.integers(0, 20).map("text {}".format), st.text("ab ", min_size=1, max_size=5))
UNFINISHED = "SELECT direction FROM migrator.run WHERE state = 'unfinished'"


@dataclass(frozen=True)
class Write:
    """What an application does. row: a number that one of the rows is chosen by."""

    kind: str
    row: int
    text: str


@dataclass(frozen=True)
class Fault:
    """What happens in a run when it tells its event of that number, counted from 0."""

    event: int
    kind: str
    writes: list[Write]


writes = st.builds(Write, st.sampled_from(KINDS), st.integers(0, 99), TEXTS)
faults = st.builds(
    Fault, st.integers(0, 35), st.sampled_from(["connection", "keyboard", "writes"]), st.lists(writes, max_size=4)
)


class Telling:
    """A reporter that calls `act` at the event of that number."""

    def __init__(self, event: int, act: Callable[[], None]) -> None:
        self._events = itertools.count()
        self._event = event
        self._act = act

    def phase_started(self, _phase: str, _subject: str) -> None:
        self._count()

    def progress(self, _phase: str, _subject: str, _progress: Progress) -> None:
        self._count()

    def phase_done(self, _phase: str, _subject: str, _result: str) -> None:
        self._count()

    def message(self, _text: str) -> None:
        self._count()

    def _count(self) -> None:
        if next(self._events) == self._event:
            self._act()


def problem(work: Callable[[], object]) -> str | None:
    """What it says that is wrong; None where it ends well."""
    try:
        work()
    except MigratorError as error:
        return error.problem
    return None


class Interleavings(RuleBasedStateMachine):
    def __init__(self, server: Server) -> None:
        super().__init__()
        self.database = server.new_database()
        items(self.database, ROWS, distinct=ROWS - 2)
        self.schema = self.database.dump()
        self.application = self.database.connect()
        # A write that waits for a run that waits for it would do so for ever.
        self.application.execute("SET lock_timeout = '20s'")
        # What the table has to hold: body and note by id.
        self.rows = {id_: (body, note) for id_, body, note in self.sql("SELECT id, body, note FROM items")}
        self.ids = itertools.count(1_000)

    def teardown(self) -> None:
        self.application.close()

    def sql(self, statement: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        cursor = self.application.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    # ---- what is so --------------------------------------------------------------------------------------------

    def live_dimensions(self) -> int:
        return int(
            self.sql("SELECT atttypmod FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'embedding'")[
                0
            ][0]
        )

    def unfinished(self) -> str | None:
        if self.sql("SELECT to_regclass('migrator.run')")[0][0] is None:
            return None
        found = self.sql(UNFINISHED)
        return str(found[0][0]) if found else None

    @invariant()
    def no_row_no_edit_and_no_vector_is_lost(self) -> None:
        assert {id_: (body, note) for id_, body, note in self.sql("SELECT id, body, note FROM items")} == self.rows
        # Past cut-over, settle may be due yet.
        where = "embedding IS NOT NULL" if self.unfinished() else "true"
        rows_hold(self.database, old if self.live_dimensions() == 48 else new, where=where)

    # ---- what happens ------------------------------------------------------------------------------------------

    @rule(each=st.lists(writes, min_size=1, max_size=6))
    def written(self, each: list[Write]) -> None:
        for write in each:
            self.write(write)

    def write(self, write: Write) -> None:
        live = old if self.live_dimensions() == 48 else new
        given = {"body": write.text, "vector": str(live().embed_queries([write.text])[0].tolist())}
        if write.kind == "insert":
            id_ = next(self.ids)
            self.sql(
                "INSERT INTO items (id, body, embedding) VALUES (%(id)s, %(body)s, %(vector)s)", {**given, "id": id_}
            )
            self.rows[id_] = (write.text, None)
            return
        if not self.rows:
            return
        id_ = sorted(self.rows)[write.row % len(self.rows)]
        body, note = self.rows.pop(id_)
        given = {**given, "id": id_}
        if write.kind == "delete":
            self.sql("DELETE FROM items WHERE id = %(id)s", given)
        elif write.kind == "edit":
            self.sql("UPDATE items SET body = %(body)s, embedding = %(vector)s WHERE id = %(id)s", given)
            self.rows[id_] = (write.text, note)
        elif write.kind == "rekey":
            other = next(self.ids)
            self.sql("UPDATE items SET id = %(other)s WHERE id = %(id)s", {**given, "other": other})
            self.rows[other] = (body, note)
        else:
            self.sql("UPDATE items SET note = %(body)s WHERE id = %(id)s", given)
            self.rows[id_] = (body, write.text)

    def run(self, work: Callable[..., None], fault: Fault | None) -> bool:
        """Whether it came to its end, which only a fault may keep it from."""

        def act() -> None:
            if fault is None:
                return
            for each in fault.writes:
                self.write(each)
            if fault.kind == "keyboard":
                raise KeyboardInterrupt
            if fault.kind == "connection":
                terminate(self.database)

        try:
            work(self.database, reporter=Telling(-1 if fault is None else fault.event, act))
        except (Interrupted, KeyboardInterrupt, psycopg.OperationalError):
            # The last two where nothing is begun yet; a person is told by the command line.
            assert fault is not None
            assert fault.kind != "writes"
            return False
        return True

    @rule(fault=st.none() | faults)
    def up(self, fault: Fault | None) -> None:
        if self.unfinished() == "downgrade":
            assert problem(lambda: upgrade(self.database)) == "the downgrade of revision 2 is unfinished"
        elif self.run(upgrade, fault):
            assert self.unfinished() is None
            assert self.live_dimensions() == 96

    @rule(fault=st.none() | faults)
    def down(self, fault: Fault | None) -> None:
        if self.unfinished() == "upgrade":
            assert problem(lambda: downgrade(self.database)) == "the upgrade of revision 2 is unfinished"
        elif self.live_dimensions() == 48 and self.unfinished() is None:
            # Nothing was upgraded yet, or everything is as it was: then it returns at once.
            before = self.database.dump()
            told = problem(lambda: downgrade(self.database))
            assert told in (None, "the ledger knows no upgrade of public.items.embedding")
            assert self.database.dump() == before
        elif self.run(downgrade, fault):
            assert self.unfinished() is None
            assert self.live_dimensions() == 48
            assert self.database.dump() == self.schema

    @rule()
    def abandoned(self) -> None:
        direction, dimensions = self.unfinished(), self.live_dimensions()
        past = (direction, dimensions) in (("upgrade", 96), ("downgrade", 48))
        told = problem(lambda: abandon(self.database))
        assert told == (f"the {direction} of revision 2 is past cut-over" if past else None)
        assert self.live_dimensions() == dimensions
        if not past:
            assert self.unfinished() is None
        if direction == "upgrade" and not past:
            assert self.database.dump() == self.schema


def test_promises_3_and_6_whatever_comes_between(server: Server) -> None:
    class OnServer(Interleavings):
        def __init__(self) -> None:
            super().__init__(server)

    run_state_machine_as_test(
        OnServer,
        settings=settings(
            max_examples=12,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            database=None,
            # A failure is told as it came: making it smaller would take many minutes.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
