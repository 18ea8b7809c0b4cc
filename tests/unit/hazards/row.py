"""A hazard as the tests hold it: a function and its arguments; code, whether it refuses, problem, meaning, remedy."""

from __future__ import annotations

from collections.abc import Callable

from migrator import Model
from migrator.hazards import Hazard

MODEL = Model("python:app.models:new", dimensions=768)
SUBJECT = "public.items.embedding"

Row = tuple[Callable[..., Hazard], tuple[object, ...], str, bool, str, str, str]
