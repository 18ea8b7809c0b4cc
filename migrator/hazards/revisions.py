"""Of the history of revisions, and of what stands in one."""

from __future__ import annotations

from collections.abc import Iterable

from migrator.errors import Refused
from migrator.hazards.hazard import Hazard, quoted, refuse, warn


def unapplied_revisions(files: Iterable[str]) -> Hazard:
    """files: of the revisions, the first first."""
    return warn(
        "unapplied-revisions",
        f"there are revisions that this database has not seen yet: {', '.join(files)}",
        "the new one comes after them, and what was not said was read from the database as it is before them.",
        "where it is to take the place of one, delete that file and the new one, and run the same command again; "
        "otherwise look whether it still holds after them, or run migrator upgrade first and write the revision then",
    )


def refused_as_yet(refusal: Refused) -> Hazard:
    return warn(
        "refused-as-yet",
        f"as the database is now, preflight would refuse the revision: {refusal.problem}",
        "the revisions before it may change that.",
        f"where they do not: {refusal.remedy}",
    )


def steps_undo_ordinary(steps: str, revision: str, destination: str) -> Hazard:
    """steps: such as -1. destination: the revision that they lead to."""
    return refuse(
        "steps-undo-ordinary",
        f"{steps} from here undoes revision {revision}, in which migrator has no part",
        "its downgrade() may drop tables and what is in them; no upgrade of vectors is undone by it.",
        f"if that is meant, name the target revision: migrator downgrade {destination}",
    )


def several_operations(revision: str) -> Hazard:
    return refuse(
        "several-operations",
        f"revision {revision} holds more than one change of embeddings, or other operations beside it",
        "the change commits by itself, in many transactions; what stands beside it could not be undone with it.",
        "give every other operation a revision of its own, before or after; several columns go into one "
        "op.change_embeddings([...])",
    )


def no_columns(revision: str) -> Hazard:
    return refuse(
        "no-columns",
        f"revision {revision} calls op.change_embeddings without a change",
        "there is nothing to carry out.",
        "give it at least one EmbeddingChange, or leave the call out",
    )


def column_twice(subject: str) -> Hazard:
    return refuse(
        "column-twice",
        f"the revision changes {subject} twice",
        "one cut-over takes a column to one model.",
        "leave one of the two changes out, or give it a revision of its own",
    )


def printed_as_sql() -> Hazard:
    return refuse(
        "printed-as-sql",
        "a change of embeddings cannot be printed as an SQL script",
        "which rows and texts there are decides what is done.",
        "migrator upgrade --dry-run shows every statement",
    )


def transaction_outside() -> Hazard:
    return refuse(
        "transaction-outside",
        "env.py began a transaction before Alembic did",
        "the change commits many times, which such a transaction would prevent.",
        "in env.py write engine.connect() for engine.begin(), and commit what was executed before "
        "context.begin_transaction(); migrator init names the line, and changes nothing in a project that is there",
    )


def version_id_too_long(table: str, revision: str) -> Hazard:
    return refuse(
        "version-id-too-long",
        f"Alembic cannot record revision {revision}: its id has {len(revision)} characters, and the column version_num "
        f"of {table} takes fewer",
        "the upgrade would go live, and Alembic would fail to record it.",
        f"ALTER TABLE {table} ALTER COLUMN version_num TYPE varchar({len(revision)}), or give the revision a shorter "
        "id",
    )


def version_table_read_only(table: str, source: str, role: str, database: str) -> Hazard:
    """source: what sets default_transaction_read_only, as pg_settings calls it."""
    ways = {
        "database": f"ALTER DATABASE {quoted(database)} SET default_transaction_read_only = off",
        "user": f"ALTER ROLE {quoted(role)} SET default_transaction_read_only = off",
        "database user": f"ALTER ROLE {quoted(role)} IN DATABASE {quoted(database)} SET default_transaction_read_only "
        "= off",
    }
    return refuse(
        "version-table-read-only",
        f"Alembic cannot record a revision in {table}: its transactions are read-only",
        "the upgrade would go live, and Alembic would fail to record it.",
        ways.get(source, "let env.py connect with default_transaction_read_only = off"),
    )


def version_table_not_granted(table: str, role: str, reason: str) -> Hazard:
    return refuse(
        "version-table-not-granted",
        f"Alembic cannot record a revision in {table}: {reason}",
        "the upgrade would go live, and Alembic would fail to record it.",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {quoted(role)}",
    )


def version_table_refuses(table: str, revision: str, reason: str) -> Hazard:
    return refuse(
        "version-table-refuses",
        f"Alembic cannot record revision {revision} in {table}: {reason}",
        "the upgrade would go live, and Alembic would fail to record it.",
        f"look at triggers, rules, constraints and policies of {table}; what Alembic writes there must pass",
    )


def changed_before(subject: str, revision: str) -> Hazard:
    return refuse(
        "changed-before",
        f"revision {revision} changes {subject} before it",
        "what this revision finds there is known when that one is done.",
        f"finish {revision} first",
    )


def moved_meanwhile() -> Hazard:
    return refuse(
        "moved-meanwhile",
        "Alembic's version table changed since this command looked at it",
        "another command moved the database, so that what was planned here no longer fits.",
        "run the command again",
    )


def no_context() -> Hazard:
    return refuse(
        "no-context",
        "env.py connects to no database",
        "it does not call context.run_migrations() with a connection, so that there is nothing to work on.",
        "compare env.py with the one that migrator init writes",
    )


def several_databases(databases: Iterable[str], source: str) -> Hazard:
    """source: what names one of them."""
    return refuse(
        "several-databases",
        f"env.py works on several databases ({', '.join(databases)}), and {source} names one",
        "migrator would work on others than the one that is named.",
        f"leave {source} out, and let env.py name all of them; or let it connect to the one that the main option "
        "sqlalchemy.url names",
    )


def template_without_place(template: str, names: Iterable[str]) -> Hazard:
    """names: what the template would have to call the bodies of upgrade() and downgrade()."""
    places = ", ".join("${" + name + "}" for name in names)
    return refuse(
        "template-without-place",
        f"{template} has no place for the change, so that the revision would be empty",
        "Alembic fills a template's places by their names, which env.py sets by upgrade_token= and downgrade_token=.",
        f"let {template} hold {places} in the functions for that database",
    )


def version_table_nowhere(table: str) -> Hazard:
    return refuse(
        "version-table-nowhere",
        f"search_path names no schema that is there, so Alembic has no place for {table}",
        "Alembic could not record a revision, and the tables that revisions name without a schema are not found.",
        "ALTER DATABASE ... SET search_path = public, or the same for the role; or name schemas everywhere: "
        "version_table_schema= in env.py, schema= in the revisions",
    )


def live_not_recorded(revision: str) -> Hazard:
    return warn(
        "live-not-recorded",
        f"the upgrade of revision {revision} is done, and Alembic's version table does not know",
        "the new column is live; commands of Alembic's take the revision for pending.",
        f"migrator upgrade {revision} records it and changes nothing else; migrator downgrade undoes it",
    )


def recorded_not_live(revision: str, subject: str, model: str) -> Hazard:
    """model: what the column held before the revision."""
    return warn(
        "recorded-not-live",
        f"Alembic's version table has revision {revision}, and {subject} still holds {model}",
        "the revision was stamped, or the column was restored without it: no command carries it out any more.",
        f"alembic stamp with the revision before {revision}, then migrator upgrade; if later revisions are applied, "
        "write a new one instead: migrator revision",
    )


def revision_without_file(revision: str) -> Hazard:
    return warn(
        "revision-without-file",
        f"the database is at revision {revision}, which has no file here",
        "what that revision did is not known here, and neither what comes before or after it.",
        "bring its file back from version control, or name the right database",
    )
