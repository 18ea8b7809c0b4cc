"""Rendered changes: the Python of a revision, exact and complete."""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import migrator
from migrator import EmbeddingChange, Hnsw, IvfFlat, Model, Verify
from migrator.change import Index
from migrator.operations.ops import ChangeEmbeddingOp
from migrator.operations.render import (
    import_line,
    names_used,
    render_change,
    render_changes,
    render_restore,
)

OLD = Model("sentence-transformers:sentence-transformers/all-MiniLM-L6-v2", dimensions=384)
NEW = Model("sentence-transformers:sentence-transformers/all-mpnet-base-v2", dimensions=768)
PLAIN = EmbeddingChange("knowledge_base", "embedding", text="content", from_=OLD, to=NEW)
FULL = EmbeddingChange(
    "Docs",
    "embedding",
    text="concat_ws(E'\\n', title, \"Body\")",
    from_=Model("python:models:old", dimensions=384),
    to=Model("python:models:new", dimensions=768, prompt="passage: ", query_prompt="query: ", normalize=True),
    index=IvfFlat(distance="ip", lists=200),
    schema="app",
    where="deleted_at IS NULL",
    type="halfvec",
    priority="tenant = 'first'",
    batch_size=64,
    max_failed_rows=5,
    settings={"app.key": "env:APP_KEY"},
    functions=(
        "CREATE FUNCTION f()\nRETURNS int RETURN 1",
        "CREATE OR REPLACE FUNCTION nearest(asked vector)\nRETURNS SETOF items LANGUAGE sql AS 'SELECT \"a\"'\n",
        "CREATE FUNCTION g() RETURN 1",
    ),
    verify=Verify(sample=100, queries="questions.jsonl", relevant="topic"),
)


def test_a_change_is_written_with_what_differs_from_the_defaults() -> None:
    assert render_change(PLAIN) == textwrap.dedent(
        """\
        op.change_embedding(
            "knowledge_base",
            "embedding",
            text="content",
            from_=Model(
                "sentence-transformers:sentence-transformers/all-MiniLM-L6-v2",
                dimensions=384,
            ),
            to=Model(
                "sentence-transformers:sentence-transformers/all-mpnet-base-v2",
                dimensions=768,
            ),
        )"""
    )


def test_everything_that_can_be_said_is_written_in_the_order_of_reading() -> None:
    assert render_change(FULL) == textwrap.dedent(
        """\
        op.change_embedding(
            "Docs",
            "embedding",
            schema="app",
            text="concat_ws(E'\\\\n', title, \\"Body\\")",
            settings={"app.key": "env:APP_KEY"},
            where="deleted_at IS NULL",
            from_=Model("python:models:old", dimensions=384),
            to=Model(
                "python:models:new",
                dimensions=768,
                prompt="passage: ",
                query_prompt="query: ",
                normalize=True,
            ),
            type="halfvec",
            index=IvfFlat(distance="ip", lists=200),
            priority="tenant = 'first'",
            batch_size=64,
            max_failed_rows=5,
            verify=Verify(sample=100, queries="questions.jsonl", relevant="topic"),
            functions=[
                "CREATE FUNCTION f()\\nRETURNS int RETURN 1",
                "CREATE OR REPLACE FUNCTION nearest(asked vector)\\n"
                "RETURNS SETOF items LANGUAGE sql AS 'SELECT \\"a\\"'\\n",
                "CREATE FUNCTION g() RETURN 1",
            ],
        )"""
    )


def test_an_index_is_written_in_full_and_none_is_written_too() -> None:
    def index(wanted: Index | None) -> str:
        change = EmbeddingChange("docs", "embedding", text="content", from_=OLD, to=NEW, index=wanted)
        return render_change(change).splitlines()[-2].strip()

    assert index(Hnsw()) == 'index=Hnsw(distance="cosine", m=16, ef_construction=64),'
    assert index(None) == "index=None,"


def test_several_changes_are_one_operation() -> None:
    small = EmbeddingChange("a", "b", text="c", from_=FULL.from_, to=Model("python:models:new", dimensions=8))
    assert render_changes([small, small]) == textwrap.dedent(
        """\
        op.change_embeddings(
            [
                EmbeddingChange(
                    "a",
                    "b",
                    text="c",
                    from_=Model("python:models:old", dimensions=384),
                    to=Model("python:models:new", dimensions=8),
                ),
                EmbeddingChange(
                    "a",
                    "b",
                    text="c",
                    from_=Model("python:models:old", dimensions=384),
                    to=Model("python:models:new", dimensions=8),
                ),
            ]
        )"""
    )


def test_a_restore_names_the_schema_where_there_is_one() -> None:
    assert render_restore("docs", "embedding", None) == 'op.restore_embedding("docs", "embedding")'
    assert render_restore("docs", 'em"b', "app") == 'op.restore_embedding("docs", \'em"b\', schema="app")'


def test_only_names_that_are_used_are_imported() -> None:
    assert import_line(render_change(PLAIN)) == "from migrator import Model"
    assert import_line(render_changes([FULL])) == "from migrator import EmbeddingChange, IvfFlat, Model, Verify"
    assert import_line(render_restore("Hnsw", "Model", None)) == ""
    assert names_used(render_change(PLAIN)) == {"Model"}


def test_a_formatter_changes_nothing(tmp_path: Path) -> None:
    """Black's layout, which Ruff shares, at its usual width."""
    file = tmp_path / "revision.py"
    body = "\n".join(
        [
            render_change(PLAIN),
            render_change(FULL),
            render_changes([PLAIN, FULL]),
            render_restore("t" * 60, "c" * 60, None),
        ]
    )
    file.write_text(f"def upgrade() -> None:\n{textwrap.indent(body, '    ')}\n", "utf-8")
    ruff = Path(sys.executable).with_name("ruff")
    formatted = subprocess.run([ruff, "format", "--isolated", "--diff", file], capture_output=True, text=True)
    assert formatted.stdout == ""
    assert formatted.returncode == 0


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
maybe = st.none() | texts
models = st.builds(
    Model,
    texts.map(lambda rest: f"python:{rest}"),
    dimensions=st.integers(1, 2000),
    prompt=maybe,
    query_prompt=maybe,
    normalize=st.none() | st.booleans(),
    matryoshka=st.booleans(),
    revision=maybe,
    trust_remote_code=st.booleans(),
)
indexes = st.one_of(
    st.none(),
    st.just("same"),
    st.builds(Hnsw, distance=st.sampled_from(["cosine", "l1"]), m=st.integers(2, 30), ef_construction=st.just(99)),
    st.builds(IvfFlat, distance=st.sampled_from(["l2", "ip"]), lists=st.integers(1, 999)),
)
verifies = st.builds(Verify, sample=st.integers(1, 99), min_index_recall=st.floats(0, 1), queries=maybe)
changes = st.builds(
    EmbeddingChange,
    texts,
    texts,
    text=maybe,
    from_=models,
    to=models,
    index=indexes,
    schema=maybe,
    where=maybe,
    type=st.sampled_from([None, "vector", "halfvec"]),
    priority=maybe,
    batch_size=st.none() | st.integers(1, 999),
    functions=st.lists(texts.map(lambda text: f"CREATE FUNCTION {text}"), max_size=2).map(tuple),
    verify=verifies,
)


class Recorder:
    """Stands for Alembic's op and keeps the changes it is given."""

    def __init__(self) -> None:
        self.changes: list[EmbeddingChange] = []

    def change_embedding(self, *positional: object, **named: object) -> None:
        make: type = EmbeddingChange
        self.changes.append(make(*positional, **named))

    def change_embeddings(self, changes: list[EmbeddingChange]) -> None:
        self.changes += changes


@given(changes)
def test_what_is_written_means_the_same_change(change: EmbeddingChange) -> None:
    op = Recorder()
    names = {name: getattr(migrator, name) for name in migrator.__all__}
    exec(render_change(change), {"op": op, **names})
    exec(render_changes([change, change]), {"op": op, **names})
    assert op.changes == [change, change, change]


def test_what_is_rendered_can_be_called() -> None:
    """op.change_embedding takes whatever EmbeddingChange has, with the same defaults but for what is made anew."""
    taken = inspect.signature(ChangeEmbeddingOp.change_embedding).parameters
    described = inspect.signature(EmbeddingChange).parameters
    same = set(described) - {"text", "settings", "verify"}
    assert {name: taken[name].default for name in same} == {name: described[name].default for name in same}
    assert set(taken) - {"cls", "operations"} == set(described)
