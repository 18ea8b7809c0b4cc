-- Extended statistics that read the vector, in another schema and of another owner.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE SCHEMA stats AUTHORIZATION case_owner;
CREATE STATISTICS stats."of %both" (ndistinct) ON id, embedding FROM documents;
CREATE STATISTICS norms ON (vector_norm(embedding)), content FROM documents;
ALTER STATISTICS norms SET STATISTICS 77;
ALTER STATISTICS stats."of %both" OWNER TO case_owner;
COMMENT ON STATISTICS norms IS 'for the planner';
ALTER TABLE documents ALTER embedding SET STATISTICS 9;
