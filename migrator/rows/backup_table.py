"""The backup table: what goes into it, whether it has a row as it is now, what corrects it, and what drops it."""

from __future__ import annotations

from psycopg import sql

from migrator.catalog import Catalog
from migrator.plan.column import ColumnPlan
from migrator.plan.restore import RestorePlan
from migrator.postgres.sql import Query, fragment, name, query


def live_type(catalog: Catalog) -> sql.Composed:
    return sql.SQL("{}.{}").format(name(catalog.server.extension_schema), fragment(catalog.column.type_text))


def reads_store(column: ColumnPlan) -> bool:
    """Whether `which` looks into the store of the upgrade's model."""
    return column.is_restore and column.upgrade.method == "embed"


def which(column: ColumnPlan) -> Query:
    """The rows that are backed up: on a downgrade those of which no store holds the vector."""
    if not reads_store(column):
        return sql.SQL("true")
    return query(
        "backup",
        "not_in_store",
        live=name(column.live),
        store=column.upgrade_store,
        text_hash=column.with_old_text.text_hash,
        type=live_type(column.catalog),
        extension=name(column.catalog.server.extension_schema),
    )


def index(column: ColumnPlan) -> sql.Composed:
    """CREATE INDEX for `same_row`, and for `rows_left.stale`, which asks for rows without a text too."""
    by = list(map(name, _key(column)))
    if column.method == "embed":
        by.insert(0, sql.SQL("(coalesce(migrator_text_hash, ''))"))
    index = name(f"backup_{column.upgrade.id}_row")
    return query("backup", "index", index=index, backup=column.upgrade_backup, by=sql.SQL(", ").join(by))


def helps(column: ColumnPlan) -> bool:
    """Whether the backup's rows can be told: by their text, or where no text is named by the table's key."""
    return isinstance(column, RestorePlan) and column.source == "backup" and _tells_rows(column)


def _tells_rows(column: ColumnPlan) -> bool:
    return column.method == "embed" or bool(_key(column))


def rows(column: ColumnPlan) -> sql.Composed:
    """FROM item `migrator_backup`. None of its columns is called as one of the table, which a text may name."""
    keys = [
        sql.SQL("{} AS {}").format(name(part), name(f"migrator_key_{number}"))
        for number, part in enumerate(_key(column), 1)
    ]
    return query("backup", "rows", columns=sql.SQL("").join(map(_listed, keys)), backup=column.upgrade_backup)


def same_row(column: ColumnPlan) -> sql.Composed:
    """Condition over the row and `migrator_backup`: the vector there is of the text, or makes the vector, here."""
    if column.method == "derive":
        made = column.upgrade.derived(sql.SQL("migrator_backup.migrator_vector"))
        equal = sql.SQL("OPERATOR({}.=)").format(name(column.catalog.server.extension_schema))
        return _all(sql.SQL("{} {} {}.{}").format(made, equal, column.row, name(column.live)), *_same_key(column))
    return _same_text(column)


def _same_text(column: ColumnPlan) -> sql.Composed:
    """A row without a text is told by its key alone, and not at all where the table has none."""
    same = query("backup", "same_text", text_hash=column.text_hash)
    key = _same_key(column) or [sql.SQL("migrator_backup.migrator_text_hash IS NOT NULL")]
    return _all(same, *key)


def _same_key(column: ColumnPlan) -> list[Query]:
    """The table's key is the same; empty where it had none at the upgrade."""
    return [
        sql.SQL("migrator_backup.{} = {}.{}").format(name(f"migrator_key_{number}"), column.row, name(part))
        for number, part in enumerate(_key(column), 1)
    ]


def _key(column: ColumnPlan) -> list[str]:
    return column.target.table.key


def _listed(each: Query) -> sql.Composed:
    return sql.SQL("{}, ").format(each)


def _all(*conditions: Query) -> sql.Composed:
    return sql.SQL(" AND ").join(conditions)


def holds(column: ColumnPlan) -> Query:
    """Condition over the row: the backup has its old vector."""
    return query("backup", "holds", backup=rows(column), same_row=same_row(column))


def correct_nulls(column: ColumnPlan) -> sql.Composed | None:
    """Of an upgrade, past cut-over: rows that had no vector when they were backed up, and were given one since, are no
    longer taken for rows that are to come back without. None where the backup cannot tell rows by a key.
    """
    if column.method != "embed" or not _key(column):
        return None
    return _correct(column, sql.SQL("migrator_backup.migrator_vector IS NULL"))


def bring_up_to_date(column: ColumnPlan) -> list[sql.Composed]:
    """Of an upgrade: what the backup is to take from the retired column before that is dropped.

    Only where every retired vector is known to be of its row's present text: a row may have the text again that was
    backed up, and in the retired column the vector of the one it had meanwhile.
    """
    if not _tells_rows(column):
        return []
    # Without a key several rows may have the text, and each its vector.
    which = sql.SQL("true" if _key(column) else "migrator_backup.migrator_vector IS NULL")
    added = query("backup", "add", **_pieces(column), text_hash=column.with_old_text.text_hash)
    return [_correct(column, which), added]


def _correct(column: ColumnPlan, which: Query) -> sql.Composed:
    return query("backup", "correct", which=which, **_pieces(column))


def _pieces(column: ColumnPlan) -> dict[str, Query]:
    old = column.with_old_text
    return {
        "backup": column.backup,
        "rows": rows(column),
        "table": column.table,
        "key": sql.SQL("").join(_listed(name(part)) for part in _key(column)),
        "retired": name(column.retired),
        "same_row": _same_text(old) if column.method == "embed" else _all(*_same_key(column)),
        "extension": name(column.catalog.server.extension_schema),
    }


def drop(column: ColumnPlan) -> sql.Composed:
    return sql.SQL("DROP TABLE IF EXISTS {}").format(column.backup)
