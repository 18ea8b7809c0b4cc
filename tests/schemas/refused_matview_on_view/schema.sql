-- A materialized view on a view that reads the vector.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE VIEW few AS SELECT id, embedding FROM documents WHERE id < 10;
CREATE MATERIALIZED VIEW hot AS SELECT id FROM few;
