"""What an upgrade's backup table says of a row on a downgrade: whether it is the same row, of the same text."""

from __future__ import annotations

from psycopg import sql

from migrator.plan import ColumnPlan
from migrator.queries import Query, name, query


def index(column: ColumnPlan) -> sql.Composed:
    """CREATE INDEX for `same_row`."""
    key = (column.before or column.catalog).table.key
    by = sql.SQL(", ").join(map(name, key)) if column.method == "derive" else name("migrator_text_hash")
    return _index(column, "row", by)


def index_by_text(column: ColumnPlan) -> sql.Composed:
    """CREATE INDEX for `rows_left.stale`, which asks for rows without a text too."""
    return _index(column, "text", sql.SQL("(coalesce(migrator_text_hash, ''))"))


def _index(column: ColumnPlan, of: str, by: Query) -> sql.Composed:
    index = name(f"backup_{column.as_upgrade().id}_{of}")
    return query("backup", "index", index=index, backup=column.upgrade_backup, by=by)


def helps(column: ColumnPlan) -> bool:
    """Whether the backup's rows can be told: by their text, or where no text is named by the table's key."""
    return column.source == "backup" and (column.method == "embed" or bool((column.before or column.catalog).table.key))


def same_row(column: ColumnPlan) -> Query:
    """Condition over the row and `migrator_backup`: the vector there is of the text, or makes the vector, here."""
    if column.method == "derive":
        made = column.as_upgrade().derived(sql.SQL("migrator_backup.migrator_vector"))
        equal = sql.SQL("OPERATOR({}.=)").format(name(column.catalog.server.extension_schema))
        return sql.SQL("{} {} {}.{}{}").format(made, equal, column.row, name(column.live), same_key(column))
    return sql.SQL("migrator_backup.migrator_text_hash = {}{}").format(column.text_hash, same_key(column))


def same_key(column: ColumnPlan) -> Query:
    """` AND` the table's key is the same; empty where it had none at the upgrade."""
    return sql.SQL("").join(
        sql.SQL(" AND migrator_backup.{key} = {row}.{key}").format(key=name(part), row=column.row)
        for part in (column.before or column.catalog).table.key
    )


def holds(column: ColumnPlan) -> Query:
    """Condition over the row: the backup has its old vector."""
    return query("backup", "holds", backup=column.upgrade_backup, same_row=same_row(column))
