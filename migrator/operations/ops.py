"""The operations as data: what a revision asks of Alembic's `op`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation

from migrator.change import EmbeddingChange, Empty, Index, Model, Outside, VectorColumn, VectorType, Verify


class ChangeEmbeddingOp(MigrateOperation):
    """Takes vector columns to another model, text, type or index, all in one cut-over."""

    def __init__(self, changes: Sequence[EmbeddingChange]) -> None:
        self.changes = tuple(changes)

    @classmethod
    def change_embedding(
        cls,
        operations: Operations,
        table: str,
        column: str,
        *,
        text: str | None = None,
        from_: Model,
        to: Model,
        index: Index | Literal["same"] | None = "same",
        schema: str | None = None,
        where: str | None = None,
        type: VectorType | None = None,
        priority: str | None = None,
        batch_size: int | None = None,
        max_failed_rows: int = 0,
        empty: Empty = "null",
        outside: Outside | None = None,
        settings: dict[str, str] | None = None,
        from_text: str | None = None,
        functions: Sequence[str] = (),
        verify: Verify | None = None,
    ) -> None:
        """Takes a vector column to another model, text, type or index.

        A revision with such a change holds nothing else. Under plain `alembic` each error is its CommandError.

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
            Refused: preflight found what would go wrong later; nothing was changed.
            VerificationFailed: a proof failed; the live column is as it was.
            Interrupted: a signal, or a fault that passes; what was done is kept, and the same command goes on.
            Busy: another migrator is at work on this database.

        Example::

            def upgrade() -> None:
                op.change_embedding(
                    "knowledge_base", "embedding",
                    text="content",
                    from_=Model("sentence-transformers:sentence-transformers/all-MiniLM-L6-v2", dimensions=384),
                    to=Model("sentence-transformers:sentence-transformers/all-mpnet-base-v2", dimensions=768),
                    index=Hnsw(distance="cosine"),
                )
        """
        change = EmbeddingChange(
            table,
            column,
            text=text,
            from_=from_,
            to=to,
            index=index,
            schema=schema,
            where=where,
            type=type,
            priority=priority,
            batch_size=batch_size,
            max_failed_rows=max_failed_rows,
            empty=empty,
            outside=outside,
            settings=settings or {},
            from_text=from_text,
            functions=functions,
            verify=verify or Verify(),
        )
        operations.invoke(cls([change]))

    @classmethod
    def change_embeddings(cls, operations: Operations, changes: Sequence[EmbeddingChange]) -> None:
        """Takes several vector columns, of one table or several, in one cut-over: all or none.

        A revision with such a change holds nothing else.

        Args:
            changes: one for each column.

        Raises:
            Refused: as for `change_embedding`, or there is no change in the list.
            VerificationFailed: a proof failed for one of the columns; all live columns are as they were.
            Interrupted: a signal, or a fault that passes; what was done is kept, and the same command goes on.
            Busy: another migrator is at work on this database.

        Example::

            OLD = Model("sentence-transformers:sentence-transformers/all-MiniLM-L6-v2", dimensions=384)
            NEW = Model("sentence-transformers:sentence-transformers/all-mpnet-base-v2", dimensions=768)


            def upgrade() -> None:
                op.change_embeddings([
                    EmbeddingChange("articles", "title_embedding", text="title", from_=OLD, to=NEW),
                    EmbeddingChange("articles", "body_embedding", text="body", from_=OLD, to=NEW),
                ])
        """
        operations.invoke(cls(changes))

    def reverse(self) -> RestoreEmbeddingOp:
        columns = [VectorColumn(change.table, change.column, change.schema) for change in self.changes]
        return RestoreEmbeddingOp(columns, undoes=self.changes)


class RestoreEmbeddingOp(MigrateOperation):
    """Gives vector columns back what they held before the revision, all in one cut-over."""

    def __init__(self, columns: Sequence[VectorColumn], *, undoes: Sequence[EmbeddingChange] | None = None) -> None:
        """undoes: the changes that are undone, where it was made as their reverse."""
        self.columns = tuple(columns)
        self._undoes = undoes

    @classmethod
    def restore_embedding(cls, operations: Operations, table: str, column: str, *, schema: str | None = None) -> None:
        """Gives a vector column back what it held before this revision.

        No row and no edit is lost: rows written since are embedded with the old model. Several columns are several
        calls, which are one cut-over.

        Args:
            table: the table's name, bare or quoted as in SQL.
            column: the vector column's name.
            schema: the table's schema; None: the first in the search path that has such a table.

        Raises:
            Refused: preflight found what would go wrong later, such as an old model that cannot be loaded.
            VerificationFailed: a proof failed; the live column is as it was.
            Interrupted: a signal, or a fault that passes; what was done is kept, and the same command goes on.
            Busy: another migrator is at work on this database.

        Example::

            def downgrade() -> None:
                op.restore_embedding("knowledge_base", "embedding")
        """
        operations.invoke(cls([VectorColumn(table, column, schema)]))

    def reverse(self) -> ChangeEmbeddingOp:
        """Raises ValueError where it is not known what it undoes."""
        if self._undoes is None:
            raise ValueError("a restore_embedding that was not made by reverse() does not say what it undoes")
        return ChangeEmbeddingOp(self._undoes)
