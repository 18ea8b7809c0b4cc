-- pgvector in a schema that is not on the search path, as Supabase has it.
CREATE SCHEMA extensions;
ALTER EXTENSION vector SET SCHEMA extensions;
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding extensions.vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding extensions.vector_cosine_ops);
CREATE VIEW near AS
SELECT a.id, b.id AS other, a.embedding OPERATOR(extensions.<=>) b.embedding AS distance FROM documents a, documents b;
