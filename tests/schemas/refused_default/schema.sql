-- A default of the old dimensions would not fit.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
ALTER TABLE documents ALTER COLUMN embedding SET DEFAULT array_fill(0.5::real, ARRAY[16])::vector;
