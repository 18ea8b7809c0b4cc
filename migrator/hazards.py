"""Every finding about database, ledger and models that refuses or warns, each with its remedy; tests compare all whole.

A hazard that refuses ends the command before anything is changed (exit 3); the others are printed with the plan. What
a revision's own text is refused by is said where it is checked, in change.py and operations/.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from migrator.change import INDEX_LIMIT, Model
from migrator.errors import Refused
from migrator.report import counted, size


@dataclass(frozen=True)
class Hazard:
    """A finding. code: its short name, stable across versions, for --json and for looking it up."""

    code: str
    problem: str
    meaning: str
    remedy: str
    refuses: bool

    @property
    def told(self) -> str:
        """As a person reads it beside a plan, in three lines."""
        return f"{self.problem}\n  {self.meaning}\n  fix: {self.remedy}"

    def refusal(self) -> Refused:
        return Refused(self.problem, meaning=self.meaning, remedy=self.remedy, code=self.code)


def _refuse(code: str, problem: str, meaning: str, remedy: str) -> Hazard:
    return Hazard(code, problem, meaning, remedy, refuses=True)


def _warn(code: str, problem: str, meaning: str, remedy: str) -> Hazard:
    return Hazard(code, problem, meaning, remedy, refuses=False)


def _quoted(*parts: str) -> str:
    """A name as SQL has it, for a statement that a person is to run."""
    return sql.Identifier(*parts).as_string(None)


def _nearest(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant, said as a remedy. names: at least one."""
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"name one that is there: {', '.join(known[:10])}{', ...' * (len(known) > 10)}"


# ---- the model ----------------------------------------------------------------------------------------------

_PLUGIN = "python:PACKAGE.MODULE:FACTORY (docs/how-to/models.md shows one)"


def model_not_there(model: Model, reason: str) -> Hazard:
    return _refuse(
        "model-not-there",
        f"model {model.name} cannot be loaded: {reason}",
        "no vector can be computed without it, so nothing was started.",
        "correct the name, or make the model reachable (a hub name needs the network once; a path must hold a saved "
        "model)",
    )


def provider_not_there(model: Model) -> Hazard:
    return _refuse(
        "provider-not-there",
        f"model {model.name} cannot be loaded: this version of migrator has no provider {model.provider!r} yet",
        "no vector can be computed without it, so nothing was started.",
        f"let a plug-in of your own call it, and name that: {_PLUGIN}",
    )


def new_model_not_there(reason: str) -> Hazard:
    """For a revision that is being written. reason: what finding the model ended in, with its name."""
    return _warn(
        "new-model-not-there",
        f"the new model is not to be had here: {reason}",
        "its dimensions were taken as they were given; an upgrade is refused where the model cannot be loaded.",
        "correct --to, or make the model loadable where the upgrade will run; a service is called by a plug-in, "
        f"{_PLUGIN}",
    )


def unapplied_revisions(files: Iterable[str]) -> Hazard:
    """files: of the revisions, the first first."""
    return _warn(
        "unapplied-revisions",
        f"there are revisions that this database has not seen yet: {', '.join(files)}",
        "the new one comes after them, and what was not said was read from the database as it is before them.",
        "where it is to take the place of one, delete that file and the new one, and run the same command again; else "
        "look whether it still holds after them, or run migrator upgrade first and write the revision then",
    )


def refused_as_yet(refusal: Refused) -> Hazard:
    return _warn(
        "refused-as-yet",
        f"as the database is now, preflight would refuse the revision: {refusal.problem}",
        "the revisions before it may change that.",
        f"where they do not: {refusal.remedy}",
    )


def model_other_dimensions(model: Model, found: int) -> Hazard:
    return _refuse(
        "model-other-dimensions",
        f"model {model.name} gives {found} dimensions, not {model.dimensions}",
        "the column would be made with the wrong length.",
        f"say so: dimensions={found} in the revision, --dimensions {found} on the command line",
    )


def model_changed(name: str, similarity: float) -> Hazard:
    return _refuse(
        "model-changed",
        f"model {name} no longer gives the vectors it gave before: its probe texts agree to {similarity:.4f} only",
        "vectors of two models would stand in one column and could not be compared.",
        "load the model that was used before, or give the new one a name of its own in a new revision",
    )


def old_model_not_at_hand(subject: str, reason: str) -> Hazard:
    """reason: what loading it ended in, with the model's name."""
    return _warn(
        "old-model-not-at-hand",
        f"the model that {subject} is said to hold cannot be used here: {reason}",
        "rows written since the upgrade could not be embedded with it in a rollback: migrator downgrade would refuse, "
        "and the manual rollback would leave them without a vector and list them.",
        "correct from_= of the revision or --from, or make the model loadable where a rollback would run; a service is "
        f"called by a plug-in, {_PLUGIN}",
    )


def old_model_not_downloaded(subject: str, name: str, location: str) -> Hazard:
    return _warn(
        "old-model-not-downloaded",
        f"the model that {subject} is said to hold, {name}, is on the hub and not in the local cache",
        "it was not tried, so whether it made these vectors is not known; a rollback would have to download it first.",
        f'download it before the window, where a rollback would run: python -c "from sentence_transformers import '
        f"SentenceTransformer; SentenceTransformer('{location}')\"",
    )


def old_model_other_dimensions(subject: str, reason: str) -> Hazard:
    """reason: what loading it ended in, with the model's name."""
    return _refuse(
        "old-model-other-dimensions",
        f"{subject} cannot hold vectors of the model that it is said to hold: {reason}",
        "another model made them, and a rollback would fail for rows written since the upgrade.",
        "name the model that made them, in from_= or --from; where they are the first numbers of longer ones, add "
        "matryoshka=True; where zeros follow shorter ones, padded=True",
    )


def old_model_differs(subject: str, name: str, rows: int, median: float) -> Hazard:
    return _warn(
        "old-model-differs",
        f"{subject} embedded again with {name} agrees with what is stored to {median:.2f} only (median cosine of "
        f"{counted(rows, 'rows')})",
        "from_= is probably not the model that made these vectors, or they were made of another text; a rollback would "
        "put vectors of two models, or of two texts, into one column.",
        "correct from_= (name, prompt, revision) in the revision; where they were made of another text than text=, say "
        "it in from_text=; where all is right the vectors are stale, and the upgrade mends that",
    )


def over_index_limit(type_: str, dimensions: int) -> Hazard:
    """type_: of what the index would hold."""
    if type_ == "vector" and dimensions <= INDEX_LIMIT["halfvec"]:
        remedy = (
            'write on="halfvec" in the revision\'s index= (--on halfvec): half precision finds the same rows but for a '
            'few, searched by embedding::halfvec(N); or type="halfvec", which halves the column too'
        )
    elif type_ != "bit":
        remedy = (
            'write on="bit" in the revision\'s index= (--on bit): searched by binary_quantize(embedding)::bit(N), with '
            "the rows found ranked again by their exact distance; or choose a model of fewer dimensions, or truncate "
            "it (matryoshka=True)"
        )
    else:
        remedy = "choose a model of fewer dimensions, truncate it (matryoshka=True), or write index=None"
    return _refuse("over-index-limit", *_over_limit(type_, dimensions), remedy)


def several_over_index_limit(type_: str, dimensions: int) -> Hazard:
    """Of an index that is kept beside others, which index= would not say. type_: of what it would hold."""
    remedy = "drop all vector indexes of the column but one, which the revision's index= replaces"
    if type_ == "vector" and dimensions <= INDEX_LIMIT["halfvec"]:
        remedy = f'write type="halfvec" in the revision, which halves the column; or {remedy}'
    return _refuse("several-over-index-limit", *_over_limit(type_, dimensions), remedy)


def _over_limit(type_: str, dimensions: int) -> tuple[str, str]:
    """Problem and meaning."""
    return (
        f"{type_}({dimensions}) cannot be indexed: pgvector's limit for {type_} is {INDEX_LIMIT[type_]} dimensions",
        "the index build at the end would fail after everything was embedded.",
    )


# ---- the table and the column -------------------------------------------------------------------------------


def unknown_table(schema: str | None, table: str, known: Iterable[tuple[str, str]]) -> Hazard:
    """known: schema and name of the tables there are."""
    shown = f"{schema}.{table}" if schema else table
    tables = list(known)
    elsewhere = [found for found, called in tables if called == table]
    if elsewhere:
        remedy = (
            f'the table is in the schema "{elsewhere[0]}": write schema="{elsewhere[0]}" in the revision, and '
            f"{elsewhere[0]}.{table} on the command line"
        )
    elif tables:
        remedy = _nearest(table, (called for _, called in tables))
    else:
        remedy = "check that the database URL names the right database"
    return _refuse(
        "unknown-table",
        f'there is no table "{shown}"',
        "this database, or the search path, holds none of that name.",
        remedy,
    )


def unknown_column(table: str, column: str, vectors: Iterable[str]) -> Hazard:
    """vectors: the table's columns that are some."""
    known = list(vectors)
    remedy = "name another table, or bring the column back from a backup of the database where it was dropped"
    return _refuse(
        "unknown-column",
        f'table "{table}" has no column "{column}"',
        "the table has none of that name." if known else "the table has none of that name, nor any column of vectors.",
        _nearest(column, known) if known else remedy,
    )


def not_a_vector(table: str, column: str, type_: str, vectors: Iterable[str]) -> Hazard:
    """vectors: the table's columns that are some."""
    known = sorted(vectors)
    return _refuse(
        "not-a-vector",
        f'column "{table}.{column}" is of type {type_}, not vector or halfvec',
        "only vector columns hold embeddings that can be changed.",
        f"name a column that is: {', '.join(known)}" if known else "the table has none that is: name another table",
    )


def domain_over_vectors(table: str, column: str, domain: str, type_: str) -> Hazard:
    """type_: what the domain is over."""
    return _refuse(
        "domain-over-vectors",
        f'column "{table}.{column}" is of the domain {domain}, which is over {type_}',
        "a domain says the dimensions for every column that is of it.",
        f"make the column one of vectors: ALTER TABLE {_quoted(table)} ALTER COLUMN {_quoted(column)} TYPE {type_}",
    )


def not_a_table(table: str, kind: str) -> Hazard:
    called, remedy = {
        "v": ("a view", "name the table whose rows it shows; the view is carried over with it"),
        "m": ("a materialised view", "name the table whose rows it shows; the view is carried over with it"),
        "f": ("a foreign table", "upgrade it in the database that keeps its rows"),
    }[kind]
    return _refuse(
        "not-a-table",
        f'"{table}" is {called}, which migrator cannot change',
        "a column cannot be put beside the live one there.",
        remedy,
    )


def plain_inheritance(table: str, parents: Iterable[str], children: Iterable[str]) -> Hazard:
    told = [f"inherits from {', '.join(parents)}"] if parents else []
    told += [f"is inherited by {', '.join(children)}"] if children else []
    return _refuse(
        "plain-inheritance",
        f'"{table}" {" and ".join(told)}',
        "the rows of such tables are read together, but their columns, indexes and triggers are each table's own.",
        "make it a partitioned table, or part it for good: ALTER TABLE ... NO INHERIT ...",
    )


def typed_table(table: str, type_: str) -> Hazard:
    return _refuse(
        "typed-table",
        f'"{table}" is a table of type {type_}',
        "a column can be put beside the live one only where the table's columns are its own.",
        f"ALTER TABLE {_quoted(table)} NOT OF makes them so; nothing else of it changes",
    )


# ---- partitions ---------------------------------------------------------------------------------------------


def is_a_partition(table: str, top: str) -> Hazard:
    return _refuse(
        "is-a-partition",
        f'"{table}" is a partition of {top}',
        "all partitions have the columns of that table, and are upgraded with it.",
        f"name {top} instead",
    )


def foreign_partitions(table: str, partitions: Iterable[str]) -> Hazard:
    return _refuse(
        "foreign-partition",
        f'partitions of "{table}" are foreign tables: {", ".join(partitions)}',
        "their rows are kept elsewhere, where no vector can be filled in.",
        "detach them for the time of the upgrade, and upgrade them where they are",
    )


def partition_differs(partition: str, column: str, what: str) -> Hazard:
    return _refuse(
        "partition-differs",
        f'column "{column}" of partition {partition} {what}, unlike that of the table it belongs to',
        "the new column would be alike in all partitions.",
        "make it so now: ALTER TABLE ... ALTER COLUMN ...",
    )


def partition_index_alone(partition: str, index: str) -> Hazard:
    return _refuse(
        "partition-index-alone",
        f'index "{index}" of partition {partition} belongs to no index of the partitioned table',
        "it would stay behind on the retired column, and that partition would be searched without it.",
        "attach it, with one on every partition: CREATE INDEX ... ON ONLY ...; ALTER INDEX ... ATTACH PARTITION ...; "
        "or drop it",
    )


def partitions_together(table: str, partitions: int) -> Hazard:
    return _warn(
        "partitions-together",
        f'"{table}" has {counted(partitions, "partitions")}, which begin and end the upgrade together',
        "shadow column, capture trigger and cut-over lock all of them at a time, for milliseconds; until migrator "
        "retire a table without migrator's columns cannot be attached, and one that is detached keeps them.",
        "make new partitions by CREATE TABLE ... PARTITION OF, or LIKE the partitioned table; wait with DETACH until "
        "cut-over is done",
    )


def row_security(table: str) -> Hazard:
    return _refuse(
        "row-security",
        f'row-level security on "{table}" applies to the role that migrator works as',
        "rows that it hides would keep no vector, and the upgrade would look complete.",
        "run migrator as the table's owner without FORCE, as a superuser, or as a role with BYPASSRLS",
    )


def generated_column(table: str, column: str) -> Hazard:
    return _refuse(
        "generated-column",
        f'column "{table}.{column}" is generated',
        "PostgreSQL computes its vectors, so there is nothing that a model could fill.",
        "drop the generation expression first: ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION",
    )


def dependent_not_carried(subject: str, dependent: str) -> Hazard:
    return _refuse(
        "dependent-not-carried",
        f"{dependent} depends on {subject} and cannot be carried over",
        "it would stay bound to the old column after cut-over.",
        "drop it before the upgrade, and create it again afterwards",
    )


def materialised_views(subject: str, views: Iterable[str]) -> Hazard:
    return _warn(
        "materialised-view-as-of",
        f"materialised views read {subject}: {', '.join(views)}",
        "each is filled a second time before cut-over, which takes its room on disk again, and swapped; after cut-over "
        "one with a unique index on columns is refreshed concurrently; others lack what was written since their fill.",
        "refresh the others afterwards: REFRESH MATERIALIZED VIEW",
    )


def materialised_view_does_not_fit(subject: str, dependent: str, reason: str) -> Hazard:
    """dependent: the view, or an index of it."""
    return _refuse(
        "materialised-view-does-not-fit",
        f"{dependent} cannot be made again over the new vectors of {subject}: {reason}",
        "it would fail before cut-over, after everything was embedded.",
        "drop it before the upgrade, and create one that fits afterwards",
    )


def dependent_on_view(view: str, dependent: str) -> Hazard:
    return _refuse(
        "dependent-on-view",
        f"{dependent} depends on {view}, which reads the column",
        "the view is dropped and made again at cut-over, which that would prevent.",
        "drop it before the upgrade, and create it again afterwards",
    )


def dependent_does_not_fit(subject: str, dependent: str, written: str, reason: str) -> Hazard:
    """written: its condition as it would be made again."""
    return _refuse(
        "dependent-does-not-fit",
        f"{dependent} cannot be made again on the new column of {subject}, as {written}: {reason}",
        "it would fail at cut-over.",
        "change it before the upgrade so that it holds for old and new vectors, or drop it",
    )


def rows_violate_check(table: str, check: str, rows: int) -> Hazard:
    return _refuse(
        "rows-violate-check",
        f'CHECK "{check}" on "{table}" is NOT VALID, and violated by {counted(rows, "rows")}',
        "PostgreSQL refuses every update of such a row, that which fills its shadow column too.",
        f"correct those rows, or drop the check: ALTER TABLE {_quoted(table)} DROP CONSTRAINT {_quoted(check)}",
    )


def dimensions_rewritten(subject: str, written: Iterable[str]) -> Hazard:
    """written: each dependent, and how it will read."""
    return _warn(
        "dimensions-rewritten",
        f"what speaks of the old dimensions of {subject} is made again with the new ones: {', '.join(written)}",
        "as it is, it would hold for no new vector; a downgrade brings the old text back.",
        "nothing is to be done where that is what it means; else change it before the upgrade",
    )


def dimensions_not_allowed(subject: str, dependent: str, written: str, dimensions: int) -> Hazard:
    """written: its condition."""
    return _refuse(
        "dimensions-not-allowed",
        f"{dependent} would hold for no new vector of {subject}, as {written}",
        f"it says how many dimensions a vector may have, and {dimensions} is not among them.",
        f"change it before the upgrade so that it allows {dimensions} as well as the old dimensions, or drop it",
    )


def says_dimensions(subject: str, dependent: str, dimensions: int) -> Hazard:
    """dependent: a view or function. dimensions: the old ones."""
    return _refuse(
        "dependent-says-dimensions",
        f"{dependent} says {dimensions} dimensions, and reads {subject}",
        "made again as it is, it would find no row, or fail over the new vectors.",
        "drop it before the upgrade, and create it afterwards with the new number or with none",
    )


def dimensions_kept(subject: str, written: Iterable[str], dimensions: int) -> Hazard:
    """written: each dependent, and how it reads."""
    return _warn(
        "dimensions-kept",
        f"what says how many dimensions {subject} may have is made again as it is: {', '.join(written)}",
        f"for some rows it may not hold with vectors of {dimensions}: then a CHECK fails the upgrade before cut-over, "
        "a policy hides the row, a trigger does not fire.",
        f"look at each; one that is to hold with {dimensions} too has to be changed before the upgrade",
    )


def function_not_made(subject: str, statement: str, reason: str) -> Hazard:
    """statement: its beginning."""
    return _refuse(
        "function-not-made",
        f"a function that is to change with {subject} cannot be made: {reason} (in: {statement})",
        "it was tried in a transaction that was rolled back; it would fail at cut-over.",
        "correct functions= in the revision, or what the function depends on; on a downgrade drop what depends on it",
    )


def functions_by_name(subject: str, functions: Iterable[str]) -> Hazard:
    return _warn(
        "functions-by-name",
        f"functions find {subject} by its name: {', '.join(functions)}",
        "they read the new vectors from cut-over on; one that casts to the old dimensions, or gives the table's rows "
        "column by column, fails from then on, or from fill on.",
        'look at each; what has to change with the column goes into the revision: functions=["CREATE OR REPLACE '
        'FUNCTION ..."]',
    )


def several_indexes(subject: str, indexes: Iterable[str]) -> Hazard:
    return _refuse(
        "several-indexes",
        f"{subject} has several vector indexes: {', '.join(indexes)}",
        "the revision's index= replaces one index, and it is not said which.",
        'write index="same" in the revision, or give no option of the index, to keep them all; or drop those that are '
        "not needed first",
    )


def same_column(subject: str) -> Hazard:
    return _refuse(
        "nothing-to-change",
        f"{subject} is already as the revision wants it",
        "model, dimensions, type and index are the same.",
        "remove the operation from the revision, or correct it; another text needs the old one in from_text=",
    )


def live_column_differs(subject: str, found: str, expected: str) -> Hazard:
    return _refuse(
        "live-column-differs",
        f"{subject} is {found}, the revision was written for {expected}",
        "the column changed since the revision was written; its vectors may be of another model.",
        "correct from_= in the revision to what the column holds now, or undo that other change first",
    )


def other_model_in_column(subject: str, found: str, expected: str) -> Hazard:
    return _refuse(
        "other-model-in-column",
        f"the ledger says that {subject} holds vectors of {found}, not of {expected}",
        "a rollback would restore the wrong model.",
        f"name {found} as the old model, in from_= of the revision or --from; where the ledger has a wrong name, "
        "correct it there: docs/how-to/models.md",
    )


def other_text_in_column(subject: str, found: str, said: str) -> Hazard:
    """Where the revision names no old text, so that its text is taken for that of the present vectors too."""
    return _warn(
        "other-text-in-column",
        f"by the ledger the vectors of {subject} were made of text={found!r}, the revision says text={said!r}",
        "a rollback would embed rows written since from another text than before, and a change of index or type alone "
        "leaves the vectors what they are.",
        f"write from_text={found!r} in the revision; where both give the same texts, from_text={said!r}",
    )


def used_up_columns(table: str, used: int) -> Hazard:
    return _refuse(
        "columns-used-up",
        f'"{table}" has used {used} of PostgreSQL\'s 1,600 columns, dropped ones included',
        "the shadow column has no room.",
        "write the table anew (a dump and a restore of it), which frees the dropped ones",
    )


def rows_kept_elsewhere(table: str, column: str) -> Hazard:
    """column: of another table, as PostgreSQL describes it."""
    return _refuse(
        "rows-kept-elsewhere",
        f'{column} holds rows of "{table}"',
        "in rows that stand there the vector belongs to the old column: it would be NULL after cut-over, and lost at "
        "retire.",
        "keep them as JSON: ALTER TABLE ... ALTER COLUMN ... TYPE jsonb USING to_jsonb(...)",
    )


def rows_copied(table: str, trigger: str, statement: str) -> Hazard:
    """statement: its beginning."""
    return _refuse(
        "rows-copied",
        f'trigger "{trigger}" on "{table}" inserts whole rows into another table: {statement}',
        "from fill until migrator retire a row has a column more, and writes that fire the trigger would fail.",
        f"name the columns in its function; or do without it until then: ALTER TABLE {_quoted(table)} DISABLE TRIGGER "
        f"{_quoted(trigger)}",
    )


def left_by_another(table: str, column: str) -> Hazard:
    return _refuse(
        "left-by-another-change",
        f'"{table}" has a column "{column}" that no unfinished change in the ledger accounts for',
        "it may be the work of a migrator whose ledger was lost.",
        f"look at it, then drop it: ALTER TABLE {_quoted(table)} DROP COLUMN {_quoted(column)}",
    )


def rules_on_table(table: str, rules: Iterable[str]) -> Hazard:
    return _refuse(
        "rules-on-table",
        f'"{table}" has rules: {", ".join(rules)}',
        "a rule may rewrite the updates that fill the shadow column.",
        f"drop the rule for the time of the upgrade: DROP RULE ... ON {_quoted(table)}",
    )


def change_in_flight(table: str, tool: str, mark: str) -> Hazard:
    return _refuse(
        "change-in-flight",
        f'{tool} is in the middle of a change of "{table}": {mark} is its work',
        "it copies the table, or swaps it, and what migrator does meanwhile would be lost or done twice.",
        f"let {tool} finish, or let it undo its change, which takes that away; then run the same command again",
    )


_STOP_WRITER = (
    "let its queue run empty, then stop it for the time of the upgrade, by ALTER TABLE ... DISABLE TRIGGER or in the "
    "tool itself; after it, let it compute vectors by the new model"
)


def two_writers(subject: str, writers: Iterable[str]) -> Hazard:
    """Where its vectors would still fit the column after cut-over."""
    return _refuse(
        "two-writers",
        f"{subject} has another writer of vectors: {'; '.join(writers)}",
        "it goes on with the model that it was set up with, and would put its vectors into one column with the new "
        "ones.",
        _STOP_WRITER,
    )


def writer_fails_later(subject: str, writers: Iterable[str]) -> Hazard:
    return _warn(
        "writer-fails-later",
        f"{subject} has another writer of vectors: {'; '.join(writers)}",
        "it goes on with the model that it was set up with, whose vectors the column will no longer take: its writes "
        "fail from cut-over on.",
        _STOP_WRITER,
    )


def not_a_member(subject: str, owner: str, role: str) -> Hazard:
    return _refuse(
        "not-a-member",
        f'role "{role}" may not act as "{owner}", who owns or granted {subject}',
        "it could not be given back as it was after cut-over.",
        f"work as a superuser or a member of that role: GRANT {_quoted(owner)} TO {_quoted(role)}",
    )


def index_not_carried(subject: str, index: str, definition: str) -> Hazard:
    return _refuse(
        "index-not-carried",
        f'index "{index}" on {subject} cannot be carried over: {definition}',
        "what is not valid, over sparse vectors or the replica identity is not built again.",
        f"drop it before the upgrade, and create it again afterwards: DROP INDEX {_quoted(index)}",
    )


def index_does_not_fit(subject: str, index: str, dimensions: int, reason: str) -> Hazard:
    return _refuse(
        "index-does-not-fit",
        f'index "{index}" on {subject} cannot be built over vectors of {dimensions} dimensions: {reason}',
        "the index build would fail after everything was embedded.",
        f"drop it before the upgrade, and create one that fits afterwards: DROP INDEX {_quoted(index)}",
    )


def index_spans_scope(subject: str, index: str, where: str) -> Hazard:
    return _refuse(
        "index-spans-scope",
        f'index "{index}" on {subject} is over vectors of the old dimensions, in the scope {where} and beyond it',
        "after the upgrade they differ in dimensions, and no index can hold both.",
        f"make it one index a scope first, each with its condition: CREATE INDEX ... WHERE {where}; "
        f"DROP INDEX {_quoted(index)}",
    )


def default_of_other_dimensions(subject: str, default: str) -> Hazard:
    return _refuse(
        "default-of-other-dimensions",
        f"{subject} has the default {default}, which does not fit the new dimensions",
        "inserts that rely on it would fail after cut-over.",
        "drop the default before the upgrade: ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT",
    )


def steps_undo_ordinary(steps: str, revision: str, destination: str) -> Hazard:
    """steps: such as -1. destination: the revision that they lead to."""
    return _refuse(
        "steps-undo-ordinary",
        f"{steps} from here undoes revision {revision}, in which migrator has no part",
        "its downgrade() may drop tables and what is in them; no upgrade of vectors is undone by it.",
        f"if that is meant, name where to go instead of counting: migrator downgrade {destination}",
    )


# ---- the ledger ---------------------------------------------------------------------------------------------


def schema_taken() -> Hazard:
    return _refuse(
        "schema-taken",
        'the schema "migrator" is there, without a ledger and with other things',
        "ledger, backups and embedding stores are kept in a schema of that name.",
        'give it another name, where it is the application\'s: ALTER SCHEMA "migrator" RENAME TO ...',
    )


def ledger_of_another(owner: str, role: str) -> Hazard:
    return _refuse(
        "ledger-of-another-role",
        f'the schema "migrator" belongs to "{owner}", whom role "{role}" may not act as',
        "the ledger can neither be read nor written.",
        f"work as that role, or GRANT {_quoted(owner)} TO {_quoted(role)}",
    )


def ledger_of_newer(version: int, known: int) -> Hazard:
    return _refuse(
        "ledger-of-newer-version",
        f"the ledger in this database is of version {version}, this migrator knows {known}",
        "a newer migrator worked here.",
        "work with that newer version, or a later one",
    )


def unfinished_other(unfinished: str, direction: str, command: str, is_next: bool = True) -> Hazard:
    """command: what goes on with it. is_next: the revision has a file here, and that comes upon it first."""
    if is_next:
        remedy = f"{command} goes on with it; migrator abandon undoes it"
    else:
        remedy = (
            f"migrator abandon undoes it; to go on with it instead, put its file back where {command} comes to it first"
        )
    return _refuse(
        "unfinished-other",
        f"the {direction} of revision {unfinished} is unfinished",
        "one change is carried to its end, or abandoned, before the next begins.",
        remedy,
    )


def begun_in_window_mode(revision: str) -> Hazard:
    return _refuse(
        "begun-in-window-mode",
        f"the upgrade of revision {revision} was begun without --online",
        "it goes on as it was planned: the old index is dropped before fill.",
        "go on without --online; or undo it first, which keeps what was embedded: migrator abandon",
    )


def unfinished_differs(revision: str) -> Hazard:
    return _refuse(
        "unfinished-differs",
        f"revision {revision} was edited since its upgrade was interrupted",
        "what is half done was planned from the former text.",
        "put the former text back and run migrator upgrade, or undo what is half done: migrator abandon",
    )


def table_replaced(subject: str) -> Hazard:
    return _refuse(
        "table-replaced",
        f"the table of {subject} was dropped or replaced since the run was interrupted",
        "what the ledger knows of it no longer holds.",
        "migrator abandon closes the run; then run the command again",
    )


def text_functions_replaced(subject: str, functions: Iterable[str]) -> Hazard:
    return _refuse(
        "text-functions-replaced",
        f"functions that the text of {subject} calls were replaced since the run was interrupted: "
        f"{', '.join(functions)}",
        "the vectors made so far are of the texts that they gave before.",
        "migrator abandon, then run the command again; or put the functions back and go on",
    )


def text_functions_of_others(subject: str, owners: Mapping[str, str], table_owner: str, role: str) -> Hazard:
    """owners: of each function."""
    functions = ", ".join(f"{function} (of {owner})" for function, owner in owners.items())
    return _refuse(
        "text-functions-of-others",
        f"the text or scope of {subject} calls functions that are neither its table's owner's nor a superuser's: "
        f"{functions}",
        f'capture runs them with the rights of "{role}" whenever somebody writes to the table, so that who replaces '
        "one could do whatever that role may.",
        "; ".join(f"ALTER FUNCTION {function} OWNER TO {_quoted(table_owner)}" for function in owners),
    )


def text_functions_of_owner(subject: str, functions: Iterable[str], owner: str, role: str) -> Hazard:
    return _warn(
        "text-functions-of-owner",
        f'"{role}" runs functions of "{owner}" for the text or scope of {subject}: {", ".join(functions)}',
        f'"{owner}" owns the table, and by replacing one could do whatever "{role}" may, until migrator retire.',
        f'upgrade as "{owner}"; or ALTER FUNCTION ... OWNER TO {_quoted(role)}',
    )


def table_renamed_meanwhile(subject: str, now: str) -> Hazard:
    return _refuse(
        "table-renamed-meanwhile",
        f"the table of {subject} was renamed by others; it is {now} now",
        "what was done so far is kept, but the run cannot go on or be undone under another name.",
        "rename it back, and run the same command again",
    )


def nothing_to_restore(subject: str) -> Hazard:
    return _refuse(
        "nothing-to-restore",
        f"the ledger knows no upgrade of {subject}",
        "there is neither a retired column nor a backup to come back from.",
        "write a revision with op.change_embedding back to the old model",
    )


def changed_by_another_revision(subject: str, by: str, revision: str) -> Hazard:
    return _refuse(
        "changed-by-another-revision",
        f"{subject} was last changed by revision {by}, not by {revision}",
        "upgrades are undone in reverse order.",
        f"undo {by} first: migrator downgrade to the revision before it",
    )


def retired_already(subject: str) -> Hazard:
    return _refuse(
        "retired-already",
        f"the retired column of {subject} was dropped by migrator retire, and the revision names no text",
        "the old vectors can neither be told from the backup nor embedded again.",
        'write text="an SQL expression over the row" into a revision with op.change_embedding back to the old model',
    )


def old_model_gone(subject: str, texts: int, problem: str) -> Hazard:
    return _refuse(
        "old-model-gone",
        f"{subject} has {counted(texts, 'texts')} without a vector of the old model, which is not to be had: {problem}",
        "without it the rows that hold them would come back without a vector.",
        "make the model reachable, or list these rows and go back: migrator downgrade -1 --without-old-model",
    )


def table_renamed(subject: str, schema: str, table: str, former_schema: str, former: str) -> Hazard:
    """schema, table: what it is called now; the others, what it was called at the upgrade."""
    back = []
    if table != former:
        back.append(f"ALTER TABLE {_quoted(schema, table)} RENAME TO {_quoted(former)}")
    if schema != former_schema:
        back.append(f"ALTER TABLE {_quoted(schema, former)} SET SCHEMA {_quoted(former_schema)}")
    return _refuse(
        "table-renamed",
        f"the table of {subject} is called {schema}.{table} since the upgrade",
        "the ledger and the revision know it by its former name.",
        f"give it that name for the time of the downgrade: {'; '.join(back)}",
    )


def retired_column_gone(subject: str, column: str) -> Hazard:
    return _refuse(
        "retired-column-gone",
        f'the retired column "{column}" of {subject} is not there',
        "it was dropped, or the table was made anew, so there are no old vectors to restore.",
        "write a revision with op.change_embedding back to the old model: its store may still hold the vectors",
    )


def several_operations(revision: str) -> Hazard:
    return _refuse(
        "several-operations",
        f"revision {revision} holds more than one change of embeddings, or other operations beside it",
        "the change commits by itself, in many transactions; what stands beside it could not be undone with it.",
        "give every other operation a revision of its own, before or after; several columns go into one "
        "op.change_embeddings([...])",
    )


def no_columns(revision: str) -> Hazard:
    return _refuse(
        "no-columns",
        f"revision {revision} calls op.change_embeddings without a change",
        "there is nothing to carry out.",
        "give it at least one EmbeddingChange, or leave the call out",
    )


def column_twice(subject: str) -> Hazard:
    return _refuse(
        "column-twice",
        f"the revision changes {subject} twice",
        "one cut-over takes a column to one model.",
        "leave one of the two changes out, or give it a revision of its own",
    )


def printed_as_sql() -> Hazard:
    return _refuse(
        "printed-as-sql",
        "a change of embeddings cannot be printed as an SQL script",
        "which rows and texts there are decides what is done.",
        "migrator upgrade --dry-run shows every statement",
    )


def transaction_outside() -> Hazard:
    return _refuse(
        "transaction-outside",
        "env.py began a transaction before Alembic did",
        "the change commits many times, which such a transaction would prevent.",
        "in env.py write engine.connect() for engine.begin(), and commit what was executed before "
        "context.begin_transaction()",
    )


def no_text_to_restore(subject: str, rows: int) -> Hazard:
    return _refuse(
        "no-text-to-restore",
        f"the revision names no text for {counted(rows, 'rows')} of {subject} written since the upgrade",
        "their old vectors cannot be derived from the new ones, and there is no text to embed.",
        'write text="an SQL expression over the row" into the revision that made the change',
    )


# ---- the text expression and the scope ------------------------------------------------------------------------


def text_does_not_parse(expression: str, reason: str) -> Hazard:
    return _refuse(
        "text-does-not-parse",
        f"text={expression!r} is not an SQL expression over the row: {reason}",
        "the texts to embed cannot be read.",
        "correct it; try it with SELECT expression FROM table LIMIT 1",
    )


def text_is_not_text(expression: str, type_: str) -> Hazard:
    return _refuse(
        "text-is-not-text",
        f"text={expression!r} gives {type_}, not text",
        "a model reads text.",
        f"write a cast if that is what you mean: text={f'({expression})::text'!r}",
    )


def no_text(subject: str) -> Hazard:
    return _refuse(
        "no-text",
        f"the revision names no text for {subject}",
        "another model needs the texts to embed.",
        'write text="an SQL expression over the row", such as text="content"',
    )


def whole_row_text(expression: str) -> Hazard:
    return _refuse(
        "whole-row-text",
        f"text={expression!r} gives another text once the table has a further column",
        "every text would change when the shadow column appears.",
        "name the columns: text=\"concat_ws(' ', title, body)\"",
    )


def text_not_by_columns(expression: str, reason: str) -> Hazard:
    return _refuse(
        "text-not-by-columns",
        f"text={expression!r} or where= cannot be evaluated for a row by itself: {reason}",
        "the trigger that captures writes sees the row's columns, and neither the whole row nor other tables.",
        "name the columns, without schema: text=\"concat_ws(' ', title, body)\"",
    )


def text_reads_other_tables(expression: str, tables: Iterable[str]) -> Hazard:
    return _refuse(
        "text-reads-other-tables",
        f"text={expression!r} reads other tables: {', '.join(tables)}",
        "online, a write to them changes texts of rows that are not written themselves, which nothing would see.",
        "upgrade in a window, without --online, where they are locked against writes; or copy what is needed into a "
        "column of the table, kept there by the application or a trigger, and name that",
    )


def where_reads_tables(condition: str, tables: Iterable[str]) -> Hazard:
    return _refuse(
        "where-reads-tables",
        f"where={condition!r} reads tables: {', '.join(tables)}",
        "a write to them moves rows that are not written themselves into scope or out of it, which nothing would see.",
        "copy what is needed into a column of the table, kept there by the application or a trigger, and name that",
    )


def text_reads_unlockable(expression: str, table: str, why: str) -> Hazard:
    return _refuse(
        "text-reads-unlockable",
        f"text={expression!r} reads {table}, and {why}",
        "it cannot be locked against writes, which change texts of rows that are not written themselves.",
        "copy what is needed into a column of the table, kept there by the application or a trigger, and name that",
    )


def other_tables_locked(subject: str, tables: Iterable[str], triggers: Iterable[str]) -> Hazard:
    """triggers: those of the table that its writers fire."""
    fired = ", ".join(triggers)
    too = f", and so do writes to the table whose triggers write to them (it has {fired})" if fired else ""
    return _warn(
        "other-tables-locked",
        f"the text of {subject} reads other tables: {', '.join(tables)}",
        f"they are locked from fill to cut-over: writes to them wait{too}. After it a write there changes texts of "
        "rows that are not written themselves, and makes their vectors stale.",
        "let the application embed such rows again, as after any edit of a text; or have migrator backfill do it",
    )


def triggers_write_other_tables(table: str, triggers: Iterable[str], written: Iterable[str]) -> Hazard:
    """triggers: those that the fill fires. written: tables that the text reads."""
    return _refuse(
        "triggers-write-other-tables",
        f'the fill fires triggers of "{table}" that write to what the text reads: {", ".join(written)}; it is one of '
        f"{', '.join(triggers)}",
        "that is locked against writes from fill to cut-over, so that the fill would wait for migrator itself.",
        f'ALTER TABLE "{table}" DISABLE TRIGGER ... for the time of the upgrade',
    )


def row_function(expression: str, function: str, why: str) -> Hazard:
    return _refuse(
        "row-function",
        f"text={expression!r} calls {function}() with the row, and {why}",
        "its value may change when the shadow column appears, or differ while a write is captured.",
        "in a function in SQL or PL/pgSQL name each column that it reads, as in doc.title; or name the columns "
        "in text=",
    )


def text_writes(expression: str, reason: str) -> Hazard:
    return _refuse(
        "text-writes",
        f"text={expression!r} has side effects: {reason}",
        "it is evaluated for every row, several times, and in the application's transactions.",
        "name a function that only reads, or columns",
    )


def changes_by_itself(expression: str, calls: Iterable[str]) -> Hazard:
    return _refuse(
        "text-changes-by-itself",
        f"text={expression!r} or where= gives another value each time it is asked, by {', '.join(calls)}",
        "a vector is found by its text, and the text would be another one a moment later.",
        "leave that out, or keep its value in a column of the table and name the column",
    )


def scope_does_not_parse(argument: str, condition: str, reason: str) -> Hazard:
    return _refuse(
        "scope-does-not-parse",
        f"{argument}={condition!r} is not an SQL condition over the row: {reason}",
        "the rows in scope cannot be told.",
        "correct it; try it with SELECT count(*) FROM table WHERE condition",
    )


def relevant_does_not_parse(expression: str, reason: str) -> Hazard:
    return _refuse(
        "relevant-does-not-parse",
        f"relevant={expression!r} is not an SQL expression over the row: {reason}",
        "whether a row that a query finds is relevant cannot be told.",
        "correct it in verify=Verify(...); try it with SELECT expression FROM table LIMIT 1",
    )


def no_file_of_queries(path: Path, reason: str) -> Hazard:
    return _refuse(
        "no-file-of-queries",
        f"the file of queries {path} cannot be read: {reason}",
        "the two models cannot be compared by it.",
        "correct queries= in the revision; the path starts from the directory of alembic.ini",
    )


def not_a_query(path: Path, line: int) -> Hazard:
    return _refuse(
        "not-a-query",
        f"line {line} of {path} is not a query",
        "the two models cannot be compared by it.",
        'write each line as {"query": "...", "relevant": ["...", ...]}',
    )


def no_query(path: Path) -> Hazard:
    return _refuse(
        "no-query",
        f"{path} has no query, or one without anything relevant",
        "the two models cannot be compared by it.",
        'write each line as {"query": "...", "relevant": ["...", ...]}, the list not empty',
    )


def no_relevant_key(subject: str) -> Hazard:
    return _refuse(
        "no-relevant-key",
        f"the table of {subject} has no key of one column to tell relevant rows by",
        "the file of queries names relevant rows by such a key, unless the revision says otherwise.",
        'write verify=Verify(..., relevant="an SQL expression") in the revision',
    )


def rows_without_text(subject: str, count: int) -> Hazard:
    return _refuse(
        "rows-without-text",
        f"{subject} has {counted(count, 'rows in scope')} without a text, and the revision refuses such rows",
        "there is nothing to embed for them.",
        'give them a text, leave them out by where=, or write empty="null" in the revision: then they end without a '
        "vector",
    )


def kept_without_text(subject: str, count: int, model: str) -> Hazard:
    return _warn(
        "kept-without-text",
        f'{subject} keeps the vectors of {counted(count, "rows in scope")} without a text (empty="skip")',
        f"these vectors are of {model}, and comparing them with the others says nothing.",
        'write empty="null" in the revision where such rows had better not be found',
    )


def cannot_keep(subject: str, count: int, asked: str, instead: str) -> Hazard:
    return _refuse(
        "cannot-keep",
        f"{asked} asks to keep the vectors of {counted(count, 'rows')} of {subject}, of other dimensions than the new "
        "column",
        "they do not fit there.",
        f"write {instead} in the revision: such rows end without a vector",
    )


def no_row_has_text(subject: str, expression: str, rows: int) -> Hazard:
    return _refuse(
        "no-row-has-text",
        f"text={expression!r} gives no row in scope of {subject} a text, and {counted(rows, 'rows')} hold vectors",
        "every vector in scope would be given up, and none come in its place.",
        "correct text=; try it with SELECT expression FROM table LIMIT 1",
    )


def vectors_given_up(subject: str, outside: int, without_text: int) -> Hazard:
    return _warn(
        "vectors-given-up",
        f"rows of {subject} that hold a vector end without one: {outside:,} out of scope, {without_text:,} in scope "
        "without a text",
        "no search by vector finds them, until a downgrade.",
        'widen where=, or correct text=; write outside="null" where it is meant for those out of scope',
    )


def rows_out_of_scope(subject: str, count: int) -> Hazard:
    return _refuse(
        "not-null-out-of-scope",
        f"{subject} is NOT NULL, and {counted(count, 'rows')} of it out of scope or without a text",
        "they would have no vector of the new dimension.",
        "widen where=, or give those rows a text",
    )


# ---- the server -------------------------------------------------------------------------------------------------


def no_pgvector(available: bool) -> Hazard:
    if available:
        remedy = "CREATE EXTENSION vector"
    else:
        remedy = "install pgvector on the server (https://github.com/pgvector/pgvector), then CREATE EXTENSION vector"
    return _refuse(
        "no-pgvector",
        "the extension vector (pgvector) is not in this database",
        "there can be no vector column without it; where it was dropped, all went with it, store and backup too.",
        f"{remedy}; what went with it comes back from a backup of the database",
    )


def old_pgvector(version: str, needed: str) -> Hazard:
    return _refuse(
        "old-pgvector",
        f"pgvector {version} is too old: {needed} or newer is needed",
        "halfvec, subvector and safe parallel index builds came with it.",
        "update the package on the server, then ALTER EXTENSION vector UPDATE",
    )


def pgvector_with_known_fault(version: str) -> Hazard:
    return _warn(
        "pgvector-known-fault",
        f"pgvector {version} has a known fault",
        "0.8.2 mended a buffer overflow in parallel HNSW builds, 0.8.3 a corruption by vacuum.",
        "update the package on the server, then ALTER EXTENSION vector UPDATE",
    )


def old_postgresql(version: str) -> Hazard:
    return _refuse(
        "old-postgresql",
        f"PostgreSQL {version} is too old: 14 or newer is needed",
        "statements that migrator relies on are not there.",
        "upgrade the server",
    )


def standby() -> Hazard:
    return _refuse(
        "standby",
        "this server is a standby and takes no writes",
        "an upgrade writes.",
        "give the primary's address",
    )


def transaction_pooler(shown: str) -> Hazard:
    return _refuse(
        "transaction-pooler",
        f"{shown} is reached through a pooler in transaction mode",
        "each transaction may get another server session: the lock that keeps a second migrator out, and the settings "
        "that texts are hashed under, would not stay with this one.",
        "connect to PostgreSQL itself, or to a port of the pooler that is in session mode",
    )


def not_owner(table: str, owner: str, role: str) -> Hazard:
    return _refuse(
        "not-owner",
        f'role "{role}" may not act as "{owner}", the owner of "{table}"',
        "only the owner may add a column or build an index.",
        f"work as a member of that role: GRANT {_quoted(owner)} TO {_quoted(role)}",
    )


def may_not_create_schema(role: str) -> Hazard:
    return _refuse(
        "may-not-create-schema",
        f'role "{role}" may not create a schema in this database',
        "the ledger, the backup and the embedding store need a schema of their own.",
        f"GRANT CREATE ON DATABASE ... TO {_quoted(role)}",
    )


def may_not_create_temporary(role: str) -> Hazard:
    return _refuse(
        "may-not-create-temporary",
        f'role "{role}" may not create a temporary table in this database',
        "text and scope are tried on a temporary copy of a few rows before anything is changed.",
        f"GRANT TEMPORARY ON DATABASE ... TO {_quoted(role)}",
    )


def may_not_create_in(schema: str, role: str) -> Hazard:
    return _refuse(
        "may-not-create-in-schema",
        f'role "{role}" may not create anything in the schema "{schema}"',
        "the new index could not be built beside the table, nor the old one again.",
        f"GRANT CREATE ON SCHEMA {_quoted(schema)} TO {_quoted(role)}",
    )


def open_schemas(schemas: Iterable[str]) -> Hazard:
    names = sorted(schemas)
    return _refuse(
        "open-schema",
        f"schemas of the search path let everybody create functions: {', '.join(names)}",
        "the trigger that captures writes runs with the rights of the role that upgrades; a function of somebody "
        "else's would run with them.",
        f"REVOKE CREATE ON SCHEMA {', '.join(map(_quoted, names))} FROM PUBLIC",
    )


def setting_not_there(setting: str, variable: str) -> Hazard:
    return _refuse(
        "setting-not-there",
        f"the environment variable {variable}, which holds the setting {setting}, is not set",
        "the texts cannot be read without it.",
        f"set {variable} where migrator runs; its value is neither stored nor shown",
    )


def texts_cut_short(subject: str, rows: int, limit: int) -> Hazard:
    return _refuse(
        "texts-cut-short",
        f"{subject} has {counted(rows, 'rows')} whose text the model does not read to its end, after {limit} tokens",
        "what stands behind that could not be found, and --strict was given.",
        "shorten these texts or split them into rows, choose a model that reads more, or leave out --strict",
    )


def lengths_unknown(subject: str, model: str) -> Hazard:
    return _refuse(
        "lengths-unknown",
        f"model {model} does not say how long the texts of {subject} are to it",
        "it says how much it reads and has no tokenizer to ask, and --strict was given.",
        "let the plug-in say count_tokens(texts), or leave out --strict",
    )


def store_without_vectors(store: str) -> Hazard:
    return _refuse(
        "store-without-vectors",
        f"the embedding store {store} has lost its vectors",
        "their column was dropped, with the extension vector perhaps, and the hashes that are left find nothing.",
        f"DROP TABLE {store}; the texts are embedded again",
    )


def no_disk(needed: int, free: int) -> Hazard:
    return _refuse(
        "no-disk",
        f"the upgrade needs about {size(needed)} of disk, {size(free)} are free",
        "the server would stop for lack of space in the middle of the work.",
        "free or add space where the server's data lies",
    )


def disk_unknown(needed: int) -> Hazard:
    return _warn(
        "disk-unknown",
        f"the upgrade needs about {size(needed)} of disk; what the server has free cannot be seen from here",
        "a full disk stops the server.",
        "look on the server before you start",
    )


def publication_of_all(publications: Iterable[str]) -> Hazard:
    return _refuse(
        "publication-of-all-tables",
        f"publication {', '.join(publications)} is FOR ALL TABLES",
        "it would ship migrator's own tables and the shadow column to subscribers, which lack them.",
        "name the published tables: DROP PUBLICATION ...; CREATE PUBLICATION ... FOR TABLE ...",
    )


def published(table: str, publications: Iterable[str]) -> Hazard:
    return _refuse(
        "published-table",
        f'"{table}" is published by {", ".join(publications)}',
        "a subscriber without the shadow column would stop applying changes.",
        "publish its columns by name, without the shadow column (ALTER PUBLICATION ... SET TABLE ... (column, ...), "
        "from PostgreSQL 15 on), or take it out for the time of the upgrade: ALTER PUBLICATION ... DROP TABLE ...",
    )


def published_of_schema(table: str, publications: Iterable[str]) -> Hazard:
    return _refuse(
        "published-schema",
        f'"{table}" is published by {", ".join(publications)}, FOR TABLES IN SCHEMA',
        "a subscriber without the shadow column would stop applying changes, and such a publication has no lists of "
        "columns.",
        "name its tables instead, this one with its columns: ALTER PUBLICATION ... SET TABLE other, "
        f"{_quoted(table)} (column, ...); or take the schema out for the time of the upgrade: "
        "ALTER PUBLICATION ... DROP TABLES IN SCHEMA ...",
    )


def no_replica_identity(table: str, publications: Iterable[str]) -> Hazard:
    return _refuse(
        "no-replica-identity",
        f'"{table}" is published by {", ".join(publications)}, and its rows have no replica identity',
        "PostgreSQL refuses every update of such a table, those that fill the shadow column among them.",
        f"give it one: a primary key, or ALTER TABLE {_quoted(table)} REPLICA IDENTITY USING INDEX ...",
    )


def published_updates_refused(table: str, publications: Iterable[str], reason: str) -> Hazard:
    """reason: PostgreSQL's."""
    return _refuse(
        "published-updates-refused",
        f'PostgreSQL refuses updates of "{table}", as {", ".join(publications)} publishes it: {reason}',
        "those that fill the shadow column are among them.",
        "let row filter and list of columns go by the replica identity: ALTER PUBLICATION ... SET TABLE ..., or "
        f"ALTER TABLE {_quoted(table)} REPLICA IDENTITY ...",
    )


def published_column(table: str, column: str, publications: Iterable[str], type_: str) -> Hazard:
    """type_: the new column's."""
    return _warn(
        "published-column",
        f'"{table}.{column}" is published by {", ".join(publications)}',
        f"from cut-over on its subscribers are sent {type_}, which a column of another type does not take: they stop "
        "applying changes.",
        "change the column at each subscriber right before the cut-over (--cutover-file holds it until then), and "
        "back after a downgrade",
    )


# ---- what remains, with a warning ------------------------------------------------------------------------------


def triggers_fire(
    table: str,
    by_row: Iterable[str],
    by_statement: Iterable[str],
    rows: int,
    role: str,
    may_be_granted: bool,
) -> Hazard:
    """by_row, by_statement: names of the triggers that fire. rows: those that the fill updates."""
    remedy = "work as a superuser and they stay quiet"
    if may_be_granted:
        remedy = (
            f"let a superuser run GRANT SET ON PARAMETER session_replication_role TO {_quoted(role)} before the "
            "upgrade, and they stay quiet; or work as a superuser"
        )
    return _warn(
        "triggers-fire",
        f'the fill fires triggers of "{table}": {_how_often(by_row, by_statement, rows)}',
        "queues fill and columns such as updated_at move, for PostgreSQL lets this role quiet no trigger.",
        remedy,
    )


def triggers_always_fire(table: str, by_row: Iterable[str], by_statement: Iterable[str], rows: int) -> Hazard:
    return _warn(
        "triggers-always-fire",
        f'the fill fires triggers of "{table}" that are ENABLE ALWAYS or REPLICA: '
        f"{_how_often(by_row, by_statement, rows)}",
        "queues fill and columns such as updated_at move; ordinary triggers stay quiet.",
        f"where that does harm: ALTER TABLE {_quoted(table)} ENABLE TRIGGER ... for the time of the upgrade, "
        "which makes them ordinary ones",
    )


def _how_often(by_row: Iterable[str], by_statement: Iterable[str], rows: int) -> str:
    said = [f"{name}, once a row, {counted(rows, 'rows')} in all" for name in by_row]
    return "; ".join([*said, *(f"{name}, once for each 2,000 rows or fewer" for name in by_statement)])


def capture_was_off(table: str) -> Hazard:
    return _warn(
        "capture-was-off",
        f'the capture trigger of "{table}" was dropped, disabled or altered since the upgrade',
        "writes may have gone by it, so that it does not know every old vector that is stale.",
        "nothing is to be done: each old vector is compared with the backup, and embedded again where it is not there",
    )


def trigger_sorts_last(table: str, trigger: str) -> Hazard:
    return _refuse(
        "trigger-sorts-last",
        f'trigger "{trigger}" on "{table}" would run after migrator\'s own',
        "a text that it rewrites would keep a stale vector.",
        f"rename it for the time of the upgrade: ALTER TRIGGER {_quoted(trigger)} ON {_quoted(table)} RENAME TO ...",
    )


def select_star(table: str, column: str) -> Hazard:
    return _warn(
        "column-order",
        f'from fill on, SELECT * and column-less INSERT and COPY on "{table}" meet a further column, and later '
        f'"{column}" in last place',
        "from fill on SELECT * gives another row and COPY fails. INSERT works until cut-over; then its vector goes "
        "into the retired column: the row is stored without one, or refused where the column is NOT NULL or the vector "
        "is the new model's. Prepared statements may say that a cached plan must not change result type.",
        "name the columns in the application, and reconnect it after cut-over",
    )


def equal_dimensions(subject: str) -> Hazard:
    return _warn(
        "equal-dimensions",
        f"old and new model of {subject} have the same dimensions",
        "an application that still writes the old model's vectors is not stopped by the column's type.",
        "stop its writers before cut-over, or let it read the model from the view migrator.registry",
    )
