"""Whole rows of the table that are kept elsewhere, where one column more, or another in its place, would be felt."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator import hazards
from migrator.catalog.columns import TREE
from migrator.database import Connection, execute, qualified_names
from migrator.hazards import Hazard
from migrator.plan import ColumnPlan
from migrator.queries import query

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_INSERT = re.compile(r"\binsert\s+into\b[^;]*", re.IGNORECASE)
# NEW.*, (OLD).*, and ($1).* of a statement that is put together; not where it is only compared.
_WHOLE = re.compile(r"(?<!\bfrom\s)(?:\b(?:new|old)|\(\s*(?:new|old|\$\d+)\s*\))\s*\.\s*\*(?!\s*is\b)", re.IGNORECASE)
_SHOWN = 100


def examine(connection: Connection, column: ColumnPlan) -> Iterator[Hazard]:
    """The hazards that copies of the table's rows are."""
    table = column.catalog.table
    of_table = {"table": table.oid}
    if not column.adds_shadow:
        return
    if not column.is_restore:
        with qualified_names(connection):
            held = execute(connection, query("dependents", "row_columns", tree=TREE), of_table).fetchall()
        for called, described in held:
            yield hazards.rows_kept_elsewhere(called, described)
    sources = execute(connection, query("dependents", "trigger_sources", tree=TREE), of_table).fetchall()
    for schema, called, trigger, source, transition in sources:
        statement = copying(source, transition)
        if statement is not None:
            yield hazards.rows_copied(schema, called, trigger, statement[:_SHOWN])


def copying(source: str, transition: list[str]) -> str | None:
    """The first statement of a trigger function that inserts a row with all its columns.

    transition: names of the trigger's transition tables.
    """
    for found in _INSERT.finditer(_COMMENT.sub(" ", source)):
        statement = " ".join(found.group().split())
        if any(not _is_argument(statement[: row.start()]) for row in _WHOLE.finditer(statement)):
            return statement
        for called in transition:
            every = rf'(?:\bselect|,)\s*(?:[\w"]+\s*\.\s*)?\*.*\bfrom\s+"?{re.escape(called)}\b'
            if re.search(every, statement, re.IGNORECASE):
                return statement
    return None


def _is_argument(before: str) -> bool:
    """Whether what follows stands between the brackets of a function's call, such as to_jsonb(NEW.*)."""
    depth = 0
    for place in range(len(before) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(before[place], 0)
        if depth < 0 and before[place + 1 :].lstrip().lower().startswith("select"):
            return False
        if depth < 0:
            called = re.search(r"(\w+)\s*$", before[:place])
            return called is not None and called[1].lower() not in ("values", "select", "as")
    return False
