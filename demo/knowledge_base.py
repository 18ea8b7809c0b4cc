"""The text of the demonstration: the Python language reference that every Python carries, cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass
from pydoc_data.topics import topics

from semantic_text_splitter import TextSplitter

# A chunk holds at most a 250th of the whole, so that longer references of later Pythons give as many chunks.
PARTS = 250
SOURCE = "Python language reference (pydoc_data.topics)"


@dataclass(frozen=True)
class Chunk:
    """A piece of one topic; chunk_no counts from 0 in each topic."""

    topic: str
    chunk_no: int
    content: str
    metadata: dict[str, object]


def chunks() -> list[Chunk]:
    """The reference by topic, split between paragraphs where that fits; the same list on every call."""
    splitter = TextSplitter(sum(map(len, topics.values())) // PARTS)
    made = []
    for topic, text in sorted(topics.items()):
        pieces = splitter.chunks(text)
        for chunk_no, content in enumerate(pieces):
            metadata: dict[str, object] = {
                "source": SOURCE,
                "title": text.partition("\n")[0],
                "chunks": len(pieces),
                "characters": len(content),
            }
            made.append(Chunk(topic, chunk_no, content, metadata))
    return made
