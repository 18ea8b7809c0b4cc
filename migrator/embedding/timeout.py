"""A model that does not answer: after a stated time it is no longer waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from migrator.embedding.providers import Embedder, Vectors
from migrator.errors import GO_ON, Interrupted


class TimedEmbedder:
    """`embedder`, whose calls to embed raise Interrupted after `seconds` without an answer.

    Each of them is a thread of its own, for a thread cannot be ended: one that hangs is left behind, and does not keep
    the process from ending.
    """

    def __init__(self, embedder: Embedder, name: str, seconds: float) -> None:
        self._embedder = embedder
        self._name = name
        self._seconds = seconds
        self.dimensions = embedder.dimensions
        self.fingerprint: Mapping[str, object] = embedder.fingerprint
        self.max_tokens = embedder.max_tokens
        self.paid = embedder.paid

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        return self._within(self._embedder.embed_documents, texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._within(self._embedder.embed_queries, texts)

    def own_dimensions(self) -> int:
        return self._embedder.own_dimensions()

    def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        return self._embedder.count_tokens(texts)

    def _within(self, call: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> Vectors:
        given: list[Vectors] = []
        raised: list[BaseException] = []

        def work() -> None:
            try:
                given.append(call(texts))
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=work, name="model", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if raised:
            raise raised[0]
        if not given:
            raise Interrupted(
                f"model {self._name} gave no answer within {self._seconds:g} s for {len(texts)} texts",
                meaning="what was done so far is kept; the texts of this call are not stored.",
                remedy=f"see what keeps it, or allow it more: --model-timeout SECONDS; then {GO_ON}",
            )
        return given[0]
