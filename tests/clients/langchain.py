"""The test models as LangChain takes a model."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from tests.models import Hashed


class ModelEmbeddings(Embeddings):
    def __init__(self, model: Hashed) -> None:
        self._model = model

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._model.embed_queries(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]
