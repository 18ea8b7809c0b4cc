"""Plug-in models, the checks that the vectors of every provider pass, and the probes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from docs.generate import DOCS
from migrator import hazards
from migrator.change import Model
from migrator.embedding import probes, providers
from migrator.embedding.providers import at_hand, load
from migrator.embedding.providers.checked import checked
from migrator.embedding.timeout import TimedEmbedder
from migrator.errors import MigratorError, ModelError, Refused
from migrator.ledger.ledger import Ledger
from tests.models import drifted, tiny, vector

TEXTS = ["one", "three"]
TINY = Model("python:tests.models:tiny", dimensions=8)
NOT_LOADED = (
    "no vector can be computed without it, so nothing was started.\n"
    "fix: correct the name, or make the model reachable (a hub name needs the network once; a path must hold a saved "
    "model)"
)
WITHHELD = " (its message is withheld, for it may hold a key; calling the factory by itself shows it)"
# A plug-in of 2 dimensions; a test changes what it does.
PLUGIN = """
import numpy

class Plugin:
    dimensions = 2

    def embed_documents(self, texts):
        return numpy.ones((len(texts), 2), dtype=numpy.float32)

    embed_queries = embed_documents

def factory():
    return Plugin()
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes the source of a module named `plugin`, which can be imported during the test."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(source: str) -> Path:
        monkeypatch.delitem(sys.modules, "plugin", raising=False)
        path = tmp_path / "plugin.py"
        path.write_text(source, "utf-8")
        return path

    return write


def refusal(name: str, dimensions: int = 2) -> str:
    with pytest.raises(Refused) as caught:
        load(Model(f"python:{name}", dimensions=dimensions))
    return str(caught.value)


def failure(model: Model, vectors: object) -> str:
    """What is said where a provider gives `vectors` for TEXTS."""
    with pytest.raises(MigratorError) as caught:
        checked(model, TEXTS, vectors)
    return str(caught.value)


def array(*rows: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(rows, dtype=np.float32)


# ---- plug-ins --------------------------------------------------------------------------------------------------


def test_a_plugin_gives_a_vector_a_text_in_order() -> None:
    found = load(TINY).embed_documents(TEXTS)
    assert found.shape == (2, 8)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [vector("one", tiny), vector("three", tiny)], atol=1e-6)


def test_prompts_stand_before_documents_and_queries() -> None:
    model = Model(TINY.name, dimensions=8, prompt="passage: ", query_prompt="query: ")
    embedder = load(model)
    np.testing.assert_array_equal(embedder.embed_documents(["one"])[0], vector("passage: one", tiny))
    np.testing.assert_array_equal(embedder.embed_queries(["one"])[0], vector("query: one", tiny))


def test_what_a_plugin_says_of_itself_is_taken_over() -> None:
    embedder = load(Model("python:tests.models:told", dimensions=8, prompt="two words "))
    assert embedder.max_tokens == 16
    assert embedder.count_tokens(["one", "and more"]) == [3, 4]
    assert embedder.fingerprint == {
        "provider": "python",
        "model": "tests.models:told",
        "model_revision": "7",
        "dimensions": 8,
        "prompt": "two words ",
        "normalize": None,
        "matryoshka": False,
        "padded": False,
        "text_cleaning": None,
        "precision": "float16",
    }


def test_a_plugin_may_say_nothing_of_itself() -> None:
    embedder = load(TINY)
    assert embedder.max_tokens is None
    assert embedder.count_tokens(TEXTS) is None
    assert embedder.fingerprint["model_revision"] is None


def test_no_factory_named() -> None:
    assert refusal("json") == (
        "model python:json cannot be loaded: it is not of the form python:package.module:factory\n" + NOT_LOADED
    )


def test_no_such_module() -> None:
    assert refusal("nowhere.models:factory") == (
        f"model python:nowhere.models:factory cannot be loaded: there is no module 'nowhere'\n{NOT_LOADED}"
    )


def test_no_such_factory(written: Callable[[str], Path]) -> None:
    written(PLUGIN)
    assert refusal("plugin:other") == (
        f"model python:plugin:other cannot be loaded: module plugin has no function 'other'\n{NOT_LOADED}"
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise KeyError('sk-secret')", "importing plugin raised KeyError at {path}:1" + WITHHELD),
        ("x = 1\ndef factory(:\n", "importing plugin raised SyntaxError at {path}:2" + WITHHELD),
        ("def factory():\n    raise KeyError('sk-secret')", "factory() raised KeyError at {path}:2" + WITHHELD),
        ("factory = object", "what factory() returned lacks dimensions, embed_documents, embed_queries"),
    ],
)
def test_a_plugin_that_cannot_be_made(written: Callable[[str], Path], source: str, reason: str) -> None:
    """The type and the line are told; the message may hold a key."""
    path = written(source)
    assert refusal("plugin:factory") == (
        f"model python:plugin:factory cannot be loaded: {reason.format(path=path)}\n{NOT_LOADED}"
    )


def test_a_plugin_of_other_dimensions() -> None:
    assert refusal("tests.models:tiny", 9) == (
        "model python:tests.models:tiny gives 8 dimensions, not 9\n"
        "the column would be made with the wrong length.\n"
        "fix: say so: dimensions=8 in the revision, --dimensions 8 on the command line"
    )


def test_a_plugin_that_fails(written: Callable[[str], Path]) -> None:
    """Neither the message nor what it came from is kept: both may hold a key or a row's text."""
    path = written(PLUGIN.replace("return numpy", "raise ConnectionError(texts)  # "))
    embedder = load(Model("python:plugin:factory", dimensions=2))
    with pytest.raises(MigratorError) as caught:
        embedder.embed_documents(["private"])
    assert str(caught.value) == (
        f"model python:plugin:factory failed: ConnectionError at {path}:8\n"
        "no vector of this batch was stored; the message of that error is withheld, for it may hold a key or a text.\n"
        "fix: call the plug-in by itself to see the message, correct it, and run the same command again"
    )
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# What a plug-in may raise besides Exceptions. Each with a text that nobody is to see.
ENDS = ["SystemExit", "GeneratorExit", "BaseException", "KeyboardInterrupt", "asyncio.CancelledError"]


@pytest.mark.parametrize("raised", ENDS)
def test_whatever_a_plugin_raises_over_texts_is_withheld(written: Callable[[str], Path], raised: str) -> None:
    """Loaded as by a run: each call in a thread of its own, in which no person sends KeyboardInterrupt."""
    written("import asyncio\n" + PLUGIN.replace("return numpy", f"raise {raised}(texts)  # "))
    model = Model("python:plugin:factory", dimensions=2)
    embedder = TimedEmbedder(load(model), model.name, 60.0)
    for embed in (embedder.embed_documents, embedder.embed_queries):
        with pytest.raises(ModelError) as caught:
            embed(["private"])
        assert f"failed: {raised.rpartition('.')[2]} at" in caught.value.problem
        assert "private" not in str(caught.value)


@pytest.mark.parametrize("raised", [each for each in ENDS if each != "KeyboardInterrupt"])
@pytest.mark.parametrize(
    ("changed", "to"),
    [
        ("return Plugin()", "raise {}('sk-secret')"),
        ("import numpy", "import asyncio, numpy\nraise {}('sk-secret')"),
        ("    dimensions = 2", "    @property\n    def dimensions(self): raise {}('sk-secret')"),
        ("    dimensions = 2", "    dimensions = 2\n    @property\n    def fingerprint(self): raise {}('sk-secret')"),
    ],
    ids=["factory", "module", "dimensions", "fingerprint"],
)
def test_whatever_a_plugin_raises_when_it_is_loaded_is_withheld(
    written: Callable[[str], Path], changed: str, to: str, raised: str
) -> None:
    written("import asyncio\n" + PLUGIN.replace(changed, to.format(raised)))
    said = refusal("plugin:factory")
    assert f" raised {raised.rpartition('.')[2]} at" in said
    assert "sk-secret" not in said


def test_a_person_ends_the_loading_of_a_plugin_and_no_text_of_it_goes_along(written: Callable[[str], Path]) -> None:
    written(PLUGIN.replace("return Plugin()", "raise KeyboardInterrupt('sk-secret')"))
    with pytest.raises(KeyboardInterrupt) as caught:
        load(Model("python:plugin:factory", dimensions=2))
    assert caught.value.args == ()


def test_the_vectors_of_a_plugin_are_checked(written: Callable[[str], Path]) -> None:
    written(PLUGIN.replace("numpy.ones((len(texts), 2)", "numpy.ones((len(texts), 3)"))
    embedder = load(Model("python:plugin:factory", dimensions=2))
    for embed in (embedder.embed_documents, embedder.embed_queries):
        with pytest.raises(MigratorError, match="gave an array of shape"):
            embed(TEXTS)


def test_a_plugin_that_changes_the_texts_it_was_given(written: Callable[[str], Path]) -> None:
    """One vector would otherwise be written for both."""
    written(PLUGIN.replace("return numpy", "texts.pop(); return numpy"))
    given = ["one", "two"]
    with pytest.raises(ModelError, match=r"an array of shape \(1, 2\) where \(2, 2\) was expected"):
        load(Model("python:plugin:factory", dimensions=2)).embed_documents(given)
    assert given == ["one", "two"]


def test_a_plugin_that_uses_its_buffer_again(written: Callable[[str], Path]) -> None:
    buffer = "BUFFER = numpy.zeros((1, 2), dtype=numpy.float32)\n\nclass Plugin:"
    filled = "BUFFER[:] = len(texts[0])\n        return BUFFER #"
    written(PLUGIN.replace("class Plugin:", buffer).replace("return numpy.ones", filled))
    embedder = load(Model("python:plugin:factory", dimensions=2))
    first = embedder.embed_documents(["a"])
    embedder.embed_documents(["bcd"])
    assert first.tolist() == [[1, 1]]


def test_the_plugin_of_the_docs_works(written: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a service that gives each text a vector of its length, and another one to a query."""
    page = (DOCS / "how-to" / "models.md").read_text("utf-8")
    (source,) = [block for block in page.split("```") if block.startswith("python\n")]
    written(source.removeprefix("python\n"))
    asked = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.headers["Authorization"], found["kind"]))
            sign = 1 if found["kind"] == "document" else -1
            self.send_response(200)
            self.end_headers()
            vectors = [[sign * len(text)] * 384 for text in found["texts"]]
            self.wfile.write(json.dumps({"vectors": vectors}).encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("EMBEDDING_URL", f"http://127.0.0.1:{server.server_port}/embed")
        monkeypatch.setenv("EMBEDDING_KEY", "sk-secret")
        embedder = load(Model("python:plugin:model", dimensions=384))
        documents, queries = embedder.embed_documents(TEXTS), embedder.embed_queries(TEXTS)
        server.shutdown()
        thread.join()
    assert embedder.paid
    assert (documents[:, 0].tolist(), queries[:, 0].tolist()) == ([3, 5], [-3, -5])
    assert asked == [("Bearer sk-secret", "document"), ("Bearer sk-secret", "query")]


# ---- the checks ------------------------------------------------------------------------------------------------


def test_vectors_stay_as_the_model_gives_them() -> None:
    given = array([3, 4], [0, 0.5])
    np.testing.assert_array_equal(checked(Model(TINY.name, dimensions=2), TEXTS, given), given)


def test_normalized_vectors_have_length_1() -> None:
    """Numbers whose squares float32 cannot hold included."""
    model = Model(TINY.name, dimensions=2, normalize=True)
    found = checked(model, TEXTS, array([3, 4], [3e30, 4e30]))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.6, 0.8]], rtol=1e-6)


def test_matryoshka_keeps_the_first_numbers_at_length_1() -> None:
    model = Model(TINY.name, dimensions=2, matryoshka=True)
    found = checked(model, TEXTS, array([3, 4, 9], [0, 2, 9]))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.0, 1.0]], rtol=1e-6)


def test_matryoshka_takes_a_model_of_more_dimensions_only() -> None:
    found = load(Model(TINY.name, dimensions=4, matryoshka=True)).embed_documents(TEXTS)
    assert found.shape == (2, 4)
    with pytest.raises(Refused, match="gives 8 dimensions, not 9"):
        load(Model(TINY.name, dimensions=9, matryoshka=True))


MASKED = np.ma.MaskedArray(np.ones((2, 8), np.float32), mask=np.eye(2, 8, dtype=bool))


@pytest.mark.parametrize(
    ("vectors", "kind"),
    [([[1.0] * 8] * 2, "list"), (np.ones((2, 8)), "float64"), (None, "NoneType"), (MASKED, "MaskedArray")],
)
def test_no_array_of_float32(vectors: object, kind: str) -> None:
    assert failure(TINY, vectors) == (
        f"model python:tests.models:tiny gave {kind} where a numpy array of float32 was expected\n"
        "no vector of this batch was stored.\n"
        "fix: return numpy.asarray(vectors, dtype=numpy.float32) from the model"
    )


@pytest.mark.parametrize("shape", [(2, 7), (2, 9), (1, 8), (3, 8), (2,), (2, 8, 1)])
def test_another_shape(shape: tuple[int, ...]) -> None:
    assert failure(TINY, np.ones(shape, dtype=np.float32)) == (
        f"model python:tests.models:tiny gave an array of shape {shape} where (2, 8) was expected\n"
        "which vector belongs to which text cannot be told; no vector of this batch was stored.\n"
        "fix: correct the model: it returns one row a text, in the order of the texts"
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite(number: float) -> None:
    assert failure(Model(TINY.name, dimensions=2), array([1, 2], [1, number])) == (
        "model python:tests.models:tiny gave a vector that is not finite for 1 of 2 texts; "
        "the first of them has 5 characters\n"
        "PostgreSQL would refuse it; no vector of this batch was stored.\n"
        "fix: correct the model, or leave such rows out by where= in the revision"
    )


def test_a_zero_vector() -> None:
    assert failure(Model(TINY.name, dimensions=2), array([0, 0], [0, 0])) == (
        "model python:tests.models:tiny gave a vector that is zero for 2 of 2 texts; "
        "the first of them has 3 characters\n"
        "it points nowhere, so no search by cosine distance would find its row; "
        "no vector of this batch was stored.\n"
        "fix: correct the model, or leave such rows out by where= in the revision"
    )


# ---- the probes ------------------------------------------------------------------------------------------------


class LedgerInMemory(Ledger):
    """Remembers models, and nothing else."""

    def __init__(self) -> None:
        self.models: dict[Model, tuple[dict[str, object], list[list[float]]]] = {}

    def probes(self, model: Model) -> list[list[float]] | None:
        return self.models[model][1] if model in self.models else None

    def add_model(self, model: Model, fingerprint: Mapping[str, object], probes: list[list[float]]) -> None:
        self.models[model] = (dict(fingerprint), probes)


def checked_by_probes(ledger: Ledger, model: Model, *, record: bool) -> None:
    embedder = load(model)
    probes.check(ledger, model, embedder, probes.embed(embedder), record=record)


def test_another_model_under_the_same_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = LedgerInMemory()
    model = Model("python:tests.models:drifted", dimensions=96)
    checked_by_probes(ledger, model, record=True)
    checked_by_probes(ledger, model, record=True)

    monkeypatch.setenv("MIGRATOR_TEST_DRIFT", "1")
    assert not np.allclose(vector("one", drifted), load(model).embed_documents(["two"])[0])
    with pytest.raises(Refused) as caught:
        checked_by_probes(ledger, model, record=True)
    assert caught.value.problem.startswith("model python:tests.models:drifted no longer gives the vectors it gave")


def test_probes_are_written_on_request_only() -> None:
    ledger = LedgerInMemory()
    checked_by_probes(ledger, TINY, record=False)
    assert ledger.models == {}
    checked_by_probes(ledger, TINY, record=True)
    assert ledger.models[TINY][0] == load(TINY).fingerprint


def test_a_vector_of_other_length_is_of_another_model() -> None:
    ledger = LedgerInMemory()
    ledger.add_model(TINY, {}, [[1.0, 0.0]] * 4)
    with pytest.raises(Refused, match=r"its probe texts agree to 0\.0000 only"):
        checked_by_probes(ledger, TINY, record=True)


# ---- what a command must not load ----------------------------------------------------------------------------


@pytest.mark.parametrize("use", [load, at_hand])
def test_without_the_extra_a_model_of_this_machine_is_refused(
    use: Callable[[Model], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "find_spec", lambda _: None)
    model = Model("sentence-transformers:sentence-transformers/all-MiniLM-L6-v2", dimensions=384)
    with pytest.raises(Refused) as refused:
        use(model)
    assert str(refused.value) == str(hazards.models.local_models_not_installed(model).refusal())


@pytest.mark.parametrize("location", ["/no/such/directory", "no-such-organisation/no-such-model"])
def test_a_model_that_is_not_there_is_refused_without_torch(location: str) -> None:
    program = (
        "import sys\n"
        "from migrator import Model\n"
        "from migrator.embedding.providers import load\n"
        "from migrator.errors import Refused\n"
        "try:\n"
        f"    load(Model('sentence-transformers:{location}', dimensions=8))\n"
        "except Refused:\n"
        "    print('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
