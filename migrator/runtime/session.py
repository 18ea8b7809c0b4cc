"""How a command comes to work on a database: the connection that keeps other migrators out, and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from migrator import hazards
from migrator.catalog import read_ledger_schema
from migrator.hazards import Hazard
from migrator.hazards.runs import Obstacle
from migrator.ledger.ledger import Ledger, Run
from migrator.postgres.address import Address
from migrator.postgres.connection import Connection, connect
from migrator.postgres.locks import only_migrator
from migrator.runtime.waits import naming_waits


@contextmanager
def at_work(address: Address, tell: Callable[[str], None] | None = None) -> Iterator[tuple[Connection, Ledger]]:
    """A connection that keeps other migrators out, and the ledger. Raises Busy.

    tell: is told meanwhile who its statements wait for, if they are to be watched.
    """
    with (
        connect(address) as connection,
        only_migrator(connection),
        naming_waits(connection, address, tell) if tell else nullcontext(),
    ):
        yield connection, open_ledger(connection, address)


def open_ledger(connection: Connection, address: Address) -> Ledger:
    """As the history of that address sees it.

    Raises Refused where it is another role's than the one at work, with fewer rights, or a newer migrator's.
    """
    schema = read_ledger_schema(connection)
    if schema.untrusted is not None:
        raise schema.untrusted.refusal()
    return Ledger(connection, installed=schema.installed, version_table=address.version_table)


def open_ledger_to_read(connection: Connection, address: Address) -> tuple[Ledger, Hazard | None]:
    """The ledger as data; and why what it says in SQL may not be evaluated, None where it may.

    Raises Refused where reading could run code of others, or this role may not read.
    """
    schema = read_ledger_schema(connection)
    if schema.unreadable is not None:
        raise schema.unreadable.refusal()
    return Ledger(connection, installed=schema.installed, version_table=address.version_table), schema.untrusted


def unfinished(address: Address) -> Run | None:
    """The run that was begun and not brought to an end."""
    with connect(address) as connection:
        return open_ledger(connection, address).unfinished()


def columns_of(address: Address, run: Run) -> list[str]:
    """What the run changes, as schema.table.column."""
    with connect(address) as connection:
        return [change.catalog.subject for change in open_ledger(connection, address).changes(run)]


def refuse_unfinished(ledger: Ledger) -> None:
    """Raises Refused where a run is unfinished, for commands that need all of them done."""
    unfinished = ledger.unfinished()
    if unfinished is not None:
        raise in_the_way(ledger, unfinished).refusal()


def in_the_way(ledger: Ledger, run: Run, obstacle: Obstacle = "") -> Hazard:
    """The refusal of something else while the run is unfinished."""
    if not obstacle and not ledger.has_file(run.revision):
        obstacle = "file"
    past = ledger.past_cut_over(run)
    return hazards.runs.unfinished_other(run.revision, run.direction, run.command, obstacle, past_cut_over=past)


def refuse_busy(address: Address) -> None:
    """Raises Busy where a migrator is at work on the database."""
    with at_work(address):
        pass
