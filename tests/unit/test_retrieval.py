"""The file of queries: what is refused of it, and which line."""

from __future__ import annotations

import random
from pathlib import Path

import ir_measures
import pytest

from migrator.errors import Refused
from migrator.proofs.metrics import JudgedQuery, read_queries, score

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


@pytest.mark.parametrize("k", [1, 3, 10])
def test_scores_are_those_of_ir_measures(k: int) -> None:
    """On rankings by chance; some hold nothing relevant, some more than k."""
    chance = random.Random(k)
    values = [f"d{number}" for number in range(30)]
    queries = [JudgedQuery(str(n), frozenset(chance.sample(values, chance.randint(1, 15)))) for n in range(40)]
    found = [chance.sample(values, chance.randint(0, 20)) for _ in queries]
    relevant = [ir_measures.Qrel(judged.query, each, 1) for judged in queries for each in judged.relevant]
    ranked = [
        ir_measures.ScoredDoc(judged.query, each, -place)
        for judged, ranking in zip(queries, found, strict=True)
        for place, each in enumerate(ranking)
    ]
    measures = [ir_measures.R @ k, ir_measures.RR @ k, ir_measures.nDCG @ k]
    expected = ir_measures.calc_aggregate(measures, relevant, ranked)
    scores = score(queries, found, k)
    assert [scores.recall, scores.mrr, scores.ndcg] == pytest.approx([expected[measure] for measure in measures])
