-- Half-precision vectors.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding halfvec(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding halfvec_cosine_ops);
