"""What text and scope depend on besides the row and what can be compared: refused, or declared by the revision."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator import hazards
from migrator.hazards import Hazard
from migrator.plan.column import ColumnPlan
from migrator.postgres.connection import Connection, execute
from migrator.postgres.sql import query
from migrator.preflight.text_functions import Found

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# A setting that is read, with its name where that is a literal.
_READ = re.compile(r"\bcurrent_setting\s*\(\s*(?:E?'([^']+)'(?:::(?:pg_catalog\.)?text)?\s*[,)])?", re.IGNORECASE)
_UNKNOWN = "one whose name is no literal"


def examine(connection: Connection, column: ColumnPlan, found: Found) -> list[Hazard]:
    """found: what text and scope name."""
    refused = []
    if found.surroundings:
        refused.append(hazards.texts.text_follows_surroundings(column.subject, found.surroundings))
    undeclared = sorted(set(_undeclared(connection, column, found)))
    if undeclared:
        refused.append(hazards.texts.settings_not_declared(column.subject, undeclared))
    return refused


def _undeclared(connection: Connection, column: ColumnPlan, found: Found) -> Iterator[str]:
    """Settings that are read and that the revision does not declare: each session may have them otherwise."""
    change = column.change
    declared = {setting.casefold() for setting in change.settings}
    if found.reads_settings:
        written = " ".join(each for each in (change.text, change.from_text, change.where) if each)
        yield from _read(written, declared)
    if found.functions:
        bodies = query("text_dependencies", "bodies")
        for body, own in execute(connection, bodies, {"functions": found.functions}):
            yield from _read(_COMMENT.sub(" ", body), declared | {setting.casefold() for setting in own})


def _read(source: str, known: set[str]) -> Iterator[str]:
    for setting in _READ.findall(source):
        if setting.casefold() not in known:
            yield setting or _UNKNOWN
