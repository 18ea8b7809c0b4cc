from __future__ import annotations

from migrator import Model, hazards
from tests.unit.hazards.row import MODEL, SUBJECT, Row

TEXTS: list[Row] = [
    (
        hazards.models.model_not_there,
        (
            MODEL,
            "there is no such directory",
        ),
        "model-not-there",
        True,
        "model python:app.models:new cannot be loaded: there is no such directory",
        "no vector can be computed without it, so nothing was started.",
        "correct the name, or make the model reachable (a hub name needs the network once; a path must hold a saved "
        "model)",
    ),
    (
        hazards.models.provider_not_there,
        (Model("openai:text-embedding-3-small", dimensions=1536),),
        "provider-not-there",
        True,
        "model openai:text-embedding-3-small cannot be loaded: this version of migrator has no provider 'openai' yet",
        "no vector can be computed without it, so nothing was started.",
        "let a plug-in of your own call it, and name that: python:PACKAGE.MODULE:FACTORY (docs/how-to/models.md shows "
        "one)",
    ),
    (
        hazards.models.local_models_not_installed,
        (Model("sentence-transformers:sentence-transformers/all-mpnet-base-v2", dimensions=768),),
        "local-models-not-installed",
        True,
        "model sentence-transformers:sentence-transformers/all-mpnet-base-v2 cannot be loaded: sentence-transformers "
        "is not installed",
        "models that run on this machine need it and PyTorch, which migrator installs only if it is asked to.",
        "pip install 'migrator[local]', or pip install '.[local]' where migrator's source is",
    ),
    (
        hazards.models.new_model_not_there,
        ("model python:app.models:new cannot be loaded: there is no module 'app'",),
        "new-model-not-there",
        False,
        "the new model is not available here: model python:app.models:new cannot be loaded: there is no module 'app'",
        "its dimensions were taken as they were given; an upgrade is refused where the model cannot be loaded.",
        "correct --to, or make the model loadable where the upgrade will run; a service is called by a plug-in, "
        "python:PACKAGE.MODULE:FACTORY (docs/how-to/models.md shows one)",
    ),
    (
        hazards.models.model_other_dimensions,
        (
            MODEL,
            512,
        ),
        "model-other-dimensions",
        True,
        "model python:app.models:new gives 512 dimensions, not 768",
        "the column would be made with the wrong length.",
        "say so: dimensions=512 in the revision, --dimensions 512 on the command line",
    ),
    (
        hazards.models.model_changed,
        (
            "python:app.models:new",
            0.31415,
        ),
        "model-changed",
        True,
        "model python:app.models:new no longer gives the vectors it gave before: its probe texts agree to 0.3141 only",
        "vectors of two models would stand in one column and could not be compared.",
        "load the model that was used before, or give the new one a name of its own in a new revision",
    ),
    (
        hazards.models.old_model_not_at_hand,
        (
            SUBJECT,
            "model python:app.models:old cannot be loaded: there is no module 'app'",
        ),
        "old-model-not-at-hand",
        False,
        "cannot load the model that from_= names for public.items.embedding: model python:app.models:old cannot "
        "be loaded: there is no module 'app'",
        "rows written since the upgrade could not be embedded with it in a rollback: migrator downgrade would refuse, "
        "and the manual rollback would leave them without a vector and list them.",
        "correct from_= of the revision or --from, or make the model loadable where a rollback would run; a service is "
        "called by a plug-in, python:PACKAGE.MODULE:FACTORY (docs/how-to/models.md shows one)",
    ),
    (
        hazards.models.old_model_not_downloaded,
        (
            SUBJECT,
            "sentence-transformers:acme/old",
            "acme/old",
        ),
        "old-model-not-downloaded",
        False,
        "the model that public.items.embedding is said to hold, sentence-transformers:acme/old, is on the hub and not "
        "in the local cache",
        "it was not tried, so whether it made these vectors is not known; a rollback would have to download it first.",
        'download it before the window, where a rollback would run: python -c "from sentence_transformers import '
        "SentenceTransformer; SentenceTransformer('acme/old')\"",
    ),
    (
        hazards.models.old_model_other_dimensions,
        (
            SUBJECT,
            "model python:app.models:old gives 512 dimensions, not 384",
        ),
        "old-model-other-dimensions",
        True,
        "public.items.embedding cannot hold vectors of the model that it is said to hold: model python:app.models:old "
        "gives 512 dimensions, not 384",
        "another model made them, and a rollback would fail for rows written since the upgrade.",
        "name the model that made them, in from_= or --from; where they are the first numbers of longer ones, add "
        "matryoshka=True; where zeros follow shorter ones, padded=True",
    ),
    (
        hazards.models.old_model_differs,
        (
            SUBJECT,
            "python:app.models:old",
            5,
            0.0312,
        ),
        "old-model-differs",
        False,
        "public.items.embedding embedded again with python:app.models:old agrees with what is stored to 0.03 only "
        "(median cosine of 5 rows)",
        "from_= is probably not the model that made these vectors, or they were made of another text; a rollback would "
        "put vectors of two models, or of two texts, into one column.",
        "correct from_= (name, prompt, revision) in the revision; where they were made of another text than text=, say "
        "it in from_text=; where all is right the vectors are stale, and the upgrade mends that",
    ),
    (
        hazards.models.equal_dimensions,
        (SUBJECT,),
        "equal-dimensions",
        False,
        "old and new model of public.items.embedding have the same dimensions",
        "an application that still writes the old model's vectors is not stopped by the column's type.",
        "stop its writers before cut-over, or let it read the model from the view migrator.registry",
    ),
    (
        hazards.models.only_text,
        (SUBJECT,),
        "only-text",
        False,
        "only the text of public.items.embedding changes, not the model",
        "an application that goes on embedding the former text is not noticed.",
        "deploy the new text right after cut-over",
    ),
]
