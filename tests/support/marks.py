"""Parameters that `make test-all` tries besides those of `make test`."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _pytest.mark.structures import ParameterSet


def with_more(often: Iterable[object], *, more: Iterable[object]) -> list[ParameterSet]:
    """For parametrize. A tuple is several arguments. more: those that a push does without."""
    return [
        *(pytest.param(*_arguments(each)) for each in often),
        *(pytest.param(*_arguments(each), marks=pytest.mark.exhaustive) for each in more),
    ]


def _arguments(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
