-- Rows whose vector is of another text than they have now, found by the store, without a model.

-- name: counts
-- Of the rows with text and vector: whose text the store has under another vector, and whose text it lacks. One scan.
SELECT count(*) FILTER (WHERE migrator_hash IS NOT NULL AND {apart}) AS apart,
       count(*) FILTER (WHERE migrator_hash IS NULL) AS not_stored
FROM {table} LEFT JOIN (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS migrator_store
     ON migrator_hash = {text_hash}
WHERE {live} IS NOT NULL AND {due};

-- name: apart
-- A vector of zeros has no distance to another one: NaN is more than any number.
(migrator_vector::{type} OPERATOR({extension}.<=>) {live}) > {bound}

-- name: apart_or_of_other_length
-- Nor have vectors of different lengths.
CASE WHEN {extension}.vector_dims({live}) = {dimensions} THEN {apart} ELSE true END

-- name: of_own_text
-- The store has the row's text under another vector.
{live} IS NOT NULL AND EXISTS (
  SELECT FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS migrator_store
  WHERE migrator_hash = {text_hash} AND {apart})

-- name: of_other_text
-- The store lacks the row's text, and has its vector under another one. Both sides are joined by hashes.
{live} IS NOT NULL
AND NOT EXISTS (SELECT FROM (SELECT text_hash AS migrator_hash FROM {store}) AS migrator_store
                WHERE migrator_hash = {text_hash})
AND sha256({extension}.{sent}({live})) IN (SELECT sha256({extension}.{sent}(embedding::{type})) FROM {store})

-- name: count
SELECT count(*) FROM {table} WHERE {due} AND {stale};

-- name: count_texts
SELECT count(DISTINCT {text_hash}) FROM {table} WHERE {due} AND {stale};

-- name: texts
-- Each once, in the order of their hashes; by their bytes, whatever the column's collation.
SELECT {text_hash} AS migrator_hash, min({text}::text COLLATE "C") FROM {table}
WHERE {due} AND {stale} AND {text_hash} > %(after)s::bytea
GROUP BY 1 ORDER BY 1 LIMIT %(limit)s;

-- name: places
SELECT tableoid::int8, ctid::text FROM {table} WHERE {due} AND {stale} LIMIT %(limit)s;

-- name: renew
UPDATE {table} SET {live} = migrator_store.migrator_vector::{type}
FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS migrator_store
WHERE {here} AND {row}.{live} IS NOT NULL AND {due} AND migrator_hash = {text_hash} AND {apart};
