from django.db import models
from pgvector.django import HnswIndex, VectorField


class Document(models.Model):
    body = models.TextField(unique=True)
    embedding = VectorField(dimensions=48)

    class Meta:
        indexes = [
            HnswIndex(
                name="document_embedding",
                fields=["embedding"],
                m=16,
                ef_construction=64,
                opclasses=["vector_cosine_ops"],
            )
        ]
