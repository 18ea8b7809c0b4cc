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
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'case_passes_on') THEN CREATE ROLE case_passes_on; END IF;
END $$;
-- What it gave away is given again in its name.
GRANT case_passes_on TO case_owner;
ALTER TABLE documents OWNER TO case_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT CREATE ON SCHEMA public TO case_owner;
SET ROLE case_owner;
GRANT SELECT (id, embedding), UPDATE (embedding) ON documents TO case_passes_on WITH GRANT OPTION;
GRANT INSERT ON documents TO case_reader;
SET ROLE case_passes_on;
GRANT SELECT (id, embedding) ON documents TO case_reader;
GRANT UPDATE (embedding) ON documents TO PUBLIC;
