"""`python -m demo.gain`: the questions asked under both models, side by side, and how sure the difference is.

Both models answer the same questions, so the differences are taken question by question. The interval is a bootstrap
over the questions (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13), p that of a permutation
test in which each question's two scores may change places.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from pgvector import Vector
from psycopg import sql
from rich.console import Console
from rich.table import Table
from scipy.stats import bootstrap, permutation_test

from demo import ROOT
from demo.models import new_model, old_model
from demo.server import DATABASE, connection
from migrator import Model
from migrator.embedding.providers import load
from migrator.errors import MigratorError
from migrator.postgres.connection import Connection
from migrator.proofs.metrics import JudgedQuery, read_queries, score

QUESTIONS = ROOT / "demo" / "questions.jsonl"
K = 10
RESAMPLES = 9_999
SEED = 0

Scores = NDArray[np.float64]

# The column that the upgrade retired; without one there is no old model to compare with.
RETIRED = """
SELECT attname FROM pg_attribute
WHERE attrelid = 'knowledge_base'::regclass AND attname LIKE 'migrator_retired_%%' AND NOT attisdropped
"""
# Equal texts are equally near: among them the topic decides, under either model alike.
NEAREST = "SELECT topic FROM knowledge_base ORDER BY {column} <=> %(question)s::vector, topic LIMIT %(k)s"


def ranked(database: Connection, column: str, model: Model, questions: list[str]) -> list[list[str]]:
    """The topics of the passages nearest to each question, by exact search."""
    nearest = sql.SQL(NEAREST).format(column=sql.Identifier(column))
    vectors = load(model).embed_queries(questions)
    with database.transaction():
        database.execute("SET LOCAL enable_indexscan = off")
        return [
            [topic for (topic,) in database.execute(nearest, {"question": Vector(vector).to_text(), "k": K})]
            for vector in vectors
        ]


def scores(queries: list[JudgedQuery], found: list[list[str]]) -> Scores:
    """(3, n): recall@10, reciprocal rank and nDCG@10 of each question."""
    each = [score([judged], [topics], K) for judged, topics in zip(queries, found, strict=True)]
    return np.array([(one.recall, one.mrr, one.ndcg) for one in each]).T


def compare(old: Scores, new: Scores) -> Table:
    """Both models' means, the gain, its 95% interval, and p, measure by measure. old, new: (3, n)."""
    table = Table("", "old model", "new model", "gain", "95% interval", "p", box=None, pad_edge=False)
    for name, before, after in zip((f"recall@{K}", "MRR", f"nDCG@{K}"), old, new, strict=True):
        interval = bootstrap(
            (after - before,), np.mean, method="percentile", n_resamples=RESAMPLES, rng=SEED
        ).confidence_interval
        chance = permutation_test(
            (before, after),
            lambda one, other, axis: np.mean(other - one, axis=axis),
            permutation_type="samples",
            n_resamples=RESAMPLES,
            rng=SEED,
        )
        table.add_row(
            name,
            f"{before.mean():.3f}",
            f"{after.mean():.3f}",
            f"{(after - before).mean():+.3f}",
            f"{interval.low:+.3f} to {interval.high:+.3f}",
            f"{chance.pvalue:.4f}",
        )
    return table


def main() -> int:
    if not DATABASE.exists():
        print("there is no knowledge base yet: run make demo first", file=sys.stderr)
        return 2
    queries = read_queries(QUESTIONS)
    questions = [judged.query for judged in queries]
    with connection() as database:
        retired = database.execute(RETIRED.encode()).fetchone()
        if retired is None:
            print("there is no retired column to compare with: run migrator upgrade first", file=sys.stderr)
            return 2
        old = scores(queries, ranked(database, retired[0], old_model(), questions))
        new = scores(queries, ranked(database, "embedding", new_model(), questions))
    print(f"{len(queries)} questions, answered by exact search")
    Console(width=100).print(compare(old, new))
    better, worse = int((new[1] > old[1]).sum()), int((new[1] < old[1]).sum())
    print(f"the first right answer comes earlier for {better} of them, later for {worse}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MigratorError as error:
        sys.exit(str(error))
