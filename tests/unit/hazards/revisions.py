from __future__ import annotations

from migrator import hazards
from tests.unit.hazards.row import SUBJECT, Row

TEXTS: list[Row] = [
    (
        hazards.unapplied_revisions,
        (["versions/0003_items.py", "versions/0004_notes.py"],),
        "unapplied-revisions",
        False,
        "there are revisions that this database has not seen yet: versions/0003_items.py, versions/0004_notes.py",
        "the new one comes after them, and what was not said was read from the database as it is before them.",
        "where it is to take the place of one, delete that file and the new one, and run the same command again; "
        "otherwise look whether it still holds after them, or run migrator upgrade first and write the revision then",
    ),
    (
        hazards.refused_as_yet,
        (hazards.standby().refusal(),),
        "refused-as-yet",
        False,
        "as the database is now, preflight would refuse the revision: this server is a standby and takes no writes",
        "the revisions before it may change that.",
        "where they do not: give the primary's address",
    ),
    (
        hazards.steps_undo_ordinary,
        ("-1", "0001", "base"),
        "steps-undo-ordinary",
        True,
        "-1 from here undoes revision 0001, in which migrator has no part",
        "its downgrade() may drop tables and what is in them; no upgrade of vectors is undone by it.",
        "if that is meant, name where to go instead of counting: migrator downgrade base",
    ),
    (
        hazards.several_operations,
        ("0002",),
        "several-operations",
        True,
        "revision 0002 holds more than one change of embeddings, or other operations beside it",
        "the change commits by itself, in many transactions; what stands beside it could not be undone with it.",
        "give every other operation a revision of its own, before or after; several columns go into one "
        "op.change_embeddings([...])",
    ),
    (
        hazards.no_columns,
        ("0002",),
        "no-columns",
        True,
        "revision 0002 calls op.change_embeddings without a change",
        "there is nothing to carry out.",
        "give it at least one EmbeddingChange, or leave the call out",
    ),
    (
        hazards.column_twice,
        (SUBJECT,),
        "column-twice",
        True,
        "the revision changes public.items.embedding twice",
        "one cut-over takes a column to one model.",
        "leave one of the two changes out, or give it a revision of its own",
    ),
    (
        hazards.printed_as_sql,
        (),
        "printed-as-sql",
        True,
        "a change of embeddings cannot be printed as an SQL script",
        "which rows and texts there are decides what is done.",
        "migrator upgrade --dry-run shows every statement",
    ),
    (
        hazards.transaction_outside,
        (),
        "transaction-outside",
        True,
        "env.py began a transaction before Alembic did",
        "the change commits many times, which such a transaction would prevent.",
        "in env.py write engine.connect() for engine.begin(), and commit what was executed before "
        "context.begin_transaction()",
    ),
    (
        hazards.version_id_too_long,
        ("alembic_version", "x" * 40),
        "version-id-too-long",
        True,
        f"Alembic cannot record revision {'x' * 40}: its id has 40 characters, and the column version_num of "
        "alembic_version takes fewer",
        "the upgrade would go live, and Alembic would fail to record it.",
        "ALTER TABLE alembic_version ALTER COLUMN version_num TYPE varchar(40), or give the revision a shorter id",
    ),
    *(
        (
            hazards.version_table_read_only,
            ("alembic_version", source, "app", "shop"),
            "version-table-read-only",
            True,
            "Alembic cannot record a revision in alembic_version: its transactions are read-only",
            "the upgrade would go live, and Alembic would fail to record it.",
            remedy,
        )
        for source, remedy in (
            ("database", 'ALTER DATABASE "shop" SET default_transaction_read_only = off'),
            ("user", 'ALTER ROLE "app" SET default_transaction_read_only = off'),
            ("database user", 'ALTER ROLE "app" IN DATABASE "shop" SET default_transaction_read_only = off'),
            ("client", "let env.py connect with default_transaction_read_only = off"),
        )
    ),
    (
        hazards.version_table_not_granted,
        ("alembic_version", "app", "permission denied for table alembic_version"),
        "version-table-not-granted",
        True,
        "Alembic cannot record a revision in alembic_version: permission denied for table alembic_version",
        "the upgrade would go live, and Alembic would fail to record it.",
        'GRANT SELECT, INSERT, UPDATE, DELETE ON alembic_version TO "app"',
    ),
    (
        hazards.version_table_refuses,
        ("alembic_version", "0002", "not today"),
        "version-table-refuses",
        True,
        "Alembic cannot record revision 0002 in alembic_version: not today",
        "the upgrade would go live, and Alembic would fail to record it.",
        "look at triggers, rules, constraints and policies of alembic_version; what Alembic writes there must pass",
    ),
]
