-- What `migrator doctor` looks at: reads only.

-- name: without_vector
SELECT count(*) FROM {table} WHERE {scope} AND {column} IS NULL;

-- name: invalid_indexes
-- Left by a build that failed; those being built now are not.
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS index, i.indrelid::regclass::text AS table,
       c.relkind = 'I' AS is_partitioned
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('i', 'I') AND NOT (i.indisvalid AND i.indisready)
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid)
ORDER BY 1;

-- name: index_methods
-- Of the vector indexes of the database.
SELECT coalesce(array_agg(DISTINCT m.amname::text), ARRAY[]::text[])
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
WHERE m.amname IN ('hnsw', 'ivfflat');

-- name: vector_columns
-- Every vector column of the database but migrator's own; partitions and child tables with the table above them. rows: the
-- planner's estimate, -1 where there is none. partitions: of a partitioned table, those that hold rows.
SELECT n.nspname::text AS schema, c.relname::text AS table, a.attname::text AS column,
       format_type(a.atttypid, a.atttypmod) AS type, a.atttypmod > 0 AS has_dimensions, size.rows, size.partitions,
       (SELECT coalesce(array_agg(x.relname::text || ' (' || m.amname || ')' ORDER BY x.relname), ARRAY[]::text[])
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
        WHERE i.indrelid = c.oid AND m.amname IN ('hnsw', 'ivfflat')
          AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid
                      AND d.refobjid = c.oid AND d.refobjsubid = a.attnum)) AS indexes
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
CROSS JOIN LATERAL (SELECT CASE WHEN max(p.reltuples) < 0 THEN -1 ELSE coalesce(sum(greatest(p.reltuples, 0)), 0)::int8 END
                             AS rows,
                           CASE WHEN c.relkind = 'p' THEN count(*) END AS partitions
                    FROM pg_class p WHERE p.oid IN {tree} AND p.relkind <> 'p') AS size
WHERE t.typname IN ('vector', 'halfvec') AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p', 'm') AND a.attinhcount = 0 AND n.nspname <> 'migrator' AND NOT starts_with(a.attname, 'migrator_')
ORDER BY 1, 2, a.attnum;

-- name: vectors
-- One scan. unit: of length 1, give or take 0.001. distinct: different vectors, by their bytes.
SELECT count(*) AS rows_, count(norm) AS with_vector,
       count(*) FILTER (WHERE norm = 0) AS zero,
       count(*) FILTER (WHERE abs(norm - 1) <= 0.001) AS unit,
       count(DISTINCT bytes) AS distinct_
FROM (SELECT {schema}.vector_norm({column}::{schema}.vector) AS norm,
             sha256({schema}.vector_send({column}::{schema}.vector)) AS bytes
      FROM {table}) AS v;

-- name: texts
-- What the text that the column was embedded from says of its rows. distinct_texts: of rows that have a vector.
SELECT count(*) FILTER (WHERE {column} IS NULL) AS without_vector,
       count({column}) AS with_vector,
       count(DISTINCT {text_hash}) FILTER (WHERE {column} IS NOT NULL) AS distinct_texts
FROM {table} WHERE {scope} AND {text} IS NOT NULL;

-- name: outside
-- Rows whose vector an index does not hold, because its predicate leaves them out.
SELECT count(*) FROM {table} WHERE {column} IS NOT NULL AND ({predicate}) IS NOT TRUE;
