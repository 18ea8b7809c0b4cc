"""The row trigger that sees every write from fill until retire.

From fill to cut-over it fills the shadow column. From cut-over to settle it fills the live column, and marks retired
vectors whose text changed by setting them NULL; from settle to retire it only marks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg import sql

from migrator.catalog import Column
from migrator.names import SCHEMA, is_own
from migrator.plan.column import ColumnPlan
from migrator.postgres import pinned_settings
from migrator.postgres.connection import Connection, execute, fetch_row
from migrator.postgres.sql import Query, block, expression, literal, name, query, text_of

# What a transaction of migrator's says of its updates. UNSEEN: the trigger does not look at them. WATCHED: it does.
UNSEEN, WATCHED = "", "watched "
# Where the functions look names up; what they evaluate names the schema of whatever is not PostgreSQL's own.
SEARCH_PATH = "pg_catalog, pg_temp"


def _row(column: ColumnPlan, record: str) -> sql.Composed:
    """The record NEW or OLD as a row source under the table's own name.

    Generated columns are not computed yet in a BEFORE trigger, so their expressions are put in. What takes the row as a
    whole needs one of the table's own type.
    """
    if column.takes_row:
        whole = sql.SQL({"NEW": "new_", "OLD": "old_"}[record])
        return sql.SQL("unnest(ARRAY[{record}]) AS {table}").format(record=whole, table=column.row)
    own = needed(column)
    plain = sql.SQL(", ").join(
        sql.SQL("{record}.{column} AS {column}").format(record=sql.SQL(record), column=name(known.name))
        for known in own
        if not known.generated
    )
    generated = [
        sql.SQL(", {expression} AS {column}").format(
            expression=expression(known.default_text or "NULL"), column=name(known.name)
        )
        for known in own
        if known.generated
    ]
    return sql.SQL("(SELECT migrator_row.*{generated} FROM (SELECT {plain}) AS migrator_row) AS {table}").format(
        generated=sql.SQL("").join(generated), plain=plain, table=name(column.catalog.table.name)
    )


def _whole_rows(column: ColumnPlan) -> Query:
    """The rows as they will be stored, for texts that take them as a whole."""
    if not column.takes_row:
        return sql.SQL("")
    computed = {
        record: sql.SQL("\n").join(
            query(
                "capture",
                "computed",
                record=sql.SQL(record),
                column=name(known.name),
                expression=expression(known.default_text or "NULL"),
                row=sql.SQL(row),
                table=column.row,
            )
            for known in column.catalog.table.columns
            if known.generated
        )
        for record, row in (("new_", "NEW"), ("old_", "OLD"))
    }
    return query("capture", "whole_rows", new_computed=computed["new_"], old_computed=computed["old_"])


def _texts(column: ColumnPlan, live_type: str) -> Query:
    """What the vectors of the row follow from, before the write and after it."""
    texts = query(
        "capture",
        "texts",
        key=_key(column, live_type),
        due=column.due,
        scope=column.scope,
        new_row=_row(column, "NEW"),
        old_row=_row(column, "OLD"),
    )
    known = []
    if _needs_settings(column):
        # Others may lack the settings that the text needs, or have them otherwise, and would see another text or none.
        known.append(_is_marked(column, WATCHED))
    if column.findings.read:
        known.append(query("capture", "sees_other_tables"))
    if not known:
        return texts
    # A vector that is kept for want of a text follows the live one.
    kept = [column.live] if column.keeps_without_text else []
    return query(
        "capture",
        "texts_if_known",
        known=sql.SQL(" AND ").join(known),
        texts=texts,
        scope=column.scope,
        new_row=_row(column, "NEW"),
        same=_same(column, *_written(column), kept=kept),
    )


def _needs_settings(column: ColumnPlan) -> bool:
    return bool(column.change.settings) and column.method == "embed"


def _same(column: ColumnPlan, *written: str, kept: Sequence[str] = ()) -> sql.Composed | sql.SQL:
    """Whether what is written there is the same before and after, going by the row's columns."""
    read = _needed(column, *written)
    # By its bytes: by the column's own collation a text and its capitals may be the same.
    unchanged = 'NEW.{column}::text COLLATE "C" IS NOT DISTINCT FROM OLD.{column}::text'
    same = [
        sql.SQL(unchanged).format(column=name(known.name))
        for known in read
        if not known.generated and not is_own(known.name)
        if known.name != column.live or known.name in kept
    ]
    return sql.SQL(" AND ").join(same) if same else sql.SQL("false")


def _written(column: ColumnPlan) -> tuple[str, ...]:
    change = column.change
    said = (change.text, change.from_text, change.where)
    return *(column.qualified(each) for each in said if each), column.live


def needed(column: ColumnPlan) -> list[Column]:
    """The columns that the trigger reads of a row."""
    return _needed(column, *_written(column))


def _needed(column: ColumnPlan, *written: str) -> list[Column]:
    """The columns that these expressions may use, going by their names; others may be dropped without harm."""
    every = column.catalog.table.columns
    if column.takes_row:
        return every
    left = list(written)
    found: list[Column] = []
    while left:
        text = left.pop().replace('""', '"').casefold()
        for known in every:
            if known not in found and known.name.casefold() in text and not is_own(known.name):
                found.append(known)
                if known.generated:
                    left.append(known.default_text or "")
    return [known for known in every if known in found]


def _key(column: ColumnPlan, live_type: str) -> sql.Composed:
    """What a vector follows from: the text's hash, or the live vector that the other is derived from."""
    if column.method == "derive":
        return sql.SQL("{extension}.{send}({live})").format(
            extension=name(column.catalog.server.extension_schema),
            send=name(f"{live_type}_send"),
            live=name(column.live),
        )
    return column.text_hash


def _fill(column: ColumnPlan, target: str, *, before_cut_over: bool) -> Query:
    if column.method == "derive":
        if not before_cut_over:
            return sql.SQL("")
        live = sql.SQL("NEW.{}").format(name(column.live))
        block: Query = query("capture", "fill_from_live", target=name(target), derived=column.derived(live))
    else:
        when = "to_be_filled" if before_cut_over else "not_given"
        condition = query("capture", when, target=name(target), given=_given(column, target))
        sees_rows = query("capture", "sees_rows", table=text_of(column.table))
        pieces = {"target": name(target), "condition": condition, "type": column.type_sql, "lookup": column.lookup}
        block = query("capture", "fill_from_store", sees_rows=sees_rows, **pieces)
    if before_cut_over:
        count = query("capture", "count_miss", target=name(target), missed=text_of(column.missed))
        block = sql.SQL("{}\n{}").format(block, count)
    if before_cut_over and column.kept is not None:
        kept = query(
            "capture",
            "keep",
            condition=sql.SQL(_kept_in_capture(column)),
            target=name(target),
            live=name(column.live),
            type=column.type_sql,
        )
        block = sql.SQL("{}\n{}").format(block, kept)
    return block


def _kept_in_capture(column: ColumnPlan) -> str:
    """The rows that keep what they hold, in the words of the function's body."""
    if column.keeps_out_of_scope and column.keeps_without_text:
        return "is_due_ IS NOT TRUE"
    return "in_scope_ IS NOT TRUE" if column.keeps_out_of_scope else "in_scope_ AND is_due_ IS NOT TRUE"


def _function(column: ColumnPlan, live_type: str, *, stale: Query, fill: Query, give_up: Query) -> sql.Composed:
    body = query(
        "capture",
        "body",
        whole_rows=_whole_rows(column),
        texts=_texts(column, live_type),
        stale=stale,
        fill=fill,
        give_up=give_up,
    )
    return query(
        "capture",
        "function",
        function=column.function,
        settings=sql.SQL(" ").join(
            sql.SQL("SET {} = {}").format(name(setting), literal(value))
            for setting, value in pinned_settings.OF_TEXTS.items()
        ),
        body=sql.Literal(body.as_string(None)),
    )


def _given(column: ColumnPlan, target: str) -> sql.Composed:
    """Whether the write gives another vector than there was."""
    return query("capture", "given", target=name(target), extension=name(column.catalog.server.extension_schema))


def create_functions(column: ColumnPlan) -> tuple[sql.Composed, ...]:
    """The function from fill to cut-over, the table owner's, and the one by which it finds vectors."""
    table, server, owner = column.catalog.table, column.catalog.server, name(column.catalog.table.owner)
    lookup: tuple[sql.Composed, ...] = ()
    if column.method == "embed":
        body = query("capture", "lookup_body", store=column.store).as_string(None)
        vector = name(server.extension_schema, "vector")
        lookup = (
            query("capture", "lookup", lookup=column.lookup, vector=vector, body=sql.Literal(body)),
            query("privileges", "function_to_owner", object=text_of(column.lookup)),
        )
    function = while_filling(column), query("privileges", "function_to_owner", object=text_of(column.function))
    if table.owner == server.role:
        return *lookup, *function
    schema = name(SCHEMA)
    return (
        *lookup,
        *([query("capture", "may_look_up", lookup=column.lookup, owner=owner)] if lookup else []),
        *function,
        query("capture", "may_use", schema=schema, owner=owner),
        query("capture", "to_table_owner", function=column.function, owner=owner),
        query("capture", "may_not_create", schema=schema, owner=owner),
    )


def while_filling(column: ColumnPlan) -> sql.Composed:
    """The function from fill to cut-over."""
    give_up = [query("capture", "give_up", target=name(column.shadow)), _count_anyway(column.missed)]
    edited: Query = sql.SQL("")
    if counts_edits(column):
        edited = _by_old_text(column, "count_edit", given=_given(column, column.live), edited=text_of(column.edited))
        give_up.append(_count_anyway(column.edited))
    return _function(
        column,
        column.catalog.column.type,
        stale=edited,
        fill=_fill(column, column.shadow, before_cut_over=True),
        give_up=sql.SQL("\n").join(give_up),
    )


def counts_edits(column: ColumnPlan) -> bool:
    """Whether live vectors may come to be of another text than their rows, before they are retired."""
    return column.method == "embed" and not column.is_restore


def _count_anyway(sequence: sql.SQL) -> sql.Composed:
    return query("capture", "count_anyway", sequence=text_of(sequence))


def while_settling(column: ColumnPlan) -> sql.Composed:
    """The function from cut-over to settle."""
    return _marking(column, _fill(column, column.live, before_cut_over=False))


def until_retire(column: ColumnPlan) -> sql.Composed:
    """The function from settle to retire: what is stale is known without hashing everything again."""
    return _marking(column, sql.SQL(""))


def _marking(column: ColumnPlan, fill: Query) -> sql.Composed:
    """After cut-over: retired vectors whose text changed are set NULL, and `fill` is done."""
    return _function(
        column,
        column.type,
        stale=_by_old_text(column, "stale", retired=name(column.retired)),
        fill=fill,
        give_up=query("capture", "give_up", target=name(column.retired)),
    )


def _by_old_text(column: ColumnPlan, block: str, **pieces: Query) -> sql.Composed:
    """The block of that name, which is about the text that the old vectors are made of, and whether it changed."""
    if _needs_settings(column):
        same = _same(column, column.qualified(column.with_old_text.change.text or ""))
        return query("capture", block, changed=sql.SQL("NOT ({})").format(same), **pieces)
    written = query("capture", block, changed=sql.SQL("after_ IS DISTINCT FROM before_"), **pieces)
    if not column.change.other_text:
        return written
    key, rows = column.with_old_text.text_hash, {"new_row": _row(column, "NEW"), "old_row": _row(column, "OLD")}
    return sql.SQL("{}\n{}").format(query("capture", "old_text", key=key, **rows), written)


def create_trigger(column: ColumnPlan) -> tuple[sql.Composed, ...]:
    counted = [column.missed, column.edited] if counts_edits(column) else [column.missed]
    owner = column.catalog.table.owner
    counts = [] if owner == column.catalog.server.role else counted
    return (
        *(query("capture", "sequence", sequence=each) for each in counted),
        *(query("privileges", "table_to_owner", object=text_of(each)) for each in counted),
        *(query("capture", "may_count", sequence=each, owner=name(owner)) for each in counts),
        *_triggers(column),
        *(query("capture", "always", table=table, trigger=name(column.trigger)) for table in _tables(column)),
    )


def _triggers(column: ColumnPlan) -> list[sql.Composed]:
    pieces = {"trigger": name(column.trigger), "function": column.function, "filled": _is_marked(column, UNSEEN)}
    return [query("capture", "trigger", table=table, **pieces) for table in _tables(column)]


def _is_marked(column: ColumnPlan, kind: str) -> sql.Composed:
    """Whether it is a write of migrator's, of that kind."""
    owner = text_of(name(column.catalog.table.owner))
    return query("capture", "is_marked", kind=sql.Literal(kind), owner_name=owner)


def mark(connection: Connection, kind: str, settings: Mapping[str, str]) -> None:
    """Marks the updates of the transaction that is open, and sets what is to be set in it."""
    given = {"settings": list(settings), "values": list(settings.values()), "kind": kind}
    execute(connection, query("capture", "mark"), given)


def _tables(column: ColumnPlan) -> list[sql.SQL]:
    """Partitions have the trigger of their table, child tables do not."""
    return [column.table, *(child.sql for child in column.catalog.partitions if column.has_children)]


def drop(column: ColumnPlan) -> tuple[sql.Composed, ...]:
    return (*drop_triggers(column), *drop_function(column))


def drop_triggers(column: ColumnPlan) -> list[sql.Composed]:
    trigger = name(column.trigger)
    return [query("capture", "drop_trigger", table=table, trigger=trigger) for table in _tables(column)]


def watch_in_part(column: ColumnPlan) -> tuple[sql.Composed, ...]:
    """The trigger as it is made, not ALWAYS: the next downgrade compares vectors as this one did."""
    return (*drop_triggers(column), *_triggers(column))


def drop_function(column: ColumnPlan) -> tuple[sql.Composed, ...]:
    """What is there without the table too."""
    owner = name(column.catalog.table.owner)
    pieces = {"schema": name(SCHEMA), "schema_name": sql.Literal(SCHEMA), "owner": owner, "owner_name": text_of(owner)}
    of_other = column.catalog.table.owner != column.catalog.server.role
    return (
        query("capture", "drop_function", function=column.function),
        query("capture", "drop_lookup", lookup=column.lookup),
        *(query("capture", "drop_sequence", sequence=each) for each in (column.missed, column.edited)),
        *([block("capture", "from_table_owner", **pieces)] if of_other else []),
    )


def missed(connection: Connection, column: ColumnPlan) -> int:
    """Writes since the trigger is there that may have left a row due without a vector; more than there are such rows.

    Those of transactions under way are among them: which rows they are can be seen once they have ended.
    """
    return int(fetch_row(connection, counting(column))[0])


def counting(column: ColumnPlan) -> sql.Composed:
    return query("capture", "count_missed", missed=column.missed)
