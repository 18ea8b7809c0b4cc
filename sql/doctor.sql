-- What `migrator doctor` looks at: reads only.

-- name: invalid_indexes
-- Left by a build that failed; those being built now are not.
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS index, i.indrelid::regclass::text AS table
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'i' AND NOT (i.indisvalid AND i.indisready)
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid)
ORDER BY 1;

-- name: vector_columns
-- Every vector column of the database but migrator's own. rows: the planner's estimate, -1 where there is none.
SELECT n.nspname::text AS schema, c.relname::text AS table, a.attname::text AS column,
       format_type(a.atttypid, a.atttypmod) AS type, a.atttypmod > 0 AS has_dimensions, c.reltuples::int8 AS rows,
       (SELECT coalesce(array_agg(x.relname::text || ' (' || m.amname || ')' ORDER BY x.relname), ARRAY[]::text[])
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
        WHERE i.indrelid = c.oid AND m.amname IN ('hnsw', 'ivfflat')
          AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid
                      AND d.refobjid = c.oid AND d.refobjsubid = a.attnum)) AS indexes
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
WHERE t.typname IN ('vector', 'halfvec') AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p', 'm') AND n.nspname <> 'migrator' AND NOT starts_with(a.attname, 'migrator_')
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

-- name: dimensions
-- How many vectors there are of each length, the most frequent first.
SELECT {schema}.vector_dims({column}) AS dimensions, count(*) AS vectors
FROM {table} WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1;

-- name: texts
-- What the text that the column was embedded from says of its rows. distinct_texts: of rows that have a vector.
SELECT count(*) FILTER (WHERE {column} IS NULL) AS without_vector,
       count(DISTINCT {text_hash}) FILTER (WHERE {column} IS NOT NULL) AS distinct_texts
FROM {table} WHERE {scope} AND {text} IS NOT NULL;

-- name: outside
-- Rows whose vector an index does not hold, because its predicate leaves them out.
SELECT count(*) FROM {table} WHERE {column} IS NOT NULL AND ({predicate}) IS NOT TRUE;
