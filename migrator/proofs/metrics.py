"""How good a ranking is: recall@k, MRR and nDCG@k over a file of queries with what is relevant to each.

Definitions: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), chapter 8; nDCG with binary
gains and a discount of log2(rank + 1) after Järvelin and Kekäläinen (2002).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from migrator import hazards


@dataclass(frozen=True)
class JudgedQuery:
    """A query, and the values that relevant rows have."""

    query: str
    relevant: frozenset[str]


@dataclass(frozen=True)
class Scores:
    """Means over all queries, each in 0..1."""

    recall: float
    mrr: float
    ndcg: float


def read_queries(path: Path) -> list[JudgedQuery]:
    """Reads a JSONL file, each line `{"query": "...", "relevant": [value, ...]}`. Raises Refused."""
    try:
        # Not by splitlines: a JSON string may hold other characters that end a line.
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise hazards.texts.no_file_of_queries(path, str(error.strerror)).refusal() from None
    except UnicodeDecodeError:
        raise hazards.texts.no_file_of_queries(path, "it is not UTF-8").refusal() from None
    queries = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            query, relevant = found["query"], found["relevant"]
        except (ValueError, TypeError, KeyError):
            raise hazards.texts.not_a_query(path, number).refusal() from None
        # A string would be taken letter by letter.
        if not isinstance(query, str) or not isinstance(relevant, list):
            raise hazards.texts.not_a_query(path, number).refusal()
        queries.append(JudgedQuery(query, frozenset(map(str, relevant))))
    if not queries or not all(judged.relevant for judged in queries):
        raise hazards.texts.no_query(path).refusal()
    return queries


def score(queries: Sequence[JudgedQuery], found: Sequence[Sequence[str]], k: int) -> Scores:
    """Scores of the rankings `found`, one a query, best first; a value that comes again counts at its first place."""
    recalls, reciprocal, gains = [], [], []
    for judged, values in zip(queries, found, strict=True):
        ranked = list(dict.fromkeys(values[:k]))
        hits = [rank for rank, value in enumerate(ranked, 1) if value in judged.relevant]
        recalls.append(len(hits) / len(judged.relevant))
        reciprocal.append(1 / hits[0] if hits else 0.0)
        ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(judged.relevant)) + 1))
        gains.append(sum(1 / math.log2(rank + 1) for rank in hits) / ideal)
    return Scores(_mean(recalls), _mean(reciprocal), _mean(gains))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
