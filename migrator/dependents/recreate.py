"""Statements that take what hangs on a column, views apart, from the old column to the one that takes its name.

All of it is dropped before the names are swapped and made again after: PostgreSQL binds it by the column's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from migrator.catalog.dependents import (
    BoundTrigger,
    Carried,
    Check,
    Dependent,
    ParsedFunction,
    Policy,
    Publication,
    Statistics,
)
from migrator.dependents.conditions import checks, each_once, policies, triggers
from migrator.plan.column import ColumnPlan
from migrator.postgres.sql import fragment, literal, name, names, plain, query

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
_TRIGGER_STATES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def other_tables(columns: Sequence[ColumnPlan]) -> list[sql.SQL]:
    """Tables whose policies read a column, those of the columns among them."""
    found = {policy.table_sql.as_string(None): policy.table_sql for _, policy in policies(columns)}
    return [found[table] for table in sorted(found)]


def dropped(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    sent = []
    for column, check in checks(columns):
        sent.append(query("cut_over", "drop_constraint", table=column.table, constraint=name(check.name)))
    for _, policy in policies(columns):
        sent.append(query("carry", "drop_policy", policy=name(policy.name), table=policy.table_sql))
    for column, trigger in triggers(columns):
        sent.append(query("carry", "drop_trigger", trigger=name(trigger.name), table=column.table))
    for _, statistics in each_once(columns, _of_statistics):
        sent.append(query("carry", "drop_statistics", statistics=statistics.sql))
    for column, publication in each_once(columns, _of_publications):
        pieces = {"publication": name(publication.name), "table": column.table}
        sent.append(query("carry", "publication_drop", **pieces))
    return sent


@dataclass(frozen=True)
class Made:
    """What is made again. column: the first that it reads."""

    column: ColumnPlan
    what: Dependent
    statements: list[sql.Composed]


def each_made(columns: Sequence[ColumnPlan]) -> list[Made]:
    return [
        *(Made(column, check, _check(column, check)) for column, check in checks(columns)),
        *(Made(column, policy, _policy(policy)) for column, policy in policies(columns)),
        *(Made(column, trigger, _trigger(column, trigger)) for column, trigger in triggers(columns)),
        *(Made(column, each, _statistics(each)) for column, each in each_once(columns, _of_statistics)),
        *(Made(column, each, [_publication(column, each)]) for column, each in each_once(columns, _of_publications)),
    ]


def made(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    return [statement for each in each_made(columns) for statement in each.statements]


def function_names(columns: Sequence[ColumnPlan]) -> list[str]:
    return [function.name for _, function in each_once(columns, _of_functions)]


def unbound_functions(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """Functions with a parsed body keep neither a view nor a column from being dropped, until they have it again."""
    found = each_once(columns, _of_functions)
    return [query("carry", "unbind_function", header=fragment(function.header.rstrip())) for _, function in found]


def functions(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """They are replaced where they stand, and keep owner, privileges and comment."""
    return [statement for each in each_function(columns) for statement in each.statements]


def each_function(columns: Sequence[ColumnPlan]) -> list[Made]:
    return [
        Made(column, function, [sql.Composed([fragment(function.definition)])])
        for column, function in each_once(columns, _of_functions)
    ]


def compiled_anew(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """Functions that find a column by its name, for sessions that ran them before the names were swapped."""
    found = sorted({each for column in columns for each in column.catalog.carried.functions_by_name})
    if not found:
        return []
    # As a string: a function's name may hold what would end a body in dollars.
    body = query("carry", "altering", functions=sql.SQL(", ").join(map(literal, found)))
    return [query("carry", "compile_anew", body=literal(plain(body)))]


def changed_functions(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """Those that the revision gives; on a downgrade what they were before, and those that were not are dropped."""
    sent = []
    for column in columns:
        if column.before is None:
            sent += [sql.Composed([fragment(statement)]) for statement in column.change.functions]
            continue
        for replaced in column.before.replaced:
            if replaced.definition is None:
                sent.append(query("carry", "drop_routine", routine=fragment(replaced.name)))
            else:
                sent.append(sql.Composed([fragment(replaced.definition)]))
    return sent


def _of_functions(carried: Carried) -> Sequence[ParsedFunction]:
    return carried.functions


def _of_statistics(carried: Carried) -> Sequence[Statistics]:
    return carried.statistics


def _of_publications(carried: Carried) -> Sequence[Publication]:
    return carried.published


# ---- statements ---------------------------------------------------------------------------------------------


def _check(column: ColumnPlan, check: Check) -> list[sql.Composed]:
    """Unproved for existing rows, which takes no time; settle proves it."""
    options = [
        *(["NO INHERIT"] if check.no_inherit else []),
        "NOT VALID" if check.enforced else "NOT ENFORCED",
    ]
    constraint = name(check.name)
    made = [
        query(
            "carry",
            "add_check",
            table=column.table,
            constraint=constraint,
            expression=fragment(check.expression),
            options=fragment(" ".join(options)),
        )
    ]
    if check.comment is not None:
        pieces = {"constraint": constraint, "table": column.table, "comment": literal(check.comment)}
        made.append(query("carry", "comment_on_constraint", **pieces))
    return made


def validations(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[tuple[Check, sql.Composed]]:
    """The checks that held for every row before, each with the statement that proves it again.

    Of all columns, those that read `column` first.
    """
    return [
        (check, query("cut_over", "validate", table=column.table, constraint=name(check.name)))
        for first, check in checks(columns)
        if first.id == column.id and check.validated and check.enforced
    ]


def _policy(policy: Policy) -> list[sql.Composed]:
    roles = [sql.SQL("PUBLIC") if role is None else name(role) for role in policy.roles]

    def condition(keyword: str, expression: str | None) -> sql.SQL:
        return sql.SQL("") if expression is None else fragment(f"{keyword} ({expression})")

    pieces = {"policy": name(policy.name), "table": policy.table_sql}
    made = [
        query(
            "carry",
            "create_policy",
            **pieces,
            kind=sql.SQL("PERMISSIVE" if policy.permissive else "RESTRICTIVE"),
            command=fragment(_COMMANDS[policy.command]),
            roles=sql.SQL(", ").join(roles),
            using=condition("USING", policy.expressions[0]),
            with_check=condition("WITH CHECK", policy.expressions[1]),
        )
    ]
    if policy.comment is not None:
        made.append(query("carry", "comment_on_policy", **pieces, comment=literal(policy.comment)))
    return made


def _trigger(column: ColumnPlan, trigger: BoundTrigger) -> list[sql.Composed]:
    pieces = {"trigger": name(trigger.name), "table": column.table}
    made = [sql.Composed([fragment(trigger.expressions[0] or "")])]
    state = _TRIGGER_STATES.get(trigger.enabled)
    if state is not None:
        made.append(query("carry", "enable_trigger", **pieces, state=fragment(state)))
    if trigger.comment is not None:
        made.append(query("carry", "comment_on_trigger", **pieces, comment=literal(trigger.comment)))
    return made


def _statistics(statistics: Statistics) -> list[sql.Composed]:
    called = statistics.sql
    made = [
        sql.Composed([fragment(statistics.definition)]),
        query("carry", "own_statistics", statistics=called, owner=name(statistics.owner)),
    ]
    if statistics.target >= 0:
        target = sql.Literal(statistics.target)
        made.append(query("carry", "statistics_target", statistics=called, target=target))
    if statistics.comment is not None:
        comment = literal(statistics.comment)
        made.append(query("carry", "comment_on_statistics", statistics=called, comment=comment))
    return made


def _publication(column: ColumnPlan, publication: Publication) -> sql.Composed:
    where = "" if publication.filter is None else f"WHERE ({publication.filter})"
    return query(
        "carry",
        "publication_add",
        publication=name(publication.name),
        table=column.table,
        columns=names(tuple(publication.columns)),
        filter=fragment(where),
    )
