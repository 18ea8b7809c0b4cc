"""Of roles: whose code would run with whose rights, and whose the ledger is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from migrator.hazards.hazard import Hazard, quoted, refuse, warn


def owner_has_fewer_rights(table: str, owner: str, can_login: bool, session: str, unsafe: Iterable[str]) -> Hazard:
    """unsafe: what the session may, its owner may not, and would give the server away."""
    return refuse(
        "owner-has-fewer-rights",
        f'{table} belongs to "{owner}", and this session is "{session}", {_kind(unsafe)}',
        f'triggers, checks and other functions of "{owner}" would run with the rights of "{session}", after SET '
        "ROLE too.",
        connect_as(owner, can_login),
    )


def owner_runs_code(owners: Mapping[str, str], session: str, roles: Iterable[str]) -> Hazard:
    """owners: of each table. roles: what the session may be and one of them may not."""
    belong = ", ".join(f'{table} belongs to "{owner}"' for table, owner in owners.items())
    first = next(iter(owners.values()))
    return warn(
        "owner-runs-code",
        f'{belong}, and this session is "{session}"',
        f"triggers, checks and other functions of the owner run with the rights of {', '.join(roles)}.",
        f'connect as "{first}", unless that owner may have these rights',
    )


def functions_of_lesser_roles(work: str, owners: Mapping[str, str], session: str, unsafe: Iterable[str]) -> Hazard:
    """work: what calls them. owners: of each function. unsafe: what the session may and one of these may not."""
    return refuse(
        "functions-of-lesser-roles",
        f"{work} calls functions of roles with fewer rights than this session: {_owned(owners)}",
        f'they would run with the rights of "{session}", {_kind(unsafe)}.',
        f"read what they do, then {_handed_over(owners, session)}; or let a role own the table that has no more rights "
        "than these, and connect as it",
    )


def functions_of_other_roles(work: str, owners: Mapping[str, str], session: str) -> Hazard:
    return warn(
        "functions-of-other-roles",
        f'{work} calls functions that belong neither to "{session}" nor to a superuser: {_owned(owners)}',
        f'they run with the rights of "{session}"; whoever owns a function can replace it.',
        f"read what they do, then {_handed_over(owners, session)}",
    )


def schemas_of_lesser_roles(roles: Mapping[str, str], session: str, unsafe: Iterable[str]) -> Hazard:
    """roles: one for each schema, that may create in it."""
    shown = ", ".join(f'{schema} ("{role}")' for schema, role in roles.items())
    kept = "; ".join(f"REVOKE CREATE ON SCHEMA {quoted(schema)} FROM {quoted(role)}" for schema, role in roles.items())
    return refuse(
        "schemas-of-lesser-roles",
        f"the search_path has schemas in which roles with fewer rights than this session may create: {shown}",
        "a function or operator of theirs could be taken for PostgreSQL's own, and would run with the rights of "
        f'"{session}", {_kind(unsafe)}.',
        f"connect as the table's owner; or let nobody else create there: {kept}, or from PUBLIC, or give the schema "
        f"another owner: ALTER SCHEMA ... OWNER TO {quoted(session)}",
    )


def ledger_of_another(owner: str, can_login: bool, role: str) -> Hazard:
    return refuse(
        "ledger-of-another-role",
        f'the schema "migrator" belongs to "{owner}", and role "{role}" is at work',
        "ledger, backups, embedding stores and functions belong to one role, so that this role can undo all of it.",
        f"{connect_as(owner, can_login)}; or let a superuser give the ledger to {quoted(role)}: "
        f"psql -v owner={shlex.quote(role)} -f hand_over.sql",
    )


def owner_out_of_reach(kind: str, name: str, owner: str, role: str) -> Hazard:
    """kind: table or function."""
    return refuse(
        "owner-out-of-reach",
        f'{kind} {name} belongs to "{owner}" by now, and role "{role}", at work, may not act as that role',
        "only the owner can finish, or undo, what was begun there.",
        f"GRANT {quoted(owner)} TO {quoted(role)}; or give it back until that is done: "
        f"ALTER {kind.upper()} {name} OWNER TO {quoted(role)}",
    )


def ledger_owner_has_fewer_rights(owner: str, can_login: bool, session: str, unsafe: Iterable[str]) -> Hazard:
    return refuse(
        "ledger-owner-has-fewer-rights",
        f'the schema "migrator" belongs to "{owner}", and this session is "{session}", {_kind(unsafe)}',
        f'texts, scopes, models and definitions that "{owner}" can write there would be used with the rights of '
        f'"{session}".',
        connect_as(owner, can_login),
    )


def ledger_with_others_objects(owner: str, objects: Iterable[str]) -> Hazard:
    return refuse(
        "ledger-with-others-objects",
        f'the schema "migrator" of "{owner}" holds what migrator did not make: {", ".join(objects)}',
        "reading or writing the ledger could run code of whoever made it.",
        "look at each; what belongs to nobody is dropped, and what is yours is moved: ALTER ... SET SCHEMA ...",
    )


def connect_as(owner: str, can_login: bool) -> str:
    """What a person does to work with that role's rights alone."""
    url = "migrator --database-url postgresql://{}@HOST/DATABASE{} ..."
    if can_login:
        # A name may hold what would lead the URL to another server, or a shell to another command.
        return f'connect as "{owner}": {url.format(quote(owner, safe=""), "")}'
    option = re.sub(r"([\\\s])", r"\\\1", f"-crole={owner}")
    role = url.format("LOGIN", f"?options={quote(option, safe='')}")
    return (
        f'"{owner}" cannot log in: connect as a login role that is a member of it and no superuser, and take its role: '
        f"{role}"
    )


def _kind(unsafe: Iterable[str]) -> str:
    """What makes the session dangerous to lend."""
    roles = list(unsafe)
    return "a superuser" if roles == ["superuser"] else f"who has the rights of {', '.join(roles)}"


def _owned(owners: Mapping[str, str]) -> str:
    return ", ".join(f'{function} (of "{owner}")' for function, owner in owners.items())


def _handed_over(owners: Mapping[str, str], role: str) -> str:
    return "; ".join(f"ALTER FUNCTION {function} OWNER TO {quoted(role)}" for function in owners)
