-- The shadow column, the capture of writes, and the fill.

-- name: add_shadow
ALTER TABLE {table} ADD COLUMN {shadow} {type};

-- name: set_compression
ALTER TABLE {table} ALTER COLUMN {shadow} SET COMPRESSION {compression};

-- name: range
{row}.ctid >= %(first)s::tid AND {row}.ctid < %(last)s::tid

-- name: places
{row}.ctid = ANY (%(places)s::tid[])

-- name: lock_writers_out
-- Reads go on. Under it the states of triggers are read, and none changes before the end of the transaction.
LOCK TABLE ONLY {table} IN SHARE ROW EXCLUSIVE MODE;

-- name: set_triggers
ALTER TABLE {table} {states};

-- name: rest
-- Where the rows left are: in which table, and where in it.
SELECT tableoid::int8, ctid::text FROM {table} WHERE {shadow} IS NULL AND {due} AND {pending} LIMIT %(limit)s;

-- name: unfilled
-- Where in a range of blocks the rows without a vector are.
SELECT ctid::text FROM {table} WHERE {here} AND {shadow} IS NULL;

-- name: from_store
-- One range of blocks, joined on the text's hash; rows whose text is not in the store wait.
UPDATE {table} SET {shadow} = migrator_store.migrator_vector::{type}
FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS migrator_store
WHERE {here} AND {row}.{shadow} IS NULL AND {due} AND {pending}
  AND migrator_store.migrator_hash = {text_hash};

-- name: kept_back
-- Rows without a vector whose text has one in the store.
SELECT count(*) FROM {table}
WHERE {waiting} AND {due} AND EXISTS (
  SELECT FROM (SELECT text_hash AS migrator_hash FROM {store}) AS migrator_store
  WHERE migrator_store.migrator_hash = {text_hash});

-- name: from_backup
-- One range of blocks, from the backup of the upgrade that is undone.
UPDATE {table} SET {shadow} = migrator_backup.migrator_vector
FROM {backup}
WHERE {here} AND {row}.{shadow} IS NULL AND migrator_backup.migrator_vector IS NOT NULL AND {same_row};

-- name: from_live
-- One range of blocks, derived from the live vector.
UPDATE {table} SET {shadow} = {derived}
WHERE {here} AND {shadow} IS NULL AND {due} AND {pending};

-- name: keep
-- Rows out of scope, or without a text, that keep what they hold.
UPDATE {table} SET {shadow} = {live}::{type}
WHERE {here} AND {shadow} IS NULL AND {live} IS NOT NULL AND {kept};

-- name: keep_written
-- On a downgrade: what the application wrote to such rows since the upgrade; not the vectors of the model that goes.
UPDATE {table} SET {shadow} = {live}::{type}
WHERE {here} AND {shadow} IS NOT NULL AND {kept} AND ({live} IS NULL OR {written})
  AND ({shadow}::{live_type} OPERATOR({extension}.=) {live}) IS NOT TRUE;

-- name: not_set_aside
-- The model failed on their text; they wait for backfill.
NOT EXISTS (SELECT FROM (SELECT text_hash AS migrator_hash FROM migrator.failed_row
                         WHERE change_id = {change}) AS migrator_failed
            WHERE migrator_failed.migrator_hash = {text_hash})

-- name: count_set_aside
-- How many rows hold each text that was set aside.
UPDATE migrator.failed_row AS migrator_failed SET rows = migrator_found.rows
FROM (SELECT {text_hash} AS migrator_hash, count(*) AS rows FROM {table}
      WHERE {due} AND {text_hash} IN (SELECT text_hash FROM migrator.failed_row WHERE change_id = {change})
      GROUP BY 1) AS migrator_found
WHERE migrator_failed.change_id = {change} AND migrator_failed.text_hash = migrator_hash;

-- name: set_missing_aside
-- Texts of which the store holds no vector, and which no model is to be asked for.
INSERT INTO migrator.failed_row (change_id, text_hash, rows, reason)
SELECT {change}, migrator_hash, count(*), %(reason)s
FROM (SELECT {text_hash} AS migrator_hash FROM {table} WHERE {due} AND {pending}) AS migrator_texts
WHERE NOT EXISTS (SELECT FROM {store} AS migrator_store WHERE migrator_store.text_hash = migrator_hash)
GROUP BY 2
ON CONFLICT (change_id, text_hash) DO UPDATE SET rows = excluded.rows, reason = excluded.reason;

-- name: not_of_backup
-- No row of the backup had this text and this vector.
{shadow} IS NOT NULL
AND NOT EXISTS (SELECT FROM (SELECT coalesce(migrator_text_hash, '') AS migrator_hash, migrator_vector
                             FROM {backup}) AS migrator_backup
                WHERE migrator_backup.migrator_hash = coalesce({text_hash}, '')
                  AND migrator_backup.migrator_vector OPERATOR({extension}.=) {shadow})

-- name: not_of_store
{shadow} IS NOT NULL
AND NOT EXISTS (SELECT FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS migrator_store
                WHERE migrator_store.migrator_hash = {text_hash}
                  AND migrator_store.migrator_vector::{type} OPERATOR({extension}.=) {shadow})

-- name: not_of_live
-- One of the two was derived from another vector than the other is.
{shadow} IS NOT NULL AND {scope} AND ({derived} OPERATOR({extension}.=) {live}) IS NOT TRUE

-- name: clear
-- One range of blocks: vectors that may be of another text.
UPDATE {table} SET {shadow} = NULL WHERE {here} AND {stale};

-- name: left
SELECT count(*) FROM {table} WHERE {column} IS NULL AND {due} IS TRUE AND {pending};

-- name: null_by_right
-- A row that had no vector at the upgrade although it had this text.
NOT EXISTS (SELECT FROM {backup} WHERE migrator_backup.migrator_vector IS NULL AND {same_row})

-- name: lock_others
-- Tables that a text reads: reads go on, writes wait.
LOCK TABLE {tables} IN SHARE MODE;
