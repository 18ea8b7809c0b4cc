"""What text and scope name: functions that they call, and what else they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator import hazards
from migrator.catalog import text_dependencies
from migrator.catalog.text_dependencies import Dependency, Roots, read_dependencies
from migrator.errors import MigratorError
from migrator.hazards import Hazard
from migrator.names import is_own
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, configure, execute, fetch_dicts, fetch_row, qualified_names
from migrator.postgres.sql import query


@dataclass(frozen=True)
class Found:
    """functions: oids of those that are named in text and scope, and of those that these call in turn, but for
    PostgreSQL's own. dependencies: these and all else that the text is made of, as it is now.
    surroundings: what of session, server and catalogs it asks for by PostgreSQL's own functions and types.
    reads_settings: it calls current_setting itself.
    """

    functions: list[int]
    dependencies: list[Dependency]
    surroundings: list[str]
    reads_settings: bool


def find(connection: Connection, column: ColumnPlan) -> Found:
    """Not found are functions whose names a function puts together, or that are called by none, as an aggregate's.

    Names are looked up by the search path of the text.
    """
    old_text = column.with_old_text.text
    depended = query("text_dependencies", "depended")
    table = column.catalog.table
    with connection.transaction(force_rollback=True):
        view = query("called", "view", text=column.text, old_text=old_text, scope=column.scope, table=column.table)
        execute(connection, view)
        functions = []
        # Most texts call nothing but PostgreSQL's own, and to plan the walk takes longer than the rest of it.
        if fetch_row(connection, query("called", "any", depended=depended))[0]:
            walk = query("called", "functions", depended=depended, named=query("called", "named"))
            functions = [oid for (oid,) in execute(connection, walk)]
        configure(connection, {"search_path": ""}, local=True)
        roots = query("text_dependencies", "roots", depended=depended)
        columns, types, configurations, dictionaries = fetch_row(connection, roots, {"table": table.oid})
        names = [name for (name,) in execute(connection, query("called", "names"), {"functions": functions})]
        surroundings, reads_settings = fetch_row(connection, query("text_dependencies", "surroundings"))
    if column.takes_row:
        # The row as a whole, of which functions read they know which.
        columns = [each.name for each in table.columns if each.name != column.live and not is_own(each.name)]
    found = Roots(names, columns, types, configurations, dictionaries)
    return Found(functions, read_dependencies(connection, table.oid, found), surroundings, reads_settings)


def following_path(connection: Connection, functions: Sequence[int]) -> list[str]:
    """Those that look names up by the search path of whoever calls them."""
    with qualified_names(connection):
        found = execute(connection, query("called", "following_path"), {"functions": [*functions]})
        return [function for (function,) in found]


def of_others(connection: Connection, column: ColumnPlan, functions: Sequence[int]) -> list[Hazard]:
    """Capture runs them with this role's rights, and whoever may replace one could use these."""
    table, role = column.catalog.table, column.catalog.server.role
    given = {"functions": [*functions], "table": table.oid}
    with qualified_names(connection):
        found = fetch_dicts(connection, query("called", "of_others"), given)
    strangers = {row["name"]: row["owner"] for row in found if not row["of_the_table"]}
    if strangers:
        return [hazards.triggers.text_functions_of_others(column.subject, strangers, table.owner, role)]
    return (
        [hazards.triggers.text_functions_of_owner(column.subject, [row["name"] for row in found], table.owner, role)]
        if found
        else []
    )


def changed(connection: Connection, column: ColumnPlan) -> list[str]:
    """What the text was made of when the run was planned and is another now, or gone, as a person is shown it."""
    return text_dependencies.changed(connection, column.catalog.table.oid, column.findings.made_of or [])


def refuse_changed(connection: Connection, column: ColumnPlan) -> None:
    """Raises MigratorError before cut-over where that is so."""
    other = changed(connection, column)
    if other:
        raise MigratorError(
            f"{column.subject}: what its text depends on changed since this run was planned: {', '.join(other)}",
            meaning="the vectors made so far are of the texts as they were before.",
            remedy="run the same command again, which embeds the texts as they are now",
        )
