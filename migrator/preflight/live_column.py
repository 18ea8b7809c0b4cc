"""What stands against the live column as it is, by change, catalog, ledger and counts."""

from __future__ import annotations

from migrator import hazards
from migrator.hazards import Hazard
from migrator.ledger.ledger import Ledger
from migrator.plan.column import ColumnPlan
from migrator.plan.estimate import Counts


def examine(ledger: Ledger, column: ColumnPlan) -> list[Hazard]:
    """What stands against changing it, and what it makes the application notice."""
    catalog, change = column.catalog, column.change
    table, live = catalog.table, catalog.column
    found = []
    if catalog.partition_keys and column.method != "index":
        found.append(hazards.partitions.partition_key_reads(column.subject, catalog.partition_keys))
    if live.generated:
        found.append(hazards.columns.generated_column(table.name, live.name))
    if live.dimensions not in (None, change.from_.dimensions):
        expected = f"{live.type}({change.from_.dimensions})"
        found.append(hazards.columns.live_column_differs(column.subject, live.type_text, expected))
    registered = ledger.registered(catalog, change.where)
    if registered is not None and registered.name != change.from_.name:
        found.append(hazards.columns.other_model_in_column(column.subject, registered.name, change.from_.name))
    live_changes = {each.id for each in ledger.live_changes()}
    for known in table.columns:
        prefix, _, number = known.name.rpartition("_")
        is_retired = prefix == "migrator_retired" and number.isdigit() and int(number) in live_changes
        if known.name.startswith("migrator_") and not is_retired:
            found.append(hazards.columns.left_by_another(table.schema, table.name, known.name))
    if column.is_restore:
        return found
    made_of = ledger.registered_text(catalog, change.where)
    if made_of is not None and change.from_text is None and change.text not in (None, made_of):
        found.append(hazards.columns.other_text_in_column(column.subject, made_of, change.text or ""))
    if change.to == change.from_ and column.method == "index" and _same_indexes(column):
        found.append(hazards.columns.same_column(column.subject))
    if column.method == "embed" and change.text is None:
        found.append(hazards.texts.no_text(column.subject))
    fits = live.dimensions in (None, column.dimensions)
    if live.default_vector is not None and not fits:
        found.append(hazards.columns.default_of_other_dimensions(column.subject, live.default_vector))
    if column.method == "embed" and change.from_.dimensions == change.to.dimensions:
        only_text = change.from_ == change.to
        found.append(
            hazards.models.only_text(column.subject) if only_text else hazards.models.equal_dimensions(column.subject)
        )
    if column.method != "index":
        found.append(hazards.columns.select_star(table.name, live.name))
        if live.not_null_name is not None and not live.not_null_valid:
            found.append(hazards.columns.not_null_not_valid(table.schema, table.name, live.name, live.not_null_name))
        if live.not_null_name is not None and not live.not_null_inherits:
            found.append(hazards.columns.not_null_no_inherit(table.schema, table.name, live.name, live.not_null_name))
    return found


def _same_indexes(column: ColumnPlan) -> bool:
    asked = column.change.index
    if asked == "same":
        return True
    present = [index.described() for index in column.upgrade.replaced_indexes]
    if asked is None:
        return not present
    return bool(present) and all(each == asked for each in present)


def gaps(column: ColumnPlan, counts: Counts) -> list[Hazard]:
    """A scope of no rows; rows that would keep the column from being NOT NULL, or get no vector back on a downgrade."""
    live = column.catalog.column
    if column.is_restore:
        if column.method == "embed" and column.change.text is None and counts.without_vector:
            return [hazards.runs.no_text_to_restore(column.subject, counts.without_vector)]
        return []
    found = []
    vectors = counts.rows - counts.without_vector
    if column.change.where is not None and not counts.in_scope and vectors:
        found.append(hazards.rows.scope_without_rows(column.subject, column.change.where, vectors))
    if column.method == "index":
        return found
    out_of_scope = counts.rows - counts.in_scope
    without_text = counts.in_scope - counts.with_text if column.method == "embed" else 0
    if column.change.empty == "refuse" and without_text:
        found.append(hazards.rows.rows_without_text(column.subject, without_text))
    if column.change.outside == "keep" and out_of_scope and not column.holds_old:
        found.append(hazards.rows.cannot_keep(column.subject, out_of_scope, 'outside="keep"', 'outside="null"'))
    if column.change.empty == "skip" and without_text:
        if column.holds_old:
            found.append(hazards.rows.kept_without_text(column.subject, without_text, column.change.from_.name))
        else:
            found.append(hazards.rows.cannot_keep(column.subject, without_text, 'empty="skip"', 'empty="null"'))
    outside = 0 if column.keeps_out_of_scope else out_of_scope
    textless = 0 if column.keeps_without_text else without_text
    if live.not_null and (outside or textless):
        found.append(hazards.rows.rows_out_of_scope(column.subject, outside, textless, column.change.text or ""))
    return found + _given_up(column, counts)


def _given_up(column: ColumnPlan, counts: Counts) -> list[Hazard]:
    """Vectors that rows hold now, and that nothing will take the place of."""
    change = column.change
    without_text = counts.vectors_without_text if column.method == "embed" and not column.keeps_without_text else 0
    if without_text and not counts.with_text:
        return [hazards.rows.no_row_has_text(column.subject, change.text or "", without_text)]
    outside = 0 if column.keeps_out_of_scope or change.outside == "null" else counts.vectors_outside
    if outside or without_text:
        return [hazards.rows.vectors_given_up(column.subject, outside, without_text, change.text or "")]
    return []
