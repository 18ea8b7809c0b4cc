"""What is done to the vectors of every provider before anyone else sees them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from migrator import hazards
from migrator.change import Model
from migrator.embedding.providers import Vectors
from migrator.errors import ModelError, OutOfMemory
from migrator.report import counted

_NOTHING_STORED = "no vector of this batch was stored."


def check_dimensions(model: Model, found: int) -> None:
    """Raises Refused where vectors of `found` numbers cannot give the dimensions that the revision states."""
    if not _fits(model, found):
        raise hazards.models.model_other_dimensions(model, found).refusal()


def checked(model: Model, texts: Sequence[str], vectors: object) -> Vectors:
    """What a provider gave for `texts`, cut, padded and scaled as the model is stated: (n, dimensions) float32.

    Truncation keeps the first `dimensions` numbers (Kusupati et al. 2022, https://arxiv.org/abs/2205.13147).
    Raises ModelError where it is anything but one finite vector a text that is not zero.
    """
    masked = isinstance(vectors, np.ma.MaskedArray)
    if masked or not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32:
        kind = vectors.dtype if isinstance(vectors, np.ndarray) and not masked else type(vectors).__name__
        raise ModelError(
            f"model {model.name} gave {kind} where a numpy array of float32 was expected",
            meaning=_NOTHING_STORED,
            remedy="return numpy.asarray(vectors, dtype=numpy.float32) from the model",
        )
    if vectors.ndim != 2 or len(vectors) != len(texts) or not _fits(model, vectors.shape[1]):
        raise ModelError(
            f"model {model.name} gave an array of shape {vectors.shape} "
            f"where {(len(texts), model.dimensions)} was expected",
            meaning=f"which vector belongs to which text cannot be told; {_NOTHING_STORED}",
            remedy="correct the model: it returns one row a text, in the order of the texts",
        )
    # A copy, for a plug-in may use its buffer again; and a plain array, whatever its subclass makes of the checks.
    result: Vectors = np.array(vectors[:, : model.dimensions])
    largest = np.abs(result).max(axis=1)
    _raise_if(~np.isfinite(largest), model, texts, "not finite", "PostgreSQL would refuse it")
    _raise_if(
        largest == 0,
        model,
        texts,
        "zero",
        "it points nowhere, so no search by cosine distance would find its row",
    )
    if model.normalize or model.matryoshka:
        # In float64: squares of float32 numbers may overflow it.
        lengths = np.linalg.norm(result.astype(np.float64), axis=1, keepdims=True)
        result = (result / lengths).astype(np.float32)
    # Zeros change no distance among padded vectors.
    return np.pad(result, ((0, 0), (0, model.dimensions - result.shape[1]))) if model.padded else result


def out_of_memory(model: Model, texts: int) -> OutOfMemory:
    return OutOfMemory(
        f"model {model.name} ran out of memory on {counted(texts, 'texts')}",
        meaning=_NOTHING_STORED,
        remedy="give it a machine or a device with more memory, or cut the text in the revision: left(content, 8000)",
    )


def _fits(model: Model, found: int) -> bool:
    if found == model.dimensions:
        return True
    return model.matryoshka if found > model.dimensions else model.padded and found > 0


def _raise_if(faulty: NDArray[np.bool_], model: Model, texts: Sequence[str], fault: str, meaning: str) -> None:
    """Raises ModelError where a vector is at fault. A text is told by its length: the rest is private."""
    if not faulty.any():
        return
    first = int(faulty.argmax())
    raise ModelError(
        f"model {model.name} gave a vector that is {fault} for {int(faulty.sum())} of {len(texts)} texts; "
        f"the first of them has {len(texts[first])} characters",
        meaning=f"{meaning}; {_NOTHING_STORED}",
        remedy="correct the model, or leave such rows out by where= in the revision",
    )
