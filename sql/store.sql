-- The embedding store: a table a model, keyed by sha256 of the text given to the model.

-- name: create
CREATE TABLE {store} (text_hash bytea NOT NULL PRIMARY KEY, embedding {type} NOT NULL);

-- name: set_storage
-- PLAIN keeps a vector in the row, the fastest to write and to join, while the row fits a page; else EXTERNAL.
-- Before PostgreSQL 16, CREATE TABLE cannot say it.
ALTER TABLE {store} ALTER COLUMN embedding SET STORAGE {storage};

-- name: copy
COPY {store} (text_hash, embedding) FROM STDIN (FORMAT BINARY);

-- name: without_vectors
SELECT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass(%(table)s)
               AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'embedding'));

-- name: drop
DROP TABLE {store};

-- name: missing
-- Texts of a range of blocks that the store lacks, each once: by their bytes, whatever the column's collation. Not more than
-- about so many bytes of them at a time: what is compressed to a few blocks may fill the memory.
SELECT migrator_hash, migrator_text
FROM (SELECT migrator_hash, migrator_text,
             sum(octet_length(migrator_text)) OVER (ORDER BY migrator_hash) - octet_length(migrator_text) AS migrator_before
      FROM (SELECT {text_hash} AS migrator_hash, min({text}::text COLLATE "C") AS migrator_text FROM {table}
            WHERE {row}.ctid >= %(first)s::tid AND {row}.ctid < %(last)s::tid AND {due} AND {pending}
            GROUP BY 1) AS migrator_texts
      WHERE migrator_hash > %(after)s::bytea
        AND NOT EXISTS (SELECT FROM {store} AS migrator_store WHERE migrator_store.text_hash = migrator_hash)
     ) AS migrator_page
WHERE migrator_before < %(bytes)s;

-- name: count_missing
SELECT count(DISTINCT migrator_hash)
FROM (SELECT {text_hash} AS migrator_hash FROM {table} WHERE {due} AND {pending}) AS migrator_texts
WHERE NOT EXISTS (SELECT FROM {store} AS migrator_store WHERE migrator_store.text_hash = migrator_hash);

-- name: count_texts
SELECT count(DISTINCT {text_hash}) FROM {table} WHERE {due} AND {pending};

-- name: texts
-- Texts of a range of blocks, each with the number of rows that hold it.
SELECT {text}, count(*) FROM {table}
WHERE {row}.ctid >= %(first)s::tid AND {row}.ctid < %(last)s::tid AND {due}
GROUP BY 1;

-- name: blocks
SELECT pg_relation_size(%(table)s::oid) / current_setting('block_size')::int;

-- name: analyze
ANALYZE {table};
