"""What the ledger remembers of pgvector, in the schema that the extension is in today."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from migrator.postgres.connection import Connection, execute
from migrator.postgres.sql import query

# An operator is written with its schema in a form of its own.
_OPERATOR = r"(?<=OPERATOR\(){schema}\.(?=[-+*/<>=~!@#%^&|`?]+\))"
_NAMED = r'(?<![\w."$]){schema}\.(?="?(?:{members})\b)'


@dataclass(frozen=True)
class Extension:
    """pgvector as it is now. quoted: its schema as PostgreSQL writes it. members: names of types and functions."""

    schema: str
    quoted: str
    members: list[str]

    @classmethod
    def read(cls, connection: Connection) -> Extension | None:
        """None where it is not in this database."""
        row = execute(connection, query("ledger_queries", "extension")).fetchone()
        return cls(*row) if row else None

    def in_schema(self, catalog: dict[str, Any]) -> dict[str, Any]:
        """A catalog as the ledger has it, with the schema that the extension has now."""
        former = catalog["server"]["pgvector_schema"]
        if former in (None, self.schema):
            return catalog
        path = catalog["server"]["search_path"]
        found: dict[str, Any] = _each_text(catalog, self._renamed(former))
        server = {**catalog["server"], "pgvector_schema": self.schema}
        # What a text calls without a schema is found as before.
        if former in path and self.schema not in path:
            server["search_path"] = [*path, self.schema]
        return {**found, "server": server}

    def _renamed(self, former: str) -> Callable[[str], str]:
        doubled = former.replace('"', '""')
        schema = rf'(?:{re.escape(former)}|"{re.escape(doubled)}")'
        members = "|".join(map(re.escape, self.members))
        found = re.compile(f"{_OPERATOR.format(schema=schema)}|{_NAMED.format(schema=schema, members=members)}")
        return lambda text: found.sub(lambda _: f"{self.quoted}.", text)


def _each_text(value: Any, renamed: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return renamed(value)
    if isinstance(value, Mapping):
        return {key: _each_text(each, renamed) for key, each in value.items()}
    if isinstance(value, list):
        return [_each_text(each, renamed) for each in value]
    return value
