"""Of the table and its live column: what they are, who may change them, and who else does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.hazards.hazard import Hazard, nearest, quoted, refuse, warn


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
        remedy = nearest(table, (called for _, called in tables))
    else:
        remedy = "check that the database URL names the right database"
    return refuse(
        "unknown-table",
        f'there is no table "{shown}"',
        "this database, or the search path, holds none of that name.",
        remedy,
    )


def rows_fill_page(subject: str, schema: str, table: str, plain: Sequence[str]) -> Hazard:
    """plain: columns of that table whose values cannot leave the row's page, whatever their length."""
    if plain:
        changed = "; ".join(
            f"ALTER TABLE {quoted(schema, table)} ALTER COLUMN {quoted(each)} SET STORAGE EXTENDED" for each in plain
        )
        remedy = f"let long values leave the page, as they do by default: {changed}"
    else:
        remedy = "move columns that are seldom read into a table of their own"
    return refuse(
        "rows-fill-page",
        f"{schema}.{table} has rows without room for another column, which the upgrade of {subject} needs",
        "PostgreSQL keeps a row in one page, except for long values that may be stored elsewhere; the fill would fail, "
        "after the texts were embedded.",
        remedy,
    )


def unknown_column(table: str, column: str, vectors: Iterable[str]) -> Hazard:
    """vectors: the table's columns that are some."""
    known = list(vectors)
    remedy = "name another table, or bring the column back from a backup of the database where it was dropped"
    return refuse(
        "unknown-column",
        f'table "{table}" has no column "{column}"',
        "the table has none of that name." if known else "the table has none of that name, nor any column of vectors.",
        nearest(column, known) if known else remedy,
    )


def not_a_vector(table: str, column: str, type_: str, vectors: Iterable[str]) -> Hazard:
    """vectors: the table's columns that are some."""
    known = sorted(vectors)
    return refuse(
        "not-a-vector",
        f'column "{table}.{column}" is of type {type_}, not vector or halfvec',
        "only vector columns hold embeddings that can be changed.",
        f"name a column that is: {', '.join(known)}" if known else "the table has none that is: name another table",
    )


def domain_over_vectors(schema: str, table: str, column: str, domain: str, type_: str) -> Hazard:
    """type_: what the domain is over."""
    return refuse(
        "domain-over-vectors",
        f'column "{table}.{column}" is of the domain {domain}, which is over {type_}',
        "a domain says the dimensions for every column that is of it.",
        f"make the column one of vectors: ALTER TABLE {quoted(schema, table)} ALTER COLUMN {quoted(column)} "
        f"TYPE {type_}",
    )


def not_a_table(table: str, kind: str) -> Hazard:
    called, remedy = {
        "v": ("a view", "name the table whose rows it shows; the view is carried over with it"),
        "m": ("a materialized view", "name the table whose rows it shows; the view is carried over with it"),
        "f": ("a foreign table", "upgrade it in the database that keeps its rows"),
    }[kind]
    return refuse(
        "not-a-table",
        f'"{table}" is {called}, which migrator cannot change',
        "a column cannot be put beside the live one there.",
        remedy,
    )


def inherited_column(table: str, column: str, parents: Iterable[str]) -> Hazard:
    return refuse(
        "inherited-column",
        f'column "{column}" of "{table}" is inherited from {", ".join(parents)}',
        "all tables that have the column from there are upgraded with that one.",
        "name the one that it comes from instead; or part the table for good: ALTER TABLE ... NO INHERIT ...",
    )


def inherited_twice(schema: str, child: str, column: str, table: str, others: Iterable[str]) -> Hazard:
    """child: a table that inherits from `table`. others: it has the column from these too."""
    shown = f"{schema}.{child}"
    return refuse(
        "inherited-twice",
        f'column "{column}" of {shown} is inherited from "{table}" and from {", ".join(others)}',
        "PostgreSQL renames it in all of them or in none, and the others are not part of this upgrade.",
        f"part {shown} from one of them: ALTER TABLE {quoted(schema, child)} NO INHERIT ...",
    )


def typed_table(schema: str, table: str, type_: str) -> Hazard:
    return refuse(
        "typed-table",
        f'"{table}" is a table of type {type_}',
        "a column can be put beside the live one only where the table's columns are its own.",
        f"ALTER TABLE {quoted(schema, table)} NOT OF makes them so; nothing else of it changes",
    )


def row_security(table: str) -> Hazard:
    return refuse(
        "row-security",
        f'row-level security on "{table}" applies to the role that migrator works as',
        "rows that it hides would keep no vector, and the upgrade would look complete.",
        "run migrator as the table's owner without FORCE, or as a role with BYPASSRLS",
    )


def not_null_not_valid(schema: str, table: str, column: str, constraint: str) -> Hazard:
    on = quoted(schema, table)
    return refuse(
        "not-null-not-valid",
        f'NOT NULL "{constraint}" of column "{column}" of "{table}" is NOT VALID',
        "it would come back valid; or not at all, where a row ends without a vector.",
        f"ALTER TABLE {on} VALIDATE CONSTRAINT {quoted(constraint)}; where rows have no vector, ALTER TABLE {on} DROP "
        f"CONSTRAINT {quoted(constraint)}, and add it again afterwards",
    )


def not_null_no_inherit(schema: str, table: str, column: str, constraint: str) -> Hazard:
    return refuse(
        "not-null-no-inherit",
        f'NOT NULL "{constraint}" of column "{column}" of "{table}" is NO INHERIT',
        "it would come back as one that other tables inherit.",
        f"ALTER TABLE {quoted(schema, table)} ALTER CONSTRAINT {quoted(constraint)} INHERIT",
    )


def generated_column(table: str, column: str) -> Hazard:
    return refuse(
        "generated-column",
        f'column "{table}.{column}" is generated',
        "PostgreSQL computes its vectors, so there is nothing that a model could fill.",
        "drop the generation expression first: ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION",
    )


def same_column(subject: str) -> Hazard:
    return refuse(
        "nothing-to-change",
        f"{subject} is already as the revision wants it",
        "model, dimensions, type and index are the same.",
        "remove the operation from the revision, or correct it; another text needs the old one in from_text=",
    )


def live_column_differs(subject: str, found: str, expected: str) -> Hazard:
    return refuse(
        "live-column-differs",
        f"{subject} is {found}, the revision was written for {expected}",
        "the column changed since the revision was written; its vectors may be of another model.",
        "correct from_= in the revision to what the column holds now, or undo that other change first",
    )


def other_model_in_column(subject: str, found: str, expected: str) -> Hazard:
    return refuse(
        "other-model-in-column",
        f"the ledger says that {subject} holds vectors of {found}, not of {expected}",
        "a rollback would restore the wrong model.",
        f"name {found} as the old model, in from_= of the revision or --from; where the ledger has a wrong name, "
        "correct it there: docs/how-to/models.md",
    )


def other_text_in_column(subject: str, found: str, said: str) -> Hazard:
    """Where the revision names no old text, so that its text is taken for that of the present vectors too."""
    return warn(
        "other-text-in-column",
        f"by the ledger the vectors of {subject} were made of text={found!r}, the revision says text={said!r}",
        "a rollback would embed rows written since from another text than before, and a change of index or type alone "
        "leaves the vectors what they are.",
        f"write from_text={found!r} in the revision; where both give the same texts, from_text={said!r}",
    )


def used_up_columns(table: str, used: int) -> Hazard:
    return refuse(
        "columns-used-up",
        f'"{table}" has used {used} of PostgreSQL\'s 1,600 columns, dropped ones included',
        "the shadow column has no room.",
        "write the table anew (a dump and a restore of it), which frees the dropped ones",
    )


def left_by_another(schema: str, table: str, column: str) -> Hazard:
    return refuse(
        "left-by-another-change",
        f'"{table}" has a column "{column}" that no unfinished change in the ledger accounts for',
        "it may be the work of a migrator whose ledger was lost.",
        f"look at it, then drop it: ALTER TABLE {quoted(schema, table)} DROP COLUMN {quoted(column)}",
    )


def rules_on_table(schema: str, table: str, rules: Iterable[str]) -> Hazard:
    return refuse(
        "rules-on-table",
        f'"{table}" has rules: {", ".join(rules)}',
        "a rule may rewrite the updates that fill the shadow column.",
        f"drop the rule for the time of the upgrade: DROP RULE ... ON {quoted(schema, table)}",
    )


def change_in_flight(table: str, tool: str, mark: str) -> Hazard:
    return refuse(
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
    return refuse(
        "two-writers",
        f"{subject} has another writer of vectors: {'; '.join(writers)}",
        "it goes on with the model that it was set up with, and would put its vectors into one column with the new "
        "ones.",
        _STOP_WRITER,
    )


def writer_fails_later(subject: str, writers: Iterable[str]) -> Hazard:
    return warn(
        "writer-fails-later",
        f"{subject} has another writer of vectors: {'; '.join(writers)}",
        "it goes on with the model that it was set up with, whose vectors the column will no longer take: its writes "
        "fail from cut-over on.",
        _STOP_WRITER,
    )


def not_a_member(subject: str, owner: str, role: str) -> Hazard:
    return refuse(
        "not-a-member",
        f'role "{role}" may not act as "{owner}", who owns or granted {subject}',
        "it could not be given back as it was after cut-over.",
        f"GRANT {quoted(owner)} TO {quoted(role)}; if that is a superuser, let another role own or grant it instead",
    )


def default_of_other_dimensions(subject: str, default: str) -> Hazard:
    return refuse(
        "default-of-other-dimensions",
        f"{subject} has the default {default}, which does not fit the new dimensions",
        "inserts that rely on it would fail after cut-over.",
        "drop the default before the upgrade: ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT",
    )


def not_owner(table: str, owner: str, role: str) -> Hazard:
    return refuse(
        "not-owner",
        f'role "{role}" may not act as "{owner}", the owner of "{table}"',
        "only the owner may add a column or build an index.",
        f"work as a member of that role: GRANT {quoted(owner)} TO {quoted(role)}",
    )


def may_not_become_owner(table: str, owner: str, role: str) -> Hazard:
    return refuse(
        "may-not-become-owner",
        f'role "{role}" has the rights of "{owner}", the owner of "{table}", and may not SET ROLE to it',
        "the function that captures writes belongs to the table's owner, and PostgreSQL lets nobody else give it away.",
        f"GRANT {quoted(owner)} TO {quoted(role)} WITH SET TRUE; or connect as the owner",
    )


def may_not_create_schema(role: str) -> Hazard:
    return refuse(
        "may-not-create-schema",
        f'role "{role}" may not create a schema in this database',
        "the ledger, the backup and the embedding store need a schema of their own.",
        f"GRANT CREATE ON DATABASE ... TO {quoted(role)}",
    )


def may_not_create_temporary(role: str) -> Hazard:
    return refuse(
        "may-not-create-temporary",
        f'role "{role}" may not create a temporary table in this database',
        "text and scope are tried on a temporary copy of a few rows before anything is changed.",
        f"GRANT TEMPORARY ON DATABASE ... TO {quoted(role)}",
    )


def may_not_create_in(schema: str, role: str) -> Hazard:
    return refuse(
        "may-not-create-in-schema",
        f'role "{role}" may not create anything in the schema "{schema}"',
        "the new index could not be built beside the table, nor the old one again.",
        f"GRANT CREATE ON SCHEMA {quoted(schema)} TO {quoted(role)}",
    )


def select_star(table: str, column: str) -> Hazard:
    return warn(
        "column-order",
        f'from fill on, SELECT * and column-less INSERT and COPY on "{table}" see one extra column; after cut-over '
        f'"{column}" is the last column',
        "from fill on SELECT * gives another row and COPY fails. INSERT works until cut-over; then its vector goes "
        "into the retired column: the row is stored without one, or refused where the column is NOT NULL or the vector "
        "is the new model's. Prepared statements may say that a cached plan must not change result type.",
        "name the columns in the application, and reconnect it after cut-over",
    )
