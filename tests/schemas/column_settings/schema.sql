-- What can be set on a column, and privileges on it from several roles, with the right to pass them on.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL,
    note text
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
ALTER TABLE documents ALTER COLUMN embedding SET STORAGE MAIN;
ALTER TABLE documents ALTER COLUMN embedding SET COMPRESSION pglz;
ALTER TABLE documents ALTER COLUMN embedding SET STATISTICS 0;
ALTER TABLE documents ALTER COLUMN embedding SET (n_distinct = -0.5);
COMMENT ON COLUMN documents.embedding IS 'the 100% "vector" of {content}, it''s $1';
COMMENT ON INDEX documents_embedding_idx IS 'searched by the application';
ALTER TABLE documents OWNER TO case_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
SET ROLE case_owner;
GRANT SELECT (id, embedding), UPDATE (embedding) ON documents TO case_grantor WITH GRANT OPTION;
GRANT INSERT ON documents TO case_reader;
SET ROLE case_grantor;
GRANT SELECT (id, embedding) ON documents TO case_reader;
GRANT UPDATE (embedding) ON documents TO PUBLIC;
