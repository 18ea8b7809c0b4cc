from __future__ import annotations

from migrator import hazards
from tests.unit.hazards.row import SUBJECT, Row

TEXTS: list[Row] = [
    (
        hazards.indexes.over_index_limit,
        (
            "vector",
            3072,
        ),
        "over-index-limit",
        True,
        "vector(3072) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        'write on="halfvec" in the revision\'s index= (--on halfvec): half precision finds the same rows but for a '
        'few, searched by embedding::halfvec(N); or type="halfvec", which halves the column too',
    ),
    (
        hazards.indexes.over_index_limit,
        (
            "vector",
            5000,
        ),
        "over-index-limit",
        True,
        "vector(5000) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        'write on="bit" in the revision\'s index= (--on bit): searched by binary_quantize(embedding)::bit(N), with the '
        "rows found ranked again by their exact distance; or choose a model of fewer dimensions, or truncate it "
        "(matryoshka=True)",
    ),
    (
        hazards.indexes.over_index_limit,
        (
            "halfvec",
            5000,
        ),
        "over-index-limit",
        True,
        "halfvec(5000) cannot be indexed: pgvector's limit for halfvec is 4000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        'write on="bit" in the revision\'s index= (--on bit): searched by binary_quantize(embedding)::bit(N), with the '
        "rows found ranked again by their exact distance; or choose a model of fewer dimensions, or truncate it "
        "(matryoshka=True)",
    ),
    (
        hazards.indexes.over_index_limit,
        (
            "bit",
            65000,
        ),
        "over-index-limit",
        True,
        "bit(65000) cannot be indexed: pgvector's limit for bit is 64000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        "choose a model of fewer dimensions, truncate it (matryoshka=True), or write index=None",
    ),
    (
        hazards.indexes.several_over_index_limit,
        ("vector", 3_072),
        "several-over-index-limit",
        True,
        "vector(3072) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        'write type="halfvec" in the revision, which halves the column; or drop all vector indexes of the column but '
        "one, which the revision's index= replaces",
    ),
    (
        hazards.indexes.several_over_index_limit,
        ("vector", 4_500),
        "several-over-index-limit",
        True,
        "vector(4500) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        "drop all vector indexes of the column but one, which the revision's index= replaces",
    ),
    (
        hazards.indexes.several_indexes,
        (
            SUBJECT,
            ["a", "b"],
        ),
        "several-indexes",
        True,
        "public.items.embedding has several vector indexes: a, b",
        "the revision's index= replaces one index, and it is not said which.",
        'write index="same" in the revision, or give no option of the index, to keep them all; or drop those that are '
        "not needed first",
    ),
    (
        hazards.indexes.index_not_carried,
        (
            SUBJECT,
            "public",
            "near",
            "CREATE INDEX near ON items ...",
        ),
        "index-not-carried",
        True,
        'index "near" on public.items.embedding cannot be carried over: CREATE INDEX near ON items ...',
        "what is not valid, over sparse vectors or the replica identity is not built again.",
        'drop it before the upgrade, and create it again afterwards: DROP INDEX "public"."near"',
    ),
    (
        hazards.indexes.index_does_not_fit,
        (
            SUBJECT,
            "public",
            "near",
            768,
            "index row size 3104 exceeds btree version 4 maximum 2704",
        ),
        "index-does-not-fit",
        True,
        'index "near" on public.items.embedding cannot be built over vectors of 768 dimensions: '
        "index row size 3104 exceeds btree version 4 maximum 2704",
        "the index build would fail after everything was embedded.",
        'drop it before the upgrade, and create one that fits afterwards: DROP INDEX "public"."near"',
    ),
    (
        hazards.indexes.index_of_several_columns,
        ("public", "todo", ["title_vector", "body_vector"], "CREATE INDEX todo ON public.items (id) WHERE ..."),
        "index-of-several-columns",
        True,
        'index "todo" reads title_vector and body_vector, which the revision changes together: CREATE INDEX todo ON '
        "public.items (id) WHERE ...",
        "it is built again for one column at a time, and would stay bound to the old one of the other.",
        "change each column in a revision of its own; or drop it first, and create it again afterwards: "
        'DROP INDEX "public"."todo"',
    ),
    (
        hazards.indexes.index_spans_scope,
        (
            SUBJECT,
            "public",
            "near",
            "collection_id = 1",
        ),
        "index-spans-scope",
        True,
        'index "near" on public.items.embedding is over vectors of the old dimensions, in the scope collection_id = 1 '
        "and beyond it",
        "after the upgrade they differ in dimensions, and no index can hold both.",
        "make it one index a scope first, each with its condition: CREATE INDEX ... WHERE collection_id = 1; "
        'DROP INDEX "public"."near"',
    ),
]
