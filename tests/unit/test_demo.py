"""The demonstration's input: the knowledge base and the questions asked of it."""

from __future__ import annotations

import json
from pydoc_data.topics import topics

import pytest

from demo import ROOT
from demo.knowledge_base import CHUNK_CHARACTERS, TOPIC_CHARACTERS, Chunk, chunks


@pytest.fixture(scope="module")
def knowledge_base() -> list[Chunk]:
    return chunks()


@pytest.fixture(scope="module")
def shorter() -> set[str]:
    return {topic for topic, text in topics.items() if len(text) <= TOPIC_CHARACTERS}


@pytest.fixture(scope="module")
def questions() -> list[dict[str, object]]:
    return [json.loads(line) for line in (ROOT / "demo" / "questions.jsonl").read_text("utf-8").splitlines()]


def test_the_reference_gives_some_hundred_chunks(knowledge_base: list[Chunk]) -> None:
    """Later Pythons have other references."""
    assert 200 <= len(knowledge_base) <= 350
    assert max(len(chunk.content) for chunk in knowledge_base) <= CHUNK_CHARACTERS


def test_chunks_are_the_same_on_every_call(knowledge_base: list[Chunk]) -> None:
    assert chunks() == knowledge_base


def test_every_shorter_topic_is_there_and_no_chunk_is_empty(knowledge_base: list[Chunk], shorter: set[str]) -> None:
    assert {chunk.topic for chunk in knowledge_base} == shorter
    assert all(chunk.content.strip() for chunk in knowledge_base)


def test_topic_and_number_name_one_chunk(knowledge_base: list[Chunk]) -> None:
    assert len({(chunk.topic, chunk.chunk_no) for chunk in knowledge_base}) == len(knowledge_base)


def test_chunks_of_a_topic_are_its_text_in_order(knowledge_base: list[Chunk], shorter: set[str]) -> None:
    """Nothing is lost in splitting but white space between chunks."""
    for topic, text in topics.items():
        if topic not in shorter:
            continue
        parts = [chunk for chunk in knowledge_base if chunk.topic == topic]
        assert [chunk.chunk_no for chunk in parts] == list(range(len(parts)))
        assert "".join("".join(chunk.content for chunk in parts).split()) == "".join(text.split())


def test_metadata_is_true(knowledge_base: list[Chunk]) -> None:
    for chunk in knowledge_base:
        assert chunk.metadata["characters"] == len(chunk.content)
        assert str(chunk.metadata["title"]) in topics[chunk.topic]
        assert chunk.metadata["chunks"] == sum(other.topic == chunk.topic for other in knowledge_base)


def test_there_are_some_hundred_different_questions(questions: list[dict[str, object]]) -> None:
    assert 95 <= len(questions) <= 110
    assert len({question["query"] for question in questions}) == len(questions)


def test_the_topics_that_answer_exist_and_are_most_of_all(
    questions: list[dict[str, object]], shorter: set[str]
) -> None:
    named: set[str] = set()
    for question in questions:
        relevant = question["relevant"]
        assert isinstance(relevant, list)
        assert relevant
        assert set(relevant) <= shorter, question["query"]
        named.update(relevant)
    assert len(named) > len(shorter) * 3 // 4


def test_no_question_quotes_a_heading(questions: list[dict[str, object]]) -> None:
    """A question that repeats a heading would be found by its words, whatever the model."""
    headings = {text.partition("\n")[0].lower() for text in topics.values()}
    for question in questions:
        query = str(question["query"]).lower()
        assert not [heading for heading in headings if " " in heading and heading in query]
