"""What text and scope are made of besides the row's values. Where it changes texts change, and no row is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from migrator.postgres.connection import Connection, execute, fetch_dicts, qualified_names
from migrator.postgres.sql import query

Kind = Literal["function", "column", "label", "type", "text search configuration", "text search dictionary"]


@dataclass(frozen=True)
class Dependency:
    """One thing that a text is made of. state: changes with what texts become; None if it is gone.

    A label is one of an enum type: labels that are added change no text.
    """

    kind: Kind
    name: str
    state: str | None

    @property
    def shown(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Roots:
    """What text and scope name, by which the rest is found. Names have their schema, but for the table's columns."""

    functions: Sequence[str] = ()
    columns: Sequence[str] = ()
    types: Sequence[str] = ()
    configurations: Sequence[str] = ()
    dictionaries: Sequence[str] = field(default=())


def read_dependencies(connection: Connection, table: int, roots: Roots) -> list[Dependency]:
    """As they are now. table: the oid of the one that has the columns."""
    given = {
        "table": table,
        "columns": [*roots.columns],
        "types": [*roots.types],
        "configurations": [*roots.configurations],
        "dictionaries": [*roots.dictionaries],
    }
    with qualified_names(connection):
        found = [Dependency(**row) for row in fetch_dicts(connection, query("text_dependencies", "states"), given)]
        if not roots.functions:
            return found
        definitions = execute(connection, query("called", "definitions"), {"functions": [*roots.functions]}).fetchall()
    return [*(Dependency("function", *definition) for definition in definitions), *found]


def changed(connection: Connection, table: int, known: Sequence[Dependency]) -> list[str]:
    """Of those that were written down, the ones that are others now, or gone, as a person is shown them."""
    return differing(known, read_dependencies(connection, table, _roots(known)))


def differing(known: Iterable[Dependency], present: Iterable[Dependency]) -> list[str]:
    """The one comparison: whatever was written down has to be there as it was. What came since changes no text."""
    now = set(present)
    return [each.shown for each in known if each not in now]


def _roots(known: Sequence[Dependency]) -> Roots:
    """Types that columns are of are found by these again; the others by their names, those of a label's type too."""
    by_kind = {kind: [each.name for each in known if each.kind == kind] for kind in ("function", "column")}
    types = [each.name for each in known if each.kind == "type"]
    types += [each.name.partition(" '")[0] for each in known if each.kind == "label"]
    return Roots(
        by_kind["function"],
        by_kind["column"],
        list(dict.fromkeys(types)),
        [each.name for each in known if each.kind == "text search configuration"],
        [each.name for each in known if each.kind == "text search dictionary"],
    )
