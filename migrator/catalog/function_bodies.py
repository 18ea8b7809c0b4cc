"""Functions which find the column by its name, and what their texts say of its dimensions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migrator.catalog import Catalog
from migrator.postgres.connection import Connection, fetch_dicts, qualified_names
from migrator.postgres.sql import plain, query

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Function:
    """A function as it is. name: with its argument types. definition: as CREATE OR REPLACE.

    owned: this role may change it. other: another vector column of as many dimensions that its text names, or None.
    typed: the statement that lets rows which it takes or gives hold vectors of any dimensions; None: needs none.
    """

    name: str
    definition: str
    owned: bool
    other: str | None
    typed: str | None

    def says(self, dimensions: int) -> bool:
        """Whether it casts a vector to so many dimensions, or declares one."""
        return bool(_sized("(?:vector|halfvec)", dimensions).search(_COMMENT.sub("", self.definition)))

    def says_number(self, dimensions: int) -> bool:
        """Whether it says the number otherwise, as in `array_length(query, 1) <> 384`."""
        code = _sized("(?:vector|halfvec)", dimensions).sub("", _COMMENT.sub("", self.definition))
        return re.search(rf"(?<![\w.]){dimensions}(?![\w.])", code) is not None

    def named(self, why: str = "") -> str:
        """For a person, with why it is not to be written anew, where this does not say it already."""
        if self.other is not None:
            why = f"perhaps of {self.other}, which it names too"
        elif not self.owned:
            why = "of another owner"
        return f"{self.name} ({why})" if why else self.name


def read(connection: Connection, catalog: Catalog) -> list[Function]:
    """Those that find the column by its name."""
    if not catalog.carried.functions_by_name:
        return []
    parameters = {
        "functions": catalog.carried.functions_by_name,
        "dimensions": catalog.column.dimensions,
        "table": catalog.table.oid,
        "column": catalog.column.name,
        "views": [plain(view.sql) for view in catalog.views],
    }
    with qualified_names(connection):
        rows = fetch_dicts(connection, query("dependents", "function_texts"), parameters)
    return [Function(**row) for row in rows]


def of_dimensions(functions: list[Function], type_: str, old: int, new: int) -> dict[str, str]:
    """By name, the definitions with type_(new) for type_(old), as in a cast, of those that say it and may change.

    That is in the body: the dimensions of arguments and results PostgreSQL does not keep.
    """
    sized = _sized(type_, old)
    saying = [each for each in functions if each.owned and each.other is None and sized.search(each.definition)]
    return {each.name: sized.sub(rf"\g<1>{new}", each.definition).rstrip() for each in saying}


def _sized(type_: str, dimensions: int) -> re.Pattern[str]:
    return re.compile(rf"\b({type_}\s*\(\s*){dimensions}(?=\s*\))", re.IGNORECASE)
