"""What pyproject.toml puts into the wheel: every package, and every file beside the modules."""

from __future__ import annotations

import tomllib

from tests.support.texts import PACKAGE

SETUPTOOLS = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]


def test_every_package_is_listed() -> None:
    """An editable install finds those that are not, the wheel does not have them."""
    found = {".".join(file.parent.relative_to(PACKAGE.parent).parts) for file in PACKAGE.rglob("__init__.py")}
    assert set(SETUPTOOLS["packages"]) == {*found, "migrator.sql"}


def test_every_other_file_is_listed() -> None:
    roots = {package: PACKAGE.parent / package.replace(".", "/") for package in SETUPTOOLS["packages"]}
    roots |= {package: PACKAGE.parent / folder for package, folder in SETUPTOOLS["package-dir"].items()}
    listed = {
        file
        for package, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
        for file in roots[package].glob(pattern)
    }
    found = {file for root in roots.values() for file in root.iterdir() if file.is_file()}
    assert {file for file in found if file.suffix not in (".py", ".pyc")} <= listed
