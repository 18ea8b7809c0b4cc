"""Writes the pages of docs/ that are made from the code: `python -m docs.generate`, or `make docs`."""

from __future__ import annotations

from pathlib import Path

from docs.generate import cli, hazards, locks, revision

DOCS = Path(__file__).parents[1]
PAGES = {
    "reference/cli.md": cli.page,
    "reference/hazards.md": hazards.page,
    "reference/locks.md": locks.page,
    "reference/revision.md": revision.page,
}


def write(docs: Path = DOCS) -> None:
    for path, page in PAGES.items():
        (docs / path).parent.mkdir(parents=True, exist_ok=True)
        (docs / path).write_text(page(), "utf-8")
