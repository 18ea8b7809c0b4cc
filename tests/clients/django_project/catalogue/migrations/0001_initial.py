from django.db import migrations, models
from pgvector.django import HnswIndex, VectorExtension, VectorField


class Migration(migrations.Migration):
    initial = True
    operations = [
        VectorExtension(),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("body", models.TextField(unique=True)),
                ("embedding", VectorField(dimensions=48)),
            ],
        ),
        migrations.AddIndex(
            model_name="document",
            index=HnswIndex(
                ef_construction=64,
                fields=["embedding"],
                m=16,
                name="document_embedding",
                opclasses=["vector_cosine_ops"],
            ),
        ),
    ]
