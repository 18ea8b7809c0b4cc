"""What `migrator revision` was not told: read from column, index and ledger, each with its source."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

import msgspec
import psycopg

from migrator import hazards
from migrator.catalog import Catalog, function_bodies, read_catalog, scope_values
from migrator.catalog.function_bodies import Function
from migrator.catalog.indexes import TableIndex, by_place
from migrator.change import (
    INDEX_LIMIT,
    Distance,
    EmbeddingChange,
    Empty,
    Hnsw,
    Index,
    IvfFlat,
    Model,
    On,
    Outside,
    VectorType,
)
from migrator.commands import infer_scope as scope_
from migrator.embedding.providers import at_hand, own_dimensions
from migrator.errors import Refused, UsageError
from migrator.hazards import Hazard
from migrator.ledger.ledger import Ledger
from migrator.plan.upgrade import UpgradePlan
from migrator.postgres.connection import Connection, execute
from migrator.postgres.sql import expression, query
from migrator.preflight.dependents import of_functions
from migrator.preflight.old_model import try_plugin


@dataclass(frozen=True)
class Said:
    """The command's options; None: not said."""

    schema: str | None
    table: str
    column: str
    text: str
    from_text: str | None
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
    on: On | None
    empty: Empty
    outside: Outside | None
    settings: dict[str, str]


@dataclass
class Inference:
    """A change made of what was said and what was read.

    registered: the model that the column holds by the ledger.
    registered_text: what its vectors were made of by the ledger.
    dimensions: how many vectors in scope have how many, the most frequent first; not looked for where the type says it.
    padding: how many zeros those vectors end in.
    functions: those that find the column by its name.
    scopes: those that the ledger names a model for, each with its name.
    facts: what was not said, with its value and source.
    warnings: what preflight will find unless it is mended until then.
    """

    said: Said
    catalog: Catalog
    registered: Model | None
    registered_text: str | None
    dimensions: list[tuple[int, int]] = field(default_factory=list)
    padding: int = 0
    functions: list[Function] = field(default_factory=list)
    scopes: list[tuple[str, str]] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[Hazard] = field(default_factory=list)

    @classmethod
    def read(cls, connection: Connection, ledger: Ledger, said: Said) -> Inference:
        catalog = read_catalog(connection, said.schema, said.table, said.column, where=said.where)
        size = catalog.column.dimensions
        by_name = function_bodies.read(connection, catalog)
        if size is not None:
            zeros = scope_values.padding(connection, catalog, said.where, size)
            registered = ledger.registered(catalog, said.where)
            text = _registered_text(connection, ledger, catalog, said.where)
            warnings = _of_scope(connection, catalog, said.where)
            return cls(said, catalog, registered, text, padding=zeros, functions=by_name, warnings=warnings)
        dimensions = scope_values.dimensions(connection, catalog, said.where)
        scope = None
        if said.where is None:
            scope = scope_.of_only_index(catalog, dimensions)
            if scope is None and said.from_ is not None:
                scope = scope_.of_model(connection, catalog, dimensions, said.from_)
        if scope is not None:
            said = dataclasses.replace(said, where=scope[0])
            catalog = read_catalog(connection, said.schema, said.table, said.column, where=said.where)
            dimensions = scope_values.dimensions(connection, catalog, said.where)
        registered = ledger.registered(catalog, said.where)
        text = _registered_text(connection, ledger, catalog, said.where)
        warnings = _of_scope(connection, catalog, said.where)
        found = cls(said, catalog, registered, text, dimensions, functions=by_name, warnings=warnings)
        found.scopes = ledger.registered_scopes(catalog)
        if scope is not None:
            found._infer("where", *scope)
        elif said.where is None:
            source = "all vectors change, and the column's type gets their dimensions; --where true leaves it without"
            found._infer("where", "none", source)
        # Its vectors may be of others too, or the ledger's word of a scope that overlaps.
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
            from_text=self._old_text(),
            where=said.where,
            from_=old,
            to=old,
            type=said.type,
            index=index,
            empty=said.empty,
            outside=said.outside,
            settings=said.settings,
        )
        check(unasked)
        new = self._new_model(old)
        if said.type is None:
            self._infer("type", self.catalog.column.type, "as the column is now")
        change = dataclasses.replace(unasked, to=new, index=self._fitting_index(index, new))
        return dataclasses.replace(change, functions=self._new_functions(change))

    def _infer(self, name: str, value: str, source: str) -> None:
        self.facts.append((name, f"{value}: {source}"))

    def _old_text(self) -> str | None:
        said, found = self.said, self.registered_text
        if found is None or said.from_text is not None or found == said.text:
            return said.from_text
        self._infer("from_text", found, "what the present vectors were made of, by the ledger")
        return found

    # ---- models ------------------------------------------------------------------------------------------

    def _old_model(self) -> Model:
        said, registered = self.said, self.registered
        if said.from_ is None:
            if registered is None:
                raise self._unknown_model()
            self._infer("from", _shown(registered), "the ledger's word for the column")
            return registered
        if registered is not None and registered.name == said.from_:
            self._infer("from", _shown(registered), "the rest of it as in the ledger")
            return registered
        present = self.catalog.column.dimensions
        if present is not None:
            self._infer("from", f"{present} dimensions", f"the column is {self.catalog.column.type_text}")
            if self.padding:
                self._infer("from", "padded=True", f"its vectors end in {self.padding} zeros")
            model = Model(said.from_, dimensions=present, padded=self.padding > 0)
            if said.from_ != said.to:
                found = try_plugin(self.catalog.subject, model)
                self.warnings += [found] if found else []
            return model
        if len(self.dimensions) > 1:
            raise scope_.several_dimensions(self.catalog, self.dimensions, [])
        if self.dimensions:
            ((size, _),) = self.dimensions
            self._infer("from", f"{size} dimensions", "as the vectors in scope are; the column's type has none")
            return Model(said.from_, dimensions=size)
        asked = own_dimensions(said.from_)
        self._infer("from", f"{asked} dimensions", "as the model says; the column's type has none")
        return Model(said.from_, dimensions=asked)

    def _unknown_model(self) -> UsageError:
        known = "the ledger does not name it"
        remedy = (
            "name it: --from PROVIDER:NAME, such as --from sentence-transformers:sentence-transformers/all-MiniLM-L6-v2"
        )
        if self.scopes:
            known = "the ledger names one a scope: " + ", ".join(
                f"{model} where {where}" for where, model in self.scopes
            )
            remedy = "say which rows by one of these conditions: --where SQL; or name the model: --from PROVIDER:NAME"
        return UsageError(
            f"which model {self.catalog.subject} holds now is not known: {known}",
            meaning="the revision has to say it, for the way back.",
            remedy=remedy,
        )

    def _new_model(self, old: Model) -> Model:
        said = self.said
        if said.to != old.name:
            if said.dimensions is not None:
                padded = old.padded and said.dimensions == old.dimensions
                if padded:
                    self._infer("to", "padded=True", "as many dimensions as the column has now, with zeros at the end")
                model = Model(said.to, dimensions=said.dimensions, padded=padded)
                try:
                    at_hand(model)
                except Refused as refusal:
                    if model.provider == "python":
                        raise
                    self.warnings.append(hazards.models.new_model_not_there(refusal.problem))
                return model
            asked = own_dimensions(said.to)
            source = "as the model says"
            if old.padded and asked < old.dimensions:
                source += f"; --dimensions {old.dimensions} pads them with zeros, as the present ones are"
            self._infer("to", f"{asked} dimensions", source)
            return Model(said.to, dimensions=asked)
        if said.dimensions is None or said.dimensions == old.dimensions:
            self._infer("to", _shown(old), "the model stays")
            return old
        if old.padded:
            self._infer("to", f"{said.dimensions} dimensions", "as many as the model gives, without zeros after them")
            return dataclasses.replace(old, dimensions=said.dimensions, padded=False)
        if said.dimensions < old.dimensions:
            self._infer("to", "matryoshka=True", f"the first {said.dimensions} of {old.dimensions} numbers")
            return dataclasses.replace(old, dimensions=said.dimensions, matryoshka=True)
        return dataclasses.replace(old, dimensions=said.dimensions)

    # ---- functions ---------------------------------------------------------------------------------------

    def _new_functions(self, change: EmbeddingChange) -> tuple[str, ...]:
        """For those that cast to the column's dimensions; of the others is warned, unless only the index changes."""
        column = self.catalog.column
        if UpgradePlan(id=0, change=change, catalog=self.catalog).method == "index":
            return ()
        written: dict[str, str] = {}
        old, new = change.from_.dimensions, change.to.dimensions
        # Of another type the arguments would be others too, which makes another function. And where rows out of scope
        # keep their dimensions, the function may be about those.
        if change.type in (None, column.type) and old != new and column.dimensions is not None:
            written = function_bodies.of_dimensions(self.functions, column.type, old, new)
            for name in written:
                self._infer("functions", name, f"made anew with {column.type}({new}) for {column.type}({old})")
        why_not = ""
        if change.type not in (None, column.type):
            why_not = "not written anew: with another type its arguments may have to change too"
        elif column.dimensions is None:
            why_not = "not written anew: the column's type has no dimensions"
        # One that is written anew may say the number in another way too.
        asked = [
            dataclasses.replace(each, definition=written.get(each.name, each.definition)) for each in self.functions
        ]
        left = [each for each in asked if each.name not in written or each.says_number(old)]
        self.warnings += of_functions(self.catalog.subject, left, old, new, "upgrade", why_not=why_not)
        return tuple(written.values())

    # ---- index -------------------------------------------------------------------------------------------

    def _fitting_index(self, index: Index | Literal["same"] | None, new: Model) -> Index | Literal["same"] | None:
        """The index on what pgvector can index of so many dimensions."""
        if index is None or index == "same" or self.said.on is not None:
            return index
        type_ = self.said.type or self.catalog.column.type
        held = {"column": type_, "halfvec": "halfvec", "bit": "bit"}
        if new.dimensions <= INDEX_LIMIT[held[index.on]]:
            return index
        on = next((on for on in get_args(On) if new.dimensions <= INDEX_LIMIT[held[on]]), index.on)
        reason = f"pgvector indexes {held[index.on]} up to {INDEX_LIMIT[held[index.on]]:,} dimensions"
        searched = {"halfvec": "half precision", "bit": "the sign of each number, candidates to be ranked again"}
        self._infer("index", f"on {on}, {searched.get(on, '')}", reason)
        return msgspec.structs.replace(index, on=on)

    def _index(self) -> Index | Literal["same"] | None:
        said = self.said
        present = [index for index in self.catalog.vector_indexes if index.reach != "beyond"]
        options = {
            name: value
            for name in ("distance", "m", "ef_construction", "lists", "on")
            if (value := getattr(said, name)) is not None
        }
        if said.method == "none":
            _refuse_misfits("none", options, fitting=())
            return None
        if said.method is None and not options:
            return self._present_index(present)
        for there in by_place(present):
            if len(there) > 1:
                raise hazards.indexes.several_indexes(self.catalog.subject, [index.name for index in there]).refusal()
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
        every = [index.described() for index in present]
        described = every[0] if every and len(every) == len(by_place(present)) else None
        if described is not None and all(each == described for each in every):
            are = "is" if len(present) == 1 else "are"
            self._infer("index", repr(described), f"as {', '.join(index.name for index in present)} {are} now")
            return described
        if present:
            self._infer("index", ", ".join(index.name for index in present), "as they are now")
        else:
            self._infer("index", "none", "the column has none now; --index hnsw makes one")
        return "same"


def _of_scope(connection: Connection, catalog: Catalog, where: str | None) -> list[Hazard]:
    if where is None:
        return []
    vectors = scope_values.vectors_of_no_scope(connection, catalog, where)
    return [hazards.rows.scope_without_rows(catalog.subject, where, vectors)] if vectors else []


def _registered_text(connection: Connection, ledger: Ledger, catalog: Catalog, where: str | None) -> str | None:
    """None too where it names columns that are called otherwise since."""
    text = ledger.registered_text(catalog, where)
    try:
        if text is not None:
            execute(connection, query("catalog", "text_type", text=expression(text), table=catalog.table.sql))
    except psycopg.errors.ProgrammingError:
        return None
    return text


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
