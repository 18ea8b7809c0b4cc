"""What speaks of the old dimensions, as it is made again for the new ones."""

from __future__ import annotations

import dataclasses

import pytest

from docs.generate.example import plan
from migrator.catalog.deparsed import Reading, says_dimensions, with_length
from migrator.catalog.dependents import Carried, Check
from migrator.dependents import conditions


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("(public.vector_dims(embedding) = 384)", "(public.vector_dims(embedding) = 768)"),
        ("(384 = extensions.vector_dims(embedding))", "(768 = extensions.vector_dims(embedding))"),
        ("(384 <> vector_dims(embedding))", "(768 <> vector_dims(embedding))"),
        ("((vector_dims(embedding) <> 384) OR true)", "((vector_dims(embedding) <> 768) OR true)"),
        (
            '("Odd schema".vector_dims((embedding)::"Odd schema".vector) = 384)',
            '("Odd schema".vector_dims((embedding)::"Odd schema".vector) = 768)',
        ),
        ("((embedding)::vector(384) IS NOT NULL)", "((embedding)::vector(768) IS NOT NULL)"),
        ("((embedding)::public.halfvec(384) IS NOT NULL)", "((embedding)::public.halfvec(768) IS NOT NULL)"),
        (
            "(public.vector_dims((embedding)::public.vector(384)) = 384)",
            "(public.vector_dims((embedding)::public.vector(768)) = 768)",
        ),
        (
            "((public.subvector(embedding, 1, 9))::public.vector(384) IS NOT NULL)",
            "((public.subvector(embedding, 1, 9))::public.vector(768) IS NOT NULL)",
        ),
        (
            "((public.subvector(embedding, 1, 384))::public.vector(384) IS NOT NULL)",
            "((public.subvector(embedding, 1, 768))::public.vector(768) IS NOT NULL)",
        ),
        ("(vector_dims(subvector(embedding, 1, 384)) = 384)", "(vector_dims(subvector(embedding, 1, 768)) = 768)"),
        (
            "((public.binary_quantize(embedding))::bit(384) IS NOT NULL)",
            "((public.binary_quantize(embedding))::bit(768) IS NOT NULL)",
        ),
        ("WHEN ((public.vector_dims(new.embedding) = 384))", "WHEN ((public.vector_dims(new.embedding) = 768))"),
        (
            "(EXISTS ( SELECT FROM public.knowledge_base k WHERE (vector_dims(k.embedding) = 384)))",
            "(EXISTS ( SELECT FROM public.knowledge_base k WHERE (vector_dims(k.embedding) = 768)))",
        ),
    ],
)
def test_old_dimensions_become_the_new_ones(condition: str, wanted: str) -> None:
    assert made_again(condition) == wanted


@pytest.mark.parametrize(
    "condition",
    [
        "(public.vector_dims(other_embedding) = 384)",
        "(public.vector_dims(embedding) = 3840)",
        "(public.vector_dims(embedding) >= 384)",
        "(384 >= public.vector_dims(embedding))",
        "(public.vector_dims(embedding) = ANY (ARRAY[384, 768]))",
        "(vector_dims(subvector(embedding, 1, 100)) = 384)",
        "(embedding <> '[1,2]'::public.vector(384))",
        "(note <> 'says (embedding)::vector(384) and vector_dims(embedding) = 384'::text)",
        "EXECUTE FUNCTION touch('vector_dims(embedding) = 384')",
        "((id = 384) AND (embedding IS NOT NULL))",
        "((price)::numeric(384) > (0)::numeric)",
        "((embedding IS NOT NULL) AND (subvector(other_embedding, 1, 384) IS NOT NULL))",
        "(public.subvector(embedding, 384, 10) IS NOT NULL)",
        "((public.subvector(embedding, 1, 256))::public.vector(256) IS NOT NULL)",
        "(EXISTS ( SELECT FROM public.topics t WHERE (public.vector_dims(t.embedding) = 384)))",
        "(EXISTS ( SELECT FROM public.topics t WHERE ((t.embedding)::public.vector(384) IS NOT NULL)))",
        "((other_embedding)::public.vector(384) IS NOT NULL)",
        "(vector_dims((note).embedding) = 384)",
    ],
)
def test_other_numbers_stay(condition: str) -> None:
    assert made_again(condition) == condition


def made_again(condition: str) -> str:
    """The check as an upgrade from 384 to 768 dimensions makes it."""
    (column,) = plan("upgrade", online=False).columns
    check = Check("constraint long on table items", "long", None, [condition], False, True, True)
    catalog = dataclasses.replace(column.catalog, carried=Carried(checks=[check]))
    ((_, made),) = conditions.checks([dataclasses.replace(column, catalog=catalog)])
    return made.expression


def test_the_length_is_put_in_where_a_condition_asks_for_that_of_the_column() -> None:
    asked = "((vector_dims((embedding)::vector(384)) > 3) AND (note <> 'vector_dims(embedding)') AND "
    kept = "(public.vector_dims(other) = 384) AND (vector_dims(subvector(embedding, 1, 9)) = 9))"
    put_in = "((384 > 3) AND (note <> 'vector_dims(embedding)') AND "
    assert with_length(asked + kept, 384, Reading("embedding")) == put_in + kept
    assert with_length("(1 < public.vector_dims(embedding))", 768, Reading("embedding")) == "(1 < 768)"


def test_of_whatever_dimensions_are_said() -> None:
    assert says_dimensions("SELECT (embedding <=> '[1]'::public.vector(384)) FROM items", 384)
    assert says_dimensions("SELECT (other)::public.halfvec(384) FROM items", 384)
    assert not says_dimensions("SELECT '(embedding)::vector(384)', 384 FROM items", 384)
    assert not says_dimensions("SELECT (other)::public.halfvec(768) FROM items", 384)
