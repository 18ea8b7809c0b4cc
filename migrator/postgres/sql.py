"""Reads the named queries of `sql/` and puts names and expressions into them.

A query is a line `-- name: NAME`, perhaps a comment, and one statement or a part of one, up to the next name. `{piece}`
marks what is put in through psycopg.sql; values are parameters (`%(value)s`). Every statement is sent with parameters,
if only an empty mapping, so a percent sign in a name or an expression is doubled here, once.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from psycopg import sql

Query = sql.SQL | sql.Composed
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def _read(file: str) -> dict[str, str]:
    parts = _NAME.split((files("migrator.sql") / f"{file}.sql").read_text(encoding="utf-8"))
    queries = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        lines = [line for line in body.strip().splitlines() if not line.startswith("--")]
        queries[name] = "\n".join(lines)
    return queries


def query(file: str, name: str, /, **pieces: sql.Composable) -> sql.Composed:
    """The statement `name` of `sql/<file>.sql`, with `pieces` put in."""
    return sql.SQL(_read(file)[name]).format(**pieces)


def block(file: str, name: str, /, **pieces: sql.Composable) -> sql.Composed:
    """The same as the body of a DO statement, in quotes that nothing in it ends: names may hold any of them."""
    body = query(file, name, **pieces).as_string(None).rstrip("; \n")
    quotes = next(tag for tag in _quotes() if tag not in body)
    return sql.SQL("DO {quotes}\n{body}\n{quotes}").format(quotes=sql.SQL(quotes), body=sql.SQL(body))


def _quotes() -> Iterator[str]:
    yield "$$"
    yield from (f"$body_{number}$" for number in itertools.count(1))


def script(file: str) -> sql.SQL:
    """A whole file of statements, to be sent at once."""
    return sql.SQL((files("migrator.sql") / f"{file}.sql").read_text(encoding="utf-8"))


def name(*parts: str) -> sql.SQL:
    """A quoted, perhaps qualified name."""
    return sql.SQL(sql.Identifier(*parts).as_string(None).replace("%", "%%"))


class QualifiedName:
    """What has a schema and a name of its own, such as a table or a view."""

    schema: str
    name: str

    @property
    def sql(self) -> sql.SQL:
        return name(self.schema, self.name)

    @property
    def shown(self) -> str:
        """As a person is shown it."""
        return f"{self.schema}.{self.name}"


def expression(text: str) -> sql.SQL:
    """SQL that a revision or the catalog holds, in parentheses."""
    return sql.SQL("(" + text.replace("%", "%%") + ")")


def fragment(text: str) -> sql.SQL:
    """SQL that the catalog holds, as it is."""
    return sql.SQL(text.replace("%", "%%"))


def literal(text: str) -> sql.SQL:
    """A quoted string, where the grammar takes no parameter."""
    return fragment(sql.Literal(text).as_string(None))


def text_of(name_: sql.SQL) -> sql.SQL:
    """A name as a string, for a cast to regclass and the like."""
    return sql.SQL(sql.Literal(name_.as_string(None)).as_string(None))


def names(columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(name(column) for column in columns)


def plain(statement: Query) -> str:
    """The statement, name or expression with percent signs single again: for a parameter, or a person."""
    return statement.as_string(None).replace("%%", "%")


def readable(statement: Query) -> str:
    """The statement as a person reads it in a plan: percent signs single again, parameters as `:value`."""
    return re.sub(r"%\((\w+)\)s", r":\1", statement.as_string(None)).replace("%%", "%").rstrip("; \n")
