"""Fixed texts whose vectors tell one model from another under the same name."""

from __future__ import annotations

from migrator.change import Model
from migrator.embedders import Embedder
from migrator.embedders.similarity import SAME_VECTOR, cosines
from migrator.hazards import model_changed
from migrator.ledger import Ledger

PROBES = (
    "The quick brown fox jumps over the lazy dog.",
    "Der Zug nach Köln fährt um 17:45 Uhr von Gleis 3.",
    "def add(a, b):\n    return a + b",
    "An embedding model maps a text to a vector; texts of like meaning lie close together.",
)


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
    similarity = float(cosines(vectors, recorded).min())
    if similarity < SAME_VECTOR:
        raise model_changed(model.name, similarity).refusal()
