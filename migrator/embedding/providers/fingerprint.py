"""What makes two vectors comparable, as the ledger keeps it."""

from __future__ import annotations

from migrator.change import Model


def fingerprint(model: Model, *, revision: str | None, prompt: str) -> dict[str, object]:
    """JSON values. revision: the model's own, as exactly as it is known; prompt: the one in use, "" for none."""
    return {
        "provider": model.provider,
        "model": model.location,
        "model_revision": revision,
        "dimensions": model.dimensions,
        "prompt": prompt,
        "normalize": model.normalize,
        "matryoshka": model.matryoshka,
        "padded": model.padded,
        "text_cleaning": None,
        "precision": "float32",
    }
