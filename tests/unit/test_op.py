"""`from migrator import op`: Alembic's operations, with types."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module, reload

import alembic.op
import pytest
import sqlalchemy
from alembic.runtime.migration import MigrationContext

from migrator import EmbeddingChange, Model, env, op
from migrator.change import VectorColumn
from migrator.operations.collect import read
from migrator.operations.ops import ChangeEmbeddingOp, RestoreEmbeddingOp

OLD, NEW = Model("python:app.models:old", dimensions=48), Model("python:app.models:new", dimensions=96)
BODY = EmbeddingChange("items", "embedding", text="body", from_=OLD, to=NEW)
TITLE = EmbeddingChange("items", "title_embedding", text="title", from_=OLD, to=NEW)


def one() -> None:
    op.change_embedding("items", "embedding", text="body", from_=OLD, to=NEW)


def several() -> None:
    op.change_embeddings([BODY, TITLE])


def back() -> None:
    op.restore_embedding("items", "embedding", schema="app")


@pytest.mark.parametrize(("body", "changes"), [(one, (BODY,)), (several, (BODY, TITLE))])
def test_it_is_what_alembic_carries_out(body: Callable[[], None], changes: tuple[EmbeddingChange, ...]) -> None:
    (found,) = read("0002", body, MigrationContext.configure(dialect_name="postgresql")).operations
    assert isinstance(found, ChangeEmbeddingOp)
    assert found.changes == changes


def test_and_the_way_back() -> None:
    (found,) = read("0002", back, MigrationContext.configure(dialect_name="postgresql")).operations
    assert isinstance(found, RestoreEmbeddingOp)
    assert found.columns == (VectorColumn("items", "embedding", "app"),)


def test_a_body_is_read_the_way_it_goes_with_a_database() -> None:
    """So a revision may leave its change out of a script of `alembic upgrade --sql`, which has no way to make it."""

    def guarded() -> None:
        if not alembic.op.get_context().as_sql:
            one()

    found = read("0002", guarded, MigrationContext.configure(dialect_name="postgresql"))
    assert (len(found.operations), found.does_more) == (1, False)


def test_a_body_that_inspects_the_database_does_more() -> None:
    def inspecting() -> None:
        if sqlalchemy.inspect(alembic.op.get_bind()).has_table("items"):
            one()

    found = read("0002", inspecting, MigrationContext.configure(dialect_name="postgresql"))
    assert (found.operations, found.does_more) == ((), True)


def test_the_former_place_of_what_env_py_imports_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        former = import_module("migrator.address")
    with pytest.warns(FutureWarning, match="migrator.address is now migrator.env; in env.py, write: from migrator.env"):
        reload(former)
    assert former.engine is env.engine
