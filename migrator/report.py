"""What a long command tells whoever watches it. progress.py draws it; the default says nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Progress:
    """How far a phase is.

    done, total: in `unit` ("rows", "texts", "blocks"); total is None while it is not known.
    note: what else is worth a word, such as the present stage of an index build.
    """

    done: int
    total: int | None
    unit: str
    note: str = ""


class Reporter(Protocol):
    """Told what happens, in order. `subject` is the column at work, as schema.table.column."""

    def phase_started(self, phase: str, subject: str) -> None: ...

    def progress(self, phase: str, subject: str, progress: Progress) -> None: ...

    def phase_done(self, phase: str, subject: str, result: str) -> None: ...

    def message(self, text: str) -> None: ...


class Silent:
    """Reports to nobody."""

    def phase_started(self, phase: str, subject: str) -> None:
        """Says nothing."""

    def progress(self, phase: str, subject: str, progress: Progress) -> None:
        """Says nothing."""

    def phase_done(self, phase: str, subject: str, result: str) -> None:
        """Says nothing."""

    def message(self, text: str) -> None:
        """Says nothing."""


def counted(count: int, what: str) -> str:
    """A number of things as a person says it. what: in the plural, such as "rows" or "rows left"."""
    if count == 1:
        things, space, rest = what.partition(" ")
        what = things.removesuffix("s") + space + rest
    return f"{count:,} {what}"


def size(count: int) -> str:
    """Bytes as a person reads them."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit in ("B", "kB") else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def first_of(names: Sequence[str], total: int) -> str:
    """A list of `total` names of which these are the first: it ends in "..." if there are more."""
    return ", ".join(names) + ", ..." * (total > len(names))


# ---- text for a terminal -----------------------------------------------------------------------------------------


class Block(str):
    """Lines put together by `block`: their line breaks are migrator's own."""

    __slots__ = ()


def block(*lines: str) -> Block:
    """The lines below one another, each printable. One that is a Block stays as it is."""
    return Block("\n".join(map(printable, lines)))


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would not print but obey, or print in another order.

    Names, keys and values are the users' own: one may hold ESC, or a line break that begins a line like migrator's.
    Line breaks stay in a Block alone.
    """
    if isinstance(text, Block) or text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\t" else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    """As in a string literal of Python."""
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def in_line(sql: str) -> str:
    """SQL that PostgreSQL prints in several lines, in one."""
    return re.sub(r"\s*\n\s*", " ", sql).strip()
