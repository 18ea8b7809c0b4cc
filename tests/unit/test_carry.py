"""Conditions that speak of the old dimensions, as they are made again."""

from __future__ import annotations

import dataclasses

import pytest

from migrator import carry
from migrator.catalog.carried import Carried, Check
from migrator.catalog.expressions import condition_of
from tests.example import plan


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("(public.vector_dims(embedding) = 384)", "(public.vector_dims(embedding) = 768)"),
        ("(384 = extensions.vector_dims(embedding))", "(768 = extensions.vector_dims(embedding))"),
        ("((vector_dims(embedding) <> 384) OR true)", "((vector_dims(embedding) <> 768) OR true)"),
        (
            '("Odd schema".vector_dims((embedding)::"Odd schema".vector) = 384)',
            '("Odd schema".vector_dims((embedding)::"Odd schema".vector) = 768)',
        ),
        ("((embedding)::public.halfvec(384) IS NOT NULL)", "((embedding)::public.halfvec(768) IS NOT NULL)"),
        (
            "(public.vector_dims((embedding)::public.vector(384)) = 384)",
            "(public.vector_dims((embedding)::public.vector(768)) = 768)",
        ),
        (
            "((public.subvector(embedding, 1, 9))::public.vector(384) IS NOT NULL)",
            "((public.subvector(embedding, 1, 9))::public.vector(768) IS NOT NULL)",
        ),
        ("WHEN ((public.vector_dims(new.embedding) = 384))", "WHEN ((public.vector_dims(new.embedding) = 768))"),
    ],
)
def test_old_dimensions_become_the_new_ones(condition: str, wanted: str) -> None:
    assert made_again(condition) == wanted


@pytest.mark.parametrize(
    "condition",
    [
        "(public.vector_dims(other_embedding) = 384)",
        "(public.vector_dims(embedding) = 3840)",
        "(public.vector_dims(embedding) = ANY (ARRAY[384, 768]))",
        "(embedding <> '[1,2]'::public.vector(384))",
        "((id = 384) AND (embedding IS NOT NULL))",
        "(EXISTS ( SELECT FROM public.topics t WHERE (public.vector_dims(t.embedding) = 384)))",
        "(EXISTS ( SELECT FROM public.topics t WHERE ((t.embedding)::public.vector(384) IS NOT NULL)))",
        "((other_embedding)::public.vector(384) IS NOT NULL)",
    ],
)
def test_other_numbers_stay(condition: str) -> None:
    assert made_again(condition) == condition


def made_again(condition: str) -> str:
    """The check as an upgrade from 384 to 768 dimensions makes it."""
    (column,) = plan("upgrade", online=False).columns
    check = Check("constraint long on table items", "long", None, [condition], False, True, True)
    catalog = dataclasses.replace(column.catalog, carried=Carried(checks=[check]))
    ((_, made),) = carry.checks([dataclasses.replace(column, catalog=catalog)])
    return made.expression


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
