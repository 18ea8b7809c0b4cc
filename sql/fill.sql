-- The shadow column, the capture of writes, and the fill.

-- name: add_shadow
ALTER TABLE {table} ADD COLUMN {shadow} {type};

-- name: set_storage
ALTER TABLE {table} ALTER COLUMN {shadow} SET STORAGE {storage};

-- name: drop_index
DROP INDEX IF EXISTS {index};

-- name: from_store
-- One range of blocks, joined on the text's hash; rows whose text is not in the store wait.
UPDATE {table} SET {shadow} = migrator_store.migrator_vector::{type}
FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS migrator_store
WHERE {table}.ctid >= %(first)s::tid AND {table}.ctid < %(last)s::tid
  AND {table}.{shadow} IS NULL AND {due} AND {pending}
  AND migrator_store.migrator_hash = {text_hash};

-- name: from_live
-- One range of blocks, derived from the live vector.
UPDATE {table} SET {shadow} = {derived}
WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid AND {shadow} IS NULL AND {due} AND {pending};

-- name: out_of_scope
-- Rows out of scope keep what they hold.
UPDATE {table} SET {shadow} = {live}::{type}
WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid
  AND {shadow} IS NULL AND {live} IS NOT NULL AND ({scope}) IS NOT TRUE;

-- name: left
SELECT count(*) FROM {table} WHERE {column} IS NULL AND {due} AND {pending};

-- name: null_by_right
-- A row that had no vector at the upgrade although it had this text.
NOT EXISTS (SELECT FROM {backup} AS migrator_backup
            WHERE migrator_backup.migrator_vector IS NULL
              AND migrator_backup.migrator_text_hash IS NOT DISTINCT FROM {text_hash} {same_key})
