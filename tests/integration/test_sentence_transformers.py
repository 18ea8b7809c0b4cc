"""The sentence-transformers provider on real weights: all-MiniLM-L6-v2 as pip brings it, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demo.models import assemble_lossy, packaged_model
from migrator.change import Model
from migrator.embedding.providers import Embedder, load
from migrator.embedding.providers.sentence_transformers import library
from migrator.errors import Refused

NAME = f"sentence-transformers:{packaged_model()}"
TEXTS = [
    "A with statement closes the file, whatever happens inside.",
    "break ends the loop.",
    "A cat sat on the mat and looked at the garden, where birds were singing, until it grew dark.",
    "continue goes on with the next round of the loop.",
]


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    return load(Model(NAME, dimensions=384))


def refusal(location: str) -> str:
    with pytest.raises(Refused) as caught:
        load(Model(f"sentence-transformers:{location}", dimensions=384))
    return caught.value.problem


def test_the_libraries_keep_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    """First, so that their import is heard too."""
    model = load(Model(NAME, dimensions=384))
    model.embed_documents(["loop " * 600])
    model.count_tokens(["loop " * 600])
    assert capfd.readouterr() == ("", "")


def test_vectors_come_in_the_order_of_the_texts(minilm: Embedder) -> None:
    found = minilm.embed_documents(TEXTS * 4)
    assert found.shape == (16, 384)
    assert found.dtype == np.float32
    alone = [minilm.embed_documents([text])[0] for text in TEXTS]
    np.testing.assert_allclose(found, alone * 4, atol=1e-5)


def test_vectors_mean_something(minilm: Embedder) -> None:
    (query,) = minilm.embed_queries(["how do I make sure that a file is not left open?"])
    assert int((minilm.embed_documents(TEXTS) @ query).argmax()) == 0


def test_tokens_are_counted_before_truncation(minilm: Embedder) -> None:
    """[CLS] and [SEP] count as the model reads them."""
    assert minilm.max_tokens == 256
    assert minilm.count_tokens(["break ends the loop.", "loop " * 400]) == [7, 402]


def test_prompts_of_the_revision_stand_before_texts(minilm: Embedder) -> None:
    prompted = load(Model(NAME, dimensions=384, prompt="passage: ", query_prompt="query: "))
    expected = minilm.embed_documents(["passage: loop", "query: loop"])
    np.testing.assert_allclose(prompted.embed_documents(["loop"])[0], expected[0], atol=1e-5)
    np.testing.assert_allclose(prompted.embed_queries(["loop"])[0], expected[1], atol=1e-5)
    assert prompted.count_tokens(["loop"]) == [5]


def test_prompts_of_the_model_are_its_own(minilm: Embedder, tmp_path: Path) -> None:
    """A model that calls its documents passages included; the revision may still say that there is no prompt."""
    saved = library()(str(packaged_model()), device="cpu", prompts={"passage": "passage: ", "query": "query: "})
    saved.save(str(tmp_path / "model"), create_model_card=False)
    own = load(Model(f"sentence-transformers:{tmp_path}/model", dimensions=384))
    without = load(Model(f"sentence-transformers:{tmp_path}/model", dimensions=384, prompt="", query_prompt=""))
    expected = minilm.embed_documents(["passage: loop", "query: loop", "loop"])
    np.testing.assert_allclose(own.embed_documents(["loop"])[0], expected[0], atol=1e-5)
    np.testing.assert_allclose(own.embed_queries(["loop"])[0], expected[1], atol=1e-5)
    np.testing.assert_allclose(without.embed_documents(["loop"])[0], expected[2], atol=1e-5)
    np.testing.assert_allclose(without.embed_queries(["loop"])[0], expected[2], atol=1e-5)
    assert own.fingerprint["prompt"] == "passage: "


def test_matryoshka_keeps_the_first_numbers_at_length_1(minilm: Embedder) -> None:
    found = load(Model(NAME, dimensions=64, matryoshka=True)).embed_documents(TEXTS)
    first = minilm.embed_documents(TEXTS)[:, :64]
    np.testing.assert_allclose(found, first / np.linalg.norm(first, axis=1, keepdims=True), atol=1e-5)


def test_other_dimensions_are_refused() -> None:
    with pytest.raises(Refused, match="gives 384 dimensions, not 768"):
        load(Model(NAME, dimensions=768))


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/no/such/model", "there is no such directory"),
        ("./model", "there is no such directory"),
        ("not a name", "there is no such directory, and it cannot be the name of a model on the hub"),
    ],
)
def test_a_name_that_is_no_model_is_refused(location: str, reason: str) -> None:
    assert refusal(location) == f"model sentence-transformers:{location} cannot be loaded: {reason}"


def test_a_hub_out_of_reach_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("no route to host\nand more")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    assert refusal("organisation/model") == (
        "model sentence-transformers:organisation/model cannot be loaded: no directory has that name, "
        "the hub's local cache does not hold it, and the hub cannot be asked: no route to host"
    )


def test_a_directory_without_a_model_is_refused(tmp_path: Path) -> None:
    assert refusal(str(tmp_path)) == (
        f"model sentence-transformers:{tmp_path} cannot be loaded: "
        "the directory holds no saved model, having neither modules.json nor config.json"
    )


def test_a_damaged_model_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', "utf-8")
    told = refusal(str(tmp_path))
    assert told.startswith(f"model sentence-transformers:{tmp_path} cannot be loaded: ")
    assert "\n" not in told


def test_the_lossy_model_loses(minilm: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twelve texts that all differ in a way of their own, four ways to differ are left."""
    texts = [f"{text} {word}" for text in TEXTS for word in ("one", "two", "three")]
    made = assemble_lossy(tmp_path / "models" / "lossy")
    found = load(Model(f"sentence-transformers:{made}", dimensions=768)).embed_documents(texts)
    assert np.linalg.matrix_rank(found, tol=1e-4) == 4
    assert np.linalg.matrix_rank(minilm.embed_documents(texts), tol=1e-4) == 12
    # It is made once.
    monkeypatch.setattr("demo.models.library", None)
    assert assemble_lossy(made) == made
    assert [path.name for path in made.parent.iterdir()] == ["lossy"]
