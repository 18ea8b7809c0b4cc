"""Of the ledger, of runs that are unfinished, and of what a downgrade finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from migrator.hazards.hazard import Hazard, quoted, refuse, warn
from migrator.report import counted

# Why a command does not come upon the revision of an unfinished run first: its file, or what Alembic has recorded.
# Empty where it does.
Obstacle = Literal["", "file", "record"]


def schema_taken() -> Hazard:
    return refuse(
        "schema-taken",
        'the schema "migrator" is there, without a ledger and with other things',
        "ledger, backups and embedding stores are kept in a schema of that name.",
        'give it another name, where it is the application\'s: ALTER SCHEMA "migrator" RENAME TO ...',
    )


def ledger_of_newer(version: int, known: int) -> Hazard:
    return refuse(
        "ledger-of-newer-version",
        f"the ledger in this database is of version {version}, this migrator knows {known}",
        "a newer migrator worked here.",
        "work with that newer version, or a later one",
    )


def store_without_vectors(store: str) -> Hazard:
    return refuse(
        "store-without-vectors",
        f"the embedding store {store} has lost its vectors",
        "their column was dropped, with the extension vector perhaps, and the hashes that are left find nothing.",
        f"DROP TABLE {store}; the texts are embedded again",
    )


def unfinished_other(
    unfinished: str, direction: str, command: str, obstacle: Obstacle = "", past_cut_over: bool = False
) -> Hazard:
    """command: what goes on with it. obstacle: why that does not come upon the revision first."""
    up = direction == "upgrade"
    goes_on = f"{command} {'finishes' if past_cut_over else 'goes on with'} it"
    if obstacle == "file":
        goes_on = f"put its file back where {command} comes to it first"
    elif obstacle == "record":
        stamped = f"with the revision before {unfinished}" if up else unfinished
        goes_on = (
            f"alembic stamp {stamped}, for Alembic's version table says that it is {'applied' if up else 'undone'}; "
            f"then {command}"
        )
    now = (
        ("is the new one already" if up else "is the old one again")
        if past_cut_over
        else ("is still the old one" if up else "is still that of the upgrade")
    )
    return refuse(
        "unfinished-other",
        f"the {direction} of revision {unfinished} is unfinished",
        f"the live column {now}. "
        + (
            "The unfinished run can be finished, and not be abandoned any more."
            if past_cut_over
            else "Finish or abandon the unfinished run first."
        ),
        goes_on + _or("undo it", past_cut_over=past_cut_over),
    )


def unfinished_elsewhere(
    subject: str, revision: str, direction: str, history: str, command: str, past_cut_over: bool = False
) -> Hazard:
    """history: the version table of the other one. command: what goes on with its run."""
    return refuse(
        "unfinished-elsewhere",
        f"the {direction} of revision {revision} in the history of {history} is unfinished, and works on {subject}",
        "two histories of revisions in this database name the same table, and one run works on it at a time.",
        f"with the configuration of that history, finish it: {command}" + _or("undo it", past_cut_over=past_cut_over),
    )


def another_table_meant(
    subject: str, revision: str, direction: str, now: str, path: str, past_cut_over: bool = False
) -> Hazard:
    """now: the table that the revision means today. path: the search_path that the run was planned with."""
    return refuse(
        "another-table-meant",
        f"the unfinished {direction} of revision {revision} works on {subject}, and the revision now means {now}",
        "the revision names its table without a schema, and search_path is not what it was when the run began.",
        f"run the same command with the search_path of the run ({path})"
        + _or("undo the run", past_cut_over=past_cut_over),
    )


def another_table_changed(subject: str, now: str, revision: str, path: str) -> Hazard:
    """now: the column that the revision means today. path: the search_path that the upgrade was planned with."""
    return refuse(
        "another-table-changed",
        f"revision {revision} changed {subject}, and now means {now}, which it did not change",
        "the revision names its table without a schema, and search_path is not what it was at the upgrade.",
        f"run the same command with the search_path of the upgrade: {path}",
    )


def changed_in_another_history(subject: str, revision: str, history: str) -> Hazard:
    return refuse(
        "changed-in-another-history",
        f"{subject} was last changed by revision {revision} in the history of {history}",
        "two histories of revisions in this database name the same table, and upgrades are undone in reverse order.",
        f"with the configuration of that history, undo {revision} first: migrator downgrade to the revision before it",
    )


def begun_in_window_mode(revision: str) -> Hazard:
    return refuse(
        "begun-in-window-mode",
        f"the upgrade of revision {revision} was begun without --online",
        "it goes on as it was planned: the old index is dropped before fill.",
        "go on without --online; or undo it first, which keeps what was embedded: migrator abandon",
    )


def unfinished_differs(revision: str, past_cut_over: bool = False) -> Hazard:
    return refuse(
        "unfinished-differs",
        f"revision {revision} was edited since its upgrade was interrupted",
        "what is half done was planned from the former text.",
        "put the former text back and run migrator upgrade"
        + _or("undo what is half done", past_cut_over=past_cut_over),
    )


def table_replaced(subject: str) -> Hazard:
    return refuse(
        "table-replaced",
        f"the table of {subject} was dropped or replaced since the run was interrupted",
        "what the ledger knows of it no longer holds.",
        "migrator abandon closes the run; then run the command again",
    )


def text_dependencies_changed(subject: str, changed: Iterable[str]) -> Hazard:
    """changed: each with its kind, as in "function public.told(text)"."""
    return refuse(
        "text-dependencies-changed",
        f"what the text of {subject} depends on changed since the run was interrupted: {', '.join(changed)}",
        "the vectors made so far are of the texts as they were before.",
        "migrator abandon, then run the command again, which embeds new texts only; or change it back and go on",
    )


def table_renamed_meanwhile(subject: str, now: str) -> Hazard:
    return refuse(
        "table-renamed-meanwhile",
        f"the table of {subject} was renamed by others; it is {now} now",
        "what was done so far is kept, but the run cannot go on or be undone under another name.",
        "rename it back, and run the same command again",
    )


def nothing_to_restore(subject: str) -> Hazard:
    return refuse(
        "nothing-to-restore",
        f"the ledger knows no upgrade of {subject}",
        "there is neither a retired column nor a backup to come back from.",
        "write a revision with op.change_embedding back to the old model",
    )


def changed_by_another_revision(subject: str, by: str, revision: str) -> Hazard:
    return refuse(
        "changed-by-another-revision",
        f"{subject} was last changed by revision {by}, not by {revision}",
        "upgrades are undone in reverse order.",
        f"undo {by} first: migrator downgrade to the revision before it",
    )


def revision_renamed(subject: str, former: str, revision: str) -> Hazard:
    """former: what the revision was called at the upgrade."""
    return warn(
        "revision-renamed",
        f"{subject} was changed by revision {former}, which has no file any more; revision {revision} undoes it",
        "a downgrade undoes the upgrade that is in force on the column, whatever its revision is called now.",
        f"nothing is needed if {former} was renamed to {revision} or squashed into it; otherwise bring its file back "
        "from version control",
    )


def retired_already(subject: str) -> Hazard:
    return refuse(
        "retired-already",
        f"the retired column of {subject} was dropped by migrator retire, and the revision names no text",
        "the old vectors can neither be told from the backup nor embedded again.",
        'write text="an SQL expression over the row" into a revision with op.change_embedding back to the old model',
    )


def old_model_gone(subject: str, texts: int, problem: str) -> Hazard:
    return refuse(
        "old-model-gone",
        f"{subject} has {counted(texts, 'texts')} without a vector of the old model, which is not available: {problem}",
        "without it the rows that hold them would come back without a vector.",
        "make the model reachable, or list these rows and go back: migrator downgrade -1 --without-old-model",
    )


def table_renamed(subject: str, schema: str, table: str, former_schema: str, former: str) -> Hazard:
    """schema, table: what it is called now; the others, what it was called at the upgrade."""
    back = []
    if table != former:
        back.append(f"ALTER TABLE {quoted(schema, table)} RENAME TO {quoted(former)}")
    if schema != former_schema:
        back.append(f"ALTER TABLE {quoted(schema, former)} SET SCHEMA {quoted(former_schema)}")
    return refuse(
        "table-renamed",
        f"the table of {subject} is called {schema}.{table} since the upgrade",
        "the ledger and the revision know it by its former name.",
        f"give it that name for the time of the downgrade: {'; '.join(back)}",
    )


def retired_column_gone(subject: str, column: str) -> Hazard:
    return refuse(
        "retired-column-gone",
        f'the retired column "{column}" of {subject} is not there',
        "it was dropped, or the table was made anew, so there are no old vectors to restore.",
        "write a revision with op.change_embedding back to the old model: its store may still hold the vectors",
    )


def no_text_to_restore(subject: str, rows: int) -> Hazard:
    return refuse(
        "no-text-to-restore",
        f"the revision names no text for {counted(rows, 'rows')} of {subject} written since the upgrade",
        "their old vectors cannot be derived from the new ones, and there is no text to embed.",
        'write text="an SQL expression over the row" into the revision that made the change',
    )


def rows_left_scope(subject: str, rows: int, where: str, gone: str, model: str, without: str) -> Hazard:
    """gone: the model that the downgrade takes away; model: the one that comes back.

    without: a statement that takes their vectors from the rows; empty where none tells them from others.
    """
    return refuse(
        "rows-left-scope",
        f"{counted(rows, 'rows')} of {subject} hold vectors of {gone} and are no longer in scope (where={where!r})",
        f"a downgrade leaves rows out of scope as they are, so these vectors would stay beside those of {model}.",
        "bring the rows back into scope until the downgrade is done"
        + (f"; or, to do without their vectors: {without}" if without else ", or set their vectors NULL"),
    )


def _or(undo: str, *, past_cut_over: bool) -> str:
    """The way out that only a run has whose column is not live yet."""
    return "" if past_cut_over else f"; or {undo}: migrator abandon"
