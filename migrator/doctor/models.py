"""Whether the models that the ledger names can be had here. No model is called to embed a row."""

from __future__ import annotations

from migrator.change import Model
from migrator.doctor.finding import Finding
from migrator.embedding.providers import at_hand, load
from migrator.errors import Refused


def look_at_model(model: Model) -> Finding:
    """Whether provider and model are there; nothing is loaded but a plug-in's module."""
    try:
        if at_hand(model):
            return Finding("ok", model.name, "at hand")
    except Refused as refusal:
        return _refused(model, refusal)
    return Finding("ok", model.name, "on the hub, and not in the local cache: it is downloaded when it is needed")


def try_model(model: Model) -> Finding:
    """Whether it loads."""
    try:
        load(model)
    except Refused as refusal:
        return _refused(model, refusal)
    return Finding("ok", model.name, f"loads, and gives {model.dimensions} dimensions")


def _refused(model: Model, refusal: Refused) -> Finding:
    return Finding("error", model.name, refusal.problem, refusal.remedy)
