from __future__ import annotations

from migrator import hazards
from tests.unit.hazards.row import Row

TEXTS: list[Row] = [
    (
        hazards.server.no_pgvector,
        (True, True),
        "no-pgvector",
        True,
        "the extension vector (pgvector) is not in this database",
        "there can be no vector column without it; where it was dropped, all went with it, store and backup too.",
        "CREATE EXTENSION vector; what went with it comes back from a backup of the database",
    ),
    (
        hazards.server.no_pgvector,
        (False, False),
        "no-pgvector",
        True,
        "the extension vector (pgvector) is not in this database",
        "there can be no vector column without it.",
        "install pgvector on the server (https://github.com/pgvector/pgvector), then CREATE EXTENSION vector; or is "
        "this the wrong database?",
    ),
    (
        hazards.server.old_pgvector,
        (
            "0.6.2",
            "0.7.0",
        ),
        "old-pgvector",
        True,
        "pgvector 0.6.2 is too old: 0.7.0 or newer is needed",
        "halfvec, subvector and safe parallel index builds came with it.",
        "update the package on the server, then ALTER EXTENSION vector UPDATE",
    ),
    (
        hazards.server.pgvector_with_known_fault,
        ("0.8.2", "hnsw"),
        "pgvector-known-fault",
        False,
        "pgvector 0.8.2 has a known fault in HNSW indexes",
        "0.8.2 mended a buffer overflow in parallel builds, 0.8.3 and 0.8.4 what vacuum did to the index and to "
        "inserts meanwhile.",
        "update the package on the server, then ALTER EXTENSION vector UPDATE",
    ),
    (
        hazards.server.pgvector_with_known_fault,
        ("0.8.6", "ivfflat"),
        "pgvector-known-fault",
        False,
        "pgvector 0.8.6 has a known fault in IVFFlat indexes",
        "0.8.7 mended a buffer overflow in builds.",
        "update the package on the server, then ALTER EXTENSION vector UPDATE",
    ),
    (
        hazards.server.old_postgresql,
        ("13.11",),
        "old-postgresql",
        True,
        "PostgreSQL 13.11 is too old: 14 or newer is needed",
        "statements that migrator relies on are not there.",
        "upgrade the server",
    ),
    (
        hazards.server.event_trigger_refuses,
        (["guard (guard())", "log (audit.log())"], "view public.near is not dropped here"),
        "event-trigger-refuses",
        True,
        "an event trigger refuses what a run does to tables, indexes and views: view public.near is not dropped here; "
        "it is one of guard (guard()), log (audit.log())",
        "the run would fail in the middle, at cut-over perhaps, and could not always be undone.",
        "let its function pass the role that upgrades; or ALTER EVENT TRIGGER ... DISABLE for the time of the upgrade",
    ),
    (
        hazards.server.standby,
        (),
        "standby",
        True,
        "this server is a standby and takes no writes",
        "an upgrade writes.",
        "give the primary's address",
    ),
    (
        hazards.server.env_elsewhere,
        ("app at db.example", "copy at db.example", "--database-url"),
        "env-elsewhere",
        True,
        "env.py connects to app at db.example, and --database-url names copy at db.example",
        "env.py takes its URL from elsewhere, so that the command would work on a database that is not meant.",
        'set what env.py reads, or let it connect by config.get_main_option("sqlalchemy.url")',
    ),
    (
        hazards.server.other_database,
        ("staging", "app at db.example"),
        "other-database",
        True,
        "env.py is connected to staging, and its URL leads to another database, app at db.example",
        "migrator connects by that URL, and would work on a database that is not Alembic's.",
        "name host, port and database in the URL that env.py connects by, not beside it (connect_args=, creator=)",
    ),
    (
        hazards.server.transaction_pooler,
        ("app at db.example",),
        "transaction-pooler",
        True,
        "app at db.example is reached through a pooler in transaction mode",
        "each transaction may get another server session: the lock that keeps a second migrator out, and the settings "
        "that texts are hashed under, would not stay with this one.",
        "connect to PostgreSQL itself, or to a port of the pooler that is in session mode",
    ),
    (
        hazards.server.open_schemas,
        ({"My schema": ["PUBLIC"], "public": ["ci", "web"]},),
        "open-schema",
        True,
        "others may create functions in schemas of the search path, or have done so: My schema (PUBLIC); public (ci, "
        "web)",
        "a function or an operator of theirs could be taken for one of PostgreSQL's own, or for one that a text calls, "
        "and would run with the rights of this session.",
        'REVOKE CREATE ON SCHEMA "My schema" FROM PUBLIC; REVOKE CREATE ON SCHEMA "public" FROM "ci", "web"; drop '
        "theirs there that is called like a function or an operator of PostgreSQL's own; where the role owns the "
        "schema, ALTER SCHEMA ... OWNER TO another; or leave these schemas out of search_path, and name them in the "
        "revision: schema=, and the schema of each function in text= and where=",
    ),
    (
        hazards.server.setting_not_there,
        (
            "app.key",
            "APP_KEY",
        ),
        "setting-not-there",
        True,
        "the environment variable APP_KEY, which holds the setting app.key, is not set",
        "the texts cannot be read without it.",
        "set APP_KEY where migrator runs; its value is neither stored nor shown",
    ),
    (
        hazards.server.no_disk,
        (
            5_000_000,
            1_000,
        ),
        "no-disk",
        True,
        "about 5.0 MB of disk are needed, 1 kB are free",
        "the server would stop for lack of space in the middle of the work.",
        "free or add space where the server's data lies",
    ),
    (
        hazards.server.disk_unknown,
        (5_000_000,),
        "disk-unknown",
        False,
        "about 5.0 MB of disk are needed; what the server has free cannot be seen from here",
        "a full disk stops the server.",
        "look on the server before you start",
    ),
    (
        hazards.server.not_utf8,
        ("SQL_ASCII", ['relation "B\\xfccher"'], 'invalid byte sequence for encoding "UTF8": 0xfc'),
        "not-utf8",
        True,
        "the catalog of this database (encoding SQL_ASCII) holds bytes that are not UTF-8: "
        'invalid byte sequence for encoding "UTF8": 0xfc',
        'migrator cannot read relation "B\\xfccher".',
        "rename or correct it in a session with SET client_encoding = SQL_ASCII",
    ),
    (
        hazards.server.too_few_sessions,
        (
            {"for Alembic": 1, "for the work": 1, "to read texts while vectors are stored": 1},
            2,
            'FATAL: too many connections for role "app"',
        ),
        "too-few-sessions",
        True,
        '3 sessions are needed at once, and only 2 could be opened: FATAL: too many connections for role "app"',
        "the run would break off in the middle: 1 for Alembic, 1 for the work, 1 to read texts while vectors are "
        "stored.",
        "allow more (ALTER ROLE ... CONNECTION LIMIT, ALTER DATABASE ... CONNECTION LIMIT, max_connections, the size "
        "of the pool), or end other sessions; migrator status beside a run needs one more",
    ),
    (
        hazards.server.pooler_not_looked_at,
        ("shop at localhost:6432", 4, 1, "no session within 10 s"),
        "pooler-not-looked-at",
        True,
        "shop at localhost:6432 is reached through a pooler, which gave 1 session of 4 at once: no session within 10 s",
        "whether the pooler is in transaction mode, where nothing may be begun, cannot be seen.",
        "connect to the server itself, or allow more (ALTER ROLE ... CONNECTION LIMIT, ALTER DATABASE ... CONNECTION "
        "LIMIT, max_connections, the size of the pool), or end other sessions",
    ),
]
