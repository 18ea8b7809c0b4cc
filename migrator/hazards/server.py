"""Of the server: versions, extension, pooler, search path, settings, disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from migrator.hazards.hazard import Hazard, quoted, refuse, warn
from migrator.report import counted, size


def no_pgvector(available: bool, dropped: bool) -> Hazard:
    """dropped: whether migrator worked in this database before."""
    if available:
        remedy = "CREATE EXTENSION vector"
    else:
        remedy = "install pgvector on the server (https://github.com/pgvector/pgvector), then CREATE EXTENSION vector"
    if dropped:
        meaning = (
            "there can be no vector column without it; where it was dropped, all went with it, store and backup too."
        )
        remedy = f"{remedy}; what went with it comes back from a backup of the database"
    else:
        meaning = "there can be no vector column without it."
        remedy = f"{remedy}; or is this the wrong database?"
    return refuse(
        "no-pgvector",
        "the extension vector (pgvector) is not in this database",
        meaning,
        remedy,
    )


def old_pgvector(version: str, needed: str) -> Hazard:
    return refuse(
        "old-pgvector",
        f"pgvector {version} is too old: {needed} or newer is needed",
        "halfvec, subvector and safe parallel index builds came with it.",
        "update the package on the server, then ALTER EXTENSION vector UPDATE",
    )


def pgvector_with_known_fault(version: str, method: Literal["hnsw", "ivfflat"]) -> Hazard:
    """method: of an index that is there, or is to be built."""
    mended = {
        "hnsw": "0.8.2 mended a buffer overflow in parallel builds, 0.8.3 and 0.8.4 what vacuum did to the index and "
        "to inserts meanwhile.",
        "ivfflat": "0.8.7 mended a buffer overflow in builds.",
    }
    return warn(
        "pgvector-known-fault",
        f"pgvector {version} has a known fault in {'HNSW' if method == 'hnsw' else 'IVFFlat'} indexes",
        mended[method],
        "update the package on the server, then ALTER EXTENSION vector UPDATE",
    )


def old_postgresql(version: str) -> Hazard:
    return refuse(
        "old-postgresql",
        f"PostgreSQL {version} is too old: 14 or newer is needed",
        "statements that migrator relies on are not there.",
        "upgrade the server",
    )


def standby() -> Hazard:
    return refuse(
        "standby",
        "this server is a standby and takes no writes",
        "an upgrade writes.",
        "give the primary's address",
    )


def transaction_pooler(shown: str) -> Hazard:
    return refuse(
        "transaction-pooler",
        f"{shown} is reached through a pooler in transaction mode",
        "each transaction may get another server session: the lock that keeps a second migrator out, and the settings "
        "that texts are hashed under, would not stay with this one.",
        "connect to PostgreSQL itself, or to a port of the pooler that is in session mode",
    )


def other_database(name: str, shown: str) -> Hazard:
    """name: the database that env.py is connected to. shown: the one that its URL leads to."""
    return refuse(
        "other-database",
        f"env.py is connected to {name}, and its URL leads to another database, {shown}",
        "migrator connects by that URL, and would work on a database that is not Alembic's.",
        "name host, port and database in the URL that env.py connects by, not beside it (connect_args=, creator=)",
    )


def env_elsewhere(found: str, asked: str, source: str) -> Hazard:
    """found: the database that env.py connects to. source: what names the other one."""
    return refuse(
        "env-elsewhere",
        f"env.py connects to {found}, and {source} names {asked}",
        "env.py takes its URL from elsewhere, so that the command would work on a database that is not meant.",
        'set what env.py reads, or let it connect by config.get_main_option("sqlalchemy.url")',
    )


def open_schemas(found: Mapping[str, Iterable[str]]) -> Hazard:
    """found: schemas of the search path, each with the roles that may create in it or did before, or PUBLIC."""
    shown = "; ".join(f"{schema} ({', '.join(roles)})" for schema, roles in found.items())
    revoked = "; ".join(
        f"REVOKE CREATE ON SCHEMA {quoted(schema)} FROM "
        + ", ".join(role if role == "PUBLIC" else quoted(role) for role in roles)
        for schema, roles in found.items()
    )
    return refuse(
        "open-schema",
        f"others may create functions in schemas of the search path, or have done so: {shown}",
        "a function or an operator of theirs could be taken for one of PostgreSQL's own, or for one that a text calls, "
        "and would run with the rights of this session.",
        f"{revoked}; drop theirs there that is called like a function or an operator of PostgreSQL's own; where the "
        "role owns the schema, ALTER SCHEMA ... OWNER TO another; or leave these schemas out of search_path, and name "
        "them in the revision: schema=, and the schema of each function in text= and where=",
    )


def setting_not_there(setting: str, variable: str) -> Hazard:
    return refuse(
        "setting-not-there",
        f"the environment variable {variable}, which holds the setting {setting}, is not set",
        "the texts cannot be read without it.",
        f"set {variable} where migrator runs; its value is neither stored nor shown",
    )


def event_trigger_refuses(triggers: Iterable[str], reason: str) -> Hazard:
    """triggers: all that are enabled, each with its function. reason: what one of them raised."""
    return refuse(
        "event-trigger-refuses",
        f"an event trigger refuses what a run does to tables, indexes and views: {reason}; it is one of "
        f"{', '.join(triggers)}",
        "the run would fail in the middle, at cut-over perhaps, and could not always be undone.",
        "let its function pass the role that upgrades; or ALTER EVENT TRIGGER ... DISABLE for the time of the upgrade",
    )


def no_disk(needed: int, free: int) -> Hazard:
    return refuse(
        "no-disk",
        f"about {size(needed)} of disk are needed, {size(free)} are free",
        "the server would stop for lack of space in the middle of the work.",
        "free or add space where the server's data lies",
    )


def disk_unknown(needed: int) -> Hazard:
    return warn(
        "disk-unknown",
        f"about {size(needed)} of disk are needed; what the server has free cannot be seen from here",
        "a full disk stops the server.",
        "look on the server before you start",
    )


def not_utf8(encoding: str, names: Iterable[str], reason: str) -> Hazard:
    """encoding: the database's. names: that are not UTF-8, each with what it names. reason: as the server says."""
    found = list(names)
    return refuse(
        "not-utf8",
        f"the catalog of this database (encoding {encoding}) holds bytes that are not UTF-8: {reason}",
        f"migrator cannot read {', '.join(found) or 'a name, a comment or a definition'}.",
        f"rename or correct it in a session with SET client_encoding = {encoding}",
    )


def too_few_sessions(needed: Mapping[str, int], had: int, reason: str) -> Hazard:
    """needed: for what, and how many. had: how many could be opened. reason: why no other one could."""
    listed = ", ".join(f"{count} {purpose}" for purpose, count in needed.items())
    return refuse(
        "too-few-sessions",
        f"{sum(needed.values())} sessions are needed at once, and only {had} could be opened: {reason}",
        f"the run would break off in the middle: {listed}.",
        f"{_MORE_SESSIONS}; migrator status beside a run needs one more",
    )


def pooler_not_looked_at(shown: str, needed: int, had: int, reason: str) -> Hazard:
    """shown: the database. needed: sessions that the look takes. had: how many the pooler gave."""
    return refuse(
        "pooler-not-looked-at",
        f"{shown} is reached through a pooler, which gave {counted(had, 'sessions')} of {needed} at once: {reason}",
        "whether the pooler is in transaction mode, where nothing may be begun, cannot be seen.",
        f"connect to the server itself, or {_MORE_SESSIONS}",
    )


_MORE_SESSIONS = (
    "allow more (ALTER ROLE ... CONNECTION LIMIT, ALTER DATABASE ... CONNECTION LIMIT, max_connections, the size of "
    "the pool), or end other sessions"
)
