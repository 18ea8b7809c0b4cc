"""Of the table's triggers, which the fill fires, and of the one that captures writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from migrator.hazards.hazard import Hazard, quoted, refuse, warn
from migrator.report import counted

# What --quiet-triggers does.
_QUIET = "--quiet-triggers disables {them} in each transaction that fills rows, while writers of the table wait"


def triggers_fire(
    table: str,
    by_row: Iterable[str],
    by_statement: Iterable[str],
    rows: int,
    role: str,
    may_be_granted: bool,
    may_be_disabled: bool,
) -> Hazard:
    """by_row, by_statement: names of the triggers that fire. rows: those that the fill updates."""
    ways = [_QUIET.format(them="them")] if may_be_disabled else []
    if may_be_granted:
        grant = f"GRANT SET ON PARAMETER session_replication_role TO {quoted(role)}"
        ways.append(f"let a superuser run {grant} beforehand, and they stay quiet")
    else:
        ways.append(f"ALTER TABLE {quoted(table)} DISABLE TRIGGER ... for that time, and ENABLE TRIGGER ... afterward")
    return warn(
        "triggers-fire",
        f'the fill fires triggers of "{table}": {_how_often(by_row, by_statement, rows)}',
        "queues fill and columns such as updated_at move, because this role may not set session_replication_role.",
        "; or ".join(ways),
    )


def triggers_always_fire(
    schema: str, table: str, by_row: Iterable[str], by_statement: Iterable[str], rows: int, may_be_disabled: bool
) -> Hazard:
    ordinary = f"ALTER TABLE {quoted(schema, table)} ENABLE TRIGGER ... for that time makes them ordinary ones"
    ways = [_QUIET.format(them="them"), ordinary] if may_be_disabled else [ordinary]
    return warn(
        "triggers-always-fire",
        f'the fill fires triggers of "{table}" that are ENABLE ALWAYS or REPLICA: '
        f"{_how_often(by_row, by_statement, rows)}",
        "queues fill and columns such as updated_at move; ordinary triggers stay quiet.",
        f"if that does harm: {'; or '.join(ways)}",
    )


def _how_often(by_row: Iterable[str], by_statement: Iterable[str], rows: int) -> str:
    said = [f"{name}, once a row, {counted(rows, 'rows')} in all" for name in by_row]
    return "; ".join([*said, *(f"{name}, once for each 2,000 rows or fewer" for name in by_statement)])


def trigger_refuses_updates(
    table: str, triggers: Collection[tuple[str, str, str]], reason: str, role: str | None, may_be_disabled: bool
) -> Hazard:
    """table: where it was tried. triggers: schema and name of the table that has it, and its name.

    reason: what one raised. role: one that may be given the right to quiet them.
    """
    disabled = [f"ALTER TABLE {quoted(schema, of)} DISABLE TRIGGER {quoted(name)}" for schema, of, name in triggers]
    remedy = f"{' or '.join(disabled)} for the time of the upgrade"
    if may_be_disabled:
        remedy = f"{_QUIET.format(them='it')}; or {remedy}"
    if role is not None:
        grant = f"GRANT SET ON PARAMETER session_replication_role TO {quoted(role)}"
        remedy = f"{remedy}; or let a superuser run {grant} beforehand, and it stays quiet"
    return refuse(
        "trigger-refuses-updates",
        f'a trigger of "{table}" refuses an update that changes nothing: {reason}; it is '
        f"{' or '.join(name for _, _, name in triggers)}",
        "the fill updates every row, and would fail after everything was embedded.",
        remedy,
    )


def triggers_write_other_tables(
    schema: str, table: str, triggers: Iterable[str], written: Iterable[str], may_be_disabled: bool
) -> Hazard:
    """triggers: those that the fill fires. written: tables that the text reads."""
    disabled = f"ALTER TABLE {quoted(schema, table)} DISABLE TRIGGER ... for the time of the upgrade"
    return refuse(
        "triggers-write-other-tables",
        f'the fill fires triggers of "{table}" that write to what the text reads: {", ".join(written)}; it is one of '
        f"{', '.join(triggers)}",
        "that is locked against writes from fill to cut-over, so that the fill would wait for migrator itself.",
        f"{_QUIET.format(them='them')}; or {disabled}" if may_be_disabled else disabled,
    )


def rows_copied(schema: str, table: str, trigger: str, statement: str) -> Hazard:
    """statement: its beginning."""
    return refuse(
        "rows-copied",
        f'trigger "{trigger}" on "{table}" inserts whole rows into another table: {statement}',
        "from fill until migrator retire a row has a column more, and writes that fire the trigger would fail.",
        f"name the columns in its function; or do without it until then: ALTER TABLE {quoted(schema, table)} "
        f"DISABLE TRIGGER {quoted(trigger)}",
    )


def rows_notified(schema: str, table: str, trigger: str, limit: int) -> Hazard:
    """limit: of a message, in bytes."""
    return refuse(
        "rows-notified",
        f'trigger "{trigger}" on "{table}" sends whole rows by pg_notify',
        f"from fill until migrator retire a row has both vectors, which are longer than the {limit:,} bytes that "
        "PostgreSQL sends, and writes that fire the trigger would fail.",
        f"name the columns in its function, without the vector; or do without it until then: ALTER TABLE "
        f"{quoted(schema, table)} DISABLE TRIGGER {quoted(trigger)}",
    )


def vectors_copied(
    schema: str,
    table: str,
    trigger: str,
    other_schema: str,
    other: str,
    column: str,
    dimensions: int,
    takes_both: str | None,
) -> Hazard:
    """column: of the other table. dimensions: the new ones. takes_both: a type; None where the column has indexes."""
    remedy = (
        "let that column change at the same time, by op.change_embeddings; or do without the trigger until it is "
        f"changed: ALTER TABLE {quoted(schema, table)} DISABLE TRIGGER {quoted(trigger)}"
    )
    if takes_both is not None:
        there = f"ALTER TABLE {quoted(other_schema, other)} ALTER COLUMN {quoted(column)} TYPE {takes_both}"
        remedy = f"let that column take both: {there}; or {remedy}"
    return refuse(
        "vectors-copied",
        f'trigger "{trigger}" on "{table}" works with vectors in {other_schema}.{other}.{column}, which has the old '
        "dimensions",
        f"from cut-over on it would give it vectors of {dimensions}, and every write that fires it would fail.",
        remedy,
    )


def trigger_sorts_last(schema: str, table: str, trigger: str) -> Hazard:
    return refuse(
        "trigger-sorts-last",
        f'trigger "{trigger}" on "{table}" would run after migrator\'s own',
        "a text that it rewrites would keep a stale vector.",
        f"rename it for the time of the upgrade: ALTER TRIGGER {quoted(trigger)} ON {quoted(schema, table)} "
        "RENAME TO ...",
    )


def waits_for_fill(subject: str) -> Hazard:
    return warn(
        "rows-wait-for-fill",
        f"the table of {subject} has row-level security",
        "until the upgrade is done, a row that a role subject to the policies inserts, or gives another text, has no "
        "new vector before migrator fills the row: a vector that is there at once would show that another row, which "
        "this role may not see, has the same text. The same holds for a role that has no SELECT on the table.",
        "nothing, where few such rows are written; above 100 between two fills the cut-over does not begin, so choose "
        "a quiet time",
    )


def capture_was_off(tables: Iterable[str]) -> Hazard:
    """tables: those without it; some may have come to inherit since."""
    return warn(
        "capture-was-off",
        f"since the upgrade there is no capture trigger, or it was disabled or altered, on {', '.join(tables)}",
        "writes were not tracked in that time, so some stale vectors may not be marked.",
        "nothing to do: each old vector is compared with the backup, and embedded again where it is not there",
    )


def capture_of_another_owner(subject: str, function: str, owner: str, table_owner: str) -> Hazard:
    """owner: of the trigger's function."""
    return refuse(
        "capture-of-another-owner",
        f'the capture trigger of {subject} runs with the rights of "{owner}", and the table belongs to "{table_owner}"',
        f'"{owner}" may see by it what is written to the table, and could have changed which old vectors count as '
        "stale.",
        f"DROP FUNCTION {function} CASCADE; each old vector is then compared with the backup, and embedded again where "
        "it is not there",
    )


def text_functions_of_others(subject: str, owners: Mapping[str, str], table_owner: str, role: str) -> Hazard:
    """owners: of each function."""
    functions = ", ".join(f"{function} (of {owner})" for function, owner in owners.items())
    return refuse(
        "text-functions-of-others",
        f"the text or scope of {subject} calls functions that are neither its table's owner's nor a superuser's: "
        f"{functions}",
        f'they run with the rights of "{table_owner}" whenever somebody writes to the table, and with those of '
        f'"{role}" while migrator works, so that who replaces one could do whatever these roles may.',
        "; ".join(f"ALTER FUNCTION {function} OWNER TO {quoted(table_owner)}" for function in owners),
    )


def text_functions_of_owner(subject: str, functions: Iterable[str], owner: str, role: str) -> Hazard:
    return warn(
        "text-functions-of-owner",
        f'"{role}" runs functions of "{owner}" for the text or scope of {subject}: {", ".join(functions)}',
        f'"{owner}" owns the table, and by replacing one could do whatever "{role}" may, while migrator works.',
        f'upgrade as "{owner}"; or ALTER FUNCTION ... OWNER TO {quoted(role)}',
    )
