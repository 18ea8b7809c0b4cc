"""Server settings of every session, whatever the database or the role has by default."""

from __future__ import annotations

# What decides how a text expression is read and printed. It is the same everywhere, in capture too: otherwise hashes of
# equal texts would differ.
OF_TEXTS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "xmlbinary": "base64",
    "xmloption": "content",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "default_text_search_config": "pg_catalog.simple",
    # Definitions are read as PostgreSQL prints them, and written with strings as standard SQL has them.
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
}
_PLANS = ("indexscan", "indexonlyscan", "bitmapscan", "tidscan", "seqscan", "nestloop", "hashjoin", "mergejoin", "sort")
OF_SESSIONS = {
    **OF_TEXTS,
    # Decides how texts are read as well, but the server reads a file for it, which is too slow for the capture trigger.
    "timezone_abbreviations": "Default",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "10min",
    # A role or a database may have others by default; a model call may take longer than any of them.
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "client_encoding": "UTF8",
    "client_min_messages": "warning",
    # An error that is expected, and rolled back to a savepoint, would end the session.
    "exit_on_error": "off",
    # What row-level security would hide is an error then, and no row is passed over.
    "row_security": "off",
    # Texts may read views and foreign tables.
    "restrict_nonsystem_relation_kind": "",
    "check_function_bodies": "on",
    # The ledger, stores and backups are updated, and an old index is built again in the tablespace that it had.
    "default_table_access_method": "heap",
    "default_tablespace": "",
    "gin_fuzzy_search_limit": "0",
    # Without them a portion of the rows is found by a scan of the whole table, and no index can be proved.
    **{f"enable_{plan}": "on" for plan in (*_PLANS, "hashagg", "material", "memoize", "partition_pruning")},
    "plan_cache_mode": "auto",
}
OF_SUPERUSERS = {
    # Autovacuum gives way to whoever waits this long for its lock, which must be less than lock_timeout.
    "deadlock_timeout": "20ms",
    "session_replication_role": "origin",
    # These counts show what an expression reads.
    "track_counts": "on",
}
