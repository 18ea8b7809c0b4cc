"""Settings that a database has by default: none of them changes what migrator does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator.postgres import pinned_settings
from migrator.postgres.connection import connect
from tests.models import new, old
from tests.support.database import Database
from tests.support.proofs import rows_hold
from tests.support.running import downgrade, upgrade
from tests.support.tables import CHANGE, copy_in

# As hostile as each can be; those that a server does not know are left out.
HOSTILE = {
    "TimeZone": "Asia/Tokyo",
    "DateStyle": "German, DMY",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "lc_monetary": "C.UTF-8",
    "lc_numeric": "C.UTF-8",
    "lc_time": "C.UTF-8",
    "xmlbinary": "hex",
    "xmloption": "document",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "default_text_search_config": "pg_catalog.english",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "backslash_quote": "off",
    "timezone_abbreviations": "Australia",
    "statement_timeout": "1min",
    "idle_in_transaction_session_timeout": "1min",
    "idle_session_timeout": "1min",
    "transaction_timeout": "1min",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "client_encoding": "LATIN1",
    "client_min_messages": "error",
    "exit_on_error": "on",
    "row_security": "on",
    "restrict_nonsystem_relation_kind": 'view, "foreign-table"',
    "check_function_bodies": "off",
    "default_table_access_method": "unloggable",
    "default_tablespace": "elsewhere",
    "gin_fuzzy_search_limit": "1",
    "plan_cache_mode": "force_generic_plan",
    "deadlock_timeout": "1min",
    "session_replication_role": "replica",
    "track_counts": "off",
    **{setting: "off" for setting in pinned_settings.OF_SESSIONS if setting.startswith("enable_")},
    # Not pinned: they make no difference.
    "plpgsql.extra_errors": "all",
    "jit_above_cost": "0",
    "default_toast_compression": "pglz",
    "synchronize_seqscans": "off",
}
# Equal to the body where the settings are pinned.
TEXT = "quote_ident(body) || CASE WHEN note = NULL THEN ' null' ELSE '' END"


@pytest.mark.parametrize("database", [18, 16], indirect=True)
def test_settings_of_the_database_change_nothing(database: Database) -> None:
    assert {*pinned_settings.OF_SESSIONS, *pinned_settings.OF_SUPERUSERS} <= {*HOSTILE}
    database.execute("CREATE TABLE items (id bigint PRIMARY KEY, body text, note text, embedding vector(48))")
    texts = [f"text_{n}" for n in range(60)]
    vectors = old().embed_queries(texts)
    rows = [(n, text, vector) for n, (text, vector) in enumerate(zip(texts, vectors, strict=True))]
    copy_in(database, "items", ["id", "body", "embedding"], rows)
    database.execute("CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_cosine_ops)")
    database.execute("CREATE VIEW seen AS SELECT id, embedding FROM items")
    # Index access methods cannot hold rows, and no table of migrator's may be made by this one.
    database.execute("CREATE ACCESS METHOD unloggable TYPE TABLE HANDLER heap_tableam_handler")
    known = {setting for (setting,) in database.execute("SELECT name FROM pg_settings")} | {"plpgsql.extra_errors"}
    called = database.value("SELECT current_database()")
    with database.connect() as connection:
        connection.execute(b"SET allow_in_place_tablespaces = on")
        connection.execute(b"DROP TABLESPACE IF EXISTS elsewhere")
        connection.execute(b"CREATE TABLESPACE elsewhere LOCATION ''")
        for setting, value in HOSTILE.items():
            if setting in known:
                written = value if setting in ("DateStyle", "restrict_nonsystem_relation_kind") else f"'{value}'"
                connection.execute(f"ALTER DATABASE {called} SET {setting} = {written}".encode())
    with connect(database.address) as connection:
        for setting, value in (pinned_settings.OF_SESSIONS | pinned_settings.OF_SUPERUSERS).items():
            shown = connection.execute("SELECT current_setting(%(name)s, true)", {"name": setting}).fetchone()
            # PostgreSQL puts names of objects in quotes.
            assert shown is not None
            assert (shown[0] or value).replace('"', "") == value, setting
    upgrade(database, replace(CHANGE, text=TEXT))
    assert rows_hold(database, new) == 60
    set_ = database.value("SELECT proconfig FROM pg_proc WHERE proname = 'capture_1'")
    assert {f"{setting}={value}" for setting, value in pinned_settings.OF_TEXTS.items()} <= {
        each.replace('"', "") for each in set_
    }
    assert (
        database.value(
            "SELECT count(*) FROM pg_class WHERE relam = (SELECT oid FROM pg_am WHERE amname = 'unloggable')"
        )
        == 0
    )
    downgrade(database, replace(CHANGE, text=TEXT))
    assert rows_hold(database, old) == 60
