"""What a revision says in SQL, as expressions over a row of its table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from psycopg import sql

from migrator.catalog import Catalog
from migrator.change import EmbeddingChange
from migrator.plan.findings import Findings
from migrator.postgres.sql import Query, expression, name


@dataclass(frozen=True)
class Guards:
    """Calls that give NULL for a row for which what a revision says in SQL raises an error, in the place of that.

    reason: what such a row raises, NULL for the others.
    """

    scope: sql.Composed
    text: sql.Composed
    old_text: sql.Composed
    priority: sql.Composed
    reason: sql.Composed


@dataclass(frozen=True, kw_only=True)
class Expressions:
    """Text and scope of a change.

    change: what is to be; on a downgrade with from_ and to exchanged.
    catalog, findings: what was found before anything was changed.
    guards: what text and scope are evaluated by in a session that met a row for which they raise an error.
    """

    change: EmbeddingChange
    catalog: Catalog
    findings: Findings = field(default_factory=Findings)
    guards: Guards | None = None

    @property
    def table(self) -> sql.SQL:
        return self.catalog.table.sql

    @property
    def row(self) -> sql.SQL:
        """What a statement's conditions call the row of the table, or of the partition, that it reads or writes."""
        return name(self.catalog.table.name)

    def qualified(self, written: str) -> str:
        """What a revision says in SQL, with every name's schema; as it is written where preflight has not parsed it."""
        return self.findings.qualified.get(written, written)

    @property
    def where(self) -> str | None:
        return self.change.where and self.qualified(self.change.where)

    @property
    def scope(self) -> Query:
        return self.guards.scope if self.guards else expression(self.where or "true")

    @property
    def text(self) -> Query:
        """NULL where there is none; the empty string is no text either."""
        if self.guards:
            return self.guards.text
        text = self.change.text and self.qualified(self.change.text)
        return expression(f"NULLIF(({text})::text, '')" if text else "NULL::text")

    @property
    def priority(self) -> Query:
        """The rows that are embedded first."""
        return self.guards.priority if self.guards else expression(self.qualified(self.change.priority or "true"))

    @property
    def has_secret_text(self) -> bool:
        """Whether the text needs a key, so that nobody is told what is in it."""
        return bool(self.change.settings)

    @cached_property
    def takes_row(self) -> bool:
        """Whether text or scope may take the row as a whole, by the table's name: `embedding_input(documents)`."""
        table = self.catalog.table
        if table.column(table.name) is not None:
            return False
        quoted = re.escape(table.name.replace('"', '""'))
        called = rf"""(?:(?<![\w."$]){re.escape(table.name)}(?![\w$])|"{quoted}")(?!\s*\.\s*[\w"])"""
        change = self.change
        written = " ".join(self.qualified(each) for each in (change.text, change.from_text, change.where) if each)
        return re.search(called, re.sub(r"'(?:[^']|'')*'", "''", written), re.IGNORECASE) is not None

    @property
    def text_hash(self) -> sql.Composed:
        """The store's key: sha256 of the text's UTF-8 bytes, computed by the server alone."""
        return sql.SQL("sha256(convert_to({text}::text, 'UTF8'))").format(text=self.text)
