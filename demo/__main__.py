"""`python -m demo`: the main job, start to end, by the commands a user would type."""

from __future__ import annotations

import sys
import time

from demo.models import new_model
from demo.server import URL, fresh_server
from demo.shell import DemoError, Shell
from demo.state import State, state, texts_embedded
from migrator.errors import MigratorError
from migrator.postgres.connection import Connection

QUESTIONS = (
    "how do I close a file automatically?",
    "how do I give a function a default value for an argument?",
    "what happens when nobody catches an exception?",
)


def expect(holds: bool, claim: str) -> None:
    """Prints the claim that was proved. Raises DemoError where it does not hold."""
    if not holds:
        raise DemoError(f"this did not hold: {claim}")
    print(f"proved: {claim}", flush=True)


def show(found: State) -> State:
    print(f"\nThe table now: {found}", flush=True)
    return found


def demonstrate(shell: Shell, database: Connection) -> None:
    shell.step(
        "The old state",
        "A knowledge base is made under all-MiniLM-L6-v2 (384 dimensions), with an IVFFlat index.",
    )
    shell.run("migrator upgrade 0001 --yes")
    old = show(state(database))

    shell.step(
        "The dry run",
        "What the upgrade to all-mpnet-base-v2 (768 dimensions, HNSW) would do. Nothing changes.",
    )
    shell.run("migrator upgrade --dry-run", leave_out=("statements, the lock", "in short: "))
    expect(state(database) == old, "rows, vectors, type and index are untouched")

    shell.step(
        "The upgrade",
        "Texts are embedded into the store, which takes a minute or two; then the window begins: fill, index,",
        "verify, cut-over. The last proof asks the questions of demo/questions.jsonl under both models.",
    )
    shell.run("migrator upgrade --yes")
    new = show(state(database))
    expect(new.type == "vector(768)" and "hnsw" in new.index, "768 dimensions, with an HNSW index")
    expect(new.text == old.text, "every other column is byte for byte the same")
    print(f"texts embedded, each once: {texts_embedded(database)}", flush=True)

    shell.step(
        "Before and after",
        "Is the gain more than luck? The same questions under both models, question by question. An interval",
        "above zero, and a small p, say that other questions of this kind would gain too.",
    )
    shell.run("python -m demo.gain")

    shell.step("Status and proofs", "Where things stand; and the proofs again, as they can be had any time.")
    shell.run("migrator status")
    shell.run("migrator verify")

    shell.step(
        "A model that is not good enough",
        "The next revision asks for a model that loses information. Verification measures that and refuses.",
    )
    shell.run("migrator -c demo/refused/alembic.ini upgrade --yes", ends_with=4)
    expect(state(database) == new, "rows, vectors, type and index are untouched")

    shell.step("The downgrade", "Back to 384 dimensions from the retired column; no model is asked.")
    shell.run("migrator downgrade 0001 --yes")
    back = show(state(database))
    expect(back == old, "rows, vectors, type and index are those from before the upgrade")

    shell.step("The second upgrade", "The vectors are in the store: no text is embedded again.")
    shell.run("migrator upgrade --yes")
    expect(texts_embedded(database) == 0, "0 texts embedded")
    expect(state(database) == new, "rows, vectors, type and index are those of the first upgrade")

    shell.step("A search in plain words", "Cosine distance, topic, and the first line of the passage found.")
    shell.run("python -m demo.search " + " ".join(f'"{question}"' for question in QUESTIONS))


def main() -> int:
    start = time.monotonic()
    shell = Shell(URL)
    try:
        with fresh_server() as database:
            print(f"The database: export DATABASE_URL={URL}", flush=True)
            print(f"The new model: {new_model().location}", flush=True)
            demonstrate(shell, database)
    except (DemoError, MigratorError) as error:
        print(f"\nthe demonstration stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nthe demonstration was interrupted; the next run starts clean", file=sys.stderr)
        return 130
    print("\nEvery step ended as it should.")
    for title, seconds in shell.took.items():
        print(f"{seconds:6.1f} s  {title}")
    print(f"{time.monotonic() - start:6.1f} s  in all")
    print('\nAsk more: .venv/bin/python -m demo.search "how do I delete a variable?"')
    return 0


if __name__ == "__main__":
    sys.exit(main())
