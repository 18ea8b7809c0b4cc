"""docs/reference/hazards.md, made from migrator/hazards/."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from types import FunctionType

from docs.generate import examples
from migrator.hazards import (
    Hazard,
    columns,
    dependents,
    indexes,
    models,
    partitions,
    revisions,
    rights,
    rows,
    runs,
    server,
    texts,
    triggers,
)

_PAGE = """\
# Hazards

Every refusal and every warning of the preflight and of `migrator revision`, made from `migrator/hazards/` by
`make docs`. Names and numbers are examples. A hazard that refuses ends the command before anything is changed (exit 3);
the others are printed with the plan. `migrator upgrade --dry-run --json` names each by its code.

{hazards}"""

# In the order of the page.
SUBJECTS = (models, columns, partitions, dependents, indexes, rights, runs, revisions, texts, rows, server, triggers)


def known_hazards() -> list[Hazard]:
    """Each hazard once, with examples for what it is told, by subject and in the order of its file."""
    return [_example(function) for function in _makers()]


def unused_examples() -> set[str]:
    """The names of examples that no hazard is told."""
    told = {f"{each.__name__}: {name}" for each in _makers() for name in inspect.signature(each).parameters}
    own = {f"{function}: {name}" for function, examples in examples.OWN.items() for name in examples}
    return (own - told) | (set(examples.BY_PARAMETER) - {each.partition(": ")[2] for each in told - own})


def _makers() -> list[FunctionType]:
    found = [
        each
        for subject in SUBJECTS
        for each in vars(subject).values()
        if inspect.isfunction(each) and each.__module__ == subject.__name__
    ]
    made = [each for each in found if not each.__name__.startswith("_")]
    return [each for each in made if inspect.signature(each).return_annotation == "Hazard"]


def _example(function: Callable[..., Hazard]) -> Hazard:
    own = examples.OWN.get(function.__name__, {})
    arguments = {}
    for name, parameter in inspect.signature(function).parameters.items():
        told = own.get(name, examples.BY_PARAMETER.get(name))
        arguments[name] = examples.BY_TYPE[parameter.annotation] if told is None else told
    return function(**arguments)


def page() -> str:
    """docs/reference/hazards.md."""
    found = known_hazards()
    refusing = [hazard for hazard in found if hazard.refuses]
    warning = [hazard for hazard in found if not hazard.refuses]
    parts = ["## Refused", *_sections(refusing), "## Warned of", *_sections(warning)]
    return _PAGE.format(hazards="\n\n".join(parts) + "\n")


def _sections(found: Iterable[Hazard]) -> list[str]:
    return [
        f"### {hazard.code}\n\n"
        f"- **Problem**: {_escaped(hazard.problem)}\n"
        f"- **Meaning**: {_escaped(hazard.meaning)}\n"
        f"- **Remedy**: {_escaped(hazard.remedy)}"
        for hazard in found
    ]


def _escaped(text: str) -> str:
    """Characters that Markdown would take for its own."""
    return re.sub(r"([*_<>~|`\\])", r"\\\1", text)
