-- The column is not of the dimensions that the revision says it has.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(8) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, subvector(model.embed('text ' || n)::vector, 1, 8) FROM generate_series(1, 20) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
