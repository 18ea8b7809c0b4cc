"""What `migrator revision` was not told: read from column, index and ledger, each with its source."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from migrator.catalog import Catalog, read_catalog, scoped
from migrator.catalog.expressions import COLUMN
from migrator.catalog.indexes import TableIndex
from migrator.change import INDEX_LIMIT, ON, Distance, EmbeddingChange, Hnsw, Index, IvfFlat, Model, VectorType
from migrator.database import Connection
from migrator.embedders import at_hand, own_dimensions
from migrator.errors import Refused, UsageError
from migrator.hazards import Hazard, new_model_not_there, several_indexes
from migrator.ledger import Ledger
from migrator.old_model import look_up


@dataclass(frozen=True)
class Said:
    """The command's options; None: not said."""

    schema: str | None
    table: str
    column: str
    text: str
    where: str | None
    to: str
    from_: str | None
    dimensions: int | None
    type: VectorType | None
    method: str | None
    distance: Distance | None
    m: int | None
    ef_construction: int | None
    lists: int | None


@dataclass
class Inference:
    """A change made of what was said and what was read.

    registered: the model that the column holds by the ledger.
    dimensions: how many vectors in scope have how many, the most frequent first; not looked for where the type says it.
    facts: what was not said, with its value and source.
    warnings: what preflight will find unless it is mended until then.
    """

    said: Said
    catalog: Catalog
    registered: Model | None
    dimensions: list[tuple[int, int]] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[Hazard] = field(default_factory=list)

    @classmethod
    def read(cls, connection: Connection, ledger: Ledger, said: Said) -> Inference:
        catalog = read_catalog(connection, said.schema, said.table, said.column, where=said.where)
        registered = ledger.registered_model(catalog.table.schema, catalog.table.name, said.column)
        if catalog.column.dimensions is not None:
            return cls(said, catalog, registered)
        scope = _only_scope(connection, catalog) if said.where is None else None
        if scope is not None:
            said = dataclasses.replace(said, where=scope.predicate)
            catalog = read_catalog(connection, said.schema, said.table, said.column, where=said.where)
        found = cls(said, catalog, registered, scoped.dimensions(connection, catalog, said.where))
        if scope is not None:
            found._infer("where", str(scope.predicate), f"the scope of {scope.name}, the only vector index")
        # A column without dimensions may hold several models, of which the ledger knows the last.
        if registered is not None and [size for size, _ in found.dimensions] != [registered.dimensions]:
            found.registered = None
        return found

    def change(self, check: Callable[[EmbeddingChange], None]) -> EmbeddingChange:
        """May load a model, which takes a while: no transaction may be open.

        check: is given the change before that, with the old model in the new one's place.
        """
        said = self.said
        old = self._old_model()
        # Before the model is asked: what is wrong with the index options is known at once.
        index = self._index()
        unasked = EmbeddingChange(
            self.catalog.table.name,
            said.column,
            schema=said.schema and self.catalog.table.schema,
            text=said.text,
            where=said.where,
            from_=old,
            to=old,
            type=said.type,
            index=index,
        )
        check(unasked)
        new = self._new_model(old)
        if said.type is None:
            self._infer("type", self.catalog.column.type, "as the column is now")
        return dataclasses.replace(unasked, to=new, index=self._fitting_index(index, new))

    def _infer(self, name: str, value: str, source: str) -> None:
        self.facts.append((name, f"{value}: {source}"))

    # ---- models ------------------------------------------------------------------------------------------

    def _old_model(self) -> Model:
        said, registered = self.said, self.registered
        if said.from_ is None:
            if registered is None:
                raise UsageError(
                    f"which model {self.catalog.subject} holds now is not known: the ledger does not name it",
                    meaning="the revision has to say it, for the way back.",
                    remedy="name it: --from PROVIDER:NAME, such as "
                    "--from sentence-transformers:sentence-transformers/all-MiniLM-L6-v2",
                )
            self._infer("from", _shown(registered), "the ledger's word for the column")
            return registered
        if registered is not None and registered.name == said.from_:
            self._infer("from", _shown(registered), "the rest of it as in the ledger")
            return registered
        present = self.catalog.column.dimensions
        if present is not None:
            self._infer("from", f"{present} dimensions", f"the column is {self.catalog.column.type_text}")
            model = Model(said.from_, dimensions=present)
            if said.from_ != said.to:
                missing = look_up(self.catalog.subject, model)
                self.warnings += [missing] if missing else []
            return model
        if len(self.dimensions) > 1:
            shown = ", ".join(f"{rows:,} of {size}" for size, rows in self.dimensions)
            raise UsageError(
                f"vectors of several dimensions are in scope: {shown}",
                meaning="one revision changes the vectors of one model.",
                remedy="tell its rows apart by a condition: --where SQL",
            )
        if self.dimensions:
            ((size, _),) = self.dimensions
            self._infer("from", f"{size} dimensions", "as the vectors in scope are; the column's type has none")
            return Model(said.from_, dimensions=size)
        asked = own_dimensions(said.from_)
        self._infer("from", f"{asked} dimensions", "as the model says; the column's type has none")
        return Model(said.from_, dimensions=asked)

    def _new_model(self, old: Model) -> Model:
        said = self.said
        if said.to != old.name:
            if said.dimensions is not None:
                model = Model(said.to, dimensions=said.dimensions)
                try:
                    at_hand(model)
                except Refused as refusal:
                    self.warnings.append(new_model_not_there(refusal.problem))
                return model
            asked = own_dimensions(said.to)
            self._infer("to", f"{asked} dimensions", "as the model says")
            return Model(said.to, dimensions=asked)
        if said.dimensions is None or said.dimensions == old.dimensions:
            self._infer("to", _shown(old), "the model stays")
            return old
        if said.dimensions < old.dimensions:
            self._infer("to", "matryoshka=True", f"the first {said.dimensions} of {old.dimensions} numbers")
            return dataclasses.replace(old, dimensions=said.dimensions, matryoshka=True)
        return dataclasses.replace(old, dimensions=said.dimensions)

    # ---- index -------------------------------------------------------------------------------------------

    def _fitting_index(self, index: Index | Literal["same"] | None, new: Model) -> Index | Literal["same"] | None:
        """The index on what pgvector can index of so many dimensions."""
        if index is None or index == "same":
            return index
        type_ = self.said.type or self.catalog.column.type
        held = {"column": type_, "halfvec": "halfvec", "bit": "bit"}
        if new.dimensions <= INDEX_LIMIT[held[index.on]]:
            return index
        on = next((on for on in ON if new.dimensions <= INDEX_LIMIT[held[on]]), index.on)
        reason = f"pgvector indexes {held[index.on]} up to {INDEX_LIMIT[held[index.on]]:,} dimensions"
        searched = {"halfvec": "half precision", "bit": "the sign of each number, candidates to be ranked again"}
        self._infer("index", f"on {on}, {searched.get(on, '')}", reason)
        return msgspec.structs.replace(index, on=on)

    def _index(self) -> Index | Literal["same"] | None:
        said = self.said
        present = [index for index in self.catalog.vector_indexes if index.reach != "beyond"]
        options = {
            name: value
            for name in ("distance", "m", "ef_construction", "lists")
            if (value := getattr(said, name)) is not None
        }
        if said.method == "none":
            _refuse_misfits("none", options, fitting=())
            return None
        if said.method is None and not options:
            return self._present_index(present)
        if len(present) > 1:
            raise several_indexes(self.catalog.subject, [index.name for index in present]).refusal()
        described = present[0].described() if present else None
        kind = _kind(said.method, described, options)
        _refuse_misfits(kind.__name__.lower(), options, fitting=kind.__struct_fields__)
        if isinstance(described, kind):
            base: Index = described
        else:
            base = kind(distance=said.distance or (described.distance if described else "cosine"))
        # All at once, because m and ef_construction bound each other.
        index = msgspec.structs.replace(base, **options)
        source = f"what was not said as in {present[0].name}" if described else "what was not said by default"
        self._infer("index", repr(index), source)
        return index

    def _present_index(self, present: list[TableIndex]) -> Index | Literal["same"]:
        described = present[0].described() if len(present) == 1 else None
        if described is not None:
            self._infer("index", repr(described), f"as {present[0].name} is now")
            return described
        if present:
            self._infer("index", ", ".join(index.name for index in present), "as they are now")
        else:
            self._infer("index", "none", "the column has none now; --index hnsw makes one")
        return "same"


def _only_scope(connection: Connection, catalog: Catalog) -> TableIndex | None:
    """The one vector index of a column that holds several models by its looks; None where there is no such one."""
    present = catalog.vector_indexes
    condition = present[0].condition if len(present) == 1 else None
    # What asks for the vector is no scope: rows without one would never get theirs.
    if condition is None or COLUMN in condition:
        return None
    # `deleted_at IS NULL` tells rows apart, not models; `collection_id = 1` may do so at equal dimensions too.
    if re.search(r" = (?!true|false)", condition) or len(scoped.dimensions(connection, catalog, None)) > 1:
        return present[0]
    return None


def _kind(method: str | None, described: Index | None, options: dict[str, object]) -> type[Hnsw | IvfFlat]:
    """hnsw or ivfflat: as said, else as now, else as the options tell."""
    if method is None:
        if described is not None:
            return type(described)
        return IvfFlat if "lists" in options else Hnsw
    return IvfFlat if method == "ivfflat" else Hnsw


def _refuse_misfits(method: str, options: dict[str, object], fitting: tuple[str, ...]) -> None:
    misfits = [f"--{name.replace('_', '-')}" for name in options if name not in fitting]
    if misfits:
        raise UsageError(
            f"{' and '.join(misfits)} {'do' if len(misfits) > 1 else 'does'} not go with --index {method}",
            remedy="leave it out, or choose the index it belongs to: --index hnsw or --index ivfflat",
        )


def _shown(model: Model) -> str:
    return f"{model.name}, {model.dimensions} dimensions"
