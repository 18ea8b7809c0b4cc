-- The backup table: row identity, old vector and text hash.

-- name: create
CREATE TABLE {backup} AS
SELECT {key} {text_hash} AS migrator_text_hash, {live} AS migrator_vector FROM {table} WHERE {which};

-- name: checksum
-- Count and checksum of the vectors, in any order.
SELECT count(*), count({vector}),
       coalesce(sum(('x' || encode(substr(sha256({extension}.{type}_send({vector})), 1, 8), 'hex'))::bit(64)::bigint), 0)
FROM {table} WHERE {which};

-- name: index
-- Before a downgrade reads the backup row by row.
CREATE INDEX IF NOT EXISTS {index} ON {backup} ({by});

-- name: holds
EXISTS (SELECT FROM {backup} WHERE migrator_backup.migrator_vector IS NOT NULL AND {same_row})

-- name: rows
(SELECT {columns}migrator_text_hash, migrator_vector, ctid AS migrator_place FROM {backup}) AS migrator_backup

-- name: same_text
coalesce(migrator_backup.migrator_text_hash, '') = coalesce({text_hash}, '')

-- name: correct
-- Rows that were given another vector, or one at last, after they were backed up: their text is the same.
UPDATE {backup} AS migrator_changed SET migrator_vector = migrator_found.migrator_vector
FROM (SELECT migrator_backup.migrator_place, {retired} AS migrator_vector
      FROM {rows}, {table}
      WHERE {which} AND {retired} IS NOT NULL AND {same_row}
        AND (migrator_backup.migrator_vector OPERATOR({extension}.=) {retired}) IS NOT TRUE) AS migrator_found
WHERE migrator_changed.ctid = migrator_found.migrator_place;

-- name: add
-- Rows that were written, or got another text, after the backup was made and before cut-over.
INSERT INTO {backup} SELECT {key}{text_hash}, {retired} FROM {table}
WHERE {retired} IS NOT NULL
  AND NOT EXISTS (SELECT FROM {rows} WHERE {same_row} AND migrator_backup.migrator_vector OPERATOR({extension}.=) {retired});

-- name: not_in_store
-- On a downgrade: vectors that the application wrote itself since cut-over, which the store does not hold.
{live} IS NOT NULL AND NOT EXISTS (
    SELECT FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS migrator_store
    WHERE migrator_store.migrator_hash = {text_hash}
      AND migrator_store.migrator_vector::{type} OPERATOR({extension}.=) {live})
