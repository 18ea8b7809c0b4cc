-- The proofs.

-- name: vectors
-- One scan: counts, dimensions, norms, and how many vectors and texts differ. The vector is taken out of TOAST once a
-- row: subvector copies it, and OFFSET 0 keeps the planner from putting the copy into every expression.
SELECT count(*) AS vectors,
       count(*) FILTER (WHERE migrator_dimensions <> %(dimensions)s) AS other_dimensions,
       count(*) FILTER (WHERE migrator_norm = 0) AS zero,
       count(*) FILTER (WHERE migrator_norm = 'NaN' OR migrator_norm = 'Infinity') AS not_finite,
       min(migrator_norm)::float8 AS least_norm, max(migrator_norm)::float8 AS greatest_norm,
       count(DISTINCT migrator_hash) AS distinct_vectors,
       count(DISTINCT migrator_key) AS distinct_keys
FROM (SELECT {extension}.vector_dims(migrator_vector) AS migrator_dimensions, {norm} AS migrator_norm,
             sha256({extension}.{type}_send(migrator_vector)) AS migrator_hash, migrator_key
      FROM (SELECT {extension}.subvector({column}, 1, {extension}.vector_dims({column})) AS migrator_vector,
                   {key} AS migrator_key
            FROM {table} WHERE {column} IS NOT NULL AND {due} OFFSET 0) AS migrator_rows
      OFFSET 0) AS migrator_found;

-- name: sample
-- Rows from all over the table, of as many texts: by the hash of what their vector follows from, from among eight times as
-- many rows. Only the chosen are written as text.
SELECT migrator_text, migrator_vector::text, migrator_place::text
FROM (SELECT DISTINCT ON (migrator_key) *
      FROM (SELECT {text}::text AS migrator_text, {column} AS migrator_vector,
                   tableoid || ' ' || ctid AS migrator_place, {key} AS migrator_key FROM {table}
            WHERE {column} IS NOT NULL AND {due} AND {text} IS NOT NULL
            ORDER BY {key} LIMIT 8 * %(limit)s) AS migrator_rows
      ORDER BY migrator_key LIMIT %(limit)s) AS migrator_sample;

-- name: stored
-- What the store has under these hashes.
SELECT text_hash, embedding::text FROM {store} WHERE text_hash = ANY (%(hashes)s::bytea[]);

-- name: keys
SELECT {key} FROM {table}
WHERE ctid = ANY (ARRAY(SELECT split_part(place, ' ', 2) FROM unnest(%(places)s::text[]) AS place)::tid[])
  AND tableoid || ' ' || ctid = ANY (%(places)s::text[])
ORDER BY tableoid, ctid LIMIT %(limit)s;

-- name: sample_vectors
SELECT migrator_vector::text
FROM (SELECT {column} AS migrator_vector FROM {table}
      WHERE {column} IS NOT NULL AND {due} {predicate}
      ORDER BY {key} LIMIT %(limit)s) AS migrator_sample;

-- name: present
-- Up to ten rows: what is to be found where there are fewer.
SELECT count(*) FROM (SELECT FROM {table} WHERE {column} IS NOT NULL AND {condition} LIMIT 10) AS migrator_present;

-- name: has_rows
SELECT EXISTS (SELECT FROM {table});

-- name: nearest
-- wanted: the index's expression over the vector that is searched for.
SELECT ({key} OPERATOR({extension}.{operator}) {wanted})::float8 FROM {table} WHERE {condition}
ORDER BY {key} OPERATOR({extension}.{operator}) {wanted} LIMIT %(limit)s;

-- name: nearest_reranked
-- Candidates by their bits, then by the exact distance.
SELECT migrator_distance
FROM (SELECT ({column} OPERATOR({extension}.{exact}) %(vector)s::{type})::float8 AS migrator_distance
      FROM (SELECT {column} FROM {table} WHERE {condition}
            ORDER BY {key} OPERATOR({extension}.{operator}) {wanted} LIMIT %(candidates)s) AS migrator_candidates
      ) AS migrator_found
ORDER BY 1 LIMIT %(limit)s;

-- name: closer
-- One scan for all queries: how many rows lie between the distances that the index found, by query. Row i of
-- `distances` holds the distances of `vectors` i, ascending.
SELECT migrator_query, migrator_bucket, count(*)
FROM (SELECT migrator_query, width_bucket(migrator_distance, migrator_distances) AS migrator_bucket
      FROM (SELECT q.migrator_query, q.migrator_distances,
                   (t.migrator_vector OPERATOR({extension}.{exact}) q.migrator_vector)::float8 AS migrator_distance
            FROM (SELECT {extension}.subvector({compared}, 1, {extension}.vector_dims({compared})) AS migrator_vector
                  FROM {table} WHERE {column} IS NOT NULL AND {condition} OFFSET 0) AS t
            CROSS JOIN (SELECT n::int - 1 AS migrator_query, {wanted} AS migrator_vector,
                               d::float8[] AS migrator_distances
                        FROM ROWS FROM (unnest(%(vectors)s::text[]), unnest(%(distances)s::text[]))
                             WITH ORDINALITY AS u (v, d, n) OFFSET 0) AS q
            OFFSET 0) AS migrator_all
      WHERE migrator_distance < migrator_distances[array_upper(migrator_distances, 1)]) AS migrator_closer
GROUP BY 1, 2;

-- name: explain_nearest
EXPLAIN (FORMAT JSON) SELECT ctid FROM {table} WHERE {condition}
ORDER BY {key} OPERATOR({extension}.{operator}) {wanted} LIMIT %(limit)s;

-- name: ranked
-- What a query finds, by exact search: the value that relevance is judged by, nearest first. Equal texts are equally
-- near; among them the value decides, so that old and new model are compared alike.
SELECT {relevant}::text FROM {table} WHERE {column} IS NOT NULL
ORDER BY {column} OPERATOR({extension}.{operator}) %(vector)s::{type}, 1 LIMIT %(limit)s;
