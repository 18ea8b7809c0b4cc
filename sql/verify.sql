-- The proofs.

-- name: vectors
-- One scan: counts, dimensions, norms, and how many vectors and texts differ.
SELECT count(*) AS vectors,
       count(*) FILTER (WHERE {extension}.vector_dims({column}) <> %(dimensions)s) AS other_dimensions,
       count(*) FILTER (WHERE {norm} = 0) AS zero,
       count(*) FILTER (WHERE {norm} = 'NaN' OR {norm} = 'Infinity') AS not_finite,
       min({norm})::float8 AS least_norm, max({norm})::float8 AS greatest_norm,
       count(DISTINCT sha256({extension}.{type}_send({column}))) AS distinct_vectors,
       count(DISTINCT {key}) AS distinct_keys
FROM {table} WHERE {column} IS NOT NULL AND {due};

-- name: sample
-- Rows from all over the table: by the hash of what their vector follows from.
SELECT {text}::text, {column}::text FROM {table}
WHERE {column} IS NOT NULL AND {due} AND {text} IS NOT NULL
ORDER BY {key} LIMIT %(limit)s;

-- name: sample_vectors
SELECT {column}::text FROM {table} WHERE {column} IS NOT NULL AND {due} {predicate}
ORDER BY {key} LIMIT %(limit)s;

-- name: has_rows
SELECT EXISTS (SELECT FROM {table});

-- name: nearest
SELECT ctid::text FROM {table} WHERE {condition}
ORDER BY {column} OPERATOR({extension}.{operator}) %(vector)s::{type} LIMIT %(limit)s;

-- name: explain_nearest
EXPLAIN (FORMAT JSON) SELECT ctid FROM {table} WHERE {condition}
ORDER BY {column} OPERATOR({extension}.{operator}) %(vector)s::{type} LIMIT %(limit)s;

-- name: ranked
-- What a query finds, by exact search: the value that relevance is judged by, nearest first.
SELECT {relevant}::text FROM {table} WHERE {column} IS NOT NULL
ORDER BY {column} OPERATOR({extension}.{operator}) %(vector)s::{type} LIMIT %(limit)s;
