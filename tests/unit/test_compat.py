"""The names of Alembic's that are its own, as migrator relies on them, in the release that is installed."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import alembic
import pytest
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import HeadMaintainer, MigrationContext, RevisionStep
from alembic.script import ScriptDirectory

from migrator.operations import compat, plugin
from tests.support.texts import PACKAGE

COMPAT = PACKAGE / "operations" / "compat.py"
# Where Alembic's objects are at hand.
SOURCES = [
    *(PACKAGE / "cli").glob("*.py"),
    *(PACKAGE / "operations").glob("*.py"),
    *(PACKAGE / "templates").glob("*.py"),
    *PACKAGE.glob("*.py"),
]
IMPORTED = {"HeadMaintainer", "RevisionStep", "rev_id", "template_to_file"}


def test_the_installed_release_was_tried() -> None:
    series = ".".join(alembic.__version__.split(".")[:2])
    assert series in compat.TRIED, f"run tests/acceptance on Alembic {series}, then name it in {COMPAT.name}"


def test_the_oldest_release_that_is_allowed_was_tried() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    (needed,) = [each for each in project["dependencies"] if each.startswith("alembic")]
    assert re.findall(r">=([\d.]+)", needed) == [compat.TRIED[0]]


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (ScriptDirectory._upgrade_revs, "self destination current_rev"),
        (ScriptDirectory._downgrade_revs, "self destination current_rev"),
        (Operations._install_proxy, "self"),
        (MigrationContext._has_version_table, "self"),
        (MigrationContext._ensure_version_table, "self purge"),
        (HeadMaintainer.__init__, "self context heads"),
        (HeadMaintainer.update_to_step, "self step"),
        (compat.rev_id, ""),
        (compat.template_to_file, "template_file dest output_encoding append_with_newlines kw"),
    ],
    ids=lambda each: getattr(each, "__qualname__", ""),
)
def test_a_private_function_has_the_parameters_relied_on(function: Callable[..., Any], parameters: str) -> None:
    found = list(inspect.signature(function).parameters.values())
    given = parameters.split()
    assert [each.name for each in found[: len(given)]] == given
    # Releases may add what has a default.
    assert [each.name for each in found[len(given) :] if each.default is each.empty] == []


def test_a_context_has_the_attributes_relied_on() -> None:
    context = MigrationContext.configure(dialect_name="postgresql", opts={"upgrade_token": "u", "downgrade_token": "d"})
    assert not compat.began_transaction(context)
    assert compat.tokens(context) == ("u", "d")
    assert tuple(context.on_version_apply_callbacks) == ()
    assert (context.version_table, context.version_table_schema) == ("alembic_version", None)


def test_the_loop_over_the_steps_has_the_local_names_relied_on() -> None:
    code = MigrationContext.run_migrations.__code__
    assert {"kw", "step", "head_maintainer"} <= {*code.co_varnames}
    assert isinstance(inspect.getattr_static(HeadMaintainer(context(), ()), "heads"), set)


def test_a_step_takes_its_function_from_the_file_and_runs_another_if_it_is_given_one() -> None:
    ran: list[str] = []

    class Module:
        @staticmethod
        def upgrade() -> None:
            ran.append("the file's")

    class Script:
        revision, module = "0002", Module

    script: Any = Script
    step = RevisionStep(None, script, is_upgrade=True)  # type: ignore[arg-type]
    other = compat.with_body(step, lambda: ran.append("another"))
    other.migration_fn(engine_name="which env.py gave")
    step.migration_fn()
    assert ran == ["another", "the file's"]
    assert (other.name, other.is_upgrade, other.revision) == ("upgrade", True, script)


def test_an_environment_hands_on_that_it_only_looks() -> None:
    assert f'"{compat.LOOKS_ONLY}"' in inspect.getsource(MigrationContext.run_migrations)
    assert "kw" in inspect.signature(EnvironmentContext).parameters


def test_outside_a_run_there_is_no_step() -> None:
    assert compat.arguments_of_run() == {}
    with pytest.raises(LookupError, match="not called from a revision's"):
        compat.step_of_run()


def test_the_plugin_is_what_each_release_takes_an_entry_point_for() -> None:
    """From 1.20.1 on a module, before it a list of modules."""
    assert isinstance(plugin, ModuleType)
    assert list(cast(Iterable[ModuleType], plugin)) == [plugin]


def test_private_names_stand_nowhere_else() -> None:
    assert private(COMPAT) >= {"_upgrade_revs", "HeadMaintainer", "on_version_apply_callbacks"}
    assert {path.name: private(path) for path in SOURCES if path != COMPAT and private(path)} == {}


def context() -> MigrationContext:
    return MigrationContext.configure(dialect_name="postgresql")


def private(path: Path) -> set[str]:
    """Attributes with an underscore, but for those of an object by itself, and what else is Alembic's own."""
    tree = ast.parse(path.read_text("utf-8"))
    found = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and re.match(r"_[a-z]|on_version_apply", node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    }
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    taken = {name.name for node in imports if str(node.module).startswith("alembic") for name in node.names}
    return found | (taken & IMPORTED)
