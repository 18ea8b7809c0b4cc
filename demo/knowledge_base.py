"""The text of the demonstration: topics of the Python language reference that every Python carries, cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass
from pydoc_data.topics import topics

from semantic_text_splitter import TextSplitter

# The longer topics mostly repeat the shorter ones, and the new model reads some 600 tokens a second on two cores.
TOPIC_CHARACTERS = 8_000
# What both models read whole.
CHUNK_CHARACTERS = 700
SOURCE = "Python language reference (pydoc_data.topics)"


@dataclass(frozen=True)
class Chunk:
    """A piece of one topic; chunk_no counts from 0 in each topic."""

    topic: str
    chunk_no: int
    content: str
    metadata: dict[str, object]


def chunks() -> list[Chunk]:
    """The shorter topics, split between paragraphs if that fits; the same list on every call."""
    splitter = TextSplitter(CHUNK_CHARACTERS)
    made = []
    for topic, text in sorted(topics.items()):
        if len(text) > TOPIC_CHARACTERS:
            continue
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
