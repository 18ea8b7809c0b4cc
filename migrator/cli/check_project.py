"""What an existing Alembic project must have for migrator to work in it, and whether it has. Only reads."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from migrator.cli.output import shown_path
from migrator.cli.project import Project

# As against pg_try_advisory_lock().
_WAITS = re.compile(r"\bpg_advisory_(?:xact_)?lock(?:_shared)?(?=\s*\()", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """What was checked and found. remedy: what has to be changed by hand, "" where all is well."""

    subject: str
    fact: str
    remedy: str = ""


def check(project: Project) -> list[Finding]:
    """All findings, in the order in which a command would meet them. A broken revision raises."""
    return [_revisions(project), _operations(), _environment(project), *waited_for(project), _template(project)]


def _revisions(project: Project) -> Finding:
    script = project.script
    count = len(list(script.walk_revisions()))
    heads = script.get_heads()
    if len(heads) > 1:
        return Finding(
            "revisions",
            f"{count}, with heads {', '.join(heads)}",
            'alembic merge heads -m "MESSAGE" makes one head',
        )
    return Finding("revisions", f"{count}, head {heads[0]}" if heads else "none yet")


def _operations() -> Finding:
    """Alembic loads them by migrator's entry point: env.py need not import anything."""
    from alembic.operations import Operations

    if hasattr(Operations, "change_embedding"):
        return Finding("op.change_embedding", "known to every alembic and migrator command")
    return Finding(
        "op.change_embedding", "not known to Alembic", "install migrator into the environment alembic runs in"
    )


def _environment(project: Project) -> Finding:
    """The operation works outside transactions, so env.py must not have begun one before Alembic does."""
    location = Path(project.script.env_py_location)
    tree = ast.parse(location.read_text(encoding="utf-8"), str(location))
    path = shown_path(location)
    begins = _lines_that_call(tree, "begin")
    if begins:
        # What has connected already, as the template multidb has, begins on the connection and not on the engine.
        instead = (
            "leave .begin() out, with its commit() and rollback(), and put context.run_migrations() into "
            "`with context.begin_transaction():`"
            if _lines_that_call(tree, "connect")
            else "write .connect() for .begin(); context.begin_transaction() is enough"
        )
        return Finding(path, f"begins a transaction of its own in line {begins[0]}", f"{path}:{begins[0]}: {instead}")
    executes = _lines_that_call(tree, "execute") + _lines_that_call(tree, "exec_driver_sql")
    if executes and not _lines_that_call(tree, "commit"):
        return Finding(
            path,
            f"leaves a transaction open in line {executes[0]}",
            f"{path}:{executes[0]}: call .commit() on that connection afterwards",
        )
    return Finding(path, "leaves transactions to Alembic")


def waited_for(project: Project) -> list[Finding]:
    """An advisory lock that env.py waits for: whoever waits there keeps an index build of a migrator waiting."""
    location = Path(project.script.env_py_location)
    tree = ast.parse(location.read_text(encoding="utf-8"), str(location))
    names = [(node.lineno, _named(node)) for node in ast.walk(tree) if isinstance(node, (ast.Attribute, ast.Constant))]
    calls = [(line, found[0]) for line, named in names if (found := _WAITS.search(named))]
    path = shown_path(location)
    return [
        Finding(
            path,
            f"waits for an advisory lock in line {line}, by {called}(): a second process that waits there keeps CREATE "
            "INDEX CONCURRENTLY waiting, which then waits for ever",
            f"{path}:{line}: take it by polling: while not connection.scalar(text("
            f'"SELECT {called.replace("pg_", "pg_try_", 1)}(...)")): connection.rollback(); time.sleep(1)',
        )
        for line, called in calls[:1]
    ]


def _named(node: ast.Attribute | ast.Constant) -> str:
    """SQL in a string, or a function of SQLAlchemy's `func`."""
    if isinstance(node, ast.Attribute):
        return f"{node.attr}("
    return node.value if isinstance(node.value, str) else ""


def _lines_that_call(tree: ast.Module, method: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]


def _template(project: Project) -> Finding:
    """`migrator revision` fills these in."""
    location = Path(project.script.dir, "script.py.mako")
    text = location.read_text(encoding="utf-8")
    path = shown_path(location)
    missing = [name for name in ("imports", "upgrades", "downgrades") if name not in text]
    if missing:
        return Finding(
            path,
            f"has no place for {', '.join(missing)}",
            f"{path}: add {' and '.join('${' + name + '}' for name in missing)}, as in `alembic init`",
        )
    return Finding(path, "has a place for imports, upgrade and downgrade")
