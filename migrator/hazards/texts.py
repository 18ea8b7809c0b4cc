"""Of the text expression, the scope and the file of queries, and of the rows that they give.

argument: what the revision says the expression in: text or from_text, where or priority.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from migrator.hazards.hazard import Hazard, quoted, refuse, warn

_NO_PATH = (
    "the trigger that captures writes follows no search path, so that nobody else decides which function or operator a "
    "name means"
)


def text_does_not_parse(argument: str, expression: str, reason: str) -> Hazard:
    return refuse(
        "text-does-not-parse",
        f"{argument}={expression!r} is not an SQL expression over the row: {reason}",
        "the texts to embed cannot be read.",
        "correct it; try it with SELECT expression FROM table LIMIT 1",
    )


def names_gone(subject: str, schema: str, table: str, problem: str) -> Hazard:
    """problem: of the text or scope that the ledger has of a column, as a sentence."""
    return refuse(
        "names-gone",
        f"what the ledger says of {subject} does not fit its table any more: {problem}",
        "what text or scope name was renamed, dropped or given another type since the upgrade.",
        f"give it its name or its type back, at least for that time: ALTER TABLE {quoted(schema, table)} RENAME COLUMN "
        "... TO ..., or ALTER COLUMN ... TYPE ... USING ...",
    )


def text_is_not_text(argument: str, expression: str, type_: str) -> Hazard:
    field = re.sub(r"(->|#>)(\s*(?:'(?:[^']|'')*'|\d+)\s*)$", r"\1>\2", expression)
    # A cast would leave the quotes of JSON around the string.
    of_json = f"ask for the field's text: {argument}={field!r}"
    cast = f"write a cast if that is what you mean: {argument}={f'({expression})::text'!r}"
    return refuse(
        "text-is-not-text",
        f"{argument}={expression!r} gives {type_}, not text",
        "a model reads text.",
        of_json if field != expression else cast,
    )


def no_text(subject: str) -> Hazard:
    return refuse(
        "no-text",
        f"the revision names no text for {subject}",
        "another model needs the texts to embed.",
        'write text="an SQL expression over the row", such as text="content"; vectors of images or sound are not '
        "migrator's to make",
    )


def whole_row_text(argument: str, expression: str) -> Hazard:
    return refuse(
        "whole-row-text",
        f"{argument}={expression!r} gives something else once the table has another column",
        "it would change for every row when the shadow column appears.",
        f"name the columns: {_naming_columns(argument)}",
    )


def _naming_columns(argument: str) -> str:
    condition = "tenant = 'acme'" if argument == "where" else "concat_ws(' ', title, body)"
    return f'{argument}="{condition}"'


def text_not_by_columns(argument: str, expression: str, reason: str) -> Hazard:
    return refuse(
        "text-not-by-columns",
        f"{argument}={expression!r} cannot be evaluated for a row by itself: {reason}",
        "the trigger that captures writes sees the row's columns, and neither the whole row nor other tables.",
        f"name the columns, without schema: {_naming_columns(argument)}",
    )


def operator_by_search_path(argument: str, expression: str, reason: str) -> Hazard:
    """reason: the operators that only the search path finds, or what the database says without it."""
    return refuse(
        "operator-by-search-path",
        f"{argument}={expression!r} means something else without the search path: {reason}",
        f"{_NO_PATH}, and IS DISTINCT FROM, NULLIF, CASE x WHEN and JOIN USING cannot name the schema of the operator "
        "that they use.",
        "write the comparison with an operator and its schema, as in a OPERATOR(public.=) b; or cast to a type of "
        "PostgreSQL's own, as in a::text",
    )


def generated_by_search_path(subject: str, column: str, reason: str) -> Hazard:
    """column: a generated one, which text or scope read."""
    return refuse(
        "generated-by-search-path",
        f'the text of {subject} reads the generated column "{column}", whose expression means something else without '
        f"the search path: {reason}",
        f"{_NO_PATH}.",
        "name in text= the columns that the expression reads, instead of the generated column",
    )


def function_by_search_path(
    argument: str, expression: str, reason: str, functions: Iterable[str], path: Sequence[str]
) -> Hazard:
    """reason: what the database says without it, or that the value is another. functions: which may be the one."""
    schemas = ", ".join([*map(quoted, path), "pg_temp"])
    return refuse(
        "function-by-search-path",
        f"{argument}={expression!r} calls a function that looks names up by the search path: {reason}",
        f"{_NO_PATH}.",
        "give the function a search path of its own: "
        + "; ".join(f"ALTER FUNCTION {function} SET search_path = {schemas}" for function in functions),
    )


def text_reads_other_tables(argument: str, expression: str, tables: Iterable[str]) -> Hazard:
    return refuse(
        "text-reads-other-tables",
        f"{argument}={expression!r} reads other tables: {', '.join(tables)}",
        "online, a write to them changes texts of rows that are not written themselves, which nothing would see.",
        "upgrade in a window, without --online, where they are locked against writes; or copy what is needed into a "
        "column of the table, kept there by the application or a trigger, and name that",
    )


def where_reads_tables(condition: str, tables: Iterable[str]) -> Hazard:
    return refuse(
        "where-reads-tables",
        f"where={condition!r} reads tables: {', '.join(tables)}",
        "a write to them moves rows that are not written themselves into scope or out of it, which nothing would see.",
        "copy what is needed into a column of the table, kept there by the application or a trigger, and name that",
    )


def where_reads_vector(subject: str, table: str, condition: str) -> Hazard:
    """table: quoted, with its schema."""
    return refuse(
        "where-reads-vector",
        f"where={condition!r} reads the column that changes, {subject}",
        "a row would leave the scope with its old vector, and whether it lacks a new one could not be told.",
        "tell the rows apart by another column, and write rows with that; where there is none, such as: "
        f"ALTER TABLE {table} ADD COLUMN embedding_model text; "
        f"UPDATE {table} SET embedding_model = 'the old model' WHERE {condition}",
    )


def text_reads_unlockable(argument: str, expression: str, table: str, why: str) -> Hazard:
    return refuse(
        "text-reads-unlockable",
        f"{argument}={expression!r} reads {table}, and {why}",
        "it cannot be locked against writes, which change texts of rows that are not written themselves.",
        "copy what is needed into a column of the table, kept there by the application or a trigger, and name that",
    )


def other_tables_locked(subject: str, tables: Iterable[str], triggers: Iterable[str]) -> Hazard:
    """triggers: those of the table that its writers fire."""
    fired = ", ".join(triggers)
    too = f", and so do writes to the table whose triggers write to them (it has {fired})" if fired else ""
    return warn(
        "other-tables-locked",
        f"the text of {subject} reads other tables: {', '.join(tables)}",
        f"they are locked from fill to cut-over: writes to them wait{too}. After it a write there changes texts of "
        "rows that are not written themselves, and makes their vectors stale.",
        "let the application embed such rows again, as after any edit of a text; or have migrator backfill do it",
    )


def row_function(argument: str, expression: str, function: str, why: str) -> Hazard:
    return refuse(
        "row-function",
        f"{argument}={expression!r} calls {function}() with the row, and {why}",
        "its value may change when the shadow column appears, or differ while a write is captured.",
        "in a function in SQL or PL/pgSQL name each column that it reads, as in doc.title; or name the columns "
        f"in {argument}=",
    )


def text_writes(argument: str, expression: str, reason: str) -> Hazard:
    return refuse(
        "text-writes",
        f"{argument}={expression!r} has side effects: {reason}",
        "it is evaluated for every row, several times, and in the application's transactions.",
        "name a function that only reads, or columns",
    )


def changes_by_itself(argument: str, expression: str, calls: Iterable[str]) -> Hazard:
    return refuse(
        "text-changes-by-itself",
        f"{argument}={expression!r} gives another value each time it is asked, by {', '.join(calls)}",
        "vectors are found by their texts and rows by where=, and either would be another a moment later.",
        "leave that out, or keep its value in a column of the table and name the column",
    )


def text_follows_surroundings(subject: str, asked: Iterable[str]) -> Hazard:
    """asked: functions and types of PostgreSQL's own."""
    return refuse(
        "text-follows-surroundings",
        f"the text or scope of {subject} depends on more than the row: {', '.join(asked)}",
        "its value changes with the session, the server or the name of an object, and no row is written then.",
        "leave that out, or keep its value in a column of the table and name the column",
    )


def settings_not_declared(subject: str, settings: Iterable[str]) -> Hazard:
    listed = list(settings)
    example = next((each for each in listed if re.fullmatch(r"\w+(\.\w+)+", each)), "app.key")
    variable = example.replace(".", "_").upper()
    return refuse(
        "settings-not-declared",
        f"the text or scope of {subject} reads settings that the revision does not declare: {', '.join(listed)}",
        "each session may have another value, which changes texts although no row is written.",
        f'name each in the revision, with the variable that holds its value: settings={{"{example}": '
        f'"env:{variable}"}}; or keep the value in a column of the table and name the column',
    )


def scope_does_not_parse(argument: str, condition: str, reason: str) -> Hazard:
    return refuse(
        "scope-does-not-parse",
        f"{argument}={condition!r} is not an SQL condition over the row: {reason}",
        "the rows in scope cannot be told.",
        "correct it; try it with SELECT count(*) FROM table WHERE condition",
    )


def relevant_does_not_parse(expression: str, reason: str) -> Hazard:
    return refuse(
        "relevant-does-not-parse",
        f"relevant={expression!r} is not an SQL expression over the row: {reason}",
        "whether a row that a query finds is relevant cannot be told.",
        "correct it in verify=Verify(...); try it with SELECT expression FROM table LIMIT 1",
    )


def no_file_of_queries(path: Path, reason: str) -> Hazard:
    return refuse(
        "no-file-of-queries",
        f"the file of queries {path} cannot be read: {reason}",
        "the two models cannot be compared by it.",
        "correct queries= in the revision; the path starts from the directory of alembic.ini",
    )


def not_a_query(path: Path, line: int) -> Hazard:
    return refuse(
        "not-a-query",
        f"line {line} of {path} is not a query",
        "the two models cannot be compared by it.",
        'write each line as {"query": "...", "relevant": ["...", ...]}',
    )


def no_query(path: Path) -> Hazard:
    return refuse(
        "no-query",
        f"{path} has no query, or one without anything relevant",
        "the two models cannot be compared by it.",
        'write each line as {"query": "...", "relevant": ["...", ...]}, the list not empty',
    )


def no_relevant_key(subject: str) -> Hazard:
    return refuse(
        "no-relevant-key",
        f"the table of {subject} has no key of one column to tell relevant rows by",
        "the file of queries names relevant rows by such a key, unless the revision says otherwise.",
        'write verify=Verify(..., relevant="an SQL expression") in the revision',
    )
