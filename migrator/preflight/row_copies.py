"""Rows of the table, and their vectors, that are kept elsewhere, where another column would be felt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

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
# The row as JSON; and what keeps a message short however long the row is.
_AS_JSON = re.compile(r"\b(?:row_to_json|to_jsonb?)\s*\(\s*\(?\s*(?:new|old)\b(?!\s*\.\s*[\"\w])", re.IGNORECASE)
_NOTIFIES = re.compile(r"\bpg_notify\s*\(", re.IGNORECASE)
_SHORTENS = re.compile(r"\b(?:left|substr|substring|length|octet_length|char_length)\s*\(", re.IGNORECASE)
# PostgreSQL's bound of a message of NOTIFY, in bytes; and what a number of a vector takes as text, about.
NOTIFY_BYTES, NUMBER_BYTES = 8_000, 12


def examine(connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan) -> Iterator[Hazard]:
    """The hazards that copies of the table's rows are. columns: all that are to change."""
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
    others = [] if column.is_restore else _vectors_elsewhere(connection, columns, column)
    for schema, called, trigger, source, transition, arguments in sources:
        statement = copying(source, transition)
        if statement is not None:
            yield hazards.rows_copied(schema, called, trigger, statement[:_SHOWN])
        old, new = column.change.from_.dimensions, column.dimensions
        if notifies_row(source) and old * NUMBER_BYTES < NOTIFY_BYTES <= (old + new) * NUMBER_BYTES:
            yield hazards.rows_notified(schema, called, trigger, NOTIFY_BYTES)
        for other_schema, other, vectors, bare in others:
            named, same = _called(other_schema, other, bare=bare), vectors == column.live
            if keeps_vector(source, transition, arguments, column.live, named, same=same):
                yield hazards.vectors_copied(schema, called, trigger, other_schema, other, vectors, column.dimensions)


def _vectors_elsewhere(
    connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan
) -> list[tuple[str, str, str, bool]]:
    """Schema, table and name of columns that take the old vectors and not the new ones, after the run too.

    And whether the table's name alone means it in a function of a trigger.
    """
    old = column.change.from_.dimensions
    if old == column.dimensions:
        return []
    changed = {(each.catalog.table.schema, each.catalog.table.name, each.live) for each in columns}
    of_table = {"table": column.catalog.table.oid, "dimensions": old}
    found = execute(connection, query("dependents", "vectors_elsewhere", tree=TREE), of_table).fetchall()
    return [each for each in found if each[:3] not in changed]


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


def notifies_row(source: str) -> bool:
    """Whether a trigger function sends the row as JSON by NOTIFY, however long it is."""
    code = _COMMENT.sub(" ", source)
    return bool(_NOTIFIES.search(code) and _AS_JSON.search(code)) and not _SHORTENS.search(code)


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


def keeps_vector(
    source: str, transition: Sequence[str], arguments: str, live: str, other: re.Pattern[str], *, same: bool
) -> bool:
    """Whether a trigger function gives the row's vector to a column of another table, or compares it with one there.

    transition: names of the trigger's transition tables. arguments: the trigger's. live: the column of the row.
    other: what names the other table. same: its column is called the same, as in a history of the row's columns.
    """
    code = _COMMENT.sub(" ", source)
    for statement in code.split(";"):
        if not other.search(statement):
            continue
        by_table = any(_word(each).search(statement) for each in transition) and _word(live).search(statement)
        by_json = same and "populate_record" in statement.lower()
        if by_table or by_json or _of_row(live).search(statement):
            return True
    # A statement that is put together names the columns while it runs.
    together = re.search(r"\bexecute\b", code, re.IGNORECASE)
    return same and together is not None and other.search(arguments) is not None


@cache
def _called(schema: str, table: str, *, bare: bool) -> re.Pattern[str]:
    """A table as SQL names it. bare: perhaps without its schema."""
    qualified = rf'(?<!\w){re.escape(schema)}"?\s*\.\s*"?{re.escape(table)}(?!\w)'
    return _word(table) if bare else re.compile(qualified, re.IGNORECASE)


@cache
def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)


@cache
def _of_row(live: str) -> re.Pattern[str]:
    """NEW.live, and (OLD)."live"."""
    return re.compile(rf'\b(?:new|old)\b\s*\)?\s*\.\s*"?{re.escape(live)}(?!\w)', re.IGNORECASE)
