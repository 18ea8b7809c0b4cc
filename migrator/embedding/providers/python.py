"""`python:package.module:factory`: models of the user's own, and those of tests.

`factory()` returns an object with `dimensions: int`, `embed_documents(texts)` and `embed_queries(texts)`,
each of which gives a float32 array (n, dimensions). It may also have `max_tokens`, `count_tokens(texts)`,
`paid` (True where its calls cost money: a dry run makes none) and `fingerprint`, a mapping that says what migrator
cannot know, such as the model's revision.

What a plug-in raises is told by its type and place alone: its message may hold a key or a row's text.
"""

from __future__ import annotations

import importlib
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar, cast

from migrator import hazards
from migrator.change import Model
from migrator.embedding.providers import Embedder, Vectors
from migrator.embedding.providers.checked import check_dimensions, checked, out_of_memory
from migrator.embedding.providers.fingerprint import fingerprint
from migrator.errors import ModelError, Refused

Result = TypeVar("Result")
_WITHHELD = " (its message is withheld, for it may hold a key; calling the factory by itself shows it)"


class Plugin(Protocol):
    """What a factory returns."""

    dimensions: int

    def embed_documents(self, texts: Sequence[str]) -> object: ...

    def embed_queries(self, texts: Sequence[str]) -> object: ...


class PythonEmbedder:
    """A plug-in, its results checked."""

    def __init__(self, model: Model, plugin: Plugin) -> None:
        self._model = model
        self._plugin = plugin
        self.dimensions = model.dimensions
        self._own_dimensions = plugin.dimensions
        self.max_tokens: int | None = getattr(plugin, "max_tokens", None)
        self.paid: bool = getattr(plugin, "paid", False)
        self.fingerprint: Mapping[str, object] = {
            **fingerprint(model, revision=None, prompt=model.prompt or ""),
            **getattr(plugin, "fingerprint", {}),
        }

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        return checked(self._model, texts, self._call(self._plugin.embed_documents, texts, self._model.prompt))

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        found = self._call(self._plugin.embed_queries, texts, self._model.query_prompt)
        return checked(self._model, texts, found)

    def own_dimensions(self) -> int:
        return self._own_dimensions

    def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        count: Callable[[Sequence[str]], list[int]] | None = getattr(self._plugin, "count_tokens", None)
        return self._call(count, texts, self._model.prompt) if count else None

    def _call(self, function: Callable[[Sequence[str]], Result], texts: Sequence[str], prompt: str | None) -> Result:
        try:
            # A list of its own: one that the plug-in sorts or shortens must not tell which vector is whose.
            return function([f"{prompt or ''}{text}" for text in texts])
        except MemoryError:
            raise out_of_memory(self._model, len(texts)) from None
        except BaseException as error:
            _let_through(error)
            raise ModelError(
                f"model {self._model.name} failed: {_told(error)}",
                meaning="no vector of this batch was stored; the message of that error is withheld, for it may hold a "
                "key or a text.",
                remedy="call the plug-in by itself to see the message, correct it, and run the same command again",
            ) from None


def load_plugin(model: Model) -> Embedder:
    """Raises Refused where there is no such factory, it fails, or it returns something else than a model."""
    factory, called = find_factory(model), model.location.partition(":")[2]
    plugin = _tried(model, f"{called}()", factory)
    lacking = _tried(model, f"what {called}() returned", lambda: _lacking(plugin))
    if lacking:
        raise hazards.models.model_not_there(model, f"what {called}() returned lacks {', '.join(lacking)}").refusal()
    embedder = _tried(model, f"what {called}() returned", lambda: PythonEmbedder(model, cast(Plugin, plugin)))
    check_dimensions(model, embedder.own_dimensions())
    return embedder


def find_factory(model: Model) -> Callable[[], object]:
    """The function that makes the model. Raises Refused where there is none, or its module cannot be imported."""
    module_name, _, factory_name = model.location.partition(":")
    if not module_name or not factory_name:
        raise hazards.models.model_not_there(model, "it is not of the form python:package.module:factory").refusal()
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise hazards.models.model_not_there(model, f"there is no module {error.name!r}").refusal() from None
    except BaseException as error:
        raise _refusal(model, f"importing {module_name}", error) from None
    factory: Callable[[], object] | None = getattr(module, factory_name, None)
    if not callable(factory):
        raise hazards.models.model_not_there(model, f"module {module_name} has no function {factory_name!r}").refusal()
    return factory


def _lacking(plugin: object) -> list[str]:
    return [name for name in ("dimensions", "embed_documents", "embed_queries") if not hasattr(plugin, name)]


def _tried(model: Model, what: str, call: Callable[[], Result]) -> Result:
    """What the plug-in's own code gives. Raises Refused whatever that raises, such as SystemExit."""
    try:
        return call()
    except BaseException as error:
        raise _refusal(model, what, error) from None


def _refusal(model: Model, what: str, error: BaseException) -> Refused:
    _let_through(error)
    return hazards.models.model_not_there(model, f"{what} raised {_told(error)}{_WITHHELD}").refusal()


def _let_through(error: BaseException) -> None:
    """Raises KeyboardInterrupt anew, and without a text, where a person may have sent it: in the main thread."""
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt from None


def _told(error: BaseException) -> str:
    """The error's type and the line it comes from."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__} at {error.filename}:{error.lineno}"
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {innermost.filename}:{innermost.lineno}"
