"""What the pages say exists: commands, options, exit codes, links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from migrator.cli import COMMANDS, main
from tests.reference import DOCS, EXIT_CODES

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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_exist(page: Path) -> None:
    assert [each for each in map(complaint, commands(page.read_text("utf-8"))) if each] == []


@pytest.mark.parametrize(
    "command",
    ["migrator upgarde", "migrator upgrade 0002 --online", "migrator -x status", "migrator -c FILE verify --yes"],
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
