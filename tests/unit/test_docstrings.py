"""What help() says of everything public, and that its examples are right."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

import alembic.op
import pytest
from alembic.runtime.migration import MigrationContext

import migrator
from migrator import EmbeddingChange, change, env, op
from migrator.operations.collect import read
from migrator.operations.ops import ChangeEmbeddingOp, RestoreEmbeddingOp

PUBLIC = [getattr(module, name) for module in (migrator, op, env) for name in module.__all__]
NAMES = {**{name: getattr(migrator, name) for name in migrator.__all__}, "op": op}


def doc(described: object) -> str:
    return inspect.getdoc(described) or ""


def section(described: object, name: str) -> str:
    found = re.search(rf"^{name}::?\n\n?((?: .*\n|\n)+)", doc(described) + "\n", re.MULTILINE)
    return textwrap.dedent(found[1]).strip() if found else ""


@pytest.mark.parametrize("public", PUBLIC, ids=lambda each: each.__name__)
def test_it_begins_with_a_verb_and_names_arguments_and_errors(public: Any) -> None:
    assert re.match(r"(Describes|Gives|Makes|Names|Returns|Says|Takes) [^\n]+\.\n\n", doc(public))
    parameters = inspect.signature(public).parameters
    assert re.findall(r"^(\w+): ", section(public, "Args"), re.MULTILINE) == list(parameters)
    assert re.match(r"[A-Z]\w+: ", section(public, "Raises"))


@pytest.mark.parametrize("kind", [migrator.Model, migrator.Verify, EmbeddingChange])
def test_the_example_makes_one(kind: type) -> None:
    assert isinstance(eval(section(kind, "Example"), NAMES), kind)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        (op.change_embedding, ChangeEmbeddingOp),
        (op.change_embeddings, ChangeEmbeddingOp),
        (op.restore_embedding, RestoreEmbeddingOp),
    ],
    ids=lambda each: each.__name__,
)
def test_the_example_is_a_revisions_body(operation: Any, asked: type) -> None:
    example = dict(NAMES)
    exec(section(operation, "Example"), example)
    body = example["downgrade" if asked is RestoreEmbeddingOp else "upgrade"]
    (found,) = read("0002", body, MigrationContext.configure(dialect_name="postgresql")).operations
    assert isinstance(found, asked)
    assert doc(operation) == doc(getattr(alembic.op, operation.__name__))


def test_an_operation_says_of_its_arguments_what_a_change_says() -> None:
    assert section(op.change_embedding, "Args") == section(EmbeddingChange, "Args")


@pytest.mark.parametrize(
    ("described", "argument", "bounds"),
    [
        (migrator.Model, "dimensions", change.DIMENSIONS),
        (migrator.Hnsw, "m", change.M),
        (migrator.Hnsw, "ef_construction", change.EF_CONSTRUCTION),
        (migrator.IvfFlat, "lists", change.LISTS),
        (EmbeddingChange, "batch_size", change.BATCH_SIZE),
    ],
)
def test_bounds_are_those_that_are_held(described: Any, argument: str, bounds: tuple[int, int]) -> None:
    low, high = bounds
    assert re.search(rf"^{argument}: [^:]*\b{low:,} to {high:,}\b", section(described, "Args"), re.MULTILINE)
