-- Only some rows are in scope, by the application's own column; the index knows others still.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text,
    language text NOT NULL,
    archived bool,
    embedding vector(16)
);
INSERT INTO documents
SELECT n, 'text ' || n, CASE WHEN n % 4 = 0 THEN 'fr' ELSE 'en' END, nullif(n % 5, 1) = 0, model.embed('text ' || n)
FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops) WHERE language = 'en';
