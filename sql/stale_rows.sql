-- Rows whose vector is of another text than they have now, found by the store, without a model.

-- name: not_embedded
-- Vectors are not looked at, which would take much longer.
SELECT count(*) FROM {table}
WHERE {live} IS NOT NULL AND {due}
  AND NOT EXISTS (SELECT FROM (SELECT text_hash AS migrator_stored FROM {store}) AS migrator_store
                  WHERE migrator_stored = {text_hash});

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

-- name: not_stored
-- Rows whose text the store lacks. Their vectors are hashed here, lest joins carry them along; OFFSET 0 sees to it.
SELECT {text_hash} AS migrator_hash, {text}::text AS migrator_text, sha256({extension}.{sent}({live})) AS migrator_sent
FROM {table}
WHERE {live} IS NOT NULL AND {due}
  AND NOT EXISTS (SELECT FROM (SELECT text_hash AS migrator_stored FROM {store}) AS migrator_store
                  WHERE migrator_stored = {text_hash})
OFFSET 0

-- name: of_other_text
-- Those of them whose vector the store has under another text.
FROM ({not_stored}) AS migrator_rows
WHERE migrator_sent IN (SELECT migrator_stored FROM (SELECT sha256({extension}.{sent}(embedding::{type})) AS migrator_stored
                                                     FROM {store} OFFSET 0) AS migrator_store)

-- name: count
SELECT count(*) AS rows, count(DISTINCT migrator_hash) AS texts {of_other_text};

-- name: texts
-- Each once, in the order of their hashes; by their bytes, whatever the column's collation. Not those that the model has
-- failed on just now.
SELECT migrator_hash, migrator_text
FROM (SELECT migrator_hash, migrator_text,
             sum(octet_length(migrator_text)) OVER (ORDER BY migrator_hash) - octet_length(migrator_text) AS migrator_before
      FROM (SELECT migrator_hash, min(migrator_text COLLATE "C") AS migrator_text {of_other_text}
              AND migrator_hash > %(after)s::bytea
              AND migrator_hash NOT IN (SELECT text_hash FROM migrator.failed_row WHERE change_id = {change})
            GROUP BY 1 ORDER BY 1 LIMIT %(limit)s) AS migrator_texts
     ) AS migrator_page
WHERE migrator_before < %(bytes)s ORDER BY 1;

-- name: places
SELECT tableoid::int8, ctid::text FROM {table} WHERE {due} AND {stale} LIMIT %(limit)s;

-- name: renew
UPDATE {table} SET {live} = migrator_store.migrator_vector::{type}
FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS migrator_store
WHERE {here} AND {row}.{live} IS NOT NULL AND {due} AND migrator_hash = {text_hash} AND {apart};
