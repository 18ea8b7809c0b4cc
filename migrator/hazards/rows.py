"""Of the rows that text and scope give: without a text or a vector, out of scope, set aside, too long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from migrator.hazards.hazard import Hazard, refuse, warn
from migrator.report import counted, first_of

# Conditions that are named, at most.
_CHOICES = 6


def rows_not_evaluated(subject: str, rows: int, first: Sequence[str], allowed: int) -> Hazard:
    """first: a few of the rows by their keys, each with the reason."""
    return refuse(
        "rows-not-evaluated",
        f"the text or scope of {counted(rows, 'rows')} of {subject} cannot be evaluated: {first_of(first, rows)}",
        f"such a row gets no vector, and the revision allows {counted(allowed, 'rows')} to end without one.",
        "correct the rows; or have text= or where= leave them out, such as CASE WHEN payload IS JSON THEN ... END; "
        f"or write max_failed_rows={rows} in the revision: then they are set aside",
    )


def rows_set_aside(subject: str, rows: int, first: Sequence[str]) -> Hazard:
    """first: as above."""
    return warn(
        "rows-set-aside",
        f"the text or scope of {counted(rows, 'rows')} of {subject} cannot be evaluated: {first_of(first, rows)}",
        "the model is not asked for them. One that has no vector to come back to ends without a vector, and is listed "
        "in migrator.failed_row.",
        "correct the rows, before or afterward; migrator backfill then gives them a vector",
    )


def scope_without_rows(subject: str, condition: str, vectors: int) -> Hazard:
    return warn(
        "scope-without-rows",
        f"where={condition!r} names no row of {subject}; rows that hold vectors: {vectors:,}",
        "no row would get a vector of the new model.",
        "correct where=; try it with SELECT count(*) FROM table WHERE condition",
    )


def several_dimensions(subject: str, found: Iterable[tuple[int, int]], choices: Iterable[str]) -> Hazard:
    """found: dimensions and how many vectors have them. choices: conditions, one of which may be meant."""
    known = list(choices)
    shown = ", ".join(f"{vectors:,} of {size}" for size, vectors in found)
    return refuse(
        "several-dimensions",
        f"vectors of several dimensions are in the scope of {subject}: {shown}",
        "one revision changes the vectors of one model.",
        f"say which rows: {first_of(known[:_CHOICES], len(known))}"
        if known
        else "tell the model's rows apart by a condition: where= in the revision, --where on the command line",
    )


def rows_without_text(subject: str, count: int) -> Hazard:
    return refuse(
        "rows-without-text",
        f"{subject} has {counted(count, 'rows in scope')} without a text, and the revision refuses such rows",
        "there is nothing to embed for them.",
        'give them a text, leave them out by where=, or write empty="null" in the revision: then they end without a '
        "vector",
    )


def kept_without_text(subject: str, count: int, model: str) -> Hazard:
    return warn(
        "kept-without-text",
        f'{subject} keeps the vectors of {counted(count, "rows in scope")} without a text (empty="skip")',
        f"these vectors are of {model}, and comparing them with the others says nothing.",
        'write empty="null" in the revision where such rows had better not be found',
    )


def cannot_keep(subject: str, count: int, asked: str, instead: str) -> Hazard:
    return refuse(
        "cannot-keep",
        f"{asked} asks to keep the vectors of {counted(count, 'rows')} of {subject}, of other dimensions than the new "
        "column",
        "they do not fit there.",
        f"write {instead} in the revision: such rows end without a vector",
    )


def no_row_has_text(subject: str, expression: str, rows: int) -> Hazard:
    return refuse(
        "no-row-has-text",
        f"text={expression!r} gives no row in scope of {subject} a text, and {counted(rows, 'rows')} hold vectors",
        "every vector in scope would be given up, and none come in its place.",
        f"{_corrected(expression)}; try it with SELECT expression FROM table LIMIT 1",
    )


def vectors_given_up(subject: str, outside: int, without_text: int, expression: str) -> Hazard:
    """expression: text=."""
    remedies = ['widen where=, or write outside="null" where that is meant'] if outside else []
    remedies += [_corrected(expression)] if without_text else []
    return warn(
        "vectors-given-up",
        f"rows of {subject} would lose their vector: {_without_vector(outside, without_text)}",
        "no search by vector finds them, until a downgrade.",
        "; ".join(remedies),
    )


def rows_out_of_scope(subject: str, outside: int, without_text: int, expression: str) -> Hazard:
    """expression: text=."""
    remedies = ["widen where="] if outside else []
    remedies += [f"{_corrected(expression)}, or give those rows a text"] if without_text else []
    return refuse(
        "not-null-out-of-scope",
        f"{subject} is NOT NULL, and rows of it would end without a vector: {_without_vector(outside, without_text)}",
        "they would have no vector of the new dimension.",
        "; ".join(remedies),
    )


def _without_vector(outside: int, without_text: int) -> str:
    counts = [f"{outside:,} out of scope"] if outside else []
    counts += [f"{without_text:,} in scope without a text"] if without_text else []
    return ", ".join(counts)


def _corrected(expression: str) -> str:
    if "||" in re.sub(r"'(?:[^']|'')*'", "", expression):
        return "correct text=: a || b is NULL where one of them is, concat_ws(' ', a, b) is not"
    return "correct text="


def texts_cut_short(subject: str, rows: int, limit: int) -> Hazard:
    return refuse(
        "texts-cut-short",
        f"{subject} has {counted(rows, 'rows')} whose text the model does not read to its end, after {limit} tokens",
        "what stands behind that could not be found, and --strict was given.",
        "shorten these texts or split them into rows, choose a model that reads more, or leave out --strict",
    )


def lengths_unknown(subject: str, model: str) -> Hazard:
    return refuse(
        "lengths-unknown",
        f"model {model} does not say how long the texts of {subject} are to it",
        "it says how much it reads and has no tokenizer to ask, and --strict was given.",
        "let the plug-in say count_tokens(texts), or leave out --strict",
    )
