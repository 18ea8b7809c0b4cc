"""GRANTs given again on an object that was made again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from psycopg import sql

from migrator.catalog import Catalog
from migrator.catalog.columns import Grant
from migrator.postgres.sql import Query, fragment, name, query


def grantee(grant: Grant) -> Query:
    return sql.SQL("PUBLIC") if grant.grantee is None else name(grant.grantee)


def of_column(column: str) -> Callable[[Grant], Query]:
    """What is granted, where it is granted on one column."""
    return lambda grant: sql.SQL("{} ({})").format(fragment(grant.privilege), name(column))


def replay(
    catalog: Catalog, grants: Sequence[Grant], object_: Query, privilege: Callable[[Grant], Query]
) -> list[sql.Composed]:
    """Each given again by the role that gave it, for only that role can take it back."""
    replayed = []
    for grant in grants:
        replayed.append(query("cut_over", "set_role", role=name(grant.grantor)))
        replayed.append(
            query(
                "cut_over",
                "grant",
                privilege=privilege(grant),
                object=object_,
                grantee=grantee(grant),
                option=sql.SQL("WITH GRANT OPTION" if grant.grantable else ""),
            )
        )
    if grants:
        # Back to the role that migrator works as.
        replayed.append(query("cut_over", "set_role", role=name(catalog.server.role)))
    return replayed
