"""What a revision may not say about a change: the whole message of each refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from alembic.util import CommandError

from migrator import EmbeddingChange, Hnsw, IvfFlat, Model, Verify
from migrator.errors import Refused
from migrator.names import store_name

NAME = "python:app.models:new"
MODEL = Model(NAME, dimensions=768)


def change(**arguments: Any) -> EmbeddingChange:
    given = {"text": "body", "from_": MODEL, "to": MODEL, **arguments}
    return EmbeddingChange("items", "embedding", **given)


def out_of_range(name: str, value: int, low: int, high: int) -> str:
    return f"{name}={value} is outside {low}..{high}\nfix: give {name} a value in that range in the revision"


def no_provider(name: str) -> str:
    return (
        f"model {name!r} does not name a provider\n"
        "fix: write it as sentence-transformers:NAME or python:PACKAGE.MODULE:FACTORY"
    )


def settings_refused(setting: str) -> str:
    return (
        f"settings={{{setting!r}: ...}} does not say a setting and the variable that holds its value\n"
        "a value in a revision would stand in its history for good.\n"
        'fix: write settings={"app.key": "env:APP_KEY"}, with a dot in the name'
    )


REFUSED: list[tuple[Callable[[], object], str]] = [
    # ---- Model ---------------------------------------------------------------------------------------------------
    (lambda: Model("all-MiniLM-L6-v2", dimensions=384), no_provider("all-MiniLM-L6-v2")),
    (lambda: Model("huggingface:all-MiniLM-L6-v2", dimensions=384), no_provider("huggingface:all-MiniLM-L6-v2")),
    (lambda: Model("python:", dimensions=384), no_provider("python:")),
    (lambda: Model("", dimensions=384), no_provider("")),
    (
        lambda: Model(NAME),
        f"model {NAME} is given without dimensions\n"
        "the type of the new column follows from them.\n"
        "fix: write dimensions=N in the revision; `migrator revision` asks the model for it",
    ),
    (lambda: Model(NAME, dimensions=-1), out_of_range("dimensions", -1, 1, 16_000)),
    (lambda: Model(NAME, dimensions=16_001), out_of_range("dimensions", 16_001, 1, 16_000)),
    # ---- Hnsw ----------------------------------------------------------------------------------------------------
    (lambda: Hnsw(m=1), out_of_range("m", 1, 2, 100)),
    (lambda: Hnsw(m=101), out_of_range("m", 101, 2, 100)),
    (lambda: Hnsw(m=2, ef_construction=3), out_of_range("ef_construction", 3, 4, 1_000)),
    (lambda: Hnsw(ef_construction=1_001), out_of_range("ef_construction", 1_001, 4, 1_000)),
    (
        lambda: Hnsw(m=16, ef_construction=31),
        "ef_construction=31 is less than twice m=16, which pgvector refuses\n"
        "fix: give ef_construction=32 or more in the revision",
    ),
    (
        lambda: Hnsw(distance=cast(Any, "euclidean")),
        "there is no distance='euclidean'\nfix: write one of cosine, l2, ip, l1 in the revision",
    ),
    # ---- IvfFlat -------------------------------------------------------------------------------------------------
    (lambda: IvfFlat(lists=0), out_of_range("lists", 0, 1, 32_768)),
    (lambda: IvfFlat(lists=32_769), out_of_range("lists", 32_769, 1, 32_768)),
    (
        lambda: IvfFlat(distance="l1"),
        'IVFFlat has no distance "l1"\nfix: write Hnsw(distance="l1") in the revision',
    ),
    (
        lambda: IvfFlat(distance=cast(Any, "cos")),
        "there is no distance='cos'\nfix: write one of cosine, l2, ip, l1 in the revision",
    ),
    # ---- Verify --------------------------------------------------------------------------------------------------
    (lambda: Verify(sample=0), out_of_range("sample", 0, 1, 10_000)),
    (lambda: Verify(sample=10_001), out_of_range("sample", 10_001, 1, 10_000)),
    (lambda: Verify(ef_search=0), out_of_range("ef_search", 0, 1, 1_000)),
    (lambda: Verify(ef_search=1_001), out_of_range("ef_search", 1_001, 1, 1_000)),
    (lambda: Verify(k=0), out_of_range("k", 0, 1, 1_000)),
    (lambda: Verify(k=1_001), out_of_range("k", 1_001, 1, 1_000)),
    (
        lambda: Verify(min_index_recall=95),
        "min_index_recall=95 is not a share\nfix: give min_index_recall a value in 0..1",
    ),
    (
        lambda: Verify(max_regression=-0.1),
        "max_regression=-0.1 is not a share\nfix: give max_regression a value in 0..1",
    ),
    # ---- EmbeddingChange -----------------------------------------------------------------------------------------
    (lambda: change(text=""), "text= is empty\nfix: give an SQL expression over the row, or leave it out"),
    (lambda: change(where=" "), "where= is empty\nfix: give an SQL expression over the row, or leave it out"),
    (lambda: change(priority="\n"), "priority= is empty\nfix: give an SQL expression over the row, or leave it out"),
    (lambda: change(batch_size=0), out_of_range("batch_size", 0, 1, 100_000)),
    (lambda: change(batch_size=100_001), out_of_range("batch_size", 100_001, 1, 100_000)),
    (lambda: change(type="float"), "there is no type='float'\nfix: write one of vector, halfvec in the revision"),
    (
        lambda: Hnsw(on=cast(Any, "bits")),
        "there is no on='bits'\nfix: write one of column, halfvec, bit in the revision",
    ),
    (lambda: change(empty="none"), "there is no empty='none'\nfix: write one of null, skip, refuse in the revision"),
    (lambda: change(outside="skip"), "there is no outside='skip'\nfix: write one of keep, null in the revision"),
    # The value, which may be the secret, is not repeated.
    (lambda: change(settings={"app.key": "hunter2"}), settings_refused("app.key")),
    (lambda: change(settings={"TimeZone": "env:ZONE"}), settings_refused("TimeZone")),
    (lambda: change(settings={"app.key -c x": "env:KEY"}), settings_refused("app.key -c x")),
    (
        lambda: change(settings={"app.key": "env:KEY"}, empty="skip"),
        'empty="skip" beside settings=\na session without the settings sees no text in any row.\n'
        'fix: write empty="null" or empty="refuse" in the revision',
    ),
    (
        lambda: change(index="hnsw"),
        "index='hnsw' does not say an index\n"
        'fix: write Hnsw(...), IvfFlat(...), None, or "same" to keep the present ones',
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message.splitlines()[0] for _, message in REFUSED])
def test_it_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(Refused) as refused:
        make()
    assert str(refused.value) == message
    assert refused.value.exit_code == 3
    # Plain `alembic` shows that in one line.
    assert isinstance(refused.value, CommandError)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Model(NAME, dimensions=1),
        lambda: Model(NAME, dimensions=16_000),
        lambda: Model("ollama:nomic-embed-text:v1.5", dimensions=768),
        lambda: Hnsw(m=2, ef_construction=4),
        lambda: Hnsw("l1", m=100, ef_construction=1_000),
        lambda: IvfFlat("ip", lists=32_768),
        lambda: Verify(sample=1, ef_search=1, k=1, min_index_recall=0, max_regression=1),
        lambda: change(text=None, index=None, type="halfvec", batch_size=1, where="true", priority="true"),
    ],
)
def test_the_bounds_themselves_are_allowed(make: Callable[[], object]) -> None:
    assert make() is not None


def test_a_models_name_is_its_provider_and_the_rest() -> None:
    model = Model("ollama:nomic-embed-text:v1.5", dimensions=768)
    assert (model.provider, model.location) == ("ollama", "nomic-embed-text:v1.5")


def test_a_change_cannot_be_altered_once_it_is_made() -> None:
    for made, name in ((MODEL, "name"), (Hnsw(), "m"), (IvfFlat(), "lists"), (Verify(), "k"), (change(), "table")):
        with pytest.raises(AttributeError):
            setattr(made, name, "another")


def test_promise_2_the_store_of_a_model_is_the_same_in_every_version() -> None:
    """Another name would leave every vector that was paid for behind."""
    assert store_name(MODEL) == "store_9a244fa6e78be65b"
    full = Model(NAME, dimensions=768, prompt="passage: ", normalize=True, matryoshka=True, revision="abc")
    assert store_name(full) == "store_0f5606c19fbaaed0"


@pytest.mark.parametrize(("argument", "value"), [("query_prompt", "query: "), ("trust_remote_code", True)])
def test_promise_2_what_is_no_matter_of_documents_has_no_store_of_its_own(argument: str, value: Any) -> None:
    assert store_name(replace(MODEL, **{argument: value})) == store_name(MODEL)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("name", "python:app.models:other"),
        ("dimensions", 384),
        ("prompt", ""),
        ("normalize", True),
        ("matryoshka", True),
        ("padded", True),
        ("revision", "abc"),
    ],
)
def test_promise_7_what_decides_a_vector_has_a_store_of_its_own(argument: str, value: Any) -> None:
    assert store_name(replace(MODEL, **{argument: value})) != store_name(MODEL)
