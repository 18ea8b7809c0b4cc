"""Which history of revisions a context of Alembic's keeps, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy
from alembic.runtime.migration import MigrationContext

from migrator import hazards
from migrator.postgres.address import Address, VersionTable, address_of_connection

# The table that the context's own statements reach: search_path decides where no schema is given.
_REACHED = sqlalchemy.text(
    """
    SELECT coalesce(CAST(n.nspname AS text), :schema, CAST(current_schema() AS text)), CAST(c.oid AS bigint)
    FROM (SELECT to_regclass(concat_ws('.', quote_ident(:schema), quote_ident(:name))) AS oid) AS reached
    LEFT JOIN pg_class c ON c.oid = reached.oid
    LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
    """
).bindparams(sqlalchemy.bindparam("schema", type_=sqlalchemy.Text), sqlalchemy.bindparam("name", type_=sqlalchemy.Text))


def address_of_context(context: MigrationContext, connection: sqlalchemy.Connection) -> Address:
    """The database that the context works on, and its history there. connection: the context's own."""
    return replace(address_of_connection(connection), version_table=version_table(context, connection))


def version_table(context: MigrationContext, connection: sqlalchemy.Connection) -> VersionTable:
    """The table that Alembic records in, as the connection's search_path finds it, or as it will be made.

    Raises Refused where that path has no schema for it: status would not find what is unfinished here, either.
    """
    schemas = connection.get_execution_options().get("schema_translate_map") or {}
    schema = schemas.get(context.version_table_schema, context.version_table_schema)
    found = connection.execute(_REACHED, {"schema": schema, "name": context.version_table}).one()
    if found[0] is None:
        raise hazards.revisions.version_table_nowhere(context.version_table).refusal()
    return VersionTable(found[0], context.version_table, found[1], _has_file(context))


def _has_file(context: MigrationContext) -> Callable[[str], bool]:
    environment = context.environment_context
    script = environment.script if environment is not None else None
    # By its whole name: Alembic looks revisions up by their beginnings too. Files are read when the first is asked for.
    return lambda revision: script is None or revision in {each.revision for each in script.walk_revisions()}
