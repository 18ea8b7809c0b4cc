"""`python -m demo.search QUESTION...`: the passages of the knowledge base that answer."""

from __future__ import annotations

import sys

from pgvector import Vector

from demo.models import new_model
from demo.server import DATABASE, connection
from migrator.embedding.providers import load

NEAREST = """
SELECT topic, content, embedding <=> %(question)s::vector AS distance
FROM knowledge_base ORDER BY embedding <=> %(question)s::vector LIMIT 3
"""


def main(questions: list[str]) -> int:
    if not questions:
        print('ask something: python -m demo.search "how do I delete a variable?"', file=sys.stderr)
        return 2
    if not DATABASE.exists():
        print("there is no knowledge base yet: run python -m demo first", file=sys.stderr)
        return 2
    vectors = load(new_model()).embed_queries(questions)
    with connection() as database:
        for question, vector in zip(questions, vectors, strict=True):
            print(question)
            nearest = database.execute(NEAREST, {"question": Vector(vector).to_text()})
            for topic, content, distance in nearest:
                print(f"  {distance:.3f}  {topic:<18} {content.strip().splitlines()[0][:76]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
