from django.db import migrations
from pgvector.django import VectorField


def in_an_empty_table(apps, schema_editor):
    """Of a fresh database, such as those of tests; where there are rows, migrator has changed the column."""
    if not apps.get_model("catalogue", "Document").objects.exists():
        schema_editor.execute("ALTER TABLE catalogue_document ALTER COLUMN embedding TYPE vector(96)")


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(in_an_empty_table, migrations.RunPython.noop)],
            state_operations=[migrations.AlterField("document", "embedding", VectorField(dimensions=96))],
        )
    ]
