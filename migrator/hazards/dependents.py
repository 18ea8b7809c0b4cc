"""Of what hangs on the column: views, functions, CHECKs, dimensions, copies of rows, publications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migrator.hazards.hazard import Hazard, quoted, refuse, warn
from migrator.report import counted


def dependent_not_carried(subject: str, dependent: str) -> Hazard:
    return refuse(
        "dependent-not-carried",
        f"{dependent} depends on {subject} and cannot be carried over",
        "it would stay bound to the old column after cut-over.",
        "drop it before the upgrade, and create it again afterwards",
    )


def materialized_views(subject: str, views: Iterable[str]) -> Hazard:
    return warn(
        "materialized-view-as-of",
        f"materialized views read {subject}: {', '.join(views)}",
        "each is filled a second time before cut-over, which takes its room on disk again, and swapped; after cut-over "
        "one with a unique index on columns is refreshed concurrently; others lack what was written since their fill.",
        "refresh the others afterwards: REFRESH MATERIALIZED VIEW",
    )


def materialized_view_does_not_fit(subject: str, dependent: str, reason: str) -> Hazard:
    """dependent: the view, or an index of it."""
    return refuse(
        "materialized-view-does-not-fit",
        f"{dependent} cannot be made again over the new vectors of {subject}: {reason}",
        "it would fail before cut-over, after everything was embedded.",
        "drop it before the upgrade, and create one that fits afterwards",
    )


def dependent_on_view(view: str, dependent: str) -> Hazard:
    return refuse(
        "dependent-on-view",
        f"{dependent} depends on {view}, which reads the column",
        "the view is dropped and made again at cut-over, which that would prevent.",
        "drop it before the upgrade, and create it again afterwards",
    )


def dependent_does_not_fit(subject: str, dependent: str, written: str, reason: str) -> Hazard:
    """written: its condition as it would be made again."""
    return refuse(
        "dependent-does-not-fit",
        f"{dependent} cannot be made again on the new column of {subject}, as {written}: {reason}",
        "it would fail at cut-over.",
        "change it before the upgrade so that it holds for old and new vectors, or drop it",
    )


def query_does_not_fit(subject: str, dependent: str, reason: str) -> Hazard:
    """dependent: a view or function."""
    return refuse(
        "query-does-not-fit",
        f"{dependent} reads {subject} and cannot be made again: {reason}",
        "it was tried in a transaction that was rolled back; at cut-over it would fail.",
        "drop it before the upgrade, and create it again afterwards; if an operator is not found, put its "
        "schema on the search_path of the role that upgrades instead",
    )


def rows_violate_check(schema: str, table: str, check: str, rows: int) -> Hazard:
    return refuse(
        "rows-violate-check",
        f'CHECK "{check}" on "{table}" is NOT VALID, and violated by {counted(rows, "rows")}',
        "PostgreSQL refuses every update of such a row, that which fills its shadow column too.",
        f"correct those rows, or drop the check: ALTER TABLE {quoted(schema, table)} DROP CONSTRAINT {quoted(check)}",
    )


def dimensions_rewritten(subject: str, written: Iterable[str]) -> Hazard:
    """written: each dependent, and how it will read."""
    return warn(
        "dimensions-rewritten",
        f"what speaks of the old dimensions of {subject} is made again with the new ones: {', '.join(written)}",
        "as it is, it would hold for no new vector; a downgrade brings the old text back.",
        "nothing to do where that is what it means; otherwise change it beforehand",
    )


def dimensions_not_allowed(subject: str, dependent: str, written: str, dimensions: int) -> Hazard:
    """written: its condition."""
    return refuse(
        "dimensions-not-allowed",
        f"{dependent} would hold for no new vector of {subject}, as {written}",
        f"it says how many dimensions a vector may have, and {dimensions} is not among them.",
        f"change it before the upgrade so that it allows {dimensions} as well as the old dimensions, or drop it",
    )


def says_dimensions(subject: str, dependent: str, dimensions: int) -> Hazard:
    """dependent: a view or function. dimensions: the old ones."""
    return refuse(
        "dependent-says-dimensions",
        f"{dependent} says {dimensions} dimensions, and reads {subject}",
        "made again as it is, it would find no row, or fail over the new vectors.",
        "drop it before the upgrade, and create it afterwards with the new number or with none",
    )


def dimensions_kept(subject: str, written: Iterable[str], dimensions: int) -> Hazard:
    """written: each dependent, and how it reads."""
    return warn(
        "dimensions-kept",
        f"what says how many dimensions {subject} may have is made again as it is: {', '.join(written)}",
        f"for some rows it may not hold with vectors of {dimensions}: then a CHECK fails the run before cut-over, "
        "a policy hides the row, a trigger does not fire.",
        f"look at each; change those that must also accept {dimensions} dimensions before the upgrade",
    )


def function_not_made(subject: str, statement: str, reason: str) -> Hazard:
    """statement: its beginning."""
    return refuse(
        "function-not-made",
        f"a function that is to change with {subject} cannot be made: {reason} (in: {statement})",
        "it was tried in a transaction that was rolled back; it would fail at cut-over.",
        "correct functions= in the revision, or what the function depends on; on a downgrade drop what depends on it",
    )


def functions_by_name(subject: str, functions: Iterable[str], direction: str) -> Hazard:
    restore = direction == "downgrade"
    return warn(
        "functions-by-name",
        f"functions find {subject} by its name: {', '.join(functions)}",
        f"they read the {'old' if restore else 'new'} vectors from cut-over on; one that is made for the "
        f"{'present' if restore else 'old'} dimensions, or gives the table's rows column by column, fails from then "
        "on, or from fill on.",
        f"look at each; {_MADE_ANEW[direction].format('what has to change with the column')}",
    )


def functions_of_old_dimensions(subject: str, functions: Iterable[str], old: int, new: int, direction: str) -> Hazard:
    """functions: each with why it is not written anew, where there is something to say. old: the dimensions now."""
    return warn(
        "functions-of-old-dimensions",
        f"functions that find {subject} by its name cast to {old} dimensions: {', '.join(functions)}",
        f"their calls fail from cut-over on: expected {old} dimensions, not {new}.",
        _MADE_ANEW[direction].format(f"each, with {new} dimensions,"),
    )


def functions_of_old_row_types(subject: str, functions: Mapping[str, str], old: int, new: int) -> Hazard:
    """functions: each with the statement that lets the type of its rows have any dimensions. old: those now."""
    return warn(
        "functions-of-old-row-types",
        f"functions that find {subject} by its name take or give rows whose type says {old} dimensions: "
        f"{', '.join(functions)}",
        f"their calls fail from cut-over on, over vectors of {new}.",
        f"let the type have any, now: {'; '.join(sorted(set(functions.values())))}",
    )


# On a downgrade the revision's functions= come back as they were by themselves.
_MADE_ANEW = {
    "upgrade": '{} goes into the revision: functions=["CREATE OR REPLACE FUNCTION ..."]',
    "downgrade": "{} is to be replaced right after the downgrade: CREATE OR REPLACE FUNCTION ...",
}


def rows_kept_elsewhere(table: str, column: str) -> Hazard:
    """column: of another table, as PostgreSQL describes it."""
    return refuse(
        "rows-kept-elsewhere",
        f'{column} holds rows of "{table}"',
        "in rows that stand there the vector belongs to the old column: it would be NULL after cut-over, and lost at "
        "retire.",
        "keep them as JSON: ALTER TABLE ... ALTER COLUMN ... TYPE jsonb USING to_jsonb(...)",
    )


def publication_of_all(publications: Iterable[str]) -> Hazard:
    return refuse(
        "publication-of-all-tables",
        f"publication {', '.join(publications)} is FOR ALL TABLES",
        "it would ship migrator's own tables and the shadow column to subscribers, which lack them.",
        "name the published tables: DROP PUBLICATION ...; CREATE PUBLICATION ... FOR TABLE ...",
    )


def published(schema: str, table: str, publications: Iterable[str], columns: Iterable[str], why_no_list: str) -> Hazard:
    """columns: those that may be published. why_no_list: why it cannot be published by a list of them; "": it can."""
    publications = list(publications)
    called = quoted(schema, table)
    listed = f"{called} ({', '.join(map(quoted, columns))})"
    # SET TABLE would take every other table out of the publication.
    drop = [f"ALTER PUBLICATION {quoted(each)} DROP TABLE {called}" for each in publications]
    add = [f"ALTER PUBLICATION {quoted(each)} ADD TABLE {listed}" for each in publications]
    remedy = f"take it out until migrator retire: {'; '.join(drop)}; a list of its columns will not do: {why_no_list}"
    if not why_no_list:
        remedy = (
            "publish its columns by name, with its WHERE where it has one: "
            f"BEGIN; {'; '.join([*drop, *add])}; COMMIT; or take it out until migrator retire, by DROP TABLE alone"
        )
    return refuse(
        "published-table",
        f'"{table}" is published by {", ".join(publications)}',
        "a subscriber without the shadow column would stop applying changes.",
        remedy,
    )


def published_of_schema(schema: str, table: str, publications: Iterable[str]) -> Hazard:
    return refuse(
        "published-schema",
        f'"{table}" is published by {", ".join(publications)}, FOR TABLES IN SCHEMA',
        "a subscriber without the shadow column would stop applying changes, and such a publication has no lists of "
        "columns.",
        "name its tables instead, this one with its columns: ALTER PUBLICATION ... SET TABLE other, "
        f"{quoted(schema, table)} (column, ...); or take the schema out until migrator retire: "
        "ALTER PUBLICATION ... DROP TABLES IN SCHEMA ...",
    )


def no_replica_identity(schema: str, table: str, publications: Iterable[str]) -> Hazard:
    return refuse(
        "no-replica-identity",
        f'"{table}" is published by {", ".join(publications)}, and its rows have no replica identity',
        "PostgreSQL refuses every update of such a table, those that fill the shadow column among them.",
        f"give it one: a primary key, or ALTER TABLE {quoted(schema, table)} REPLICA IDENTITY USING INDEX ...",
    )


def published_updates_refused(schema: str, table: str, publications: Iterable[str], reason: str) -> Hazard:
    """reason: PostgreSQL's."""
    return refuse(
        "published-updates-refused",
        f'PostgreSQL refuses updates of "{table}", as {", ".join(publications)} publishes it: {reason}',
        "those that fill the shadow column are among them.",
        "let row filter and list of columns go by the replica identity: ALTER PUBLICATION ... SET TABLE ..., or "
        f"ALTER TABLE {quoted(schema, table)} REPLICA IDENTITY ...",
    )


def published_column(table: str, column: str, publications: Iterable[str], type_: str) -> Hazard:
    """type_: the new column's."""
    return warn(
        "published-column",
        f'"{table}.{column}" is published by {", ".join(publications)}',
        f"from cut-over on its subscribers are sent {type_}, which a column of another type does not take: they stop "
        "applying changes.",
        "change the column at each subscriber right before the cut-over (--cutover-file holds it until then), and "
        "back after a downgrade",
    )
