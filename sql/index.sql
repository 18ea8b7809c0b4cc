-- Building vector indexes.

-- name: create
CREATE {kind} CONCURRENTLY {index} ON {table} {definition};

-- name: create_only
CREATE {kind} {index} ON ONLY {table} {definition};

-- name: try_copy
-- Columns without their constraints; rolled back with the transaction it is made in.
CREATE TEMPORARY TABLE {copy} AS SELECT * FROM {table} WITH NO DATA;

-- name: try_row
INSERT INTO {copy} ({column}) VALUES ({vector});

-- name: try
CREATE {kind} {index} ON {table} {definition};

-- name: none_meets
-- Nothing is run: where conditions contradict each other, constraint exclusion leaves a filter that is false.
EXPLAIN (FORMAT JSON) SELECT FROM {table} WHERE {condition};

-- name: state
-- An index by name in the table's schema: NULL row where there is none.
SELECT i.indisvalid AND i.indisready AND i.indislive
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = %(index)s;

-- name: drop
DROP INDEX IF EXISTS {index};

-- name: drop_concurrently
DROP INDEX CONCURRENTLY IF EXISTS {index};

-- name: progress
SELECT p.phase, p.blocks_done, p.blocks_total, p.tuples_done, p.tuples_total
FROM pg_stat_progress_create_index p WHERE p.pid = %(pid)s;

-- name: rename
ALTER INDEX {index} RENAME TO {new};

-- name: name_column
-- PostgreSQL calls the part that it makes on a new partition by the index's own column, which keeps the name that the
-- table's had. Where parts were attached that call it otherwise, it stays.
BEGIN
    IF NOT EXISTS (SELECT FROM pg_partition_tree({called}) t
                   WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.relid AND attname = {from})
                      OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.relid AND attname = {to})) THEN
        ALTER TABLE {index} RENAME COLUMN {old} TO {new};
    END IF;
END;

-- name: comment
COMMENT ON INDEX {index} IS {comment};

-- name: cluster_on
ALTER TABLE {table} CLUSTER ON {index};

-- name: set_statistics
ALTER INDEX {index} ALTER COLUMN {number} SET STATISTICS {target};
