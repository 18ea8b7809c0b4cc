-- Rows without a text, which the revision refuses.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
UPDATE documents SET content = '' WHERE id < 4;
