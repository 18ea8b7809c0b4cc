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
EXISTS (SELECT FROM {backup} AS migrator_backup WHERE migrator_backup.migrator_vector IS NOT NULL AND {same_row})

-- name: not_in_store
-- On a downgrade: vectors that the application wrote itself since cut-over, which the store does not hold.
{live} IS NOT NULL AND NOT EXISTS (
    SELECT FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS s
    WHERE s.migrator_hash = {text_hash} AND s.migrator_vector::{type} OPERATOR({extension}.=) {live})
