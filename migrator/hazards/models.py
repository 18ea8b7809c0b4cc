"""Of models: the new one, and the one that the live column is said to hold."""

from __future__ import annotations

from migrator.change import Model
from migrator.hazards.hazard import Hazard, refuse, warn
from migrator.report import counted

_PLUGIN = "python:PACKAGE.MODULE:FACTORY (docs/how-to/models.md shows one)"


def model_not_there(model: Model, reason: str) -> Hazard:
    return refuse(
        "model-not-there",
        f"model {model.name} cannot be loaded: {reason}",
        "no vector can be computed without it, so nothing was started.",
        "correct the name, or make the model reachable (a hub name needs the network once; a path must hold a saved "
        "model)",
    )


def provider_not_there(model: Model) -> Hazard:
    return refuse(
        "provider-not-there",
        f"model {model.name} cannot be loaded: this version of migrator has no provider {model.provider!r} yet",
        "no vector can be computed without it, so nothing was started.",
        f"let a plug-in of your own call it, and name that: {_PLUGIN}",
    )


def local_models_not_installed(model: Model) -> Hazard:
    return refuse(
        "local-models-not-installed",
        f"model {model.name} cannot be loaded: sentence-transformers is not installed",
        "models that run on this machine need it and PyTorch, which migrator installs only if it is asked to.",
        "pip install 'migrator[local]', or pip install '.[local]' where migrator's source is",
    )


def new_model_not_there(reason: str) -> Hazard:
    """For a revision that is being written. reason: what finding the model ended in, with its name."""
    return warn(
        "new-model-not-there",
        f"the new model is not available here: {reason}",
        "its dimensions were taken as they were given; an upgrade is refused where the model cannot be loaded.",
        "correct --to, or make the model loadable where the upgrade will run; a service is called by a plug-in, "
        f"{_PLUGIN}",
    )


def model_other_dimensions(model: Model, found: int) -> Hazard:
    return refuse(
        "model-other-dimensions",
        f"model {model.name} gives {found} dimensions, not {model.dimensions}",
        "the column would be made with the wrong length.",
        f"say so: dimensions={found} in the revision, --dimensions {found} on the command line",
    )


def model_changed(name: str, similarity: float) -> Hazard:
    return refuse(
        "model-changed",
        f"model {name} no longer gives the vectors it gave before: its probe texts agree to {similarity:.4f} only",
        "vectors of two models would stand in one column and could not be compared.",
        "load the model that was used before, or give the new one a name of its own in a new revision",
    )


def old_model_not_at_hand(subject: str, reason: str) -> Hazard:
    """reason: what loading it ended in, with the model's name."""
    return warn(
        "old-model-not-at-hand",
        f"cannot load the model that from_= names for {subject}: {reason}",
        "rows written since the upgrade could not be embedded with it in a rollback: migrator downgrade would refuse, "
        "and the manual rollback would leave them without a vector and list them.",
        "correct from_= of the revision or --from, or make the model loadable where a rollback would run; a service is "
        f"called by a plug-in, {_PLUGIN}",
    )


def old_model_not_downloaded(subject: str, name: str, location: str) -> Hazard:
    return warn(
        "old-model-not-downloaded",
        f"the model that {subject} is said to hold, {name}, is on the hub and not in the local cache",
        "it was not tried, so whether it made these vectors is not known; a rollback would have to download it first.",
        f'download it before the window, where a rollback would run: python -c "from sentence_transformers import '
        f"SentenceTransformer; SentenceTransformer('{location}')\"",
    )


def old_model_other_dimensions(subject: str, reason: str) -> Hazard:
    """reason: what loading it ended in, with the model's name."""
    return refuse(
        "old-model-other-dimensions",
        f"{subject} cannot hold vectors of the model that it is said to hold: {reason}",
        "another model made them, and a rollback would fail for rows written since the upgrade.",
        "name the model that made them, in from_= or --from; where they are the first numbers of longer ones, add "
        "matryoshka=True; where zeros follow shorter ones, padded=True",
    )


def old_model_differs(subject: str, name: str, rows: int, median: float) -> Hazard:
    return warn(
        "old-model-differs",
        f"{subject} embedded again with {name} agrees with what is stored to {median:.2f} only (median cosine of "
        f"{counted(rows, 'rows')})",
        "from_= is probably not the model that made these vectors, or they were made of another text; a rollback would "
        "put vectors of two models, or of two texts, into one column.",
        "correct from_= (name, prompt, revision) in the revision; where they were made of another text than text=, say "
        "it in from_text=; where all is right the vectors are stale, and the upgrade mends that",
    )


def equal_dimensions(subject: str) -> Hazard:
    return warn(
        "equal-dimensions",
        f"old and new model of {subject} have the same dimensions",
        "an application that still writes the old model's vectors is not stopped by the column's type.",
        "stop its writers before cut-over, or let it read the model from the view migrator.registry",
    )


def only_text(subject: str) -> Hazard:
    return warn(
        "only-text",
        f"only the text of {subject} changes, not the model",
        "an application that goes on embedding the former text is not noticed.",
        "deploy the new text right after cut-over",
    )
