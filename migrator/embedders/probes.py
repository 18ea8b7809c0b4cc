"""Fixed texts whose vectors tell one model from another under the same name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from migrator.change import Model
from migrator.embedders import Embedder
from migrator.hazards import model_changed
from migrator.ledger import Ledger

PROBES = (
    "The quick brown fox jumps over the lazy dog.",
    "Der Zug nach Köln fährt um 17:45 Uhr von Gleis 3.",
    "def add(a, b):\n    return a + b",
    "An embedding model maps a text to a vector; texts of like meaning lie close together.",
)
# Different hardware and library versions move a vector of the same model by far less than this.
SAME_MODEL = 0.999


def check(ledger: Ledger, model: Model, embedder: Embedder, *, record: bool) -> None:
    """Compares the model's probe vectors with those in the ledger; `record` writes them there the first time.

    Raises Refused where they differ: it is another model under the same name.
    """
    recorded = ledger.probes(model)
    vectors = embedder.embed_documents(PROBES)
    if recorded is None:
        if record:
            ledger.add_model(model, embedder.fingerprint, vectors.astype(float).tolist())
        return
    similarity = _least_similarity(vectors.astype(float).tolist(), recorded)
    if similarity < SAME_MODEL:
        raise model_changed(model.name, similarity).refusal()


def _least_similarity(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
    """The least cosine similarity of corresponding rows; 0 where the shapes differ."""
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape:
        return 0.0
    products = (a * b).sum(axis=1)
    return float((products / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())
