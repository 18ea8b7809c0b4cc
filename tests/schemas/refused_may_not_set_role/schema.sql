-- A member of the grantor that may not take its role, as the makers of roles are from PostgreSQL 16 on.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'case_taken') THEN CREATE ROLE case_taken; END IF;
END $$;
GRANT case_taken TO case_owner WITH SET FALSE;
GRANT CREATE, USAGE ON SCHEMA public TO case_owner;
ALTER TABLE documents OWNER TO case_owner;
SET ROLE case_owner;
GRANT SELECT (embedding) ON documents TO case_taken WITH GRANT OPTION;
RESET ROLE;
SET ROLE case_taken;
GRANT SELECT (embedding) ON documents TO case_reader;
