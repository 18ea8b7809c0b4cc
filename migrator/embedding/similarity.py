"""How alike vectors are, which tells whether one model made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migrator.embedding.providers import Embedder

# Other hardware and libraries, batches of other shapes, and halfvec's 11 bits a number move a vector by far less.
SAME_VECTOR = 0.999


def cosines(one: Iterable[ArrayLike], other: Iterable[ArrayLike]) -> NDArray[np.float64]:
    """(n,): the cosine similarity of corresponding rows; 0 where their lengths differ, or one is zero."""
    return np.array([_cosine(np.asarray(a, float), np.asarray(b, float)) for a, b in zip(one, other, strict=True)])


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    if one.shape != other.shape:
        return 0.0
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / lengths) if lengths > 0 else 0.0


def embedded_now(embedder: Embedder, texts: Iterable[str]) -> dict[str, NDArray[np.float32]]:
    """The vector of each text, which the model is asked for once."""
    different = list(dict.fromkeys(texts))
    return dict(zip(different, embedder.embed_documents(different), strict=True))


def agreement(now: Mapping[str, ArrayLike], rows: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """(n,): the cosine of each row's vector with that which its text has now. rows: text, and vector as text."""
    vectors = ([float(number) for number in vector.strip("[]").split(",")] for _, vector in rows)
    return cosines((now[text] for text, _ in rows), vectors)
