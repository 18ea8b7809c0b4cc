"""The protocol every provider keeps, and `load`, which finds the provider for a model.

One file a provider; a new provider is a new file, a name in change.AVAILABLE, and a line in `load` and `at_hand`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from migrator import hazards
from migrator.change import AVAILABLE, Model

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """A loaded model.

    dimensions: length of its vectors.
    fingerprint: what makes two vectors comparable, as JSON values: provider, model, model revision, dimensions,
        prompt, normalization, text cleaning, precision.
    max_tokens: how many tokens of a text it reads; None where it does not say.
    paid: its calls cost money, so that a dry run makes none.
    """

    dimensions: int
    fingerprint: Mapping[str, object]
    max_tokens: int | None
    paid: bool

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions) float32, row i for texts[i]; every number finite, no row zero. Raises ModelError."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Like embed_documents, with the model's query prompt."""

    def own_dimensions(self) -> int:
        """Length of the model's vectors before truncation."""

    def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """Tokens of each text before truncation; None where the model has no tokenizer to ask."""


def load(model: Model) -> Embedder:
    """The model, loaded.

    Raises Refused where there is none of that name, or its vectors have not `model.dimensions` numbers.
    """
    if model.provider == "python":
        from migrator.embedding.providers.python import load_plugin

        return load_plugin(model)
    _refuse_missing_provider(model)
    from migrator.embedding.providers.sentence_transformers import load_sentence_transformer

    return load_sentence_transformer(model)


def at_hand(model: Model) -> bool:
    """Whether loading it needs no download. Nothing is loaded but a plug-in's module.

    Raises Refused where there is none of that name.
    """
    if model.provider == "python":
        from migrator.embedding.providers.python import find_factory

        find_factory(model)
        return True
    _refuse_missing_provider(model)
    from migrator.embedding.providers.sentence_transformers import is_local

    return is_local(model)


def _refuse_missing_provider(model: Model) -> None:
    if model.provider not in AVAILABLE:
        raise hazards.models.provider_not_there(model).refusal()
    if find_spec("sentence_transformers") is None:
        raise hazards.models.local_models_not_installed(model).refusal()


def own_dimensions(name: str) -> int:
    """How many numbers the vectors of that model have. Raises Refused where there is none of that name."""
    # Stated as truncated to one number, because a model of any length is loaded so.
    return load(Model(name, dimensions=1, matryoshka=True)).own_dimensions()
