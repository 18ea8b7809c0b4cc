"""How often a command runs env.py and the revisions' upgrade() and downgrade(), which may do what nobody expects."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from migrator import hazards
from tests.support.commands import Ended, migrator, process
from tests.support.project import RESTORE, Project, change
from tests.support.tables import items

RAN = Path("ran")


def noting(what: str) -> str:
    return f"open({str(RAN)!r}, 'a').write({what + chr(10)!r})\n"


@pytest.fixture
def noted(project: Project) -> Project:
    """items with a second vector column, an ordinary revision, and one that changes both columns."""
    items(project.database, 20)
    project.database.execute("ALTER TABLE items ADD second vector(48)")
    env = Path("env.py")
    env.write_text(env.read_text("utf-8") + noting("env.py"), "utf-8")
    project.write(noting("ordinary"), noting("ordinary back"), revision="0002")
    both = f"op.change_embeddings([{', '.join(map(as_change, ('embedding', 'second')))}])"
    back = noting("change back") + f'{RESTORE}\nop.restore_embedding("items", "second")'
    project.write(noting("change") + both, back, revision="0003", down_revision="0002")
    return project


def as_change(column: str) -> str:
    return change("items", column).replace("op.change_embedding(", "EmbeddingChange(")


def ran() -> Counter[str]:
    found = Counter(RAN.read_text("utf-8").splitlines())
    RAN.unlink()
    return found


def test_a_command_runs_each_revision_once(noted: Project) -> None:
    assert migrator("upgrade", "--dry-run").code == 0
    assert ran() == {"env.py": 1, "change": 1}
    up = noted.upgraded()
    assert up.code == 0, up.err
    assert ran() == {"env.py": 2, "ordinary": 1, "change": 1}
    assert noted.upgraded().code == 0
    # Whether what it asks for is live has to be known.
    assert ran() == {"env.py": 1, "change": 1}
    down = noted.downgraded()
    assert down.code == 0, down.err
    assert ran() == {"env.py": 2, "change": 1, "change back": 1, "ordinary back": 1}


def test_plain_alembic_runs_a_revision_once_more_to_see_what_else_it_does(noted: Project) -> None:
    assert noted.upgraded().code == 0
    RAN.unlink()
    assert process("alembic", "downgrade", "0001", environment=noted.environment()).code == 0
    assert ran() == {"env.py": 1, "change back": 2, "ordinary back": 1}


def test_a_revision_that_does_more_is_refused_before_anything_of_it_is_done(noted: Project) -> None:
    noted.write(noting("change") + "op.execute('SELECT 1')\n" + change(), revision="0003", down_revision="0002")
    assert noted.upgraded().code == 3
    # The second time env.py does not come to its end.
    assert ran() == {"env.py": 1, "ordinary": 1, "change": 1}


def test_a_revision_that_hides_its_change_while_it_is_read_is_refused(noted: Project) -> None:
    """It would be recorded with nothing done."""
    hidden = f"import sqlalchemy\nif isinstance(op.get_bind(), sqlalchemy.Connection): {change()}"
    noted.write(hidden, revision="0003", down_revision="0001")
    Path("versions", "0002.py").unlink()
    assert noted.upgraded() == Ended(3, "", f"error: {hazards.revisions.several_operations('0003').refusal()}\n")
    assert noted.revision == "0001"
