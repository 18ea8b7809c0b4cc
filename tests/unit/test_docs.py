"""What the pages say exists: commands, options, exit codes, links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from alembic.runtime.migration import MigrationContext

from docs.generate import DOCS
from docs.generate.cli import EXIT_CODES
from migrator.cli import COMMANDS, main
from migrator.operations.collect import read
from migrator.operations.ops import ChangeEmbeddingOp, RestoreEmbeddingOp
from tests.support.texts import PACKAGE, Text, is_said, letters, says, texts

ROOT = DOCS.parent
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
# A fenced block, and a command in running text.
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(migrator [^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def commands(text: str) -> list[str]:
    """Every `migrator ...` that a page shows as typed, in shell blocks and in running text."""
    found = []
    for language, block in _BLOCK.findall(text):
        if language in ("sh", "console"):
            prompt = "$ " if language == "console" else ""
            lines = block.replace("\\\n", " ").splitlines()
            found += [line.removeprefix(prompt) for line in lines if line.startswith(f"{prompt}migrator ")]
    return found + _INLINE.findall(_BLOCK.sub("", text))


def complaint(command: str) -> str | None:
    """What is wrong with a command line as the page shows it; None where nothing is."""
    words = shlex.split(command, comments=True)[1:]
    group = {name for parameter in main.params for name in parameter.opts}
    while words and words[0].startswith("-"):
        if words[0] not in group | {"-h", "--help"}:
            return f"{command}: no option {words[0]}"
        takes = words[0] in ("-c", "--config", "--database-url")
        words = words[2:] if takes else words[1:]
    if not words or words[0].isupper():
        return None
    if words[0] not in COMMANDS:
        return f"{command}: no command {words[0]}"
    with click.Context(main) as ctx:
        found = main.get_command(ctx, words[0])
    known = {name for parameter in (found.params if found else []) for name in parameter.opts} | {"-h", "--help"}
    unknown = [word for word in words[1:] if word.startswith("--") and word.partition("=")[0] not in known]
    return f"{command}: no option {unknown[0]}" if unknown else None


def test_the_pages_are_found() -> None:
    names = {str(page.relative_to(ROOT)) for page in PAGES}
    assert {"README.md", "docs/tutorial.md", "docs/how-to/window.md", "docs/how-to/emergency-rollback.md"} <= names


def revisions() -> list[Any]:
    """Every whole revision with migrator's operations that a page shows."""
    return [
        pytest.param(block, id=str(page.relative_to(ROOT)))
        for page in PAGES
        for language, block in _BLOCK.findall(page.read_text("utf-8"))
        if language == "python" and "down_revision" in block and "op.change_embedding" in block
    ]


@pytest.mark.parametrize("revision", revisions())
def test_a_revision_that_is_shown_restores_what_it_changes(revision: str) -> None:
    shown: dict[str, Any] = {}
    exec(revision, shown)
    context = MigrationContext.configure(dialect_name="postgresql")
    up, down = (read("0002", shown[way], context).operations for way in ("upgrade", "downgrade"))
    changes = [change for each in up if isinstance(each, ChangeEmbeddingOp) for change in each.changes]
    restored = [column for each in down if isinstance(each, RestoreEmbeddingOp) for column in each.columns]
    assert changes
    assert [(each.table, each.column) for each in changes] == [(each.table, each.column) for each in restored]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_exist(page: Path) -> None:
    assert [each for each in map(complaint, commands(page.read_text("utf-8"))) if each] == []


@pytest.mark.parametrize(
    "command",
    ["migrator upgarde", "migrator upgrade 0002 --sideways", "migrator -x status", "migrator -c FILE verify --yes"],
)
def test_a_command_that_does_not_exist_is_found(command: str) -> None:
    text = f"`{command}`\n\n```sh\n{command}  # comment\n```\n\n```console\n$ {command}\nmigrator says so\n```\n"
    found = commands(text)
    assert [each.partition("  #")[0] for each in found] == [command] * 3
    assert [each for each in map(complaint, found) if each is None] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target in _LINK.findall(page.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{page}: {target}"
        if heading:
            assert heading in headings(file.read_text("utf-8")), f"{page}: {target}"


def headings(text: str) -> set[str]:
    """The names under which a page's headings can be linked to."""
    found = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_a_heading_is_known_by_its_name() -> None:
    assert headings("# One\n\n```sh\n# no heading\n```\n## What it does, and how\n") == {"one", "what-it-does-and-how"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_tells_nothing_of_the_machine_it_was_written_on(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r"/(work|tmp|root|home|Users)/", text)
    assert not re.search(r"site-packages|localhost:\d", text)


def test_readme_and_reference_have_the_same_exit_codes() -> None:
    assert EXIT_CODES in (ROOT / "README.md").read_text("utf-8")


# Pages that quote what migrator says. Whatever else stands there as code with a space in it is typed.
WHAT_IF, STATUS = ROOT / "docs/how-to/what-if.md", ROOT / "docs/reference/status.md"
_CODE = re.compile(r"`([^`]+)`")
_TYPED = re.compile(r"(migrator|alembic|SELECT|ALTER)\b|--")


def quotes(text: str) -> list[str]:
    """Every message that a page quotes as code: with a space in it, and neither command nor SQL."""
    found = [" ".join(each.split()) for each in _CODE.findall(_BLOCK.sub("", text))]
    return [each for each in found if " " in each and not _TYPED.match(each)]


def of_status() -> list[Text]:
    """What `migrator status` prints, whole lines and single words."""
    printed = texts(PACKAGE / "cli/status.py", "as_text", "_when", "_column_lines")
    printed |= texts(PACKAGE / "commands" / "status.py", "_phase")
    printed |= texts(PACKAGE / "rows" / "stale_rows.py", "in_words")
    printed |= texts(PACKAGE / "commands" / "retire.py", "described") | texts(
        PACKAGE / "rows" / "remaining.py", "in_words"
    )
    return [text for text in printed if letters(text) and text not in (("and",), ("rows in scope",))]


def test_what_the_night_shift_is_shown_is_what_migrator_says() -> None:
    found = quotes(WHAT_IF.read_text("utf-8"))
    assert len(found) > 40
    assert [each for each in found if not is_said(each)] == []


def test_a_quote_of_what_migrator_does_not_say_is_found() -> None:
    page = "`waiting: the pause file FILE exists`, `waiting: the pause file\nis there`, `SELECT 1`, `migrator status`"
    said, not_said = quotes(page)
    assert is_said(said)
    assert not is_said(not_said)
    assert is_said("waiting for a lock...")
    assert not is_said("waiting for locks...")
    assert is_said("COLUMN: N rows cannot be embedded, and the revision allows N")
    assert not is_said("COLUMN: N rows cannot be embedded, and the revision allows nothing")


def test_every_line_of_status_is_explained_and_no_other() -> None:
    printed, found = of_status(), quotes(STATUS.read_text("utf-8"))
    assert len(printed) > 15
    assert [each for each in found if not is_said(each) and not any(says(text, each) for text in printed)] == []
    words = [" ".join(each.split()) for each in _CODE.findall(STATUS.read_text("utf-8"))]
    assert [text for text in printed if not any(says(text, each) for each in words)] == []
