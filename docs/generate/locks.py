"""docs/reference/locks.md, made from the plan of example.py as a dry run prints it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from docs.generate import example
from migrator.commands import retire
from migrator.phases import statements
from migrator.plan.column import Direction
from migrator.plan.step import Lock, Statement
from migrator.postgres.connection import SHORT
from migrator.postgres.locks import LOCK_PATIENCE_S
from migrator.postgres.sql import readable
from migrator.rows import batches, remaining

_PAGE = """\
# Locks

What migrator locks on your table, by phase, and for how long. Made by `make docs` from the plan of an example: a table
with an HNSW index, NOT NULL, a primary key, and a view that reads the column. `migrator upgrade --dry-run` prints the
same for yours, with every statement whole; tests compare such plans with the locks that the server holds.

| lock | who waits |
| --- | --- |
| ACCESS SHARE, ROW SHARE | nobody but those who change the table itself (ALTER TABLE, DROP, TRUNCATE) |
| ROW EXCLUSIVE | besides, writers of the very rows that are being filled |
| SHARE UPDATE EXCLUSIVE | besides, VACUUM, ANALYZE and another index build; reads and writes go on |
| SHARE ROW EXCLUSIVE | besides, every writer of the table: see below |
| ACCESS EXCLUSIVE | everybody |

How long:

- **A lock that keeps others waiting** is asked for with a `lock_timeout` of {short}, again and again with growing
  pauses, for {patience:.0f} s in all. So nobody queues behind migrator for longer than {short}. *milliseconds*: what is
  done under it are changes of the catalog, whatever the table's size.
- **A range of blocks** is a transaction of its own, made as large as fits {window:g} s in window mode, and {online:g} s
  with `--online`; the limits that hold a run back are looked at between two of them.
- **An owner's triggers**: if the role may not set `session_replication_role`, a window's transactions that fill rows
  begin with SHARE ROW EXCLUSIVE and `ALTER TABLE ... DISABLE TRIGGER`, and end with `ENABLE TRIGGER`; with
  `--quiet-triggers` others do too. Writers wait for such a transaction. If nothing but a VACUUM holds the table, that
  lock is waited for as long as the server's `deadlock_timeout` and a second, so that autovacuum gives way.
- **CREATE and DROP INDEX CONCURRENTLY** and the backup wait as long as they must: meanwhile they keep nobody from the
  table.
- Before *cut-over* asks for its lock it waits for the writes that are under way to end, and keeps nobody waiting for
  that. It begins when at most {bound} writes have been missed since the last fill; *settle* fills those.

What is not in these tables locks nothing of yours: the ledger, the store, the backup table itself. *only if* says when
a statement is sent that is not always sent.

## Upgrade

{upgrade}
## Downgrade

{downgrade}
After `migrator retire` a downgrade makes the column anew and locks what an upgrade `--online` does in *fill*.

## The other commands

- `migrator abandon`, and what undoes a failed run: ACCESS EXCLUSIVE for milliseconds, to drop trigger and column; in
  window mode SHARE UPDATE EXCLUSIVE while the old index is built again.
- `migrator retire`: {retire}.
  With `--keep-backups` scans under ACCESS SHARE before, which bring the backup up to date.
- `migrator backfill`: as *settle*.
- `migrator status`, `migrator verify`, `migrator doctor`, and every dry run: ACCESS SHARE, for they read. Where the
  text reads other tables and triggers fire in *fill*, preflight tries these by the update of a row, which is rolled
  back at once: ROW EXCLUSIVE.
"""
# By phase, lock, length and condition: what is done, and in which modes.
Modes = dict[tuple[str, ...], dict[str, dict[str, None]]]
_MODES = {False: "window", True: "online"}
# After these words of a statement comes what it is about.
_ABOUT = re.compile(r" (?:ON|BEFORE|AS|RETURNS|WHERE|FROM|USING|IN|CHECK|TO)\b.*")


def page() -> str:
    sent = retire.statements(example.plan("upgrade", online=False).columns[0])
    (retired,) = {f"{each.lock} for {each.lasts}:\n  {_kinds(sent)}" for each in sent}
    return _PAGE.format(
        short=SHORT.replace("ms", " ms"),
        patience=LOCK_PATIENCE_S,
        window=batches.SECONDS,
        online=batches.ONLINE_SECONDS,
        bound=remaining.BOUND,
        upgrade=_table("upgrade"),
        downgrade=_table("downgrade"),
        retire=retired,
    )


def _table(direction: Direction) -> str:
    """A row for each phase, lock, length and condition; what both modes send is said once."""
    modes: Modes = {}
    for online, mode in _MODES.items():
        for each in statements(example.plan(direction, online=online)):
            if each.lock != "none":
                held = (each.phase, each.lock, each.lasts, each.only_if)
                modes.setdefault(held, {}).setdefault(kind(each), {})[mode] = None
    lines = ["| phase | lock | how long | only if | mode | statements |", "| --- | --- | --- | --- | --- | --- |"]
    for row, kinds in _strongest_first(modes):
        for mode in ("both", *_MODES.values()):
            of_mode = [
                each for each, found in kinds.items() if mode == ("both" if len(found) > 1 else next(iter(found)))
            ]
            if of_mode:
                lines.append(f"| {' | '.join(row)} | {mode} | {', '.join(of_mode)} |")
    return "\n".join(lines) + "\n"


def _strongest_first(modes: Modes) -> list[tuple[tuple[str, ...], dict[str, dict[str, None]]]]:
    """Phase by phase."""
    phases, locks = list(dict.fromkeys(phase for phase, *_ in modes)), list(Lock)
    return sorted(modes.items(), key=lambda row: (phases.index(row[0][0]), -locks.index(Lock(row[0][1]))))


def kind(statement: Statement) -> str:
    """What the statement does, without names: its first words."""
    bare = re.sub(r'"[^"]*"', "", readable(statement.query).splitlines()[0])
    words = re.match(r"(?:[A-Z]+[ .]*)+\b", _ABOUT.sub("", re.sub(r"\bIF (NOT )?EXISTS\b", "", bare)))
    assert words is not None, bare
    return " ".join(words[0].replace(".", " ").split()).removesuffix(" SET")


def _kinds(sent: Iterable[Statement]) -> str:
    return ", ".join(dict.fromkeys(map(kind, sent)))
