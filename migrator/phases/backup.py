"""backup: row identity, old vector and text hash go into a table of their own, counted and checksummed.

On a downgrade: the live vectors that the application wrote since cut-over and that no store holds.
"""

from __future__ import annotations

from decimal import Decimal

from psycopg import sql

from migrator.errors import MigratorError
from migrator.plan.column import ColumnPlan
from migrator.plan.plan import Plan
from migrator.plan.step import Lock, Statement
from migrator.postgres.connection import UNBOUNDED, Connection, configure, execute, fetch_row
from migrator.postgres.sql import fragment, name, query, text_of
from migrator.report import counted
from migrator.rows import backup_table
from migrator.rows.embed import making_store
from migrator.rows.unreadable import tolerant
from migrator.runtime.context import Work
from migrator.runtime.step import ColumnStep, Result, Step, sending

NAME = "backup"


class BackedUp(Result):
    """Of the backup table of that name."""

    rows: int
    vectors: int
    checksum: str
    table: str

    @property
    def summary(self) -> str:
        return f"{counted(self.rows, 'rows')}, {counted(self.vectors, 'vectors')}"


def steps(plan: Plan) -> list[Step]:
    found: list[Step] = []
    for column in plan.columns:
        if column.method == "index":
            continue
        if backup_table.reads_store(column):
            # An empty one, where migrator retire --stores dropped it: every vector is backed up then.
            found.append(making_store(column.upgrade, "its store was dropped", "milliseconds"))
        found.append(_Copy(column))
    return found


def run(work: Work) -> dict[str, BackedUp]:
    sent = sending(work, steps(work.plan))
    return {step.column.subject: copied for step, copied in sent if isinstance(step, _Copy)}


class _Copy(ColumnStep):
    """Copies and compares under one snapshot, so that writes meanwhile cannot make a difference."""

    def made(self, column: ColumnPlan) -> list[Statement]:
        return [*_copy(column), *_checksums(column)]

    def send(self, work: Work) -> BackedUp:
        return tolerant(work.connection, self.column, lambda column: self._copy_and_compare(work.connection, column))

    def _copy_and_compare(self, connection: Connection, column: ColumnPlan) -> BackedUp:
        *copying, in_table, in_backup = (each.query for each in self.made(column))
        with connection.transaction():
            execute(connection, query("session", "one_snapshot"))
            configure(connection, {"lock_timeout": UNBOUNDED}, local=True)
            for statement in copying:
                execute(connection, statement)
            found, copied = fetch_row(connection, in_table), fetch_row(connection, in_backup)
            if found != copied:
                raise MigratorError(
                    f"the backup of {column.subject} differs from the table: it has {_told(*copied)}; "
                    f"the table has {_told(*found)}",
                    meaning="they are not the same under one snapshot.",
                    remedy="this should never be; check the server's storage before anything else",
                )
        rows, vectors, checksum = copied
        return BackedUp(rows, vectors, str(checksum), column.backup_name)


def _told(rows: int, vectors: int, checksum: Decimal) -> str:
    return f"{counted(rows, 'rows')}, {counted(vectors, 'vectors')}, checksum {checksum}"


_SCAN = "two scans in one transaction, of which this is {}; reads and writes go on"


def _copy(column: ColumnPlan) -> list[Statement]:
    key = [sql.SQL("{}, ").format(name(part)) for part in column.catalog.table.key]
    create = query(
        "backup",
        "create",
        backup=column.backup,
        key=sql.SQL("").join(key),
        text_hash=column.with_old_text.text_hash,
        live=name(column.live),
        table=column.table,
        which=backup_table.which(column),
    )
    to_owner = query("privileges", "table_to_owner", object=text_of(column.backup))
    return [
        column.statement(backup_table.drop(column), Lock.NONE, "instant"),
        column.statement(create, Lock.ACCESS_SHARE, _SCAN.format("the first")),
        column.statement(to_owner, Lock.NONE, "instant"),
    ]


def _checksums(column: ColumnPlan) -> list[Statement]:
    """Of the live column, and of its copy."""
    pieces = {
        "extension": name(column.catalog.server.extension_schema),
        "type": fragment(column.catalog.column.type),
    }
    which, vector = backup_table.which(column), name("migrator_vector")
    of_table = query("backup", "checksum", vector=name(column.live), table=column.table, which=which, **pieces)
    of_copy = query("backup", "checksum", vector=vector, table=column.backup, which=sql.SQL("true"), **pieces)
    return [
        column.statement(of_table, Lock.ACCESS_SHARE, _SCAN.format("the second")),
        column.statement(of_copy, Lock.NONE, "one scan of the backup table"),
    ]
