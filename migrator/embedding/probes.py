"""Fixed texts whose vectors tell one model from another under the same name."""

from __future__ import annotations

from migrator import hazards
from migrator.change import Model
from migrator.embedding.providers import Embedder, Vectors
from migrator.embedding.similarity import SAME_VECTOR, cosines
from migrator.ledger.ledger import Ledger

PROBES = (
    "The quick brown fox jumps over the lazy dog.",
    "Der Zug nach Köln fährt um 17:45 Uhr von Gleis 3.",
    "def add(a, b):\n    return a + b",
    "An embedding model maps a text to a vector; texts of like meaning lie close together.",
)


def embed(embedder: Embedder) -> Vectors:
    """(4, dimensions): the model's vectors of them."""
    return embedder.embed_documents(PROBES)


def check(ledger: Ledger, model: Model, embedder: Embedder, vectors: Vectors, *, record: bool) -> None:
    """Compares the probe vectors that the model gave now with those in the ledger; `record` writes them the first time.

    Raises Refused where they differ: it is another model under the same name.
    """
    recorded = ledger.probes(model)
    if recorded is None:
        if record:
            ledger.add_model(model, embedder.fingerprint, vectors.astype(float).tolist())
        return
    similarity = float(cosines(vectors, recorded).min())
    if similarity < SAME_VECTOR:
        raise hazards.models.model_changed(model.name, similarity).refusal()
