"""What the texts of the rows say of the vectors beside them: which are missing, stale, or given to several texts."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.catalog import Catalog
from migrator.doctor.finding import Finding
from migrator.ledger.ledger import Ledger
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import EVALUATION, Connection, fetch_dicts, said
from migrator.postgres.sql import Query, name, query
from migrator.report import counted, first_of
from migrator.rows import remaining, stale_rows, unreadable
from migrator.rows.stale_rows import StaleRows
from migrator.rows.unreadable import Unreadable


@dataclass(frozen=True)
class Texts:
    """Of the rows in scope that have a text. distinct: different texts beside a vector. with_vector, without_vector.

    left: those of them that wait for backfill; the others were set aside, or had none before a downgrade's upgrade.
    stale: None where no store can tell, or the vectors are not of texts. not_evaluated: the rows whose text or scope
    raises an error; None where there is none.
    """

    distinct: int
    with_vector: int
    without_vector: int
    left: int
    stale: StaleRows | None
    not_evaluated: Unreadable | None


def read(connection: Connection, held: ColumnPlan) -> Texts | Finding | None:
    """Two scans, or four where vectors can be stale. held: the column by its last change, or by that of one scope.

    None where the ledger does not say the text, or reading it takes a setting. A finding where it cannot be read.
    """
    if held.change.text is None or held.change.settings:
        return None
    try:
        with connection.transaction():
            (row,) = unreadable.tolerant(connection, held, lambda held: fetch_dicts(connection, _reading(held)))
            left = remaining.count(connection, held, held.live) if held.method == "embed" else 0
            cannot_tell = stale_rows.cannot_tell(connection, held)
            stale = stale_rows.count(connection, held) if cannot_tell is None else None
            met = unreadable.was_met(connection, held)
            not_evaluated = unreadable.look(connection, held) if met else None
    except EVALUATION as error:
        # Columns that the text names may have been renamed or dropped by others since.
        fact = f"the text that its last upgrade embedded ({held.change.text}) cannot be read: {said(error)}"
        return Finding("error", held.subject, fact, "bring back what it names; a downgrade reads it too")
    return Texts(row["distinct_texts"], row["with_vector"], row["without_vector"], left, stale, not_evaluated)


def _reading(held: ColumnPlan) -> Query:
    return query(
        "doctor",
        "texts",
        column=name(held.live),
        table=held.table,
        text=held.text,
        text_hash=held.text_hash,
        scope=held.scope,
    )


def missing(ledger: Ledger, subject: str, held: ColumnPlan | None, texts: Texts | None, without: int) -> list[Finding]:
    """Rows without a vector. without: how many there are, with a text or not."""
    if not without:
        return [Finding("ok", subject, "every row has a vector")]
    unfound = "which no search by vector finds"
    if held is None or held.method != "embed":
        remedy = "the next upgrade gives one to every row that has a text"
        return [Finding("warning", subject, f"{counted(without, 'rows')} without a vector, {unfound}", remedy)]
    if texts is None:
        remedy = "migrator backfill embeds those that have a text in scope"
        return [Finding("warning", subject, f"{counted(without, 'rows')} without a vector, {unfound}", remedy)]
    found = []
    if texts.left:
        fact = f"{counted(texts.left, 'rows')} with a text ({held.change.text}) and no vector, {unfound}"
        found.append(Finding("warning", subject, fact, "migrator backfill embeds them"))
    aside = texts.without_vector - texts.left
    if aside and ledger.failed_texts(held.id)[0]:
        fact = f"{counted(aside, 'rows')} set aside, {unfound}; the ledger's table migrator.failed_row says why"
        found.append(Finding("warning", subject, fact, "once that is mended, migrator backfill tries them again"))
    elif aside:
        fact = f"{counted(aside, 'rows')} without a vector, as before the upgrade that was undone"
        found.append(Finding("ok", subject, fact))
    textless = without - texts.without_vector - (texts.not_evaluated.without_vector if texts.not_evaluated else 0)
    if textless:
        fact = f"{counted(textless, 'rows')} without a vector, and without a text in scope"
        found.append(Finding("ok", subject, fact))
    return found


def stale(subject: str, held: ColumnPlan, texts: Texts | None) -> list[Finding]:
    """Rows whose text was edited after cut-over, their vector staying."""
    if texts is None or held.method != "embed":
        return []
    if texts.stale is None:
        with_vector = counted(texts.with_vector, "vectors")
        fact = f"cannot tell whether {with_vector} are of their rows' present text: no store holds them"
        return [Finding("ok", subject, fact)] if texts.with_vector else []
    found = []
    if texts.stale.stale:
        fact = f"{counted(texts.stale.stale, 'rows')} with the vector of another text: theirs was edited since"
        found.append(Finding("warning", subject, fact, "migrator backfill gives them the vector of their text"))
    if texts.stale.unknown:
        fact = (
            f"{counted(texts.stale.unknown, 'rows')} with a vector that migrator did not make; migrator verify embeds "
            "some rows again to see whether vector and text agree"
        )
        found.append(Finding("ok", subject, fact))
    return found or [Finding("ok", subject, "every vector is of its row's present text")]


def not_evaluated(subject: str, texts: Texts | None) -> list[Finding]:
    """Rows whose text or scope raises an error."""
    found = texts.not_evaluated if texts is not None else None
    if found is None or not found.rows:
        return []
    fact = (
        f"the text or scope of {counted(found.rows, 'rows')} cannot be evaluated: {first_of(found.first, found.rows)}"
    )
    remedy = "correct the rows; migrator backfill then gives a vector to those that have none"
    return [Finding("warning", subject, fact, remedy)]


def repeated(catalog: Catalog, texts: Texts | None, vectors: int, distinct: int) -> list[Finding]:
    """vectors: how many there are, and how many of them are different."""
    if vectors == distinct:
        return [Finding("ok", catalog.subject, "no vector repeats another")] if vectors else []
    fact = f"{vectors - distinct:,} of {vectors:,} vectors repeat another"
    if texts is None:
        return [Finding("ok", catalog.subject, f"{fact}, as they should where texts are equal")]
    if distinct >= texts.distinct:
        return [Finding("ok", catalog.subject, f"{fact}: their texts do too")]
    return [
        Finding(
            "warning",
            catalog.subject,
            f"{fact}: {texts.distinct:,} different texts have {distinct:,} different vectors",
            "look whether those texts differ only beyond what the model reads, or were all embedded by one mistake",
        )
    ]
