"""Index definitions as PostgreSQL prints them, written again over another column and for other dimensions."""

from __future__ import annotations

import msgspec
import pytest

from migrator.catalog.expressions import after_using, cast_type, of_dimensions, over_placeholder
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


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("((c)::public.vector(384))", "((c)::public.vector(768))"),
        ("((c)::halfvec(384))", "((c)::halfvec(768))"),
        ('((c)::"My ext".halfvec(384))', '((c)::"My ext".halfvec(768))'),
        ("((public.binary_quantize(c))::bit(384))", "((public.binary_quantize(c))::bit(768))"),
        ("(public.subvector(c, 1, 384))::public.vector(384)", "(public.subvector(c, 1, 768))::public.vector(768)"),
        ("(public.subvector(c, 1, 256))::public.vector(256)", "(public.subvector(c, 1, 256))::public.vector(256)"),
        ("(public.subvector(c, 384, 10))::public.vector(10)", "(public.subvector(c, 384, 10))::public.vector(10)"),
        ("(public.vector_dims(c) = 384)", "(public.vector_dims(c) = 768)"),
        ("((id = 384) AND (note <> '::vector(384)'))", "((id = 384) AND (note <> '::vector(384)'))"),
        ("((price)::numeric(384))", "((price)::numeric(384))"),
    ],
)
def test_dimensions_change_where_they_are_dimensions(printed: str, expected: str) -> None:
    assert of_dimensions(printed, 384, 768) == expected


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
