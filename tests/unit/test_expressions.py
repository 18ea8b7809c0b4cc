"""Definitions of indexes and triggers as PostgreSQL prints them, taken apart and written over another column."""

from __future__ import annotations

import msgspec
import pytest

from migrator.catalog.expressions import after_using, cast_type, condition_of, over_placeholder
from migrator.catalog.indexes import TableIndex, carried_over
from migrator.queries import name


@pytest.mark.parametrize(
    ("column", "printed", "expected"),
    [
        ("embedding", "((embedding)::public.vector(384))", "((migrator_column)::public.vector(384))"),
        ("vector", "((vector)::public.vector(3))", "((migrator_column)::public.vector(3))"),
        ("vector", "public.vector(vector) || 'vector'", "public.vector(migrator_column) || 'vector'"),
        ('Em "b', '("Em ""b" IS NULL)', "(migrator_column IS NULL)"),
        ("text", "((text)::text = 'it''s text'::text)", "((migrator_column)::text = 'it''s text'::text)"),
        ("embedding", r"(note = E'\\\'embedding')", r"(note = E'\\\'embedding')"),
        ("b", "((a).b = other.b)", "((a).b = other.b)"),
    ],
)
def test_only_the_column_itself_is_replaced(column: str, printed: str, expected: str) -> None:
    assert over_placeholder(printed, column) == expected


def test_what_an_expression_is_cast_to_as_a_whole() -> None:
    assert cast_type("((migrator_column)::public.halfvec(3072))") == ("halfvec", 3072)
    assert cast_type("((public.binary_quantize(migrator_column))::bit(64))") == ("bit", 64)
    assert cast_type("public.f((migrator_column)::public.vector(3))") is None
    assert cast_type("migrator_column") is None


def test_using_in_a_name() -> None:
    assert after_using('CREATE INDEX "a USING b" ON public."USING" USING btree (id)') == "USING btree (id)"


def test_a_ledger_of_an_older_migrator_knows_indexes_on_the_column_alone() -> None:
    older = {
        "name": "near",
        "method": "hnsw",
        "definition": "CREATE INDEX near ON public.items USING hnsw (embedding public.vector_cosine_ops)",
        "valid": True,
        "plain": True,
        "opclass": "vector_cosine_ops",
        "options": ["m=8"],
        "predicate": "(id > 3)",
        "predicate_uses_column": False,
        "include": [],
        "tablespace": None,
        "comment": None,
        "clustered": False,
        "replica_identity": False,
        "of_constraint": False,
        "bytes": 8192,
    }
    index = carried_over(msgspec.convert(older, TableIndex), "migrator_index_1_1")
    assert index.create(name("items"), "migrator_retired_1", "public").as_string(None) == (
        'CREATE INDEX CONCURRENTLY "migrator_index_1_1" ON "items" USING "hnsw" '
        '("migrator_retired_1" "public"."vector_cosine_ops") WITH ("m" = 8) WHERE (id > 3);'
    )


@pytest.mark.parametrize(
    ("when", "condition"),
    [
        ("", None),
        ("WHEN ((new.embedding IS NOT NULL)) ", "((new.embedding IS NOT NULL))"),
        (
            "WHEN (CASE WHEN (new.body = ')'::text) THEN true ELSE public.is_long(new.embedding) END) ",
            "(CASE WHEN (new.body = ')'::text) THEN true ELSE public.is_long(new.embedding) END)",
        ),
    ],
)
def test_the_condition_of_a_trigger_is_found_in_its_definition(when: str, condition: str | None) -> None:
    head = 'CREATE TRIGGER "a WHEN (" AFTER UPDATE OF embedding ON public."(items" FOR EACH ROW '
    assert condition_of(f"{head}{when}EXECUTE FUNCTION public.touch('WHEN (')") == condition
