"""Texts that a model cannot embed: their batch is halved until they stand alone, and they are set aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from migrator.embedding.providers import Embedder, Vectors
from migrator.errors import ModelError, OutOfMemory


@dataclass(frozen=True)
class Embedded:
    """What became of some texts.

    hashes, vectors: (n,) and (n, dimensions), of a call that went through. failed: hash and reason of a text at fault.
    """

    hashes: list[bytes]
    vectors: Vectors
    failed: dict[bytes, str]


def embed(embedder: Embedder, texts: Mapping[bytes, str], *, may_fail: int) -> Iterator[Embedded]:
    """Embeds the texts, by hash, in one call, or in several where the batch is too big or a text in it at fault.

    What was given is to be stored before the next is asked for, for that calls the model again. may_fail: how many
    texts may be set aside. Raises the ModelError of the first one above that.
    """
    hashes = list(texts)
    try:
        vectors = embedder.embed_documents(list(texts.values()))
    except ModelError as error:
        alone = len(hashes) == 1
        if may_fail <= 0 and (alone or not isinstance(error, OutOfMemory)):
            raise
        if alone:
            yield Embedded([], np.empty((0, embedder.dimensions), np.float32), {hashes[0]: error.problem})
            return
        middle = len(hashes) // 2
        for half in (hashes[:middle], hashes[middle:]):
            for part in embed(embedder, {each: texts[each] for each in half}, may_fail=may_fail):
                may_fail -= len(part.failed)
                yield part
        return
    yield Embedded(hashes, vectors, {})
