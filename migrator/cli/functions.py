"""New texts that `migrator revision` proposes for functions which find the column by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migrator.catalog import Catalog
from migrator.database import Connection, fetch_dicts, qualified_names
from migrator.queries import query


@dataclass(frozen=True)
class Function:
    """A function as it is. name: with its argument types. definition: as CREATE OR REPLACE.

    may_change: this role may, and its text names no other vector column of as many dimensions.
    """

    name: str
    definition: str
    may_change: bool


def read(connection: Connection, catalog: Catalog) -> list[Function]:
    """Those that find the column by its name."""
    if not catalog.carried.functions_by_name:
        return []
    parameters = {
        "functions": catalog.carried.functions_by_name,
        "dimensions": catalog.column.dimensions,
        "table": catalog.table.oid,
        "column": catalog.column.name,
    }
    with qualified_names(connection):
        rows = fetch_dicts(connection, query("dependents", "function_texts"), parameters)
    return [Function(**row) for row in rows]


def of_dimensions(functions: list[Function], type_: str, old: int, new: int) -> dict[str, str]:
    """By name, the definitions with type_(new) for type_(old), as in a cast, of those that say it and may change.

    That is in the body: the dimensions of arguments and results PostgreSQL does not keep.
    """
    sized = re.compile(rf"\b({type_}\s*\(\s*){old}(?=\s*\))", re.IGNORECASE)
    saying = [each for each in functions if each.may_change and sized.search(each.definition)]
    return {each.name: sized.sub(rf"\g<1>{new}", each.definition).rstrip() for each in saying}
