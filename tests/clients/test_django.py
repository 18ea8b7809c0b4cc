"""Django + pgvector: the column belongs to Django's migrations too, which have to know and not to act."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.clients.application import NEAREST, TEXTS, Application, Column, Process, finds, up_and_down
from tests.clients.migrator import ROOT, Database, Migrator
from tests.models import Hashed, new, old

SOURCE = Path(__file__).with_name("django_project")
# What a Django user writes for the change.
WRITTEN = Path("catalogue/migrations/0002_embedding_96.py")


@dataclass(frozen=True)
class Django:
    """A project's source, of one deployment or the next, and its database."""

    directory: Path
    database: Database

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings",
            "PGHOST": self.database.host,
            "PGDATABASE": self.database.name,
            "PYTHONPATH": str(self.directory),
        }

    def manage(self, *arguments: str, code: int = 0) -> str:
        """Django's command. Returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments], env=self.environment(), capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


def deployment(directory: Path, database: Database, *, dimensions: int) -> Django:
    """The project as it is checked in, declaring so many dimensions: the model's source, without a migration yet."""
    shutil.copytree(SOURCE, directory)
    (directory / WRITTEN).unlink()
    models = directory / "catalogue/models.py"
    models.write_text(models.read_text("utf-8").replace("dimensions=48", f"dimensions={dimensions}"), "utf-8")
    return Django(directory, database)


class Catalogue:
    """Runs in a process of its own: Django is set up once in a process."""

    def __init__(self, environment: dict[str, str], model: Hashed) -> None:
        os.environ.update(environment)
        sys.path.insert(0, environment["PYTHONPATH"])
        import django

        django.setup()
        from catalogue.models import Document
        from pgvector.django import CosineDistance

        self._model = model
        self._documents = Document
        self._distance = CosineDistance

    def add(self, texts: Sequence[str]) -> None:
        vectors = self._model.embed_queries(texts)
        self._documents.objects.bulk_create(
            self._documents(body=body, embedding=vector) for body, vector in zip(texts, vectors, strict=True)
        )

    def delete(self, text: str) -> None:
        self._documents.objects.get(body=text).delete()

    def search(self, text: str) -> list[str]:
        vector = self._model.embed_queries([text])[0]
        nearest = self._documents.objects.order_by(self._distance("embedding", vector))[:NEAREST]
        return [document.body for document in nearest]

    def close(self) -> None:
        from django.db import connections

        connections.close_all()


def test_a_project_and_its_migrations(database: Database, migrator: Migrator, tmp_path: Path) -> None:
    before = deployment(tmp_path / "before", database, dimensions=48)
    after = deployment(tmp_path / "after", database, dimensions=96)
    before.manage("migrate")
    before.manage("makemigrations", "--check", "--dry-run")

    def deploy(model: Hashed) -> Application:
        django = before if model.dimensions == 48 else after
        return Process(Catalogue, django.environment(), model)

    with closing(deploy(old())) as application:
        application.add(TEXTS)
    read = migrator.revision("--table", "catalogue_document", "--column", "embedding", "--text", "body")
    assert read == {
        "from": "48 dimensions: the column is vector(48)",
        "index": "Hnsw(distance='cosine', m=16, ef_construction=64): as document_embedding is now",
        "to": "96 dimensions: as the model says",
        "type": "vector: as the column is now",
    }
    # Left to itself, Django would change the column, over the old model's vectors.
    assert "Alter field embedding on document" in after.manage("makemigrations", "--check", "--dry-run", code=1)
    shutil.copy(SOURCE / WRITTEN, after.directory / WRITTEN)
    after.manage("makemigrations", "--check", "--dry-run")

    up_and_down(migrator, Column("catalogue_document", "body"), deploy)

    # As a deployment does it: migrator first, then Django, which only notes what has been done.
    migrator.run("upgrade", "--yes")
    upgraded = database.dump()
    after.manage("migrate")
    assert database.dump() == upgraded
    migrator.run("downgrade", "base", "--yes")
    downgraded = database.dump()
    after.manage("migrate", "catalogue", "0001")
    assert database.dump() == downgraded
    before.manage("makemigrations", "--check", "--dry-run")


def test_a_fresh_database_gets_the_new_dimensions_from_django_alone(
    new_database: Callable[[], Database], tmp_path: Path
) -> None:
    after = deployment(tmp_path / "after", new_database(), dimensions=96)
    shutil.copy(SOURCE / WRITTEN, after.directory / WRITTEN)
    after.manage("migrate")
    assert "embedding vector(96) NOT NULL" in after.database.dump().replace("public.", "")
    with closing(Process(Catalogue, after.environment(), new())) as application:
        application.add(TEXTS)
        finds(application, TEXTS)


def test_the_manual_shows_this_migration() -> None:
    """With vectors as long as most models', where those of the tests are short."""
    page = (ROOT / "docs/how-to/clients.md").read_text("utf-8")
    assert (SOURCE / WRITTEN).read_text("utf-8").replace("96", "768") in page
