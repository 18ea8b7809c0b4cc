-- Row-level security that others meet, and the owner does not.
CREATE TABLE documents (
    id int PRIMARY KEY,
    tenant text NOT NULL,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents
SELECT n, CASE WHEN n % 2 = 0 THEN 'case_reader' ELSE 'case_grantor' END, 'text ' || n, model.embed('text ' || n)
FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
GRANT CREATE ON SCHEMA public TO case_owner;
ALTER TABLE documents OWNER TO case_owner;
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants ON documents USING (tenant = current_user);
GRANT SELECT, INSERT, UPDATE ON documents TO case_reader, case_grantor;
