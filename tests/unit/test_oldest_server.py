"""What PostgreSQL 14 does not know is not sent to it; the tests' own servers are 16 and 18."""

from __future__ import annotations

import re

import pytest

from migrator.preflight.server import OLDEST_POSTGRESQL
from tests.support.texts import PACKAGE

# Each needs the version beside it: https://www.postgresql.org/docs/release/
LATER = {
    r"\bMERGE INTO\b": 15,
    r"\bhas_parameter_privilege\b": 15,
    r"\bregexp_(count|instr|like|substr)\b": 15,
    r"\bUNIQUE NULLS\b": 15,
    r"\bNULLS (NOT )?DISTINCT\b": 15,
    r"(?m)^\s+\w+ \S+ STORAGE\b": 16,
    r"\bany_value\b": 16,
    r"\bpg_input_(is_valid|error_info)\b": 16,
    r"\bGENERIC_PLAN\b": 16,
    r"\bIS JSON\b": 16,
    r"\bWITH (INHERIT|SET)\b": 16,
    r"\bSET (STORAGE|STATISTICS) DEFAULT\b": 16,
    r"\b(json_table|json_value|json_query|json_exists)\b": 17,
    r"\bMAINTAIN\b": 17,
    r"\buuidv7\b": 18,
    r"\bRETURNING (OLD|NEW|WITH)\b": 18,
}
# Queries that are sent to later versions only.
GUARDED = {("catalog", "may_quiet_triggers")}
QUERIES = [
    (file.stem, name, body)
    for file in sorted((PACKAGE.parent / "sql").glob("*.sql"))
    for name, body in zip(
        ["", *re.findall(r"^-- name: (\w+)$", file.read_text("utf-8"), re.MULTILINE)],
        re.split(r"^-- name: \w+$", file.read_text("utf-8"), flags=re.MULTILINE),
        strict=True,
    )
]


def test_the_oldest_version_is_14() -> None:
    assert OLDEST_POSTGRESQL == 140_000


@pytest.mark.parametrize("construct", LATER)
def test_no_query_needs_a_later_version(construct: str) -> None:
    found = {
        (file, name)
        for file, name, body in QUERIES
        if re.search(construct, re.sub(r"--.*", "", body)) and (file, name) not in GUARDED
    }
    assert found == set(), f"PostgreSQL {LATER[construct]} is needed"
