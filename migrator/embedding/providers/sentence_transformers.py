"""`sentence-transformers:`: models of the Hugging Face hub, by name, and saved ones, by path.

torch takes seconds to import, so that happens once a model is known to be there, and in no other module.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrator import hazards
from migrator.change import Model
from migrator.embedding.providers import Embedder, Vectors
from migrator.embedding.providers.checked import check_dimensions, checked, out_of_memory
from migrator.embedding.providers.fingerprint import fingerprint
from migrator.errors import ModelError, first_line

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# The hub answers in a fraction of this; without a limit the library tries again for more than a minute.
HUB_TIMEOUT_S = 5.0
# The names under which models keep their prompts; the first that is not empty is meant.
DOCUMENT_PROMPTS = ("document", "passage", "corpus")
QUERY_PROMPTS = ("query",)
# Texts a batch. On two CPU cores MiniLM embeds 28 texts/s by 8, 20 by 32 (1,270 characters each).
BATCH_ON_CPU, BATCH = 8, 32
# Either file says that a directory, or a hub repository, is a model.
_MODEL_FILES = ("modules.json", "config.json")


@dataclass(frozen=True)
class _Source:
    """Where a model is loaded from. name: hub repository or path; cached: no network is to be asked."""

    name: str
    revision: str | None = None
    cached: bool = True


class SentenceTransformerEmbedder:
    """A sentence-transformers model in float32, on the best device at hand."""

    def __init__(self, model: Model, transformer: SentenceTransformer, revision: str | None) -> None:
        own = transformer.prompts
        self._model = model
        self._transformer = transformer
        # The library itself takes an empty "document" prompt, which it adds, before a "passage" prompt.
        self._prompt = _first(own, DOCUMENT_PROMPTS) if model.prompt is None else model.prompt
        self._query_prompt = _first(own, QUERY_PROMPTS) if model.query_prompt is None else model.query_prompt
        limit = transformer.max_seq_length
        self.dimensions = model.dimensions
        # A model of static vectors reads texts of any length and says so by infinity.
        self.max_tokens = limit if isinstance(limit, int) else None
        self.paid = False
        self.fingerprint: Mapping[str, object] = fingerprint(model, revision=revision, prompt=self._prompt)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        return checked(self._model, texts, self._encode(texts, self._prompt, task="document"))

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return checked(self._model, texts, self._encode(texts, self._query_prompt, task="query"))

    def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        from transformers import PreTrainedTokenizerBase

        tokenizer = self._transformer.tokenizer
        if not isinstance(tokenizer, PreTrainedTokenizerBase):
            return None
        prompted = [self._prompt + text for text in texts]
        return [len(tokens) for tokens in tokenizer(prompted, truncation=False)["input_ids"]]

    def own_dimensions(self) -> int:
        """Length of the vectors before truncation, seen on one: not every model says it."""
        return int(self._encode(["dimensions"], self._prompt, task="document").shape[1])

    def _encode(self, texts: Sequence[str], prompt: str, *, task: str) -> Vectors:
        """(n, own dimensions). The library sorts by length before batching, and restores the order."""
        encode = self._transformer.encode_query if task == "query" else self._transformer.encode_document
        batch_size = BATCH_ON_CPU if self._transformer.device.type == "cpu" else BATCH
        try:
            vectors: Vectors = encode(list(texts), prompt=prompt, batch_size=batch_size, show_progress_bar=False)
        except Exception as error:
            if _is_out_of_memory(error):
                raise out_of_memory(self._model, len(texts)) from None
            raise ModelError(
                f"model {self._model.name} failed: {first_line(error)}",
                meaning="no vector of this batch was stored.",
                remedy="correct the model, and run the same command again",
            ) from None
        return vectors


def load_sentence_transformer(model: Model) -> Embedder:
    """Raises Refused where the model cannot be had or has other dimensions."""
    source = _find(model)
    try:
        transformer = _load(model, source)
    except Exception as error:
        raise hazards.models.model_not_there(model, _reason(model, error)).refusal() from None
    embedder = SentenceTransformerEmbedder(model, transformer, source.revision)
    check_dimensions(model, embedder.own_dimensions())
    return embedder


def is_local(model: Model) -> bool:
    """Whether it is a directory or in the hub's local cache. Raises Refused where it is nowhere."""
    source = _find(model)
    return source.cached or _in_cache(source.name, source.revision)


def library() -> type[SentenceTransformer]:
    """The library's class, imported on first use, with its progress bars and log lines off."""
    from huggingface_hub.utils.tqdm import disable_progress_bars

    # Before the import, which decides about transformers' own bars; levels after it, which sets them.
    disable_progress_bars()
    from sentence_transformers import SentenceTransformer

    for name in ("sentence_transformers", "transformers", "huggingface_hub"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return SentenceTransformer


def _find(model: Model) -> _Source:
    """Where the model is; asks the hub once, and takes the cached model where that gives no answer.

    Raises Refused where there is none.
    """
    path = Path(model.location)
    if path.is_dir():
        if not any((path / name).is_file() for name in _MODEL_FILES):
            reason = f"the directory holds no saved model, having neither {' nor '.join(_MODEL_FILES)}"
            raise hazards.models.model_not_there(model, reason).refusal()
        return _Source(model.location, model.revision)
    if model.location.startswith(("/", ".", "~")) or model.location.count("/") > 1:
        raise hazards.models.model_not_there(model, "there is no such directory").refusal()
    return _find_on_hub(model)


def _find_on_hub(model: Model) -> _Source:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    # As the library does with a bare name.
    name = model.location if "/" in model.location else f"sentence-transformers/{model.location}"
    try:
        found = HfApi().model_info(name, revision=model.revision, timeout=HUB_TIMEOUT_S)
    except RepositoryNotFoundError:
        reason = "no directory and no public model on the hub has that name (a private one needs HF_TOKEN)"
    except RevisionNotFoundError:
        reason = f"the hub has no revision {model.revision!r} of it"
    except HFValidationError:
        reason = "there is no such directory, and it cannot be the name of a model on the hub"
    except Exception as error:
        # No network, a proxy, a hub out of order, HF_HUB_OFFLINE: each has an exception of its own.
        if _in_cache(name, model.revision):
            return _Source(name, model.revision)
        reason = (
            "no directory has that name, the hub's local cache does not hold it, and the hub cannot be asked: "
            f"{first_line(error)}"
        )
    else:
        return _Source(name, found.sha, cached=False)
    raise hazards.models.model_not_there(model, reason).refusal()


def _in_cache(name: str, revision: str | None) -> bool:
    from huggingface_hub import try_to_load_from_cache

    cache = os.environ.get("SENTENCE_TRANSFORMERS_HOME")
    return any(isinstance(try_to_load_from_cache(name, file, cache, revision), str) for file in _MODEL_FILES)


def _load(model: Model, source: _Source) -> SentenceTransformer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch

        return library()(
            source.name,
            revision=source.revision,
            local_files_only=source.cached,
            trust_remote_code=model.trust_remote_code,
            # Weights that are no pickle, in the column's precision; a model may be saved in another.
            model_kwargs={"dtype": torch.float32, "use_safetensors": True},
        )


def _reason(model: Model, error: Exception) -> str:
    if "trust_remote_code" in str(error) and not model.trust_remote_code:
        return "it runs code of its own; write trust_remote_code=True if you trust its authors"
    return first_line(error)


def _is_out_of_memory(error: Exception) -> bool:
    """torch has a type for CUDA's; MPS and the CPU raise RuntimeError and say it in words."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in said or "can't allocate memory" in said


def _first(prompts: Mapping[str, str | None], names: Sequence[str]) -> str:
    return next((prompt for name in names if (prompt := prompts.get(name))), "")
