"""Of vector indexes, and of what pgvector can index."""

from __future__ import annotations

from collections.abc import Iterable

from migrator.change import INDEX_LIMIT
from migrator.hazards.hazard import Hazard, quoted, refuse


def over_index_limit(type_: str, dimensions: int) -> Hazard:
    """type_: of what the index would hold."""
    if type_ == "vector" and dimensions <= INDEX_LIMIT["halfvec"]:
        remedy = (
            'write on="halfvec" in the revision\'s index= (--on halfvec): half precision finds the same rows but for a '
            'few, searched by embedding::halfvec(N); or type="halfvec", which halves the column too'
        )
    elif type_ != "bit":
        remedy = (
            'write on="bit" in the revision\'s index= (--on bit): searched by binary_quantize(embedding)::bit(N), with '
            "the rows found ranked again by their exact distance; or choose a model of fewer dimensions, or truncate "
            "it (matryoshka=True)"
        )
    else:
        remedy = "choose a model of fewer dimensions, truncate it (matryoshka=True), or write index=None"
    return refuse("over-index-limit", *_over_limit(type_, dimensions), remedy)


def several_over_index_limit(type_: str, dimensions: int) -> Hazard:
    """Of an index that is kept beside others, which index= would not say. type_: of what it would hold."""
    remedy = "drop all vector indexes of the column but one, which the revision's index= replaces"
    if type_ == "vector" and dimensions <= INDEX_LIMIT["halfvec"]:
        remedy = f'write type="halfvec" in the revision, which halves the column; or {remedy}'
    return refuse("several-over-index-limit", *_over_limit(type_, dimensions), remedy)


def _over_limit(type_: str, dimensions: int) -> tuple[str, str]:
    """Problem and meaning."""
    return (
        f"{type_}({dimensions}) cannot be indexed: pgvector's limit for {type_} is {INDEX_LIMIT[type_]} dimensions",
        "the index build at the end would fail after everything was embedded.",
    )


def several_indexes(subject: str, indexes: Iterable[str]) -> Hazard:
    return refuse(
        "several-indexes",
        f"{subject} has several vector indexes: {', '.join(indexes)}",
        "the revision's index= replaces one index, and it is not said which.",
        'write index="same" in the revision, or give no option of the index, to keep them all; or drop those that are '
        "not needed first",
    )


def index_not_carried(subject: str, schema: str, index: str, definition: str) -> Hazard:
    return refuse(
        "index-not-carried",
        f'index "{index}" on {subject} cannot be carried over: {definition}',
        "what is not valid, over sparse vectors or the replica identity is not built again.",
        f"drop it before the upgrade, and create it again afterwards: DROP INDEX {quoted(schema, index)}",
    )


def index_does_not_fit(subject: str, schema: str, index: str, dimensions: int, reason: str) -> Hazard:
    return refuse(
        "index-does-not-fit",
        f'index "{index}" on {subject} cannot be built over vectors of {dimensions} dimensions: {reason}',
        "the index build would fail after everything was embedded.",
        f"drop it before the upgrade, and create one that fits afterwards: DROP INDEX {quoted(schema, index)}",
    )


def index_of_several_columns(schema: str, index: str, columns: Iterable[str], definition: str) -> Hazard:
    return refuse(
        "index-of-several-columns",
        f'index "{index}" reads {" and ".join(columns)}, which the revision changes together: {definition}',
        "it is built again for one column at a time, and would stay bound to the old one of the other.",
        "change each column in a revision of its own; or drop it first, and create it again afterwards: "
        f"DROP INDEX {quoted(schema, index)}",
    )


def index_spans_scope(subject: str, schema: str, index: str, where: str) -> Hazard:
    return refuse(
        "index-spans-scope",
        f'index "{index}" on {subject} is over vectors of the old dimensions, in the scope {where} and beyond it',
        "after the upgrade they differ in dimensions, and no index can hold both.",
        f"make it one index a scope first, each with its condition: CREATE INDEX ... WHERE {where}; "
        f"DROP INDEX {quoted(schema, index)}",
    )
