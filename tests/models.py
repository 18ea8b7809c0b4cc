"""Plug-in models for tests, named `python:tests.models:<factory>`: cheap, deterministic, some at fault.

MIGRATOR_TEST_EMBED_LOG: names a file; every embed_documents call appends a line with the number of its texts.
Probes, the timed sample and verify's sample are such calls too.
MIGRATOR_TEST_KILL_AFTER: the process kills itself instead of embedding more texts than this number in all.
MIGRATOR_TEST_GONE: where it is set, `lost` cannot be loaded.
MIGRATOR_TEST_DRIFT: where it is 1, `drifted` gives other vectors under the same name.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# Vectors lie in a space of so few dimensions, as those of real models nearly do: among random points in 768
# dimensions all are equally far from each other, and no index finds the nearest.
LATENT = 8
EMBED_LOG = "MIGRATOR_TEST_EMBED_LOG"


class Hashed:
    """Unit vectors from sha256 of the text; some 5 microseconds a text.

    The cosine between two texts is the same in every such model, whatever its dimensions and seed.
    embedded: texts that this process embedded as documents, by whichever model.
    """

    embedded: ClassVar[int] = 0

    def __init__(self, dimensions: int, seed: int) -> None:
        self.dimensions = dimensions
        matrix = np.random.default_rng(seed).standard_normal((dimensions, LATENT))
        # (8, dimensions) with orthonormal rows.
        self._map: Vectors = np.linalg.qr(matrix)[0].T.astype(np.float32)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        Hashed.embedded += len(texts)
        limit = os.environ.get("MIGRATOR_TEST_KILL_AFTER")
        if limit and Hashed.embedded > int(limit):
            os.kill(os.getpid(), signal.SIGKILL)
        log = os.environ.get(EMBED_LOG)
        if log:
            # One unbuffered write in append mode: a killed process leaves whole lines.
            with Path(log).open("ab", buffering=0) as file:
                file.write(f"{len(texts)}\n".encode())
        return self._embed(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions)"""
        points = self._points(texts)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        return self._project(points.astype(np.float32))

    def _project(self, points: Vectors) -> Vectors:
        """(n, dimensions); to the bit the same for a text whatever stands beside it, as BLAS would not have it."""
        vectors: Vectors = np.einsum("ij,jk->ik", points, self._map)
        return vectors

    def _points(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n, 8), about zero and never zero."""
        digests = b"".join(hashlib.sha256(text.encode()).digest() for text in texts)
        return np.frombuffer(digests, dtype="<u4").reshape(len(texts), LATENT) - (2.0**31 - 0.5)


@dataclass(frozen=True)
class EmbedLog:
    """What the test models were asked to embed as documents, by this process and those it starts."""

    path: Path

    def calls(self) -> list[int]:
        """The number of texts of each call since the last time."""
        if not self.path.exists():
            return []
        found = [int(line) for line in self.path.read_text().splitlines()]
        self.path.unlink()
        return found


def vector(text: str, factory: Callable[[], Hashed]) -> Vectors:
    """(dimensions,): what the model that `factory` makes gives for a document; neither logged nor counted."""
    found: Vectors = factory().embed_queries([text])[0]
    return found


def tiny() -> Hashed:
    """8 dimensions."""
    return Hashed(8, seed=8)


def old() -> Hashed:
    """48 dimensions: the model before the change."""
    return Hashed(48, seed=48)


def new() -> Hashed:
    """96 dimensions: the model after it, which ranks texts as `old` does."""
    return Hashed(96, seed=96)


def other() -> Hashed:
    """48 dimensions as `old`, and other vectors."""
    return Hashed(48, seed=49)


def middling() -> Hashed:
    """384 dimensions, as small models that are in use have them."""
    return Hashed(384, seed=384)


def long() -> Hashed:
    """768 dimensions, for what depends on how many bytes a vector takes."""
    return Hashed(768, seed=768)


def wide() -> Hashed:
    """3,072 dimensions, more than an index on a vector column takes."""
    return Hashed(3_072, seed=3_072)


def widest() -> Hashed:
    """4,500 dimensions, more than an index in half precision takes."""
    return Hashed(4_500, seed=4_500)


def small_old() -> Hashed:
    """64 dimensions, for benchmarks that are not about vectors: the model before the change."""
    return Hashed(64, seed=64)


def small_new() -> Hashed:
    """128 dimensions: the model after it."""
    return Hashed(128, seed=128)


def drifted() -> Hashed:
    """96 dimensions; other vectors under the same name where MIGRATOR_TEST_DRIFT is 1."""
    return Hashed(96, seed=1 if os.environ.get("MIGRATOR_TEST_DRIFT") == "1" else 96)


class Fast(Hashed):
    """No hash a text: the vector follows from the text's length and last 8 bytes."""

    def _project(self, points: Vectors) -> Vectors:
        vectors: Vectors = np.matmul(points, self._map)
        return vectors

    def _points(self, texts: Sequence[str]) -> NDArray[np.float64]:
        ends = b"".join(text[-8:].encode()[-8:].rjust(8, b"\0") for text in texts)
        numbers = np.frombuffer(ends, dtype="<u8") + np.fromiter(map(len, texts), np.uint64, len(texts))
        # Multiples by odd constants, modulo 2 ** 64, spread evenly over the range.
        factors = np.random.default_rng(1).integers(2**62, dtype=np.uint64, size=LATENT) * np.uint64(2) + np.uint64(1)
        points: NDArray[np.float64] = (numbers[:, np.newaxis] * factors) - (2.0**63 - 0.5)
        return points


def fast384() -> Hashed:
    """As fast768, in 384 dimensions."""
    return Fast(384, seed=384)


def fast768() -> Hashed:
    """768 dimensions at little cost, for benchmarks; tells texts apart by length and last 8 bytes."""
    return Fast(768, seed=768)


class Told(Hashed):
    """Says all that a plug-in may say of itself. Tokens are words."""

    def __init__(self) -> None:
        super().__init__(8, seed=8)
        self.max_tokens = 16
        self.fingerprint = {"model_revision": "7", "precision": "float16"}

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def told() -> Told:
    """8 dimensions, with count_tokens, max_tokens and a fingerprint."""
    return Told()


class Broken(Hashed):
    """Raises on every text, with a message that must not be shown to anyone."""

    def _points(self, texts: Sequence[str]) -> NDArray[np.float64]:
        raise ConnectionError(f"key sk-secret is not valid for {texts[0]!r}")


class Bytes(Hashed):
    """The bytes of the text's sha256 as numbers, which SQL can compute too: tests/schemas.

    Distances between texts are, to the bit, the same in 16 dimensions as in 24, whichever measures them.
    """

    def __init__(self, dimensions: int) -> None:
        super().__init__(dimensions, seed=0)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        digests = b"".join(hashlib.sha256(text.encode()).digest()[:16] for text in texts)
        short = np.frombuffer(digests, dtype=np.uint8).reshape(len(texts), 16).astype(np.float32) - np.float32(127.5)
        if self.dimensions == 16:
            return short
        long = np.zeros((len(texts), 24), dtype=np.float32)
        # Backwards, with the other sign, and every third number zero.
        long[:, np.arange(24) % 3 != 2] = -short[:, ::-1]
        return long


def sixteen() -> Hashed:
    """16 dimensions: the model before the change in tests/schemas."""
    return Bytes(16)


def twenty_four() -> Hashed:
    """24 dimensions: the model after it, which ranks texts as `sixteen` does."""
    return Bytes(24)


def broken() -> Hashed:
    """8 dimensions; raises when it is to embed."""
    return Broken(8, seed=8)


class Faulty(Hashed):
    """8 dimensions; every number of the last vector of a call is the same."""

    def __init__(self, number: float) -> None:
        super().__init__(8, seed=8)
        self._number = number

    def _embed(self, texts: Sequence[str]) -> Vectors:
        vectors = super()._embed(texts)
        vectors[-1] = self._number
        return vectors


def nan() -> Hashed:
    """8 dimensions; the last vector of every call is not a number."""
    return Faulty(float("nan"))


def zero() -> Hashed:
    """8 dimensions; the last vector of every call is zero."""
    return Faulty(0.0)


class Short(Hashed):
    """Gives one number less than it says."""

    def _embed(self, texts: Sequence[str]) -> Vectors:
        return super()._embed(texts)[:, :-1]


def lost() -> Hashed:
    """As `old`, while MIGRATOR_TEST_GONE is not set."""
    if os.environ.get("MIGRATOR_TEST_GONE"):
        raise FileNotFoundError("no such model any more")
    return old()


class Choosy(Hashed):
    """96 dimensions as `new`; raises where a text holds the word poison, in calls of more than 40 texts for memory."""

    LARGEST = 40

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        if len(texts) > self.LARGEST:
            raise MemoryError
        if any("poison" in text for text in texts):
            raise ValueError(f"cannot read {texts[0]!r}")
        return super().embed_documents(texts)


def choosy() -> Hashed:
    """As `new`, for texts that do not hold the word poison, at most 40 at a time."""
    return Choosy(96, seed=96)


class Fickle(Hashed):
    """96 dimensions as `new`; where a text holds one of the words below, the call goes wrong in that way."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        vectors = super().embed_documents(texts)
        for number, text in enumerate(texts):
            if "too big" in text:
                raise MemoryError
            if "not a number" in text:
                vectors[number, 0] = np.nan
            if "infinite" in text:
                vectors[number, -1] = np.inf
            if "zero" in text:
                vectors[number] = 0
        if any("fewer" in text for text in texts):
            return vectors[:-1]
        if any("shorter" in text for text in texts):
            return vectors[:, :-1]
        if any("nothing" in text for text in texts):
            return cast("Vectors", None)
        return vectors


def fickle() -> Hashed:
    """As `new`, for texts that hold none of Fickle's words."""
    return Fickle(96, seed=96)


class Hanging(Hashed):
    """Gives no answer to a text that holds the word endless."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        if any("endless" in text for text in texts):
            threading.Event().wait()
        return super().embed_documents(texts)


def hanging() -> Hashed:
    """As `new`, for texts that do not hold the word endless."""
    return Hanging(96, seed=96)


def wrong_shape() -> Hashed:
    """Says 8 dimensions and gives 7."""
    return Short(8, seed=8)


def does_not_load() -> Hashed:
    """A factory that raises, with a message that must not be shown to anyone."""
    raise PermissionError("key sk-secret is not valid")


def incomplete() -> object:
    """What it returns has no dimensions and embeds nothing."""
    return object()


class Terse(Hashed):
    """Says how much it reads, and has no tokenizer to ask."""

    max_tokens = 16


def terse() -> Hashed:
    """8 dimensions, with max_tokens alone."""
    return Terse(8, seed=8)
