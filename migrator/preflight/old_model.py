"""The model that a revision says a column holds, looked at before a rollback needs it."""

from __future__ import annotations

import numpy as np
from psycopg.rows import TupleRow

from migrator import hazards
from migrator.change import Model
from migrator.embedding.models import Models
from migrator.embedding.providers import at_hand, load
from migrator.embedding.similarity import agreement, embedded_now
from migrator.errors import MigratorError, Refused
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, execute
from migrator.postgres.sql import name, query
from migrator.rows.unreadable import tolerant

SAMPLED_ROWS = 5
# Vectors of one model agree to 0.999, those of two hardly at all; between lie other prompts, and texts edited since.
PERHAPS_SAME_MODEL = 0.9


def look_up(subject: str, model: Model) -> Hazard | None:
    """Whether it is available, with no more loaded than a plug-in."""
    try:
        if at_hand(model):
            return None
    except Refused as refusal:
        return _refused(subject, refusal)
    return hazards.models.old_model_not_downloaded(subject, model.name, model.location)


def try_plugin(subject: str, model: Model) -> Hazard | None:
    """As look_up; a plug-in is loaded, which costs little, and tells its dimensions."""
    found = look_up(subject, model)
    if found is not None or model.provider != "python":
        return found
    try:
        load(model)
    except Refused as refusal:
        return _refused(subject, refusal)
    return None


def examine(connection: Connection, models: Models, column: ColumnPlan) -> Hazard | None:
    """Loads it, and embeds a few rows again to see whether it made their vectors."""
    model = column.change.from_
    found = look_up(column.subject, model)
    if found is not None:
        return found
    try:
        return _compare(connection, models, column)
    except Refused as refusal:
        return _refused(column.subject, refusal)
    except MigratorError as error:
        return hazards.models.old_model_not_at_hand(column.subject, error.problem)
    finally:
        if column.change.verify.queries is None:
            # Two models in memory are one too many while the other embeds.
            models.put_away(model)


def _compare(connection: Connection, models: Models, column: ColumnPlan) -> Hazard | None:
    model = column.change.from_
    embedder = models.get(model)
    if not models.may_call(embedder):
        return None

    def read(old: ColumnPlan) -> list[TupleRow]:
        pieces = {"text": old.text, "column": name(old.live), "table": old.table, "due": old.due}
        return execute(connection, query("catalog", "vector_sample", **pieces), {"limit": SAMPLED_ROWS}).fetchall()

    rows = tolerant(connection, column.with_old_text, read)
    if not rows:
        return None
    median = float(np.median(agreement(embedded_now(embedder, (text for text, _ in rows)), rows)))
    if median >= PERHAPS_SAME_MODEL:
        return None
    return hazards.models.old_model_differs(column.subject, model.name, len(rows), median)


def _refused(subject: str, refusal: Refused) -> Hazard:
    if refusal.code == "model-other-dimensions":
        # What it means for a new model is said there, and is not the case here.
        return hazards.models.old_model_other_dimensions(subject, refusal.problem)
    return hazards.models.old_model_not_at_hand(subject, refusal.problem)
