"""Texts that a model cannot embed: their batch is halved until they stand alone, and they are set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from migrator.embedders import Embedder, Vectors
from migrator.errors import ModelError, OutOfMemory


@dataclass(frozen=True)
class Embedded:
    """What became of a batch.

    hashes, vectors: (n,) and (n, dimensions), of the texts that have one. failed: hash and reason of the others.
    largest: texts of the largest call that went through.
    """

    hashes: list[bytes]
    vectors: Vectors
    failed: dict[bytes, str]
    largest: int


def embed(embedder: Embedder, texts: Mapping[bytes, str], *, may_fail: int) -> Embedded:
    """Embeds the texts, by hash. A batch too big for the memory is halved; a text at fault is set aside.

    may_fail: how many texts may be set aside. Raises the ModelError of the first one above that.
    """
    hashes = list(texts)
    try:
        vectors = embedder.embed_documents(list(texts.values()))
    except ModelError as error:
        alone = len(hashes) == 1
        if may_fail <= 0 and (alone or not isinstance(error, OutOfMemory)):
            raise
        if alone:
            return Embedded([], np.empty((0, embedder.dimensions), np.float32), {hashes[0]: error.problem}, 0)
        middle = len(hashes) // 2
        first = embed(embedder, {each: texts[each] for each in hashes[:middle]}, may_fail=may_fail)
        rest = {each: texts[each] for each in hashes[middle:]}
        second = embed(embedder, rest, may_fail=may_fail - len(first.failed))
        return Embedded(
            first.hashes + second.hashes,
            np.concatenate([first.vectors, second.vectors]),
            first.failed | second.failed,
            max(first.largest, second.largest),
        )
    return Embedded(hashes, vectors, {}, len(hashes))
