"""The main job on a private PostgreSQL: a knowledge base goes from 384 to 768 dimensions and back."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What the demonstration makes: the database and the models. Git ignores it; it may be removed at any time.
WORK = Path(__file__).resolve().parent / ".work"
