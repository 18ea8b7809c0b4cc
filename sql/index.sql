-- Building vector indexes.

-- name: create
CREATE INDEX CONCURRENTLY {index} ON {table} USING {method} ({column} {opclass}) {tail};

-- name: state
-- An index by name in the table's schema: NULL row where there is none.
SELECT i.indisvalid AND i.indisready AND i.indislive
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = %(index)s;

-- name: drop_concurrently
DROP INDEX CONCURRENTLY IF EXISTS {index};

-- name: progress
SELECT p.phase, p.blocks_done, p.blocks_total, p.tuples_done, p.tuples_total
FROM pg_stat_progress_create_index p WHERE p.pid = %(pid)s;

-- name: rename
ALTER INDEX {index} RENAME TO {new};

-- name: comment
COMMENT ON INDEX {index} IS {comment};

-- name: cluster_on
ALTER TABLE {table} CLUSTER ON {index};
