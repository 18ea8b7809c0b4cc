"""What a revision says about a vector column: pure, frozen data, checked when it is made. No I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal, get_args

import msgspec

from migrator import errors

Distance = Literal["cosine", "l2", "ip", "l1"]
VectorType = Literal["vector", "halfvec"]
Empty = Literal["null", "skip", "refuse"]
Outside = Literal["keep", "null"]
# What a vector index is on: the column; its half-precision copy; or a bit a number, the sign of each.
On = Literal["column", "halfvec", "bit"]

# pgvector's limits on indexed dimensions: https://github.com/pgvector/pgvector#indexing
INDEX_LIMIT = {"vector": 2_000, "halfvec": 4_000, "bit": 64_000}
# pgvector's limit on stored dimensions.
STORED_LIMIT = 16_000
# Providers whose models this version can load, and those that a revision may name already.
AVAILABLE = ("sentence-transformers", "python")
PROVIDERS = (*AVAILABLE, "openai", "azure-openai", "cohere", "ollama")

# A setting of an application's own has a dot in its name: those of the server cannot be given so.
_CUSTOM_SETTING = re.compile(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)+")
ENVIRONMENT = "env:"
_VARIABLE = re.compile(r"env:\w+")


_CREATES_FUNCTION = re.compile(r"\s*CREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\s", re.IGNORECASE)
# What Model says of queries, and of loading it.
_NOT_OF_DOCUMENTS = ("query_prompt", "trust_remote_code")

Bounds = tuple[int, int]
# Least and greatest, both allowed. Those of an index are pgvector's.
DIMENSIONS: Bounds = (1, STORED_LIMIT)
M: Bounds = (2, 100)
EF_CONSTRUCTION: Bounds = (4, 1_000)
LISTS: Bounds = (1, 32_768)
BATCH_SIZE: Bounds = (1, 100_000)


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise errors.in_revision(
            f"there is no {name}={value!r}", remedy=f"write one of {', '.join(known)} in the revision"
        )


def _between(name: str, value: int, bounds: Bounds) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise errors.in_revision(
            f"{name}={value} is outside {low}..{high}", remedy=f"give {name} a value in that range in the revision"
        )


@dataclass(frozen=True)
class Model:
    """Names an embedding model, `provider:name`, and says how it is used.

    Args:
        name: `sentence-transformers:NAME` (a hub name or a local path), `python:PACKAGE.MODULE:FACTORY`, or a service
            such as `openai:NAME`.
        dimensions: numbers in a vector that goes into the column, 1 to 16,000, after truncation if `matryoshka` is set.
        prompt: text put before each document; None uses the model's own.
        query_prompt: text put before each query; None uses the model's own.
        normalize: scale vectors to length 1; None leaves them as the model gives them.
        matryoshka: keep the first `dimensions` numbers of longer vectors, scaled to length 1 again
            (Kusupati et al. 2022, https://arxiv.org/abs/2205.13147).
        padded: the model's vectors are shorter than `dimensions`; zeros follow them.
        revision: the hub revision (commit) to load.
        trust_remote_code: run code that the model's hub repository holds. Off unless the revision says so.

    Raises:
        Refused: the name has no known provider, `dimensions` is missing or outside its range, or `matryoshka` and
            `padded` are both set.

    Example::

        Model("sentence-transformers:sentence-transformers/all-mpnet-base-v2", dimensions=768)
    """

    name: str
    dimensions: int = 0
    prompt: str | None = None
    query_prompt: str | None = None
    normalize: bool | None = None
    matryoshka: bool = False
    padded: bool = False
    revision: str | None = None
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        provider, colon, rest = self.name.partition(":")
        if not colon or not rest or provider not in PROVIDERS:
            raise errors.in_revision(
                f"model {self.name!r} does not name a provider",
                remedy="write it as sentence-transformers:NAME or python:PACKAGE.MODULE:FACTORY",
            )
        if self.dimensions == 0:
            raise errors.in_revision(
                f"model {self.name} is given without dimensions",
                meaning="the type of the new column follows from them.",
                remedy="write dimensions=N in the revision; `migrator revision` asks the model for it",
            )
        _between("dimensions", self.dimensions, DIMENSIONS)
        if self.matryoshka and self.padded:
            raise errors.in_revision(
                f"model {self.name} is given both matryoshka and padded",
                remedy="write padded=True where its vectors are shorter than the column's, matryoshka=True if longer",
            )

    @property
    def provider(self) -> str:
        return self.name.partition(":")[0]

    @property
    def location(self) -> str:
        """The name without its provider: a hub name, a path, or `package.module:factory`."""
        return self.name.partition(":")[2]

    @property
    def of_documents(self) -> dict[str, object]:
        """What decides the vectors of documents, as JSON values: two models with equal ones have them in common.

        Defaults are left out, so that an argument that comes later changes none that does not give it.
        """
        said = [(each, getattr(self, each.name)) for each in fields(self) if each.name not in _NOT_OF_DOCUMENTS]
        return {each.name: value for each, value in said if value != each.default}


class _Index(msgspec.Struct, frozen=True):
    """Kinds of vector indexes."""

    def said(self) -> list[tuple[str, object]]:
        """What a revision says of it: all but that it is on the column itself."""
        fields = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return [field for field in fields if field != ("on", "column")]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.said())})"


class Hnsw(_Index, frozen=True, tag=True):
    """Describes an HNSW index. The defaults are pgvector's.

    Args:
        distance: what it measures: "cosine", "l2", "ip" or "l1".
        m: links of each node, 2 to 100.
        ef_construction: candidates while building, 4 to 1,000; at least twice `m`.
        on: what it indexes. "column": the vectors. "halfvec": the vectors in half precision, up to 4,000 dimensions.
            "bit": binary_quantize of the vectors, up to 64,000 dimensions, found by Hamming distance and to be ranked
            again by `distance`.

    Raises:
        Refused: a word is unknown, a number is outside its range, or `ef_construction` is less than twice `m`.
    """

    distance: Distance = "cosine"
    m: int = 16
    ef_construction: int = 64
    on: On = "column"

    def __post_init__(self) -> None:
        _one_of("distance", self.distance, get_args(Distance))
        _one_of("on", self.on, get_args(On))
        _between("m", self.m, M)
        _between("ef_construction", self.ef_construction, EF_CONSTRUCTION)
        if self.ef_construction < 2 * self.m:
            raise errors.in_revision(
                f"ef_construction={self.ef_construction} is less than twice m={self.m}, which pgvector refuses",
                remedy=f"give ef_construction={2 * self.m} or more in the revision",
            )


class IvfFlat(_Index, frozen=True, tag=True):
    """Describes an IVFFlat index.

    Args:
        distance: what it measures: "cosine", "l2" or "ip".
        lists: clusters, 1 to 32,768; pgvector advises rows / 1000 up to a million rows.
        on: what it indexes, as of Hnsw.

    Raises:
        Refused: a word is unknown, `lists` is outside its range, or `distance` is "l1" and `on` is not "bit".
    """

    distance: Distance = "cosine"
    lists: int = 100
    on: On = "column"

    def __post_init__(self) -> None:
        _one_of("distance", self.distance, get_args(Distance))
        _one_of("on", self.on, get_args(On))
        _between("lists", self.lists, LISTS)
        if self.distance == "l1" and self.on != "bit":
            raise errors.in_revision('IVFFlat has no distance "l1"', remedy='write Hnsw(distance="l1") in the revision')


# Tagged structs, for the ledger has to tell one from the other when it reads them back.
Index = Hnsw | IvfFlat


@dataclass(frozen=True)
class Verify:
    """Says what is proved before cut-over, and the bounds that fail it.

    Args:
        sample: rows embedded again and compared with what is stored, and rows whose neighbors are searched for recall,
            1 to 10,000 of each.
        ef_search: candidates that an HNSW index is asked for (`hnsw.ef_search`), and those found by bits that are
            ranked again by exact distance, 1 to 1,000. An IVFFlat index is searched in a tenth of its lists, but in 10
            at least.
        min_index_recall: least recall@10 of the index against exact search, 0 to 1.
        queries: a JSONL file, each line `{"query": "...", "relevant": [value, ...]}`.
        relevant: SQL expression over the row that `relevant` values are compared with, as text; None: the table's key,
            if that is one column.
        k: how many results of each query count, 1 to 1,000.
        max_regression: how far recall@k, MRR or nDCG@k over the queries may fall from the old model to the new, 0 to 1.

    Raises:
        Refused: a number is outside its range.

    Example::

        Verify(queries="questions.jsonl", relevant="topic", max_regression=0.02)
    """

    sample: int = 32
    ef_search: int = 100
    min_index_recall: float = 0.9
    queries: str | None = None
    relevant: str | None = None
    k: int = 10
    max_regression: float = 0.05

    def __post_init__(self) -> None:
        _between("sample", self.sample, (1, 10_000))
        _between("ef_search", self.ef_search, (1, 1_000))
        _between("k", self.k, (1, 1_000))
        for name, share in (
            ("min_index_recall", self.min_index_recall),
            ("max_regression", self.max_regression),
        ):
            if not 0 <= share <= 1:
                raise errors.in_revision(f"{name}={share} is not a share", remedy=f"give {name} a value in 0..1")


@dataclass(frozen=True)
class EmbeddingChange:
    """Says what a revision asks of one vector column.

    Args:
        table: the table's name, bare or quoted as in SQL.
        column: the vector column's name.
        text: SQL expression over the row, whose value the model reads. None only if no model is called.
        from_: the model that the column holds now.
        to: the model that the column is to hold.
        index: the index wanted on the column; "same" keeps the present ones, None leaves the column without.
        schema: the table's schema; None: the first in the search path that has such a table.
        where: SQL condition for the rows in scope; None: all rows.
        type: the pgvector type wanted, "vector" or "halfvec"; None keeps the present one.
        priority: SQL condition for the rows that are embedded first.
        batch_size: texts a call of the model, 1 to 100,000; None lets migrator find it.
        max_failed_rows: rows that may be set aside because the model fails on their text or the text cannot be
            evaluated; with one more the change fails.
        empty: what becomes of rows in scope whose text is NULL or the empty string. "null": they end NULL. "skip":
            they keep what they hold, which the new column must be able to hold. "refuse": preflight refuses while
            there are any.
        outside: what becomes of rows out of scope. "keep": they keep what they hold. "null": they end NULL. None:
            they keep it if the new column can hold it, and otherwise end NULL.
        settings: server settings that the text needs, such as a key, each with "env:VARIABLE", where its value is
            read.
        from_text: the expression that the present vectors were made of, if that is another one.
        functions: CREATE OR REPLACE FUNCTION statements that are carried out with the cut-over, for functions that
            name the column in their text; what they replace comes back on a downgrade.
        verify: what is proved before cut-over.

    Raises:
        Refused: arguments contradict one another, or a value is outside its range.

    Example::

        EmbeddingChange(
            "articles", "title_embedding",
            text="title",
            from_=Model("sentence-transformers:sentence-transformers/all-MiniLM-L6-v2", dimensions=384),
            to=Model("sentence-transformers:sentence-transformers/all-mpnet-base-v2", dimensions=768),
        )
    """

    table: str
    column: str
    text: str | None
    from_: Model
    to: Model
    index: Index | Literal["same"] | None = "same"
    schema: str | None = None
    where: str | None = None
    type: VectorType | None = None
    priority: str | None = None
    batch_size: int | None = None
    max_failed_rows: int = 0
    empty: Empty = "null"
    outside: Outside | None = None
    settings: dict[str, str] = field(default_factory=dict)
    from_text: str | None = None
    functions: Sequence[str] = ()
    verify: Verify = field(default_factory=Verify)

    def __post_init__(self) -> None:
        for name in ("text", "from_text", "where", "priority"):
            expression = getattr(self, name)
            if expression is not None and not expression.strip():
                raise errors.in_revision(
                    f"{name}= is empty", remedy="give an SQL expression over the row, or leave it out"
                )
        if self.from_text is not None and self.text is None:
            raise errors.in_revision("from_text= without text=", remedy="say in text= what the new model is to read")
        if self.type is not None:
            _one_of("type", self.type, get_args(VectorType))
        if self.index not in ("same", None) and not isinstance(self.index, Index):
            raise errors.in_revision(
                f"index={self.index!r} does not say an index",
                remedy='write Hnsw(...), IvfFlat(...), None, or "same" to keep the present ones',
            )
        if self.batch_size is not None:
            _between("batch_size", self.batch_size, BATCH_SIZE)
        _between("max_failed_rows", self.max_failed_rows, (0, 2**63 - 1))
        _one_of("empty", self.empty, get_args(Empty))
        if self.outside is not None:
            _one_of("outside", self.outside, get_args(Outside))
        if self.settings and self.empty == "skip":
            raise errors.in_revision(
                'empty="skip" beside settings=',
                meaning="a session without the settings sees no text in any row.",
                remedy='write empty="null" or empty="refuse" in the revision',
            )
        for setting, value in self.settings.items():
            if not _CUSTOM_SETTING.fullmatch(setting) or not _VARIABLE.fullmatch(value):
                # The value may be the secret itself.
                raise errors.in_revision(
                    f"settings={{{setting!r}: ...}} does not say a setting and the variable that holds its value",
                    meaning="a value in a revision would stand in its history for good.",
                    remedy='write settings={"app.key": "env:APP_KEY"}, with a dot in the name',
                )
        given = (self.functions,) if isinstance(self.functions, str) else tuple(self.functions)
        for statement in given:
            if not _CREATES_FUNCTION.match(statement):
                raise errors.in_revision(
                    f"functions= holds {statement[:60]!r}, which does not create a function",
                    remedy="write whole CREATE OR REPLACE FUNCTION statements in the revision, one a string",
                )
        object.__setattr__(self, "functions", given)

    @property
    def other_text(self) -> bool:
        """Whether the vectors are to be made of another text than the present ones."""
        return self.from_text not in (None, self.text)

    def with_old_text(self) -> EmbeddingChange:
        """The same with the two texts exchanged, where there are two."""
        return replace(self, text=self.from_text, from_text=self.text) if self.other_text else self


@dataclass(frozen=True)
class VectorColumn:
    """A column as a revision names it."""

    table: str
    column: str
    schema: str | None = None
