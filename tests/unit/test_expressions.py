"""Definitions of indexes and triggers as PostgreSQL prints them, taken apart and written over another column."""

from __future__ import annotations

import pytest

from migrator.catalog.deparsed import after_using, cast_type, condition_of, over_placeholder


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
