"""An application that keeps texts by way of one client, and what every such application goes through."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tests.clients.migrator import Database, Migrator
from tests.models import Hashed, Vectors, new, old

TEXTS = [f"document {number}: on the subject {number * number}" for number in range(40)]
# How many of the nearest are asked for.
NEAREST = 5


class Application(Protocol):
    """One deployment of it: a program that was started, with one model."""

    def add(self, texts: Sequence[str]) -> None: ...

    def delete(self, text: str) -> None: ...

    def search(self, text: str) -> list[str]:
        """The NEAREST texts to that one, nearest first."""
        ...

    def close(self) -> None: ...


Deploy = Callable[[Hashed], Application]


@dataclass(frozen=True)
class Column:
    """The client's vector column, and the text beside it. where: the rows that are the application's."""

    table: str
    text: str
    name: str = "embedding"
    where: str = "true"

    def vectors(self, database: Database) -> dict[str, Vectors]:
        """By text; texts are told apart."""
        rows = database.execute(
            f'SELECT "{self.text}", "{self.name}"::vector::text FROM {self.table} WHERE {self.where}'
        )
        found = {text: np.array(vector[1:-1].split(","), np.float32) for text, vector in rows}
        assert len(found) == len(rows)
        return found


def up_and_down(migrator: Migrator, column: Column, deploy: Deploy, *options: str, precision: float = 1e-6) -> None:
    """Upgrades and downgrades, by the one revision that the project has; options: of `migrator upgrade`.

    Before and after both the application searches; it writes before cut-over and after it, with the model that it was
    deployed with. Its TEXTS are there already.
    precision: of the column's numbers.
    """
    kept = list(TEXTS)
    before = migrator.database.dump()
    with closing(deploy(old())) as application:
        finds(application, kept)
        migrator.run("upgrade", "--yes", *options, "--stop-after", "fill")
        # Until cut-over it is the same application with the same model, though another column is being filled.
        finds(application, kept)
        writes(application, kept, "written during the upgrade")
        finds(application, kept)
    migrator.run("upgrade", "--yes", *options)
    with closing(deploy(new())) as application:
        finds(application, kept)
        writes(application, kept, "written after the upgrade")
        finds(application, kept)
    holds(migrator.database, column, kept, new(), precision)

    migrator.run("downgrade", "base", "--yes")
    assert migrator.database.dump() == before
    with closing(deploy(old())) as application:
        finds(application, kept)
        writes(application, kept, "written after the downgrade")
        finds(application, kept)
    holds(migrator.database, column, kept, old(), precision)


def writes(application: Application, kept: list[str], text: str) -> None:
    """Adds that text, and deletes another."""
    application.add([text])
    application.delete(kept.pop(7))
    kept.append(text)


def finds(application: Application, kept: Sequence[str]) -> None:
    """Its searches give the neighbors that comparing all the texts gives: of one that is there, and of one not."""
    for query in (kept[3], kept[-1], "what nobody wrote down"):
        # The models of the tests rank alike.
        nearness = old().embed_queries(kept) @ old().embed_queries([query])[0]
        nearest = [kept[number] for number in np.argsort(-nearness)[:NEAREST]]
        assert application.search(query) == nearest


def holds(database: Database, column: Column, kept: Sequence[str], model: Hashed, precision: float) -> None:
    """Every row has the model's vector of its text."""
    found = column.vectors(database)
    assert sorted(found) == sorted(kept)
    np.testing.assert_allclose(
        np.stack([found[text] for text in kept]), model.embed_queries(kept), rtol=precision, atol=precision
    )


class Process:
    """An application in a process of its own, started as a deployment is: what its modules declare is read anew.

    make: gives the application there, from the arguments.
    """

    def __init__(self, make: Callable[..., Application], *arguments: object) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
        self._process.start()
        # Else the end of the process would not be seen here.
        theirs.close()

    def add(self, texts: Sequence[str]) -> None:
        self._ask("add", texts)

    def delete(self, text: str) -> None:
        self._ask("delete", text)

    def search(self, text: str) -> list[str]:
        found: list[str] = self._ask("search", text)
        return found

    def close(self) -> None:
        self._ask("close")
        self._process.join()

    def _ask(self, method: str, *arguments: object) -> Any:
        """Raises EOFError where the application failed, which wrote its traceback on standard error."""
        self._pipe.send((method, arguments))
        return self._pipe.recv()


def _serve(pipe: Any, make: Callable[..., Application], arguments: Sequence[object]) -> None:
    application = make(*arguments)
    method = ""
    while method != "close":
        method, asked = pipe.recv()
        pipe.send(getattr(application, method)(*asked))
