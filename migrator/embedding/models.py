"""Loaded models, each once."""

from __future__ import annotations

from dataclasses import dataclass, field

from migrator.change import Model
from migrator.embedding import probes
from migrator.embedding.limits import MODEL_TIMEOUT_S
from migrator.embedding.providers import Embedder, Vectors, load
from migrator.embedding.timeout import TimedEmbedder
from migrator.ledger.ledger import Ledger
from migrator.ledger.rows import as_json


@dataclass
class Models:
    """Loaded models, each once, and each asked once for its probes.

    recording: the probe vectors of each go into the ledger. dry_run: a model that costs money is not called.
    timeout: seconds that a call may take.
    """

    ledger: Ledger
    recording: bool = False
    dry_run: bool = False
    timeout: float = MODEL_TIMEOUT_S
    _loaded: dict[Model, Embedder] = field(default_factory=dict)
    _probes: dict[str, Vectors] = field(default_factory=dict)
    _checked: set[tuple[str, bool]] = field(default_factory=set)

    def get(self, model: Model) -> Embedder:
        """Raises Refused where it cannot be loaded or is not the model that the ledger knows."""
        if model not in self._loaded:
            self._loaded[model] = TimedEmbedder(load(model), model.name, self.timeout)
        embedder = self._loaded[model]
        # A model that was put away, or differs in what only queries go by, gives them again.
        key = as_json(model.of_documents)
        if (key, self.recording) not in self._checked and self.may_call(embedder):
            if key not in self._probes:
                self._probes[key] = probes.embed(embedder)
            probes.check(self.ledger, model, embedder, self._probes[key], record=self.recording)
            self._checked.add((key, self.recording))
        return embedder

    def put_away(self, model: Model) -> None:
        """Frees its memory; it is loaded anew where it is wanted again."""
        self._loaded.pop(model, None)

    def may_call(self, embedder: Embedder) -> bool:
        return not (self.dry_run and embedder.paid)
