"""Rows of the table, and their vectors, that are kept elsewhere, where another column would be felt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from psycopg import sql

from migrator import hazards
from migrator.catalog.columns import TREE, tree
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, execute, qualified_names
from migrator.postgres.sql import query

_LITERAL = re.compile(r"(?<!\w)e'(?:\\.|''|[^'\\])*'|'[^']*'", re.IGNORECASE | re.DOTALL)
_COMMENT_OR_LITERAL = re.compile(rf"(--[^\n]*|/\*.*?\*/)|{_LITERAL.pattern}", re.IGNORECASE | re.DOTALL)
# What ends a statement, and what opens and closes an expression with THEN and ELSE of its own. MERGE has no END.
_ENDS = re.compile(
    r";|(?<![.\w\"])(?:then|else|elsif|elseif|loop|case|end|merge\s+into\b[^;]*)(?![\w\"])", re.IGNORECASE
)
_RAISES = re.compile(r"\s*(?:begin\s+)?raise\b", re.IGNORECASE)
_EXECUTES = re.compile(r"\bexecute\b", re.IGNORECASE)
_INSERT = re.compile(r"\binsert\s+into\b[^;]*", re.IGNORECASE)
# NEW.*, (OLD).*, and ($1).* of a statement that is put together; not where it is only compared.
_WHOLE = re.compile(r"(?<!\bfrom\s)(?:\b(?:new|old)|\(\s*(?:new|old|\$\d+)\s*\))\s*\.\s*\*(?!\s*is\b)", re.IGNORECASE)
_SHOWN = 100
# The row as JSON, not one field of it; and what keeps a message short however long the row is.
_FIELD = r"(?:->|#>)"
_AS_JSON = re.compile(
    r"\b(?:row_to_json|to_jsonb?)\s*\(\s*\(?\s*(?:new|old)\b"
    rf"(?!\s*\.\s*[\"\w])(?!(?:\s*\.\s*\*)?[\s)]*{_FIELD})",
    re.IGNORECASE,
)
# What gives a variable its value: an assignment, with a declaration perhaps, and SELECT ... INTO.
_ASSIGNED = re.compile(
    r"\s*(?:(?:declare|begin)\s+)*\"?(\w+)[^:=(]*?(?::=|=|\bdefault\b)(.*)", re.IGNORECASE | re.DOTALL
)
_SELECTED = re.compile(
    r"\s*(?:begin\s+)?(select\b.*?)\binto\s+(?:strict\s+)?(\w+(?:\s*,\s*\w+)*)(.*?)(?:\bfrom\b|$)",
    re.IGNORECASE | re.DOTALL,
)
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
            yield hazards.dependents.rows_kept_elsewhere(called, described)
    sources = execute(connection, query("dependents", "trigger_sources", tree=TREE), of_table).fetchall()
    others = _vectors_elsewhere(connection, columns, column) if sources and not column.is_restore else []
    old = column.change.from_.dimensions * NUMBER_BYTES
    outgrows_message = old < NOTIFY_BYTES <= old + column.dimensions * NUMBER_BYTES
    for schema, called, trigger, source, transition, arguments in sources:
        statement = copying(source, transition)
        if statement is not None:
            yield hazards.triggers.rows_copied(schema, called, trigger, statement[:_SHOWN])
        if outgrows_message and notifies_row(source):
            yield hazards.triggers.rows_notified(schema, called, trigger, NOTIFY_BYTES)
        for other_schema, other, vectors, bare, any_ in others:
            named, same = naming(other_schema, other, bare=bare), vectors == column.live
            if keeps_vector(source, transition, arguments, column.live, named, same=same):
                there = other_schema, other, vectors
                yield hazards.triggers.vectors_copied(schema, called, trigger, *there, column.dimensions, any_)


def _vectors_elsewhere(
    connection: Connection, columns: Sequence[ColumnPlan], column: ColumnPlan
) -> list[tuple[str, str, str, bool, str | None]]:
    """Schema, table and name of columns that take the old vectors and not the new ones, after the run too.

    And whether the table's name alone means it in a function of a trigger; and the type that takes both, None where the
    column's indexes do not.
    """
    old = column.change.from_.dimensions
    if old == column.dimensions:
        return []
    changed = {(each.catalog.table.schema, each.catalog.table.name, each.live) for each in columns}
    of_table = {"table": column.catalog.table.oid, "dimensions": old}
    elsewhere = query("dependents", "vectors_elsewhere", tree=TREE, below=tree(sql.SQL("c.oid")))
    found = execute(connection, elsewhere, of_table).fetchall()
    return [each for each in found if each[:3] not in changed]


def copying(source: str, transition: list[str]) -> str | None:
    """The first statement of a trigger function that inserts a row with all its columns.

    transition: names of the trigger's transition tables.
    """
    for found in _INSERT.finditer(_code(source)):
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
    code = _blanked(_code(source))
    if _SHORTENS.search(code):
        return False
    values = [value for statement in _statements(code) for value in _values(code[statement])]
    holding: set[str] = set()

    def holds(value: str) -> bool:
        return bool(_AS_JSON.search(value)) or any(_variable(each).search(value) for each in holding)

    while more := {name for name, value in values if name not in holding and holds(value)}:
        holding |= more
    return any(holds(_between_brackets(code, found.end())) for found in _NOTIFIES.finditer(code))


def _values(statement: str) -> Iterator[tuple[str, str]]:
    """Variables that a statement gives a value, each with that value."""
    if selected := _SELECTED.match(statement):
        for called in re.findall(r"\w+", selected[2]):
            yield called.lower(), selected[1] + selected[3]
    elif assigned := _ASSIGNED.match(statement):
        yield assigned[1].lower(), assigned[2]


def _between_brackets(code: str, start: int) -> str:
    """What stands from there to the bracket that closes one opened before."""
    depth = 1
    for place in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[place], 0)
        if depth == 0:
            return code[start:place]
    return code[start:]


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
    code = _code(source)
    blanked = _blanked(code)
    # A statement that is put together names tables and columns in literals, or while it runs.
    together = _EXECUTES.search(blanked) is not None
    for place in _statements(blanked):
        statement = code[place] if together and not _RAISES.match(blanked[place]) else blanked[place]
        if not other.search(statement):
            continue
        by_table = any(_word(each).search(statement) for each in transition) and _word(live).search(statement)
        by_json = same and "populate_record" in statement.lower()
        if by_table or by_json or _of_row(live).search(statement):
            return True
    return same and together and other.search(arguments) is not None


def _code(source: str) -> str:
    """A function's text without comments."""
    return _COMMENT_OR_LITERAL.sub(lambda found: " " if found[1] else found[0], source)


def _blanked(code: str) -> str:
    """The same, each character in its place, with nothing in literals."""
    return _LITERAL.sub(lambda found: f"'{' ' * (len(found[0]) - 2)}'", code)


def _statements(blanked: str) -> Iterator[slice]:
    """Where the statements of a function stand, conditions such as that of IF by themselves."""
    ends = [0]
    opened: list[list[int]] = []
    for found in _ENDS.finditer(blanked):
        match found[0].lower():
            case ";":
                # What no END has closed is a CASE with statements in it.
                ends += [*(end for each in opened for end in each), found.end()]
                opened.clear()
            case "case":
                opened.append([])
            case "end":
                del opened[-1:]
            case "then" | "else" | "elsif" | "elseif" | "loop":
                (opened[-1] if opened else ends).append(found.end())
    return (slice(*each) for each in pairwise([*ends, len(blanked)]))


@cache
def naming(schema: str, table: str, *, bare: bool) -> re.Pattern[str]:
    """A table as SQL names it. bare: perhaps without its schema."""
    qualified = rf'(?<!\w){re.escape(schema)}"?\s*\.\s*"?{re.escape(table)}(?!\w)'
    return _word(table) if bare else re.compile(qualified, re.IGNORECASE)


@cache
def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)


@cache
def _variable(name: str) -> re.Pattern[str]:
    """A variable, and not one field of it, nor a column of that name."""
    return re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w|\s*{_FIELD})", re.IGNORECASE)


@cache
def _of_row(live: str) -> re.Pattern[str]:
    """NEW.live, and (OLD)."live"."""
    return re.compile(rf'\b(?:new|old)\b\s*\)?\s*\.\s*"?{re.escape(live)}(?!\w)', re.IGNORECASE)
