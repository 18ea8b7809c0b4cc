-- Privileges that a role gave of which the owner is no member.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
GRANT CREATE, USAGE ON SCHEMA public TO case_owner;
ALTER TABLE documents OWNER TO case_owner;
SET ROLE case_owner;
GRANT SELECT (embedding) ON documents TO case_grantor WITH GRANT OPTION;
SET ROLE case_grantor;
GRANT SELECT (embedding) ON documents TO case_reader;
