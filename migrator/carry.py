"""Statements that take what hangs on a column, views apart, from the old column to the one that takes its name.

All of it is dropped before the names are swapped and made again after: PostgreSQL binds it by the column's number.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from psycopg import sql

from migrator.catalog.carried import (
    BoundTrigger,
    Carried,
    Check,
    Dependent,
    Expressed,
    ParsedFunction,
    Policy,
    Publication,
    Statistics,
)
from migrator.catalog.expressions import condition_of
from migrator.plan import ColumnPlan
from migrator.queries import Query, expression, fragment, literal, name, names, query

Kind = TypeVar("Kind", bound=Dependent)
Written = TypeVar("Written", bound=Expressed)

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
# The schema of a name, where it has one.
_QUALIFIED = r"(?:[\w$]+\.|\"[^\"]+\"\.)?"
_TRIGGER_STATES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def other_tables(columns: Sequence[ColumnPlan]) -> list[sql.SQL]:
    """Tables whose policies read a column, those of the columns among them."""
    found = {policy.table_sql.as_string(None): policy.table_sql for _, policy in _policies(columns)}
    return [found[table] for table in sorted(found)]


def dropped(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    sent = []
    for column, check in checks(columns):
        sent.append(query("cut_over", "drop_constraint", table=column.table, constraint=name(check.name)))
    for _, policy in _policies(columns):
        sent.append(query("carry", "drop_policy", policy=name(policy.name), table=policy.table_sql))
    for column, trigger in _triggers(columns):
        sent.append(query("carry", "drop_trigger", trigger=name(trigger.name), table=column.table))
    for _, statistics in _each(columns, _of_statistics):
        sent.append(query("carry", "drop_statistics", statistics=statistics.sql))
    for column, publication in _each(columns, _of_publications):
        pieces = {"publication": name(publication.name), "table": column.table}
        sent.append(query("carry", "publication_drop", **pieces))
    return sent


def made(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    sent = []
    for column, check in checks(columns):
        sent += _check(column, check)
    for _, policy in _policies(columns):
        sent += _policy(policy)
    for column, trigger in _triggers(columns):
        sent += _trigger(column, trigger)
    for _, statistics in _each(columns, _of_statistics):
        sent += _statistics(statistics)
    for column, publication in _each(columns, _of_publications):
        sent.append(_publication(column, publication))
    return sent


def function_names(columns: Sequence[ColumnPlan]) -> list[str]:
    return [function.name for _, function in _each(columns, _of_functions)]


def unbound_functions(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """Functions with a parsed body keep neither a view nor a column from being dropped, until they have it again."""
    found = _each(columns, _of_functions)
    return [query("carry", "unbind_function", header=fragment(function.header.rstrip())) for _, function in found]


def functions(columns: Sequence[ColumnPlan]) -> list[sql.Composed]:
    """They are replaced where they stand, and keep owner, privileges and comment."""
    return [sql.Composed([fragment(function.definition)]) for _, function in _each(columns, _of_functions)]


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


def checks(columns: Sequence[ColumnPlan]) -> list[tuple[ColumnPlan, Check]]:
    """As they are to be on the new columns, each once, with the first of the columns it reads."""
    return _written(columns, lambda carried: carried.checks)


def _policies(columns: Sequence[ColumnPlan]) -> list[tuple[ColumnPlan, Policy]]:
    return _written(columns, lambda carried: carried.policies)


def _triggers(columns: Sequence[ColumnPlan]) -> list[tuple[ColumnPlan, BoundTrigger]]:
    return _written(columns, lambda carried: carried.triggers)


def _each(columns: Sequence[ColumnPlan], kind: Callable[[Carried], Sequence[Kind]]) -> list[tuple[ColumnPlan, Kind]]:
    """Every one once, with the first of the columns it reads. Where no column is replaced, they stay."""
    found: dict[str, tuple[ColumnPlan, Kind]] = {}
    for column in columns:
        for each in kind(column.catalog.carried) if column.method != "index" else ():
            found.setdefault(each.described, (column, each))
    return list(found.values())


# ---- other dimensions ---------------------------------------------------------------------------------------


def _written(
    columns: Sequence[ColumnPlan], kind: Callable[[Carried], Sequence[Written]]
) -> list[tuple[ColumnPlan, Written]]:
    """As each is to be, for all the columns that it reads."""
    found = []
    for first, each in _each(columns, kind):
        wanted = each
        for column in columns:
            if each in kind(column.catalog.carried):
                wanted = _as_wanted(column, wanted)
        found.append((first, wanted))
    return found


def rewritten(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[str]:
    """What is not made again as it was, with how it will read: of all columns, that which reads `column` first."""
    found = {each.described: each for each in _expressed(column.catalog.carried)}
    told = []
    for wanted in _first_read(columns, column):
        were = found[wanted.described].expressions
        pairs = zip(wanted.expressions, were, strict=True)
        differing = [new for new, old in pairs if new is not None and new != old]
        told += [f"{wanted.described}: {'; '.join(differing)}"] if differing else []
    return told


def _first_read(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[Expressed]:
    """As each is to be that reads `column` before any other of the columns."""
    every = [*checks(columns), *_policies(columns), *_triggers(columns)]
    return [each for first, each in every if first.id == column.id]


def _expressed(carried: Carried) -> list[Expressed]:
    return [*carried.checks, *carried.policies, *carried.triggers]


def _as_wanted(column: ColumnPlan, each: Written) -> Written:
    """With the new dimensions; on a downgrade as it was before the upgrade, where the upgrade rewrote it."""
    before = {known.described: known for known in _expressed(column.before.carried)} if column.before else {}
    former = before[each.described].expressions if each.described in before else [None] * len(each.expressions)
    wanted = [_as_before(column, each, now, then) for now, then in zip(each.expressions, former, strict=True)]
    return dataclasses.replace(each, expressions=wanted)


def _as_before(column: ColumnPlan, each: Expressed, now: str | None, then: str | None) -> str | None:
    old, new = column.change.from_.dimensions, column.change.to.dimensions
    if now is None:
        return None
    if then is not None and _with_dimensions(_read(column, each, then), then, new, old) == now:
        return then
    return _with_dimensions(_read(column, each, now), now, old, new)


def _read(column: ColumnPlan, each: Expressed, text: str) -> str:
    """Pattern of the column in a text of `each`: bare in what is of its table, and by a name of the table elsewhere.

    A sub-select may read another table's column of that name, which PostgreSQL prints by a name of that one.
    """
    table, live = column.catalog.table, _quoted(column.live)
    own = not isinstance(each, Policy) or (each.schema, each.table) == (table.schema, table.name)
    aliases = re.findall(rf"{_quoted(table.schema)}\.{_quoted(table.name)}(?: (\w+|\"[^\"]+\"))?", text)
    known = [_quoted(table.name), *map(re.escape, filter(None, aliases))] if own or aliases else []
    called = "|".join(["new", "old", *known])
    return rf"(?:(?:{called})\.){'?' if own else ''}{live}"


def _quoted(identifier: str) -> str:
    """Pattern of a name as PostgreSQL prints it."""
    doubled = identifier.replace('"', '""')
    return rf"\"?{re.escape(doubled)}\"?"


def _with_dimensions(read: str, text: str, old: int, new: int) -> str:
    """`vector_dims(column) = old` and casts to the old dimensions, but for those of a literal or of another column.

    read: pattern of the column.
    """
    named = r"(?:\w+|\"[^\"]+\")"

    def of_new(found: re.Match[str]) -> str:
        other = found["named"] and not re.fullmatch(read, found["named"])
        return found[0] if other else f"{found['cast']}{new})"

    any_column = rf"(?:\((?P<named>(?:{named}\.)?{named})\))?"
    cast = re.sub(rf"(?P<cast>{any_column}(?<!')::{_QUALIFIED}(?:vector|halfvec)\(){old}\)", of_new, text)
    dimensions = _dimensions_of(read, new)
    after = re.sub(rf"({dimensions} (?:=|<>) ){old}\b", rf"\g<1>{new}", cast)
    return re.sub(rf"\b{old}( (?:=|<>) {dimensions})", rf"{new}\g<1>", after)


def _dimensions_of(read: str, size: int) -> str:
    """Pattern of `vector_dims(column)`, perhaps of a cast to so many. read: pattern of the column."""
    column = rf"\(*{read}\)*(?:::{_QUALIFIED}(?:vector|halfvec)(?:\({size}\))?)?"
    return rf"{_QUALIFIED}vector_dims\({column}\)"


def of_dimensions(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[tuple[Expressed, str, str, str]]:
    """Conditions that say how many dimensions vectors have, each with what they are of, and as it is to be.

    Then that with the old number put in for `vector_dims(column)`, as it is now, and with the new one. Of all columns,
    those that read `column` first.
    """
    now = {each.described: each for each in _expressed(column.catalog.carried)}
    found = []
    for wanted in _first_read(columns, column):
        pairs = zip(_conditions(now[wanted.described]), _conditions(wanted), strict=True)
        for before, written in pairs:
            after = written
            for each in columns:
                old, new = each.change.from_.dimensions, each.change.to.dimensions
                read = _read(each, wanted, written)
                before = re.sub(_dimensions_of(read, old), str(old), before)
                after = re.sub(_dimensions_of(read, new), str(new), after)
            if after != written:
                found.append((wanted, written, before, after))
    return found


def over_vectors(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[tuple[Check, sql.Composed, sql.Composed]]:
    """CHECKs as they are to be, each with two statements that try it on rows with vectors put in.

    The first on vectors of the old and of the new length, the second on the old ones alone. Of all columns, those that
    read `column` first.
    """
    now = {each.described: each.expression for each in column.catalog.carried.checks}
    old = _row(columns, column, lambda each: _vector(each, each.catalog.column.type, each.change.from_.dimensions))
    new = _row(columns, column, lambda each: _vector(each, each.type, each.dimensions))
    found = []
    for check in _first_read(columns, column):
        if isinstance(check, Check) and check.enforced:
            both, alone = (
                query(
                    "carry",
                    "allows_vectors",
                    table=column.table,
                    called=new["called"],
                    scope=column.scope,
                    old=old["columns"],
                    new=new["columns"],
                    before=expression(now[check.described]),
                    after=after,
                )
                for after in (expression(check.expression), sql.SQL("true"))
            )
            found.append((check, both, alone))
    return found


def _vector(column: ColumnPlan, type_: str, dimensions: int) -> sql.Composed:
    qualified = name(column.catalog.server.extension_schema, type_)
    return query("carry", "vector", dimensions=sql.Literal(dimensions), type=qualified)


# ---- trying and proving ----------------------------------------------------------------------------------------


def tries(columns: Sequence[ColumnPlan], column: ColumnPlan) -> list[tuple[str, str, sql.Composed]]:
    """Conditions over the table's own rows, each described, as it is to be, and as a statement that parses it.

    Of all columns, those that read `column` first.
    """
    found = []
    for each in _first_read(columns, column):
        if isinstance(each, Policy) and each.table_sql.as_string(None) != column.table.as_string(None):
            continue
        for condition in _conditions(each):
            row = _row(columns, column, lambda replaced: sql.SQL("NULL::{}").format(replaced.type_sql))
            statement = "try_when" if isinstance(each, BoundTrigger) else "try_expression"
            found.append((each.described, condition, query("carry", statement, **row, condition=fragment(condition))))
    return found


def _conditions(each: Expressed) -> list[str]:
    """Those that can be parsed over a row put together: a trigger's is not where it takes the row as a whole."""
    if not isinstance(each, BoundTrigger):
        return [written for written in each.expressions if written is not None]
    condition = condition_of(each.expressions[0] or "")
    return [] if condition is None or re.search(r"\b(?:new|old)\.\*", condition) else [condition]


def _row(
    columns: Sequence[ColumnPlan], column: ColumnPlan, value: Callable[[ColumnPlan], Query]
) -> dict[str, sql.Composable]:
    """The row of the column's table, with a value in the place of each of its columns that is replaced."""
    table = column.catalog.table
    beside = [each for each in columns if each.catalog.table.oid == table.oid and each.method != "index"]
    replaced = {each.live: each for each in beside}
    every = [
        sql.SQL("{} AS {}").format(value(replaced[known.name]) if known.name in replaced else name(known.name), at)
        for known, at in ((known, name(known.name)) for known in table.columns)
    ]
    return {"columns": sql.SQL(", ").join(every), "table": column.table, "called": name(table.name)}


def readers(columns: Sequence[ColumnPlan], check: Check) -> list[ColumnPlan]:
    """The columns that a check reads."""
    return [
        column
        for column in columns
        if column.method != "index" and check.described in {each.described for each in column.catalog.carried.checks}
    ]


def violations(
    columns: Sequence[ColumnPlan], column: ColumnPlan, check: Check, waiting: sql.Composable
) -> sql.Composed:
    """Counts the rows that would not pass the check with the new vectors. waiting: which of them are to be filled."""
    row = _row(columns, column, lambda replaced: name(replaced.shadow))
    return query("carry", "violations", **row, waiting=waiting, condition=fragment(check.expression))


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
