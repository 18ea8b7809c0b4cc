"""The file of queries: what is refused of it, and which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.errors import Refused
from migrator.proofs.metrics import JudgedQuery, read_queries

GOOD = b'{"query": "where?", "relevant": ["here", 3]}\n'


def test_each_line_is_a_query_and_what_is_relevant(tmp_path: Path) -> None:
    """Empty lines are passed over; a string may hold what other tools end a line at."""
    (tmp_path / "q.jsonl").write_bytes(GOOD + b"\r\n" + '{"query": "a\u2028b", "relevant": ["c"]}'.encode())
    assert read_queries(tmp_path / "q.jsonl") == [
        JudgedQuery("where?", frozenset({"here", "3"})),
        JudgedQuery("a\u2028b", frozenset({"c"})),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"query": "who?", "relevant": "doc-1"}', "line 2 of {} is not a query"),
        (b'{"query": "who?", "relevant": {"doc-1": 1}}', "line 2 of {} is not a query"),
        (b'{"query": ["who?"], "relevant": ["doc-1"]}', "line 2 of {} is not a query"),
        (b'{"query": "who?"}', "line 2 of {} is not a query"),
        (b'["who?", "doc-1"]', "line 2 of {} is not a query"),
        (b"who?", "line 2 of {} is not a query"),
        (b'{"query": "who?", "relevant": []}', "{} has no query, or one without anything relevant"),
        (
            '{"query": "où?", "relevant": ["ici"]}'.encode("latin-1"),
            "the file of queries {} cannot be read: it is not UTF-8",
        ),
    ],
)
def test_what_is_no_query_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_bytes(GOOD + content)
    with pytest.raises(Refused) as refused:
        read_queries(file)
    assert refused.value.problem == problem.format(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read: No such file or directory"):
        read_queries(tmp_path / "q.jsonl")
